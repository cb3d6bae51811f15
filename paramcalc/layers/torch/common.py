"""Helpers shared by the families of torch.nn."""

from typing import ClassVar

from msgspec.structs import replace

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Factors, Inferred, Kind, Layer, Weight
from paramcalc.shapes import Dim, Shape, format_shape


class Unchanged(Layer, frozen=True):
    """Base of the modules without weights whose output has the input's shape and dtype."""

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape) -> Inferred:
        """Check fields and input; the shape stays the same."""
        self.check(x)
        return Inferred(x)

    def check(self, x: Shape) -> None:
        """Refuse inputs and field values that PyTorch refuses."""


def agreed(given: Dim, x: Shape, axis: int, field: str) -> int:
    """Return a size given by the field, by an axis of the input, or by both.

    Raises:
        LayerError: if they differ, or the input has no such axis.
        UnknownDimensionError: if neither gives it.
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
    """Return a weight, bias or buffer with one axis."""
    return Weight(name, (size,), ((label, size),), kind, kind != "buffer")


def inside(name: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """Return the weights of a submodule that another module holds as `name`."""
    return tuple(replace(weight, name=f"{name}.{weight.name}") for weight in weights)


def used_at(positions: Factors, *weights: Weight) -> tuple[Factors, ...]:
    """Count one multiply-accumulate per element of each weight at every position."""
    return tuple((*positions, *weight.factors) for weight in weights)
