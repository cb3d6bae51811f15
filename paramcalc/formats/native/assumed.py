"""The `assume:` of a spec: the outputs and parameters of layers whose classes are unknown."""

from collections.abc import Mapping
from typing import Any

from paramcalc.errors import DocPath, Key, ParamcalcError
from paramcalc.formats.native.entries import LayerEntry
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.unknown import Unknown
from paramcalc.limits import GLOB_PER_STEP, MAX_GLOB_WORK, MAX_NAME

MAX_WARNINGS = 5


class AssumedClasses:
    """The assumptions of a spec, by class or glob; `keys` has the one that each needed class matches."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.keys: dict[str, str | None] = {}
        self.cost = sum(1 + len(glob) // GLOB_PER_STEP for glob in said)

    def entry(self, name: str, where: DocPath, common: dict[str, Any]) -> LayerEntry | None:
        """The entry of a layer of an unknown class, with any fields; None if nothing is assumed about it."""
        if not self.said:
            return None
        if self.key(name, where) is None:
            return None
        layer = Unknown(f"there is no layer type '{name[:80]}', and what assume says of it is for a layer by itself")
        return LayerEntry(where, common, Unknown, name, {}, {}, layer)

    def key(self, name: str, where: DocPath) -> str | None:
        """The class or glob that a class name matches; None if there is none.

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
        """The assumption about each class in the spec."""
        return {name: self.said[key] for name, key in self.keys.items() if key is not None}

    def unused(self) -> dict[str, DocPath | None]:
        """Warnings about assumptions that match no layer, with their places."""
        used = set(self.keys.values())
        names = [name for name in self.said if name not in used][:MAX_WARNINGS]
        return {f"assume: no unknown layer is of class '{name[:80]}'": ("assume", Key(name)) for name in names}


def read_assume(raw: Any) -> dict[str, Any]:
    """Read `assume:`: class → assumption.

    Raises:
        SpecError: for one that makes no sense.
    """
    if raw is None:
        return {}
    from paramcalc.analysis.assumptions import parse_assumptions  # most specs have no assumptions

    try:
        return parse_assumptions(raw, optional=True)
    except ParamcalcError as error:
        raise SpecError(str(error), ("assume",)) from None
