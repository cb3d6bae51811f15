"""Windows that slide over the spatial axes: convolutions, their transposes, and pooling.

Lengths follow Dumoulin & Visin 2016, arXiv:1603.07285. A kernel of size k with dilation d spans d × (k − 1) + 1
positions. Explicit padding needs no separate formula: it is a "valid" window over the padded input.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors
from paramcalc.layers.formulas.spatial import SPATIAL_NAMES
from paramcalc.shapes import Dim, Shape, ntuple

_steps: ContextVar[list[str] | None] = ContextVar("steps", default=None)
"""The list in which `traced` collects arithmetic; None outside of it, so that tracing costs nothing."""


@contextmanager
def traced() -> Iterator[list[str]]:
    """Collect the arithmetic of output lengths as text while formulas run: "valid: (28 − 3) // 1 + 1 = 26"."""
    found: list[str] = []
    before = _steps.set(found)
    try:
        yield found
    finally:
        _steps.reset(before)


def trace() -> list[str] | None:
    """The list that collects the arithmetic inside `traced`; None otherwise."""
    return _steps.get()


class Window(NamedTuple):
    """A window, with one number for each spatial axis.

    Attributes:
        size: the number of positions it reads.
        strides: the step from one window to the next.
        dilation: the distance between neighbouring positions that it reads.
        padding: "valid" stays inside the input; "same" and "causal" pad it to ceil(size / stride) windows.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str = "valid"

    @classmethod
    def of(
        cls,
        rank: int,
        size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        dilation: int | Sequence[int] = 1,
        name: str = "kernel_size",
    ) -> "Window":
        """A window from fields that are one number for all `rank` axes, or a list; `name` is the size's field.

        Raises:
            LayerError: for a list of the wrong length.
        """
        return cls(
            ntuple(size, rank, name),
            ntuple(strides, rank, "strides"),
            ntuple(dilation, rank, "dilation_rate"),
            padding.lower(),
        )

    def lengths(self, spatial: Shape, name: str = "kernel_size") -> Shape:
        """The number of windows along each axis.

        Raises:
            LayerError: when the window is larger than its input, so that nothing would be left.
        """
        return window_lengths(spatial, self.size, self.strides, self.padding, self.dilation, name)

    def transposed_lengths(self, spatial: Shape, output_padding: Sequence[int | None]) -> Shape:
        """The output lengths of a transposed convolution: see `transposed_length`."""
        axes = zip(spatial, self.size, self.strides, output_padding, self.dilation, strict=True)
        return tuple(
            transposed_length(length, size, stride, self.padding, extra, rate)
            for length, size, stride, extra, rate in axes
        )

    @property
    def factors(self) -> Factors:
        """The kernel's size on each axis, by name: (("kernel height", 3), ("kernel width", 3))."""
        names = SPATIAL_NAMES[len(self.size)]
        return tuple((f"kernel {name}", size) for name, size in zip(names, self.size, strict=True))


def window_length(size: Dim, kernel: int, stride: int, padding: str, dilation: int = 1) -> Dim:
    """The output length of a sliding window: convolution and pooling.

    `valid` gives floor((size − span) / stride) + 1, which is below 1 if the window does not fit; any other padding
    gives ceil(size / stride).
    """
    if size is None:
        return None
    if padding != "valid":
        length = -(-size // stride)
        if (steps := _steps.get()) is not None:
            steps.append(f"{padding}: ⌈{size} / {stride}⌉ = {length}")
        return length
    span = dilation * (kernel - 1) + 1
    length = (size - span) // stride + 1
    if (steps := _steps.get()) is not None:
        steps.append(f"valid: ({size} − {span}) // {stride} + 1 = {length}")
    return length


def window_lengths(
    spatial: Shape,
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int] | None = None,
    name: str = "kernel_size",
) -> Shape:
    """`window_length` along every spatial axis; `name` is the field that the kernel's size came from.

    Raises:
        LayerError: when the window is larger than its input, so that nothing would be left.
    """
    rates = dilation or (1,) * len(spatial)
    lengths = []
    for size, width, stride, rate in zip(spatial, kernel, strides, rates, strict=True):
        length = window_length(size, width, stride, padding, rate)
        if length is not None and length < 1 and padding == "valid":
            spans = f" (dilated to {rate * (width - 1) + 1})" if rate > 1 and width > 1 else ""
            raise LayerError(
                f"{name} {width}{spans} is larger than its input {size} (padding='valid'); "
                "use a smaller one, or padding: same"
            )
        lengths.append(length)
    return tuple(lengths)


def transposed_length(
    size: Dim, kernel: int, stride: int, padding: str, output_padding: int | None, dilation: int = 1
) -> Dim:
    """The output length of a transposed convolution, as Keras defines it.

    Without `output_padding`: `same` gives size × stride, `valid` (size − 1) × stride + max(span, stride).
    With it: (size − 1) × stride + output_padding, plus span (`valid`) or span mod 2 (`same`).
    """
    if size is None:
        return None
    span = dilation * (kernel - 1) + 1
    if output_padding is None:
        return size * stride if padding == "same" else (size - 1) * stride + max(span, stride)
    return (size - 1) * stride + (span % 2 if padding == "same" else span) + output_padding
