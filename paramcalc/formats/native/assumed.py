"""The `assume:` of a spec: layers of classes that there are not, of which it says what they give and hold."""

from collections.abc import Mapping
from typing import Any

from paramcalc.errors import DocPath, Key, ParamcalcError
from paramcalc.formats.native.entries import LayerEntry
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.unknown import Unknown

MAX_WARNINGS = 5


class AssumedClasses:
    """What a spec assumes, by class or a glob; `used` are the keys that a layer has needed, in that order."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.used: dict[str, None] = {}

    def entry(self, name: str, where: DocPath, common: dict[str, Any]) -> LayerEntry | None:
        """The entry of a layer of a class that is not known, whose fields may be any; None where nothing is said."""
        if not self.said:
            return None
        from paramcalc.analysis.assumptions import named

        key = named(name, self.said)
        if key is None:
            return None
        self.used[key] = None
        layer = Unknown(f"there is no layer type '{name[:80]}', and what assume says of it is for a layer by itself")
        return LayerEntry(where, common, Unknown, name, {}, {}, layer)

    def kept(self) -> dict[str, Any]:
        """What the layers of the spec have needed."""
        return {name: self.said[name] for name in self.used}

    def unused(self) -> dict[str, DocPath | None]:
        """Warnings about what is said of no layer, with their places."""
        names = [name for name in self.said if name not in self.used][:MAX_WARNINGS]
        return {f"assume: no unknown layer is of class '{name[:80]}'": ("assume", Key(name)) for name in names}


def read_assume(raw: Any) -> dict[str, Any]:
    """The value of `assume:`, class → what its layers give and hold.

    Raises:
        SpecError: for one that makes no sense.
    """
    if raw is None:
        return {}
    from paramcalc.analysis.assumptions import parse_assumptions  # most specs have none

    try:
        return parse_assumptions(raw, optional=True)
    except ParamcalcError as error:
        raise SpecError(str(error), ("assume",)) from None
