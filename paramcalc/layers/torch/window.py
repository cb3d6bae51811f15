"""Windows over spatial axes as PyTorch defines them: channels first, numeric padding on both sides."""

from collections.abc import Sequence

from paramcalc.errors import LayerError
from paramcalc.layers.base import NonNegative, Positive
from paramcalc.layers.formulas.window import trace
from paramcalc.shapes import Dim, ntuple

Sizes = Positive | tuple[Positive, ...]
Paddings = NonNegative | tuple[NonNegative, ...]


def per_axis(value: int | Sequence[int], rank: int, name: str) -> tuple[int, ...]:
    """Return `value` for each of `rank` axes: one number for all, in a list or not, or one for each.

    Raises:
        LayerError: if a list has another length.
    """
    if not isinstance(value, int) and len(value) == 1:
        value = value[0]
    return ntuple(value, rank, name)


def window_length(size: Dim, kernel: int, stride: int, before: int, after: int, dilation: int = 1) -> Dim:
    """floor((size + padding − dilation × (kernel − 1) − 1) / stride) + 1, as torch.nn.Conv1d documents it.

    Raises:
        LayerError: if the window is larger than its padded input.
    """
    if size is None:
        return None
    padded, span = size + before + after, dilation * (kernel - 1) + 1
    if padded < span:
        dilated = f" (dilated to {span})" if span != kernel else ""
        raise LayerError(f"kernel_size {kernel}{dilated} is larger than its padded input {padded}")
    length = (padded - span) // stride + 1
    if (found := trace()) is not None:
        sides = f" + {before} + {after}" if before or after else ""
        found.append(f"({size}{sides} − {span}) // {stride} + 1 = {length}")
    return length


def pooled_length(size: Dim, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> Dim:
    """Return the number of pooling windows: as for a convolution, rounded up with `ceil`.

    Rounded up, the last window may reach past the padded input, but must begin inside the input or before it
    (`pooling_output_shape` in ATen/native/Pool.h).

    Raises:
        LayerError: if the padding is more than half a window, or no window fits.
    """
    span = dilation * (kernel - 1) + 1
    if padding > span // 2:
        raise LayerError(f"padding {padding} must be at most half of the kernel's {span}")
    if size is None:
        return None
    length = (size + 2 * padding - span + (stride - 1 if ceil else 0)) // stride + 1
    if (found := trace()) is not None:
        sides, up = f" + 2 × {padding}" if padding else "", f" + {stride - 1}" if ceil else ""
        found.append(f"({size}{sides} − {span}{up}) // {stride} + 1 = {length}")
    if ceil and (length - 1) * stride >= size + padding:
        length -= 1
        if found is not None:
            found.append(f"a window more would begin behind the input: {length}")
    if length < 1:
        raise LayerError(f"kernel_size {kernel} is larger than its padded input {size + 2 * padding}")
    return length
