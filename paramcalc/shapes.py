"""Arithmetic on shapes: the one place for what several formulas need.

A shape is a tuple with the batch first; a dimension is an int, or None where it is unknown.
Unknown dimensions travel through; only what needs a number raises.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod

from paramcalc.errors import LayerError, UnknownDimensionError

Dim = int | None
Shape = tuple[Dim, ...]

_steps: ContextVar[list[str] | None] = ContextVar("steps", default=None)
"""Where `traced` collects the arithmetic; None, and so free, when nobody looks."""


@contextmanager
def traced() -> Iterator[list[str]]:
    """Collect how output lengths come about, as text, while formulas run."""
    found: list[str] = []
    before = _steps.set(found)
    try:
        yield found
    finally:
        _steps.reset(before)


MAX_DIMENSION = 2**31 - 1
MAX_RANK = 16
MAX_COUNT = 2**63 - 1
"""The largest number of anything that is computed: what every reader of JSON can hold."""


def format_shape(shape: Sequence[Dim]) -> str:
    """`(None, 28, 28, 1)`, as Keras prints it, with `?` for what is unknown past the batch."""
    inner = ", ".join("None" if dim is None else str(dim) for dim in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def volume(shape: Sequence[Dim]) -> Dim:
    """The number of elements, an unknown batch counted as one sample; None if another is unknown."""
    if shape and shape[0] is None:
        shape = shape[1:]
    return None if None in shape else prod(shape)  # type: ignore[arg-type]


def product(dims: Sequence[Dim]) -> Dim:
    """The product, or None when a factor is unknown (a zero does not rescue it)."""
    return None if None in dims else prod(dims)  # type: ignore[arg-type]


def known(shape: Shape, axis: int, what: str = "size") -> int:
    """The dimension at `axis`, which a weight depends on.

    Raises:
        UnknownDimensionError: when it is None.
    """
    dim = shape[axis]
    if dim is None:
        raise UnknownDimensionError(
            f"the {what} (axis {axis} of the input {format_shape(shape)}) is unknown, but the weights depend on it",
            axis,
        )
    return dim


def check_rank(shape: Shape, rank: int, layout: str) -> None:
    """Refuse an input whose rank is not `rank`; `layout` names the axes it should have."""
    if len(shape) != rank:
        raise LayerError(f"expects an input of rank {rank} {layout}, got {format_shape(shape)} of rank {len(shape)}")


def check_min_rank(shape: Shape, rank: int) -> None:
    """Refuse an input with fewer than `rank` axes (the batch included)."""
    if len(shape) < rank:
        raise LayerError(f"expects an input of rank {rank} or more, got {format_shape(shape)} of rank {len(shape)}")


def check_axes(count: int) -> None:
    """Refuse a tensor of more axes than any program computes with: each would cost its length in every layer."""
    if count > MAX_RANK:
        raise LayerError(f"a tensor may have at most {MAX_RANK} axes, this one would have {count:,}")


def check_sizes(shapes: Sequence[Shape]) -> None:
    """Refuse dimensions below 0 or past 64 bits: no program could hold such a tensor, and few could read the number."""
    for shape in shapes:
        if len(shape) > MAX_RANK:
            check_axes(len(shape))
        for dim in shape:
            if dim is not None and not 0 <= dim <= MAX_COUNT:
                if dim < 0:
                    raise LayerError(f"its output has a negative dimension: {format_shape(shape)}")
                raise LayerError(f"its output has a dimension past {MAX_COUNT:,}")


def positive_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises:
        LayerError: when the input has no such axis.
    """
    if not -rank <= axis < rank:
        raise LayerError(f"axis {axis} is out of range for an input of rank {rank}")
    return axis % rank


def ntuple(value: int | Sequence[int], n: int, name: str) -> tuple[int, ...]:
    """`value` for each of `n` spatial axes: one int for all, or a list of n."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) != n:
        raise LayerError(f"{name} needs {n} value{'s' * (n > 1)}, got {len(value)}: {list(value)}")
    return tuple(value)


def window_length(size: Dim, kernel: int, stride: int, padding: str, dilation: int = 1) -> Dim:
    """The output length of a sliding window: convolution and pooling.

    `same` gives ceil(size / stride), `causal` the same; `valid` floor((size − span) / stride) + 1 with
    span = dilation × (kernel − 1) + 1 (Dumoulin & Visin 2016, arXiv:1603.07285).
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


SPATIAL_NAMES: dict[int, tuple[str, ...]] = {
    1: ("length",),
    2: ("height", "width"),
    3: ("depth", "height", "width"),
}
"""What the spatial axes are called, by how many there are."""


def channels_axis(data_format: str | None) -> int:
    """Where the channels stand: last, or right after the batch."""
    return 1 if data_format == "channels_first" else -1


def spatial_of(x: Shape, rank: int, data_format: str | None) -> Shape:
    """The `rank` spatial dimensions of an input of sequences, images or volumes.

    Raises:
        LayerError: when the input is of another rank.
    """
    names = SPATIAL_NAMES[rank]
    first = data_format == "channels_first"
    layout = ("batch", "channels", *names) if first else ("batch", *names, "channels")
    check_rank(x, rank + 2, f"({', '.join(layout)})")
    return x[2:] if first else x[1:-1]


def join_channels(batch: Dim, spatial: Shape, channels: Dim, data_format: str | None) -> Shape:
    """The shape of the batch, the spatial dimensions and the channels in their order."""
    if data_format == "channels_first":
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)


def window_lengths(
    spatial: Shape,
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int] | None = None,
    name: str = "kernel_size",
) -> Shape:
    """`window_length` along every spatial axis; `name` is the field the kernel came from.

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
    With it: (size − 1) × stride + output_padding, plus span (`valid`) or span mod 2 (`same`), where
    span = dilation × (kernel − 1) + 1 (Dumoulin & Visin 2016, arXiv:1603.07285).
    """
    if size is None:
        return None
    span = dilation * (kernel - 1) + 1
    if output_padding is None:
        return size * stride if padding == "same" else (size - 1) * stride + max(span, stride)
    return (size - 1) * stride + (span % 2 if padding == "same" else span) + output_padding
