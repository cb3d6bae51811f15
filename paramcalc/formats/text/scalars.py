"""An unquoted word in YAML → its value: YAML 1.2's core schema, without what YAML 1.1 readers interpret differently.

`null`, `true`, `12` and `1e-5` have their usual meaning. `no`, `010`, `0x1F`, `1:30`, `1_000` and dates remain text, so
that a field that needs a number or a boolean refuses them.
"""

import re

from paramcalc.limits import MAX_INTEGER_DIGITS

CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
FIRST = frozenset(("", *"~nNtTfF+-.0123456789"))
"""The first characters of words that may be something other than text."""

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = r"([-+]?)\.(inf|Inf|INF)|\.(?:nan|NaN|NAN)"

_OLD_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_OCTAL = r"([-+]?)0o?([0-7_]+)"
_OTHER_BASE = r"[-+]?0(?:x[0-9a-fA-F_]+|b[01_]+)"
_SEXAGESIMAL = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+"
_GROUPED = r"[-+]?[0-9][0-9_]*"
_TUPLE = r"\( *-?[0-9]+(?: *, *(?:-?[0-9]+|None))* *,? *\)"
_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"


class HugeIntegerError(ValueError):
    """An integer with too many digits."""


def resolve(text: str) -> str | float | bool | None:
    """The value of an unquoted word.

    Raises:
        HugeIntegerError: for an integer of more than `MAX_INTEGER_DIGITS` digits.
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        if len(text.lstrip("+-")) > MAX_INTEGER_DIGITS:
            raise HugeIntegerError
        return int(text)
    if text.lstrip("+-").isdecimal():  # 010: octal or decimal?
        return text
    if _FLOAT.fullmatch(text):
        return float(text)
    match = re.fullmatch(_NOT_FINITE, text) if "." in text else None
    if match:
        return float((match[1] or "") + "inf") if match[2] else float("nan")
    return text


def explain_scalar(text: str) -> str | None:
    """How other YAML readers interpret this word, and what to write instead; None for ordinary text."""
    text = text[:64]
    if text.lower() in _OLD_BOOLEANS:
        meant = _OLD_BOOLEANS[text.lower()]
        return f"YAML 1.1 reads {text} as {meant}; write {meant}"
    octal = re.fullmatch(_OCTAL, text)
    if octal and octal[2].strip("_"):
        value = f"{octal[1]}{int(octal[2].replace('_', ''), 8)}"
        decimal = text.lstrip("+-0o").replace("_", "") or "0"
        version = "1.2" if "o" in text else "1.1"
        return f"YAML {version} reads {text} as the octal number {value}; write {value} or {octal[1]}{decimal}"
    if re.fullmatch(_OTHER_BASE, text) and re.search(r"0[xb]_*[0-9a-fA-F]", text):
        value = str(int(text.replace("_", ""), 0))
        return f"some YAML readers read {text} as the number {value}; write {value}"
    if re.fullmatch(_SEXAGESIMAL, text):
        return f"YAML 1.1 reads {text} as the number {_base60(text)}; write {_base60(text)}, or quote it"
    if "_" in text and re.fullmatch(_GROUPED, text):
        plain = text.replace("_", "")
        return f"YAML 1.1 reads {text} as the number {plain}; write {plain}"
    if re.fullmatch(_DATE, text):
        return f"YAML 1.1 reads {text} as a date; quote it"
    return None


def from_python(text: str) -> str | None:
    """What to write for a Python tuple or `None`, which YAML reads as text; None for other text."""
    if text == "None":
        return "null"
    inner = text[1:-1].strip(" ,")
    return f"[{inner}]" if re.fullmatch(_TUPLE, text[:64]) else None


def _base60(text: str) -> int:
    total = 0
    for part in text.replace("_", "").lstrip("+-").split(":"):
        total = total * 60 + int(part)
    return -total if text.startswith("-") else total
