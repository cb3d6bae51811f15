"""Facts about an entry before it is expanded: its size, its label in errors, the variables it reads."""

from typing import Any

from paramcalc.formats.native.entries import BlockEntry, Entry, LayerEntry
from paramcalc.formats.native.templates import is_template, variables
from paramcalc.limits import CHARACTERS_PER_VALUE, MAX_SEARCHED


def size_of(raw: Any) -> int:
    """How many values an entry consists of, without those of the entries inside it.

    An expression counts by its length; one that makes a list counts as the longest list that it could make.
    """
    count = 1
    stack = [raw]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            value = [item for key, item in value.items() if key not in ("layers", "branches")]
        if isinstance(value, list):
            count += len(value)
            for item in value:
                if item.__class__ is str and "$" in item:
                    count += len(item) // CHARACTERS_PER_VALUE + item.count("for") * MAX_SEARCHED
            stack += [item for item in value if isinstance(item, (list, dict))]
    return count


def entry_label(entry: Entry, prefix: str = "") -> str:
    """An entry as errors name it: `'encoder/dense' (Dense)`, or `Dense` if its name is not known yet."""
    name = entry.common.get("name")
    kind: str = getattr(entry, "type", "?")
    return f"'{prefix}{name[:80]}' ({kind})" if isinstance(name, str) and "$" not in name else kind


def entry_variables(entry: LayerEntry) -> set[str]:
    """The variables that the fields of a layer read, and those of the layers in it."""
    found: set[str] = set()
    stack: list[Any] = list(entry.fields.values())
    while stack:
        value = stack.pop()
        if isinstance(value, LayerEntry):
            found |= {*value.names, *variables(value.common)}
        elif isinstance(value, BlockEntry):
            found |= variables(value.arguments) | variables(value.common)
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, (str, dict)):
            found |= variables(value)
    return found


def is_dynamic(entry: LayerEntry) -> bool:
    """Whether a layer depends on variables or blocks, and so can only be built when it is expanded."""
    stack: list[Any] = list(entry.fields.values())
    while stack:
        value = stack.pop()
        if isinstance(value, BlockEntry):
            return True
        if isinstance(value, LayerEntry):
            if value.layer is None or is_template(value.common):
                return True
        elif isinstance(value, list):
            stack.extend(value)
        elif is_template(value):
            return True
    return False
