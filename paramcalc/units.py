"""Numbers with their units: counts in decimal, bytes in the unit that is printed beside them."""

DTYPE_BITS = {
    "bool": 8,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "float8": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "float32": 32,
    "int64": 64,
    "uint64": 64,
    "float64": 64,
}
"""Bits one element takes."""


def size_of(count: int, dtype: str) -> int:
    """Bytes that `count` elements take, rounded up to whole bytes (int4 packs two in one)."""
    return -(-count * DTYPE_BITS.get(dtype, 32) // 8)


def compute_dtype(policy: str) -> str:
    """The dtype a policy computes in: `mixed_float16` → float16, `int8_from_float32` → float32."""
    policy = policy.removeprefix("mixed_")
    return policy.rpartition("_from_")[2].removeprefix("mixed_")


def variable_dtype(policy: str) -> str:
    """The dtype a policy keeps weights in: float32 for the mixed ones."""
    return "float32" if "mixed_" in policy else compute_dtype(policy)
