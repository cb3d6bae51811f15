"""The `assume:` of a spec: layers of classes that there are not, of which it says what they give and hold."""

from collections.abc import Mapping
from typing import Any

from paramcalc.errors import DocPath, Key, ParamcalcError
from paramcalc.formats.native.entries import LayerEntry
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.unknown import Unknown
from paramcalc.limits import GLOB_PER_STEP, MAX_GLOB_WORK, MAX_NAME

MAX_WARNINGS = 5


class AssumedClasses:
    """What a spec assumes, by class or a glob; `keys` has that of each class which a layer has needed."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.keys: dict[str, str | None] = {}
        self.cost = sum(1 + len(glob) // GLOB_PER_STEP for glob in said)

    def entry(self, name: str, where: DocPath, common: dict[str, Any]) -> LayerEntry | None:
        """The entry of a layer of a class that is not known, whose fields may be any; None where nothing is said."""
        if not self.said:
            return None
        if self.key(name, where) is None:
            return None
        layer = Unknown(f"there is no layer type '{name[:80]}', and what assume says of it is for a layer by itself")
        return LayerEntry(where, common, Unknown, name, {}, {}, layer)

    def key(self, name: str, where: DocPath) -> str | None:
        """The class or the glob that a class name fits; None where there is none.

        Raises:
            SpecError: when too many names were compared with too many globs.
        """
        if name not in self.keys:
            from paramcalc.analysis.assumptions import named

            if len(self.keys) * self.cost > MAX_GLOB_WORK // 2:
                raise SpecError("assume has too many globs for a spec of so many classes", ("assume",))
            self.keys[name] = named(name, self.said) if len(name) <= MAX_NAME else None
        return self.keys[name]

    def kept(self) -> dict[str, Any]:
        """What is assumed of each class that the spec has."""
        return {name: self.said[key] for name, key in self.keys.items() if key is not None}

    def unused(self) -> dict[str, DocPath | None]:
        """Warnings about what is said of no layer, with their places."""
        used = set(self.keys.values())
        names = [name for name in self.said if name not in used][:MAX_WARNINGS]
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
