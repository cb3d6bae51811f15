"""Numbers with their units: counts in decimal, bytes in the unit that is printed beside them."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

from paramcalc.errors import ParamcalcError, echo

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


STORED_BITS = DTYPE_BITS | {
    "complex32": 32,
    "complex64": 64,
    "complex128": 128,
    "float8_e4m3fnuz": 8,
    "float8_e5m2fnuz": 8,
    "float8_e8m0fnu": 8,
}
"""The same with further dtypes that tensors are stored in, but layers do not compute in."""


def size_of(count: int, dtype: str) -> int:
    """Bytes that `count` elements take, rounded up to whole bytes (int4 packs two in one)."""
    return -(-count * STORED_BITS.get(dtype, 32) // 8)


@lru_cache
def compute_dtype(policy: str) -> str:
    """The dtype a policy computes in: `mixed_float16` → float16, `int8_from_float32` → float32."""
    policy = policy.removeprefix("mixed_")
    return policy.rpartition("_from_")[2].removeprefix("mixed_")


def variable_dtype(policy: str) -> str:
    """The dtype a policy keeps weights in: float32 for the mixed ones."""
    return "float32" if "mixed_" in policy else compute_dtype(policy)


def weight_dtype(own: str | None, policy: str, override: str | None) -> str:
    """The dtype of a weight: its own where it has one, unless that is a float and an override is given."""
    if own is None or (override is not None and "float" in own):
        return variable_dtype(override or policy)
    return own


def is_policy(name: str) -> bool:
    """Whether a name is a dtype or a mixed policy; quantized policies, whose layers have other weights, are not."""
    return "_from_" not in name and compute_dtype(name) in DTYPE_BITS


def output_dtype(own: str | None, policy: str, override: str | None) -> str:
    """The dtype of an output: its own where it has one, unless that is a float and an override is given."""
    if own is None or (override is not None and "float" in own):
        return compute_dtype(override or policy)
    return own


def promoted(dtypes: set[str]) -> str | None:
    """The dtype that these promote to: floats before integers, the wider of two; None for the default.

    Booleans alone give the default: the other operands of `where` are constants.
    """
    floats = {dtype for dtype in dtypes if "float" in dtype}
    if floats == {"float16", "bfloat16"} or "float32" in floats - {"float64"}:
        floats -= {"float16", "bfloat16"}
    found = max(
        floats or dtypes - {"string", "bool"} or {"float32"}, key=lambda dtype: (DTYPE_BITS.get(dtype, 32), dtype)
    )
    return None if found == "float32" else found


COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
BYTE_UNITS = {"B": 1, "KB": 1000}
for _power, _letter in enumerate("kMGT", 1):
    BYTE_UNITS |= {f"{_letter}B": 1000**_power, f"{_letter.upper()}iB": 1024**_power}


class UnitError(ParamcalcError):
    """A number whose unit is missing, unknown or of the wrong kind."""


def split_number(text: str, example: str) -> "tuple[Fraction, str]":
    """A number and its unit: "5.5M" → (11/2, "M"); underscores may separate digits."""
    match = re.fullmatch(r"\s*((?:0|[1-9][\d_]{0,30})(?:\.\d{1,12})?)\s*([A-Za-z%]*)\s*", text, re.ASCII)
    if match is None:
        raise UnitError(f"{echo(text)} is not a number with a unit; write it as {example}")
    from fractions import Fraction  # slow to load, and needed only for limits

    return Fraction(match[1].replace("_", "")), match[2]


def parse_count(value: int | str) -> int:
    """A count: 5000000, "5M", "1.5B", "10k" (decimal)."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or (isinstance(value, int) and value < 0):
        raise UnitError(f"{echo(value)} is not a count; write it as 5M or 5000000")
    if isinstance(value, int):
        return value
    number, unit = split_number(value, "5M or 5000000")
    if unit.lower() not in COUNT_UNITS:
        raise UnitError(f"'{unit}' is not a unit of a count: use K, M, B or T")
    return whole(number * COUNT_UNITS[unit.lower()], value)


def parse_bytes(value: int | str) -> int:
    """Bytes, always with their unit: "20 MiB" (1024²) is not "20 MB" (1000²), and "20 Mb" would be bits."""
    no_unit = UnitError(f"{echo(value)} has no unit: write 20 MB (1000²), 20 MiB (1024²) or 20000000 B")
    if not isinstance(value, str):
        raise no_unit
    number, unit = split_number(value, "20 MB or 20 MiB")
    if not unit:
        raise no_unit
    if unit not in BYTE_UNITS:
        near = next((name for name in BYTE_UNITS if name.lower() == unit.lower()), None)
        meant = f"did you mean '{near}'? The case tells bytes from bits" if near else ""
        units = meant or "use B, kB, MB, GB (1000ⁿ) or KiB, MiB, GiB (1024ⁿ)"
        raise UnitError(f"'{unit}' is not a unit of bytes: {units}")
    return whole(number * BYTE_UNITS[unit], value)


def in_unit(value: int, unit: str, other: int | None = None) -> str:
    """Bytes in a unit: `97.8 MiB`, with enough digits to tell it from another number; very small sizes in bytes."""
    size = BYTE_UNITS[unit]
    if size == 1 or 0 < abs(value) * 1000 < size:
        return f"{value:,} B"
    text = ""
    for digits in (1, 2, 3, 6):
        text = f"{value / size:,.{digits}f}"
        if value and not text.strip("-0."):
            continue  # a size that is not 0 is never shown as 0
        if other is None or other == value or text != f"{other / size:,.{digits}f}":
            break
    return f"{text.rstrip('0').rstrip('.')} {unit}"


def whole(number: "Fraction", text: str) -> int:
    """The number as an int.

    Raises:
        UnitError: when it is not whole.
    """
    if number.denominator != 1:
        raise UnitError(f"{echo(text)} is not a whole number")
    return number.numerator


def parse_increase(value: str, of_bytes: bool = False) -> "tuple[Fraction, int]":
    """An allowed growth: "1%" as a share of the baseline, or an amount: "10k", "4 KiB", "0". (share, amount)."""
    from fractions import Fraction

    if "%" in value:
        number, unit = split_number(value, "1%")
        if unit != "%":
            raise UnitError(f"{echo(value)} is not a percentage; write it as 1%")
        return number / 100, 0
    if of_bytes and value.strip() != "0":
        return Fraction(0), parse_bytes(value)
    return Fraction(0), parse_count(value)
