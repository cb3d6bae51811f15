"""Padding with zeros, another constant, the edge, a reflection, or the opposite end."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.formulas.spatial import SPATIAL_NAMES
from paramcalc.layers.torch.common import check_ranks
from paramcalc.shapes import Dim, Shape, check_min_rank, format_shape

Sides = int | tuple[int, ...]
"""One number for all sides, or one for each, last axis first: left, right, top, bottom, front, back."""


class Padding(Layer, frozen=True):
    """Base of the padding layers; `rank` is the number of trailing axes that are padded."""

    rank: ClassVar[int]
    keeps_dtype: ClassVar[bool] = True
    list_argument: ClassVar[bool] = True

    padding: Sides

    def infer(self, x: Shape) -> Inferred:
        """Return the padded shape: the last axes grow at both ends, and negative padding crops."""
        self.check(x)
        sides = self.sides()
        padded: list[Dim] = list(x)
        for axis, (before, after) in enumerate(sides, start=len(x) - len(sides)):
            size = x[axis]
            if size is not None:
                self.check_axis(size, before, after)
                padded[axis] = length = size + before + after
                if length < 0:
                    raise LayerError(f"padding leaves {length} of axis {axis} of {format_shape(x)}")
        self.check_left(padded[len(x) - len(sides) :], x)
        return Inferred(tuple(padded))

    def sides(self) -> list[tuple[int, int]]:
        """Return the padding before and after each axis, in the order of the axes."""
        if isinstance(self.padding, int):
            return [(self.padding, self.padding)] * self.rank
        self.check_count(len(self.padding))
        return [(self.padding[n], self.padding[n + 1]) for n in range(len(self.padding) - 2, -1, -2)]

    def check_count(self, count: int) -> None:
        """Refuse anything but two values per axis."""
        if count != 2 * self.rank:
            raise LayerError(f"padding needs {2 * self.rank} values, got {count}")

    def check(self, x: Shape) -> None:
        """Refuse inputs without the padded axes and channels before them."""
        names = ("batch", "channels", *SPATIAL_NAMES[self.rank])
        check_ranks(x, (self.rank + 1, self.rank + 2), f"({', '.join(names)})")

    def check_axis(self, size: int, before: int, after: int) -> None:
        """Refuse padding for which the axis has too few elements."""

    def check_left(self, lengths: list[Dim], x: Shape) -> None:
        """Refuse padding that leaves no element on any axis; PyTorch checks nothing more."""
        if all(length == 0 for length in lengths):
            raise LayerError(f"padding leaves nothing of {format_shape(x)}")


class ConstantPadding(Padding, frozen=True):
    """Base of the constant padding layers, which take inputs of any rank."""

    def check(self, x: Shape) -> None:
        """Check the rank only: axes before the padded ones are unrestricted."""
        check_min_rank(x, self.rank if isinstance(self.padding, int) else len(self.padding) // 2)

    def check_count(self, count: int) -> None:
        """Refuse an odd number of values; PyTorch takes pairs for any number of axes."""
        if count % 2:
            raise LayerError(f"padding needs {2 * self.rank} values, two for each axis, got {count}")

    def check_left(self, lengths: list[Dim], x: Shape) -> None:
        """Accept an empty result."""


class Reflection(Padding, frozen=True):
    """Base of the reflection padding layers."""

    def check_axis(self, size: int, before: int, after: int) -> None:
        """Refuse padding as large as the axis: the edge itself is not repeated."""
        if max(before, after) >= size:
            raise LayerError(f"padding {max(before, after)} must be less than the input's {size}")


class Circle(Padding, frozen=True):
    """Base of the circular padding layers."""

    def check_axis(self, size: int, before: int, after: int) -> None:
        """Refuse padding that wraps around more than once."""
        if max(before, after) > size:
            raise LayerError(f"padding {max(before, after)} must be at most the input's {size}")


class ZeroPad1d(ConstantPadding, frozen=True):
    """Zeros around sequences.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad1d.html
    Example: {framework: torch, input: [8, 32], layers: [{ZeroPad1d: 2}]}
    """

    rank: ClassVar[int] = 1


class ZeroPad2d(ConstantPadding, frozen=True):
    """Zeros around images.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{ZeroPad2d: 2}]}
    """

    rank: ClassVar[int] = 2


class ZeroPad3d(ConstantPadding, frozen=True):
    """Zeros around volumes.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ZeroPad3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{ZeroPad3d: 2}]}
    """

    rank: ClassVar[int] = 3


class ReflectionPad1d(Reflection, frozen=True):
    """The inside, mirrored, around sequences.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad1d.html
    Example: {framework: torch, input: [8, 32], layers: [{ReflectionPad1d: 2}]}
    """

    rank: ClassVar[int] = 1


class ReflectionPad2d(Reflection, frozen=True):
    """The inside, mirrored, around images.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{ReflectionPad2d: 2}]}
    """

    rank: ClassVar[int] = 2


class ReflectionPad3d(Reflection, frozen=True):
    """The inside, mirrored, around volumes.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReflectionPad3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{ReflectionPad3d: 2}]}
    """

    rank: ClassVar[int] = 3


class ReplicationPad1d(Padding, frozen=True):
    """The edge, repeated, around sequences.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad1d.html
    Example: {framework: torch, input: [8, 32], layers: [{ReplicationPad1d: 2}]}
    """

    rank: ClassVar[int] = 1


class ReplicationPad2d(Padding, frozen=True):
    """The edge, repeated, around images.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{ReplicationPad2d: 2}]}
    """

    rank: ClassVar[int] = 2


class ReplicationPad3d(Padding, frozen=True):
    """The edge, repeated, around volumes.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReplicationPad3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{ReplicationPad3d: 2}]}
    """

    rank: ClassVar[int] = 3


class CircularPad1d(Circle, frozen=True):
    """The other end, continued, around sequences.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad1d.html
    Example: {framework: torch, input: [8, 32], layers: [{CircularPad1d: 2}]}
    """

    rank: ClassVar[int] = 1


class CircularPad2d(Circle, frozen=True):
    """The other end, continued, around images.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{CircularPad2d: 2}]}
    """

    rank: ClassVar[int] = 2


class CircularPad3d(Circle, frozen=True):
    """The other end, continued, around volumes.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CircularPad3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{CircularPad3d: 2}]}
    """

    rank: ClassVar[int] = 3


class ConstantPad1d(ConstantPadding, frozen=True):
    """A value around sequences.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad1d.html
    Example: {framework: torch, input: [8, 32], layers: [{ConstantPad1d: [2, 0.5]}]}
    """

    rank: ClassVar[int] = 1
    list_argument: ClassVar[bool] = False

    value: float


class ConstantPad2d(ConstantPadding, frozen=True):
    """A value around images.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{ConstantPad2d: [2, 0.5]}]}
    """

    rank: ClassVar[int] = 2
    list_argument: ClassVar[bool] = False

    value: float


class ConstantPad3d(ConstantPadding, frozen=True):
    """A value around volumes.

    Padding is one number, or one for each side, the last axis first.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConstantPad3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{ConstantPad3d: [2, 0.5]}]}
    """

    rank: ClassVar[int] = 3
    list_argument: ClassVar[bool] = False

    value: float
