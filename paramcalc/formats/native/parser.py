"""Parses raw entries into instances of `Entry`, with their kind, type and fields.

Every entry is looked at once, however often blocks and repeats use it. So whatever does not depend on a variable is
checked here, also in blocks that nothing uses.
"""

from collections import ChainMap
from functools import partial
from itertools import chain
from typing import Any

from paramcalc.errors import DocPath, Key, ParamcalcError, at_key, did_you_mean, echo, nearest, unknown_keys
from paramcalc.formats.native.arguments import block_arguments, layer_arguments
from paramcalc.formats.native.assumed import AssumedClasses
from paramcalc.formats.native.build import build_entry
from paramcalc.formats.native.entries import (
    COMMON,
    Block,
    BlockEntry,
    BranchesEntry,
    BrokenEntry,
    CallEntry,
    DynamicEntry,
    Entry,
    GroupEntry,
    LayerEntry,
    RepeatEntry,
)
from paramcalc.formats.native.entry_facts import entry_label, entry_variables, is_dynamic, size_of
from paramcalc.formats.native.expressions import ExpressionError, no_variable
from paramcalc.formats.native.mistakes import is_misplaced, meant_keys, misspelled, no_list, stray_key
from paramcalc.formats.native.names import check_name
from paramcalc.formats.native.problems import AlreadyNotedError, Problems, SpecError, is_meant
from paramcalc.formats.text.fields import FieldsError
from paramcalc.layers.base import Layer
from paramcalc.layers.registry import Registry, snake_case
from paramcalc.limits import MAX_NESTED

Blocks = ChainMap[str, Block]
BLOCK_KEYS = ("vars", "inputs", "blocks", "layers", "outputs", "tied")
STRUCTURE = {
    "repeat": ("repeat", "layers"),
    "branches": ("branches", "merge"),
    "call": ("call",),
}
EACH = ("repeat", "each")
"""The keys of a repeat of a single entry. (STRUCTURE has the words that make an entry no layer, each with all keys.)"""


