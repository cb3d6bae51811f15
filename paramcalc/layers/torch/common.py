"""What the families of torch.nn share: sizes that a field and the input both tell."""

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Weight
from paramcalc.shapes import Dim, Shape, format_shape


def agreed(given: Dim, x: Shape, axis: int, field: str) -> int:
    """A size that the field gives, that axis of the input has, or both.

    Raises:
        LayerError: when they differ, or the input has no such axis.
        UnknownDimensionError: when neither says it.
    """
    if not -len(x) <= axis < len(x):
        raise LayerError(f"the input {format_shape(x)} has no axis {axis}, which {field} is the size of")
    size = x[axis]
    if given is None:
        if size is None:
            message = (
                f"axis {axis} of the input {format_shape(x)} is unknown, but the weights depend on it: give {field}"
            )
            raise UnknownDimensionError(message, axis)
        return size
    if size not in (None, given):
        raise LayerError(f"{field} is {given}, but the input {format_shape(x)} has {size} (axis {axis})")
    return given


def check_same(size: Dim, wanted: int, what: str, field: str) -> None:
    """Refuse a size that is known not to be the wanted one."""
    if size not in (None, wanted):
        raise LayerError(f"{what} is {size}, but {field} is {wanted}")


def vector(name: str, size: int, label: str, kind: str = "weight") -> Weight:
    """A weight, bias or buffer of one axis."""
    return Weight(name, (size,), ((label, size),), kind)  # type: ignore[arg-type]
