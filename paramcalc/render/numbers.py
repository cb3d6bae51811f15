"""Numbers for people; integer arithmetic throughout, so that no total is too large to show."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramcalc.summary import Summary

COUNT_UNITS = ("", "K", "M", "B", "T")
BYTE_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
UNKNOWN = "?"


def format_int(value: int | None) -> str:
    """`138,357,544`; `?` where it is unknown."""
    return UNKNOWN if value is None else f"{value:,}"


def so_far(number: str, total: str, summary: "Summary") -> str:
    """A total of a partial model, `1,000 + ?`, but where the file states that total of the whole."""
    complete = summary.partial is not True or total in (summary.stated or ())
    return number if complete else f"{number} + {UNKNOWN}"


def format_count(value: int) -> str:
    """Three digits and a decimal unit: `138M`, `19.1K`; the number itself below 1,000, whole trillions from 1,000T."""
    if value < 1000:
        return str(value)
    for power, unit in enumerate(COUNT_UNITS):
        text = _three_digits(value, 1000**power)
        if text is not None:
            return text + unit
    return f"{(value + 10**12 // 2) // 10**12:,}T"


def _three_digits(value: int, unit: int) -> str | None:
    """`value / unit` in three digits, None when that is 1,000 or more."""
    for decimals in (2, 1, 0):
        scaled = (value * 10**decimals * 2 + unit) // (2 * unit)  # rounded half up
        if scaled < 1000:
            return f"{scaled // 10**decimals}.{scaled % 10**decimals:0{decimals}}" if decimals else str(scaled)
    return None


def format_bytes(value: int | None) -> str:
    """`74.5 KiB`, `312 bytes`: units of 1,024, named as such; a tiny size is never 0.00 of a large unit."""
    if value is None:
        return UNKNOWN
    if value < 1024:
        return f"{value} byte" if value == 1 else f"{value} bytes"
    for power, unit in enumerate(BYTE_UNITS[1:], start=1):
        tenths = (value * 20 + 1024**power) // (2 * 1024**power)
        if tenths < 10240:
            return f"{tenths // 10:,}.{tenths % 10} {unit}"
    return f"{value:,} bytes"


def format_share(share: float | None) -> str:
    """`93.2%`; a tiny share is `<0.1%`, never 0."""
    if share is None:
        return UNKNOWN
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return "99.9%"
    return f"{share:.1%}"
