"""NumPy's arrays in a pickle: the dtype, the shape, and as many bytes as both need."""

from math import prod
from typing import Any

from paramcalc.formats.checkpoint import shape_of
from paramcalc.formats.torch_checkpoint.dtypes import dtype_of
from paramcalc.formats.torch_checkpoint.values import Array, Dtype, Global, Opaque, items

NUMPY = {
    "b1": ("bool", 8),
    **{f"i{size}": (f"int{8 * size}", 8 * size) for size in (1, 2, 4, 8)},
    **{f"u{size}": (f"uint{8 * size}", 8 * size) for size in (1, 2, 4, 8)},
    **{f"f{size}": (f"float{8 * size}", 8 * size) for size in (2, 4, 8, 16)},
    **{f"c{size}": (f"complex{8 * size}", 8 * size) for size in (8, 16, 32)},
}
"""NumPy's name for a dtype in a pickle → ours."""


def array(*rest: Any) -> Array:
    """`numpy.core.multiarray._reconstruct`: an array whose shape follows in its state."""
    return Array()


def array_of(data: Any, dtype: Any, shape: Any, *rest: Any) -> Array:
    """`numpy.core.numeric._frombuffer`: how protocol 5 has an array, whole."""
    found = Array()
    fill(found, shape, dtype, data)
    return found


def fill(array: Array, shape: Any, dtype: Any, data: Any) -> None:
    """Give an array what it holds: the bytes of numbers, or objects; texts and records are neither.

    Raises:
        ValueError: when there are more bytes than its shape needs, or fewer.
    """
    array.shape = shape_of(items(shape), "array")
    if type(data) is list:
        array.items = data
    elif type(dtype) is Dtype:
        array.dtype, array.size = dtype, prod(array.shape) * dtype.bits // 8
        if type(data) not in (bytes, str) or len(data) != array.size:
            raise ValueError("an array whose bytes do not fit its shape")
    elif type(dtype) is not Opaque:
        raise ValueError("an array without a dtype")


def numpy_dtype(name: Any, *rest: Any) -> Any:
    """`numpy.dtype`; those of strings and objects are not numeric."""
    if type(name) is Global and name.name.startswith("ml_dtypes."):  # NumPy has no bfloat16 of its own
        return dtype_of(Global(name.name.replace("ml_dtypes.", "torch.")))
    known = NUMPY.get(name) if type(name) is str else None
    return Dtype(*known) if known else Opaque("numpy.dtype")
