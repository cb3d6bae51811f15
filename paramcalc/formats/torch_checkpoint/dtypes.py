"""PyTorch's names of dtypes and of storages in a pickle, and what they are."""

from typing import Any

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.torch_checkpoint.values import BrokenError, Dtype, Global

DTYPES = {
    "float64": ("float64", 64),
    "double": ("float64", 64),
    "float32": ("float32", 32),
    "float": ("float32", 32),
    "float16": ("float16", 16),
    "half": ("float16", 16),
    "bfloat16": ("bfloat16", 16),
    "float8_e4m3fn": ("float8_e4m3fn", 8),
    "float8_e5m2": ("float8_e5m2", 8),
    "float8_e4m3fnuz": ("float8_e4m3fnuz", 8),
    "float8_e5m2fnuz": ("float8_e5m2fnuz", 8),
    "float8_e8m0fnu": ("float8_e8m0fnu", 8),
    "float4_e2m1fn_x2": ("float4_e2m1fn_x2", 8),
    "complex32": ("complex32", 32),
    "complex64": ("complex64", 64),
    "complex128": ("complex128", 128),
    "int64": ("int64", 64),
    "long": ("int64", 64),
    "int32": ("int32", 32),
    "int": ("int32", 32),
    "int16": ("int16", 16),
    "short": ("int16", 16),
    "int8": ("int8", 8),
    "uint8": ("uint8", 8),
    "uint16": ("uint16", 16),
    "uint32": ("uint32", 32),
    "uint64": ("uint64", 64),
    "bool": ("bool", 8),
    "qint8": ("qint8", 8),
    "quint8": ("quint8", 8),
    "qint32": ("qint32", 32),
    "quint4x2": ("quint4x2", 4),
    "quint2x4": ("quint2x4", 2),
}
"""`torch.` name → our dtype, and the bits of an element in a storage."""

STORAGES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "QInt8": "qint8",
    "QUInt8": "quint8",
    "QInt32": "qint32",
    "QUInt4x2": "quint4x2",
    "QUInt2x4": "quint2x4",
}
"""`torch.` name of a storage class → the dtype of its elements."""


def dtype_of(value: Any) -> Dtype:
    """The dtype for a name."""
    name = value.name if type(value) is Global else ""
    found = DTYPES.get(name.removeprefix("torch."))
    if found is None:
        raise ValueError(f"{name[:MAX_ECHO]} is a dtype that is not known")
    return Dtype(*found)


def storage_dtype(kind: Any) -> Dtype | None:
    """The dtype of a storage's elements; None for one of bytes.

    Raises:
        BrokenError: for anything but a storage class.
    """
    name = kind.name if type(kind) is Global else ""
    if name in ("torch.storage.UntypedStorage", "torch.UntypedStorage"):
        return None
    module, _, short = name.rpartition(".")
    element = STORAGES.get(short.removesuffix("Storage")) if short.endswith("Storage") else None
    if element is None or module not in ("torch", "torch.cuda", "torch.storage"):
        raise BrokenError(f"a storage of the unknown kind {name[:MAX_ECHO] or 'of no name'}")
    return Dtype(*DTYPES[element])