class Parser:
    """Reads entries and blocks; a problem is noted in `problems`, and reading goes on."""

    def __init__(self, registry: Registry, problems: Problems, assumed: AssumedClasses) -> None:
        self.registry = registry
        self.problems = problems
        self.assumed = assumed
        self.level = 0
        self.entries_read = 0

    # -- lists and blocks ------------------------------------------------------------------------------

    def entries(self, raw: Any, where: DocPath, blocks: Blocks) -> list[Entry]:
        """A list of layers."""
        if not isinstance(raw, list):
            self.problems.add(f"layers are a list, got {echo(raw)}{no_list(raw)}", where)
            return []
        return [self.entry(item, (*where, index), blocks) for index, item in enumerate(raw)]

    def blocks(self, raw: Any, where: DocPath, outer: Blocks, owner: Block | None = None) -> Blocks:
        """The blocks of a mapping, and those known around it. A block may use blocks that are defined below it.

        `owner` is the block that they are defined in, if it is one.
        """
        if raw is None:
            return outer
        if not isinstance(raw, dict):
            self.problems.add(f"blocks are a mapping of names, got {echo(raw)}", where)
            return outer
        known = outer.new_child()  # a layer over those outside, not a copy: many blocks may have blocks of their own
        new = {}
        for name in raw:
            try:
                self.check_block_name(name, (*where, Key(name)))
            except SpecError as error:
                self.problems.add(str(error), error.where)
            new[name] = known[name] = Block(name, (*where, name), {}, ["input"], [], None, owner)
        for name, block in new.items():
            self.block(block, raw[name], known)
        return known

    def check_block_name(self, name: str, where: DocPath) -> None:
        """Refuse a name for a block that cannot be a type, or is one already."""
        check_name(name, where)
        if name in STRUCTURE or name in COMMON or name == "type":
            raise SpecError(f"a block cannot be called '{name}': that is a word of the language", where)
        if self.registry.family(name) != "plugin" and snake_case(name) != name:
            raise SpecError(f"a block cannot be called '{name}': that is a layer type", where)

    def block(self, block: Block, raw: Any, known: Blocks) -> None:
        """Read the contents of a block into it."""
        where = block.where
        if not isinstance(raw, dict):
            self.problems.add(f"a block is a mapping with layers, got {echo(raw)}", where)
            return
        for key, near in unknown_keys(raw, BLOCK_KEYS):
            self.problems.add(f"a block has no '{key[:80]}'{near}", (*where, Key(key)))
        block.size = size_of([raw.get("vars"), raw.get("outputs"), raw.get("tied")])
        block.tied = raw.get("tied")
        block.vars = self.vars(raw.get("vars"), (*where, "vars"))
        block.inputs = self.block_inputs(raw.get("inputs", ["input"]), (*where, "inputs"))
        known = self.blocks(raw.get("blocks"), (*where, "blocks"), known, block)
        if "layers" in raw:
            block.layers = self.entries(raw["layers"], (*where, "layers"), known)
        elif not is_meant("layers", raw, BLOCK_KEYS):
            self.problems.add("a block needs layers", where)
        if "outputs" in raw:
            outputs = raw["outputs"]
            block.outputs = [outputs] if isinstance(outputs, str) else outputs
            if not isinstance(block.outputs, list) or not block.outputs:
                self.problems.add(f"outputs: expected a list of names, got {echo(outputs)}", (*where, "outputs"))
                block.outputs = None

    def block_inputs(self, raw: Any, where: DocPath) -> list[str]:
        """The names of a block's inputs."""
        names = [raw] if isinstance(raw, str) else raw
        if not isinstance(names, list) or not names:
            self.problems.add(f"inputs: expected a list of names, got {echo(raw)}", where)
            return ["input"]
        good: dict[str, None] = {}
        for index, name in enumerate(names):
            try:
                if check_name(name, (*where, index)) in good:
                    raise SpecError(f"the input '{name}' is declared twice", (*where, index))
                good[name] = None
            except SpecError as error:
                self.problems.add(str(error), error.where)
        return list(good) or ["input"]

    def vars(self, raw: Any, where: DocPath) -> dict[str, Any]:
        """The variables with their raw values."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            pairs = raw if isinstance(raw, list) and all(isinstance(item, dict) for item in raw) else []
            hint = "; write them without the dashes" if pairs else ""
            self.problems.add(f"vars are a mapping of names to values, got {echo(raw)}{hint}", where)
            return {name: value for pair in pairs for name, value in pair.items()}
        for name in raw:
            why = "that is a key of entries" if name in COMMON else no_variable(name)
            if why is not None:
                self.problems.add(f"a variable cannot be called {echo(name)}: {why}", (*where, Key(name)))
        return raw

    # -- one entry -------------------------------------------------------------------------------------

    def entry(self, raw: Any, where: DocPath, blocks: Blocks) -> Entry:
        """An entry in any of its forms; a broken one keeps its place."""
        common: dict[str, Any] = {}
        if isinstance(raw, dict):
            common = {key: raw[key] for key in COMMON if key in raw}
        self.level += 1
        try:
            if self.level > MAX_NESTED:
                raise SpecError(f"entries are nested more than {MAX_NESTED} deep", where)
            entry = self.read(raw, where, common, blocks)
        except AlreadyNotedError:
            return BrokenEntry(where, common)
        except SpecError as error:
            self.problems.add(str(error), error.where)
            return BrokenEntry(where, common)
        finally:
            self.level -= 1
        entry.size = size_of(raw)
        self.entries_read += 1
        return entry

    def read(self, raw: Any, where: DocPath, common: dict[str, Any], blocks: Blocks) -> Entry:
        """An entry in the form it has: a bare name, a word of the language, the long form, or the short one."""
        if isinstance(raw, str):
            return self.typed(raw, None, where, where, common, blocks, raw)
        if not isinstance(raw, dict) or not raw:
            raise SpecError(f"expected a layer, got {echo(raw)}", where)
        for key, keys in STRUCTURE.items():
            if key in raw:
                self.check_keys(raw, EACH if keys[0] == "repeat" and "each" in raw else keys, where)
                read: Entry = getattr(self, key)(raw, where, common, blocks)
                return read
        if "layers" in raw and "type" not in raw and "layers" not in blocks:
            self.check_keys(raw, ("layers",), where)
            return GroupEntry(where, common, self.entries(raw["layers"], (*where, "layers"), blocks))
        if "type" in raw:
            fields = {key: value for key, value in raw.items() if key != "type" and key not in COMMON}
            if not isinstance(raw["type"], str):
                raise SpecError(f"type: expected the name of a layer, got {echo(raw['type'])}", (*where, "type"))
            return self.typed(raw["type"], fields, (*where, "type"), where, common, blocks, raw)
        key = self.short_key(raw, where, common, blocks)
        return self.typed(key, raw[key], (*where, key), where, common, blocks, raw)

    def check_keys(self, raw: dict[str, Any], keys: tuple[str, ...], where: DocPath) -> None:
        """Refuse keys that an entry with these keys does not have, and one that lacks any of them."""
        for key, near in unknown_keys(raw, (*keys, *COMMON)):
            self.problems.add(f"'{key[:80]}' cannot stand beside {keys[0]}{near}", (*where, Key(key)))
        meant = {nearest(key, (*keys, *COMMON)) for key in raw if key not in keys and key not in COMMON}
        for key in keys:
            if key in meant and key not in raw:
                raise AlreadyNotedError(where)
            if key not in raw:
                raise SpecError(f"{keys[0]} needs '{key}' beside it", where)

    def short_key(self, raw: dict[str, Any], where: DocPath, common: dict[str, Any], blocks: Blocks) -> str:
        """Which key of `{Conv2D: …, name: …}` is the type; the others must be the common ones."""
        keys = [key for key in raw if key not in COMMON]
        if not keys:
            raise SpecError("this entry has no layer type", where)
        if len(keys) == 1:
            return keys[0]
        types = [key for key in keys if key in blocks or self.is_type(key)]
        # Some fields, such as `activation`, have the name of a layer in snake_case.
        fields = self.registry.get(types[0]).__struct_fields__ if types and types[0] not in blocks else ()
        second = next((key for key in types[1:] if key not in fields), None)
        if second is not None:
            raise SpecError(f"an entry is one layer, not both '{types[0]}' and '{second}'", (*where, Key(second)))
        key = types[0] if types else keys[0]
        strays = [(stray_key(other, key, raw[key]), (*where, Key(other))) for other in keys if other != key]
        common |= meant_keys(raw, key)
        for message, place in strays[:-1]:
            self.problems.add(message, place)
        if strays and is_misplaced(
            raw[key]
        ):  # a missing field of the type would be a second error about the same mistake
            raise SpecError(*strays[-1])
        for message, place in strays[-1:]:
            self.problems.add(message, place)
        return key

    def is_type(self, name: str) -> bool:
        """Whether a built-in layer class has this name."""
        return self.registry.family(name) != "plugin"

    def typed(
        self,
        name: str,
        value: Any,
        place: DocPath,
        where: DocPath,
        common: dict[str, Any],
        blocks: Blocks,
        raw: Any,
    ) -> Entry:
        """A layer or a use of a block; `place` is where the type stands."""
        long = place[-1:] == ("type",) and isinstance(raw, dict) and "type" in raw
        base = where if long else place
        if "$" in name:
            return DynamicEntry(
                where,
                common,
                name,
                partial(self.resolved, value=value, place=place, where=where, common=common, blocks=blocks, base=base),
            )
        return self.resolved(name, value, place, where, common, blocks, base)

    def resolved(
        self,
        name: str,
        value: Any,
        place: DocPath,
        where: DocPath,
        common: dict[str, Any],
        blocks: Blocks,
        base: DocPath,
    ) -> Entry:
        """An entry whose type is known; `base` is the place of its fields."""
        if name in blocks:
            block = blocks[name]
            arguments, places = block_arguments(value, base)
            return BlockEntry(where, common, block, arguments, places)
        try:
            cls = self.layer_class(name, place, blocks)
        except SpecError:
            entry = self.assumed.entry(name, where, common)
            if entry is None:
                raise
            return entry
        try:
            fields, places = layer_arguments(cls, value, base)
        except SpecError as error:
            self.problems.add(str(error), error.where)
            misplaced = {key: value[key] for key in COMMON if key in value} if isinstance(value, dict) else {}
            return BrokenEntry(where, misplaced | common, cls.__name__)  # with the name that others know it by
        return self.layer_entry(LayerEntry(where, common, cls, cls.__name__, fields, places), blocks)

    def layer_class(self, name: str, place: DocPath, blocks: Blocks) -> type[Layer]:
        """The class of this name.

        Raises:
            SpecError: with the nearest type or block there is.
        """
        try:
            return self.registry.get(name)
        except ParamcalcError as error:
            near = did_you_mean(name, chain.from_iterable(blocks.maps))
            message = f"there is no layer type '{name[:80]}'{near}" if near else f"{error}"
            message = misspelled(name) or message
            is_key = place[-1:] == (name,)  # `Dens: 10`, and neither `type: Dens` nor a bare `Dens`
            raise SpecError(message, at_key(place) if is_key else place) from None

    def layer_entry(self, entry: LayerEntry, blocks: Blocks) -> Entry:
        """Read the layers in the fields of an entry, and build its layer unless that depends on variables."""
        broken = False
        for field in entry.cls.sublayers:
            if entry.fields.get(field) is not None:
                entry.fields[field] = inner = self.inner(entry.fields[field], entry.places[field], blocks)
                broken |= any(isinstance(item, BrokenEntry) for item in (inner if isinstance(inner, list) else [inner]))
        if broken:
            return BrokenEntry(entry.where, entry.common, entry.type)
        if is_dynamic(entry):
            try:
                entry.names = tuple(sorted(entry_variables(entry)))
            except ExpressionError as error:
                self.problems.add(str(error), entry.where)
                return BrokenEntry(entry.where, entry.common, entry.type)
            return entry
        try:
            entry.layer = build_entry(entry, {})
        except FieldsError as error:
            label = entry_label(entry)
            for problem in error.problems:
                self.problems.add(problem.message, problem.where, label)
            return BrokenEntry(entry.where, entry.common, entry.type)
        return entry

    def inner(self, raw: Any, where: DocPath, blocks: Blocks) -> Any:
        """The entry, or the entries, of the layers in a field."""
        if isinstance(raw, list):
            return [self.inner_layer(item, (*where, index), blocks) for index, item in enumerate(raw)]
        return self.inner_layer(raw, where, blocks)

    def inner_layer(self, raw: Any, where: DocPath, blocks: Blocks) -> LayerEntry | BlockEntry | BrokenEntry:
        """One layer in a field of another."""
        entry = self.entry(raw, where, blocks)
        for key in ("inputs", "options", "when"):
            if key in entry.common:
                self.problems.add(f"a layer inside another has no '{key}'", (*where, Key(key)))
        if isinstance(entry, (LayerEntry, BlockEntry, BrokenEntry)):
            return entry
        self.problems.add("only a layer or a block can stand inside a layer", where)
        return BrokenEntry(where, entry.common)

    # -- structure -------------------------------------------------------------------------------------

    def repeat(self, raw: dict[str, Any], where: DocPath, common: dict[str, Any], blocks: Blocks) -> Entry:
        """`{repeat: 3, layers: […]}`, or `{repeat: 3, each: …}` for a single entry, whose name is its number."""
        if "each" in raw:
            entry = self.entry(raw["each"], (*where, "each"), blocks)
            entry.common.setdefault("name", "$i")
            return RepeatEntry(where, common, raw["repeat"], [entry], True)
        return RepeatEntry(where, common, raw["repeat"], self.entries(raw["layers"], (*where, "layers"), blocks))

    def branches(self, raw: dict[str, Any], where: DocPath, common: dict[str, Any], blocks: Blocks) -> Entry:
        """`{branches: [[…], […]], merge: Add}`."""
        chains = raw["branches"]
        if not isinstance(chains, list) or not chains:
            raise SpecError(f"branches are a list of lists of layers, got {echo(chains)}", (*where, "branches"))
        found = [self.entries(chain, (*where, "branches", index), blocks) for index, chain in enumerate(chains)]
        merge = self.entry(raw["merge"], (*where, "merge"), blocks)
        if not isinstance(merge, (LayerEntry, BlockEntry, DynamicEntry, BrokenEntry)):
            raise SpecError("merge: expected a layer, such as Add or Concatenate", (*where, "merge"))
        for key in ("inputs", "options", "when"):
            if key in merge.common:
                self.problems.add(f"a merge has no '{key}'", (*where, "merge", key))
        return BranchesEntry(where, common, found, merge)

    def call(self, raw: dict[str, Any], where: DocPath, common: dict[str, Any], blocks: Blocks) -> Entry:
        """`{call: stem, inputs: other}`."""
        for key in ("trainable", "dtype"):
            if key in common:
                self.problems.add(f"'{key}' belongs to the layer itself, not to a further call", (*where, Key(key)))
        if not isinstance(raw["call"], str):
            raise SpecError(f"call: expected the name of a layer, got {echo(raw['call'])}", (*where, "call"))
        return CallEntry(where, common, raw["call"])
