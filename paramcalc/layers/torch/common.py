"""What the families of torch.nn share."""

from typing import ClassVar

from msgspec.structs import replace

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Factors, Inferred, Kind, Layer, Weight
from paramcalc.shapes import Dim, Shape, format_shape


class Unchanged(Layer, frozen=True):
    """Base of the modules without weights whose output has the shape and the dtype of the input."""

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape) -> Inferred:
        """Check what there is to check; the shape stays."""
        self.check(x)
        return Inferred(x)

    def check(self, x: Shape) -> None:
        """Refuse an input, or fields, that PyTorch refuses."""


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
                f"the weights depend on axis {axis} of the input {format_shape(x)}, which is unknown: give {field}"
            )
            raise UnknownDimensionError(message, axis)
        return size
    if size not in (None, given):
        raise LayerError(f"{field} is {given}, but the input {format_shape(x)} has {size} (axis {axis})")
    return given


def check_axis(x: Shape, axis: int, size: Dim, what: str) -> None:
    """Refuse an input whose axis is known to have another size."""
    if None not in (size, x[axis]) and x[axis] != size:
        raise LayerError(f"expects {what} {size} at axis {axis}, got {format_shape(x)}")


def check_ranks(x: Shape, ranks: tuple[int, ...], layout: str) -> None:
    """Refuse an input of another rank; `layout` names the axes it should have."""
    if len(x) not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise LayerError(f"expects an input of rank {wanted} {layout}, got {format_shape(x)} of rank {len(x)}")


def vector(name: str, size: int, label: str, kind: Kind = "weight") -> Weight:
    """A weight, bias or buffer of one axis."""
    return Weight(name, (size,), ((label, size),), kind, kind != "buffer")


def inside(name: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights of a module that another one holds as `name`."""
    return tuple(replace(weight, name=f"{name}.{weight.name}") for weight in weights)


def used_at(positions: Factors, *weights: Weight) -> tuple[Factors, ...]:
    """One multiply-accumulate for each element of each weight at every position."""
    return tuple((*positions, *weight.factors) for weight in weights)
