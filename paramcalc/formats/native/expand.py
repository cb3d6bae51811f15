"""Expands entries into the nodes of a graph: blocks, repeats and branches are unrolled, layers get paths and inputs.

Time and memory are linear in the layers; whether there are too many is checked before they are made.
"""

from collections import ChainMap
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paramcalc.errors import did_you_mean, echo, listed
from paramcalc.formats.native.build import build_entry, under_policy
from paramcalc.formats.native.common import flag, no_options, policy, scope_inside
from paramcalc.formats.native.draft import Draft
from paramcalc.formats.native.entries import (
    BROKEN,
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
from paramcalc.formats.native.entry_facts import entry_label
from paramcalc.formats.native.expressions import Names, maps_of
from paramcalc.formats.native.masks import call_arguments
from paramcalc.formats.native.minimum import Minimum
from paramcalc.formats.native.mistakes import check_merge
from paramcalc.formats.native.names import BlockUse, Reference, Scope, Value, check_name
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.formats.native.sources import read_inputs, read_outputs
from paramcalc.formats.native.templates import origin
from paramcalc.formats.native.values import first_of, only, value_in_scope
from paramcalc.formats.native.work import Work
from paramcalc.formats.text.fields import FieldsError
from paramcalc.layers.base import Layer, called_again, layers_within
from paramcalc.layers.registry import snake_case
from paramcalc.limits import INPUTS_PER_STEP, MAX_NESTED, PATH_PER_STEP, VALUES_PER_STEP, Allowance
from paramcalc.model import Input, Instance, Model, Node, Output, Ref

if TYPE_CHECKING:
    from paramcalc.formats.native.copies import Copies
    from paramcalc.formats.native.ties import Tie


class Expander(Work):
    """Turns a spec's entries into the nodes of one graph.

    Attributes:
        draft: the nodes so far.
        names: everything that has a name.
        spec_env: the spec's own variables, which every block sees.
        uses: the uses of blocks by path, for further calls of them.
        calls: the number of calls of the layer or block at each path.
        ties: the tied weights declared by blocks.
        firsts: for a later call with a name of its own, the path of the first call.
        further: the number of further calls of layers and blocks.
        level: the current nesting depth of blocks, repeats and branches.
    """

    def __init__(
        self, source: str, problems: Problems, inputs: list[Input], spec_env: dict[str, Any], allowance: Allowance
    ) -> None:
        super().__init__(source, problems, allowance)
        self.draft = Draft(inputs, problems)
        self.names = self.draft.names
        self.spec_env = spec_env
        self.uses: dict[str, BlockUse] = {}
        self.calls: dict[str, int] = {}
        self.ties: list[Tie] = []
        self.firsts: dict[str, str] = {}
        self.further = 0
        self.minimum = Minimum()
        self.level = 0

    @cached_property
    def copies(self) -> "Copies":
        """The expansions of blocks so far, to be copied for equal uses."""
        from paramcalc.formats.native.copies import Copies  # most specs have no blocks

        return Copies(self.draft, self.uses, self.allowance, self.spec_env)

    def chain(self, entries: list[Entry], scope: Scope, start: Reference) -> Value:
        """The value of the last entry, each reading the one before it; the start if there are none."""
        if entries and self.level >= MAX_NESTED:
            raise SpecError(f"blocks, repeats and branches are nested more than {MAX_NESTED} deep", entries[0].where)
        self.level += 1
        value: Value = (start,)
        for entry in entries:
            found = self.guarded(entry, scope, first_of(value))
            value = value if found is None else found
        self.level -= 1
        return value

    def guarded(self, entry: Entry, scope: Scope, previous: Reference) -> Value | None:
        """The value of an entry; if it is wrong, that is noted, and a broken layer takes its place."""
        self.step(entry.where, 1 + entry.size // VALUES_PER_STEP)
        try:
            if "when" in entry.common and not flag(entry, "when", scope):
                return None
            return self.expand(entry, scope, previous)
        except FieldsError as error:
            for problem in error.problems:
                self.problems.add(problem.message, problem.where, entry_label(entry, scope.prefix), scope.notes)
        except SpecError as error:
            self.problems.add(str(error), error.where, None, scope.notes)
        return self.broken(entry, scope)

    def expand(self, entry: Entry, scope: Scope, previous: Reference) -> Value:
        """The value of one entry."""
        entry = self.resolved(entry, scope) if isinstance(entry, DynamicEntry) else entry
        if isinstance(entry, LayerEntry):
            sources = read_inputs(entry, scope, previous, self.step)
            check_merge(entry, sources)
            return self.layer(entry, scope, sources, self.name(entry, scope, entry.type, bool(scope.prefix)))
        if isinstance(entry, BrokenEntry):
            return self.broken(entry, scope)
        if isinstance(entry, CallEntry):
            return self.call(entry, scope, previous)
        sources = read_inputs(entry, scope, previous, self.step)
        no_options(entry)
        if isinstance(entry, BranchesEntry):
            return self.branches(entry, scope, only(sources, entry))
        if isinstance(entry, RepeatEntry):
            return self.repeat(entry, scope, only(sources, entry))
        if isinstance(entry, GroupEntry):
            return self.group(entry, scope, only(sources, entry))
        assert isinstance(entry, BlockEntry)  # noqa: S101 - there are no other entries
        return self.block(entry, scope, sources, self.name(entry, scope, entry.block.name, may_be_empty=True))

    # -- what every entry may have ---------------------------------------------------------------------

    def name(self, entry: Entry, scope: Scope, type_: str, may_be_empty: bool = False) -> str:
        """The entry's own name, or an automatic one.

        With `name: ""`, a container adds nothing to the paths inside it, and a layer has the path of its container.
        """
        raw = entry.common.get("name")
        if raw is None:
            return self.names.automatic(scope, snake_case(type_))
        where = (*entry.where, "name")
        name = value_in_scope(raw, scope, where)
        if name == "" and may_be_empty and scope.prefix not in self.names.values:
            return ""
        name = check_name(str(name) if type(name) is int and type(raw) is str else name, where)
        self.names.claim(scope, name, where)
        return name

    # -- the kinds of entries --------------------------------------------------------------------------

    def resolved(self, entry: DynamicEntry, scope: Scope) -> Entry:
        """The entry, now that the expression for its type has a value."""
        type_ = value_in_scope(entry.type_text, scope, entry.where)
        if not isinstance(type_, str):
            raise SpecError(f"type: expected the name of a layer, got {echo(type_)}", entry.where)
        if type_ not in entry.resolved:
            entry.resolved[type_] = entry.read(type_)
        return entry.resolved[type_]

    def layer(self, entry: LayerEntry, scope: Scope, sources: tuple[Reference, ...], name: str) -> int:
        """Emit a layer; returns its number as a producer."""
        if entry.cls.self_attends and len(sources) == 1:
            sources *= 2
        path = scope.prefix + name if name else scope.prefix[:-1]
        instance = None if scope.first_call_prefix is None else self.first_call(scope.first_call_prefix + name)
        if instance is not None:
            self.step(entry.where, called_again(instance.layer, self.allowance))
        else:
            layer = entry.layer
            if layer is None:
                self.allowance.different.add(id(entry))
                layer = build_entry(entry, scope.env, lambda block: self.block_model(block, scope), self.weigh)
            dtype = policy(entry, scope)
            layer = under_policy(layer, dtype, entry.where)
            self.allowance.different.add(id(layer))  # equal layers are one object, so this counts those that differ
            trainable = scope.trainable and flag(entry, "trainable", scope)
            type_ = getattr(layer, "type_name", entry.type)
            instance = Instance(layer, path.rpartition("/")[2], type_, trainable, dtype)
        return self.emit(scope, path, name, instance, sources, entry)

    def first_call(self, path: str) -> Instance | None:
        """The layer at this path, in the first call of a block that is called again."""
        number = self.names.values.get(path)
        return self.draft.nodes[number - self.draft.first].instance if isinstance(number, int) else None

    def emit(
        self, scope: Scope, path: str, name: str, instance: Instance, sources: tuple[Reference, ...], entry: Entry
    ) -> int:
        """Append a node, and make its name known in the scope."""
        layer = instance.layer
        within = layers_within(layer) if layer.sublayers or hasattr(layer, "layers_inside") else 0
        self.allowance.layers += 1
        self.step(entry.where, within + len(path) // PATH_PER_STEP)
        options, ignored = call_arguments(layer, entry, scope, self.weigh)
        number = self.draft.add(Node(path, instance, (), options, entry.where, scope.notes, ignored), sources)
        self.names.put(scope.prefix, name, number)
        return number

    def broken(self, entry: Entry, scope: Scope) -> Value:
        """A placeholder for an entry with a problem, so that its name is known to those that read it."""
        type_ = getattr(entry, "type", "?")
        name = entry.common.get("name")
        if not isinstance(name, str) or scope.prefix + name in self.names.values:
            name = self.names.automatic(scope, snake_case(type_) or "layer")
        sources: tuple[Reference, ...] = ()
        try:  # what it reads may be wrong, too
            sources = read_inputs(entry, scope, Ref(0), self.step) if "inputs" in entry.common else ()
        except SpecError as error:
            self.problems.add(str(error), error.where)
        return self.emit(scope, scope.prefix + name, name, Instance(BROKEN, name, type_), sources, entry)

    def block(self, entry: BlockEntry, scope: Scope, sources: tuple[Reference, ...], name: str) -> Value:
        """One use of a block."""
        return self.use_block(BlockUse(entry, self.block_env(entry, scope)), scope, sources, name)

    def use_block(
        self,
        use: BlockUse,
        scope: Scope,
        sources: tuple[Reference, ...],
        name: str,
        first_call_prefix: str | None = None,
    ) -> Value:
        """The value of a use of a block: its layers, with its inputs bound to what the use reads."""
        entry, block = use.entry, use.entry.block
        if block.name in scope.blocks:
            raise SpecError(f"block '{block.name}' uses itself", entry.where)
        if len(sources) != len(block.inputs):
            takes = f"{len(block.inputs)} input{'s' * (len(block.inputs) != 1)} ({listed(block.inputs)})"
            raise SpecError(f"block '{block.name}' takes {takes}, got {len(sources)}", entry.where)
        inner = scope_inside(scope, name, use.env, entry, sealed=True)
        inner.notes = (*scope.notes, (f"in block '{block.name}', used here", entry.where))
        inner.blocks = (*scope.blocks, block.name)
        inner.envs = (*scope.envs, (block, use.env))
        inner.first_call_prefix = first_call_prefix or inner.first_call_prefix
        for input_name, source in zip(block.inputs, sources, strict=True):
            if not name:
                self.names.claim(inner, input_name, entry.where)
            self.names.put(inner.prefix, input_name, (source,))
        value = self.body(use, inner, sources[0]) if name else self.layers_of(block, inner, sources[0])
        if block.tied is not None and inner.first_call_prefix is None:
            from paramcalc.formats.native.ties import read_ties

            self.ties += read_ties(block.tied, inner, (*block.where, "tied"), self.problems)
        if name:
            self.uses[scope.prefix + name] = use
            self.names.put(scope.prefix, name, value)
        return value

    def body(self, use: BlockUse, scope: Scope, start: Reference) -> Value:
        """The value of the layers of a block, which are copied if it has been used alike before."""
        key = self.copies.key(use, scope, self.level)
        value = self.copies.copied(key, scope, start)
        if value is None:
            began, odd = self.copies.progress(), self.odd()
            value = self.layers_of(use.entry.block, scope, start)
            if self.odd() == odd:
                self.copies.keep(key, scope, start, value, began)
        return value

    def odd(self) -> int:
        """How many problems, ties and further calls there were: what has any in it is not copied."""
        return self.problems.noted + len(self.ties) + self.further

    def layers_of(self, block: Block, scope: Scope, start: Reference) -> Value:
        """The value of the layers of a block, or the results that it names."""
        value = self.chain(block.layers, scope, start)
        if block.outputs is None:
            return value
        return tuple(read_outputs(block.outputs, scope, (*block.where, "outputs"), self.step)) or value

    def block_env(self, entry: BlockEntry, scope: Scope) -> Names:
        """The variables inside a use of a block."""
        self.step(entry.where, 1 + entry.block.size // VALUES_PER_STEP)
        from paramcalc.formats.native.variables import block_variables

        return block_variables(entry, scope, self.spec_env, self.weigh)

    def block_model(self, entry: BlockEntry, scope: Scope) -> Layer:
        """A block as a single layer, for a wrapper around it."""
        from paramcalc.analysis.nested import as_layer

        inputs = [Input(name, ()) for name in entry.block.inputs]
        inner = Expander(self.source, self.problems, inputs, self.spec_env, self.allowance)
        inner.level = self.level
        notes = (*scope.notes, (f"in block '{entry.block.name}', used here", entry.where))
        inside = Scope("", self.block_env(entry, scope), notes=notes)
        inside.blocks = (*scope.blocks, entry.block.name)
        inside.envs = (*scope.envs, (entry.block, inside.env))
        if entry.block.name in scope.blocks:
            raise SpecError(f"block '{entry.block.name}' uses itself", entry.where)
        value = inner.chain(entry.block.layers, inside, Ref(0))
        if entry.block.outputs is not None:
            value = tuple(read_outputs(entry.block.outputs, inside, (*entry.block.where, "outputs"), self.step))
        tensors = (Ref(value),) if isinstance(value, int) else value
        nodes, refs = inner.draft.finish(tensors)
        outputs = [Output(str(number), ref) for number, ref in enumerate(refs)]
        return as_layer(Model(entry.block.name, "paramcalc", self.source, inputs, nodes, outputs))

    def repeat(self, entry: RepeatEntry, scope: Scope, start: Reference) -> Value:
        """The layers a number of times; each iteration is a scope of its own, with `$i`."""
        where = (*entry.where, "repeat")
        count = value_in_scope(entry.count, scope, where)
        if type(count) is not int or count < 0:
            raise SpecError(
                f"repeat: expected a number of times, got {echo(count)}{origin(entry.count, scope.env)}", where
            )
        most = self.allowance.max_layers
        least = self.allowance.layers + count * self.minimum.of(entry.layers)
        if max(count, least) > most:
            self.allowance.layers = max(count, least)
            self.too_large(where)
        name = self.name(entry, scope, "repeat", may_be_empty=True)
        number: dict[str, Any] = {}
        # Without the `i` of the repeats around this one, which it hides, a name is found as fast at any depth.
        maps = [names for names in maps_of(scope.env) if list(names) != ["i"]]
        outer = scope_inside(scope, name, ChainMap(number, *maps), entry)
        value: Value = (start,)
        for number["i"] in range(count):
            self.step(entry.where)
            time = outer if entry.each else scope_inside(outer, str(number["i"]), outer.env)
            value = self.chain(entry.layers, time, first_of(value))
        if name:
            self.names.put(scope.prefix, name, value)
        return value

    def group(self, entry: GroupEntry, scope: Scope, start: Reference) -> Value:
        """The layers of a group; they see the names outside. The group may be nameless, by an empty name."""
        name = self.name(entry, scope, "group", may_be_empty=True)
        value = self.chain(entry.layers, scope_inside(scope, name, scope.env, entry), start)
        if name:
            self.names.put(scope.prefix, name, value)
        return value

    def branches(self, entry: BranchesEntry, scope: Scope, start: Reference) -> Value:
        """The branches, all from the same start, and the layer that merges them; their names belong to the scope."""
        self.step(entry.where, len(entry.branches) // INPUTS_PER_STEP)
        flagged = "trainable" in entry.common or "dtype" in entry.common
        frozen = self.with_flags(entry, scope) if flagged else scope
        ends = tuple([first_of(self.chain(branch, frozen, start)) for branch in entry.branches])
        merge = self.resolved(entry.merge, frozen) if isinstance(entry.merge, DynamicEntry) else entry.merge
        named = entry if "name" in entry.common else merge
        if isinstance(merge, LayerEntry):
            return self.layer(merge, frozen, ends, self.name(named, scope, merge.type))
        if isinstance(merge, BlockEntry):
            return self.block(merge, frozen, ends, self.name(named, scope, merge.block.name))
        return self.broken(merge, scope)

    def with_flags(self, entry: Entry, scope: Scope) -> Scope:
        """The same scope, but with the `trainable` and `dtype` of an entry."""
        from msgspec.structs import replace

        return replace(scope, trainable=scope.trainable and flag(entry, "trainable", scope), dtype=policy(entry, scope))

    def call(self, entry: CallEntry, scope: Scope, previous: Reference) -> Value:
        """A further call of a layer or block above; its weights exist once."""
        self.further += 1
        where = (*entry.where, "call")
        target = value_in_scope(entry.target, scope, where)
        found = self.names.find(scope, str(target), everywhere=True)
        if found is None:
            near = did_you_mean(str(target), self.names.known(scope, everywhere=True))
            raise SpecError(f"call: there is no layer {echo(target)} above this entry{near}", where)
        path, value = found
        sources = read_inputs(entry, scope, previous, self.step)
        if path in self.uses:
            no_options(entry)
            return self.call_block(entry, scope, sources, path)
        if not isinstance(value, int) or value < self.draft.first:
            raise SpecError(f"call: {echo(target)} is neither a layer nor a block", where)
        first = self.draft.nodes[value - self.draft.first]
        if getattr(first.instance.layer, "self_attends", False) and len(sources) == 1:
            sources *= 2
        self.step(entry.where, called_again(first.instance.layer, self.allowance))
        again, name = self.call_path(entry, scope, first.path)
        return self.emit(scope, again, name, first.instance, sources, entry)

    def call_block(self, entry: CallEntry, scope: Scope, sources: tuple[Reference, ...], path: str) -> Value:
        """A further call of a block."""
        use = self.uses[path]
        again, name = self.call_path(entry, scope, path)
        root = Scope(again.rpartition("/")[0] + "/" if "/" in again else "", use.env, outer=scope)
        root.notes, root.blocks, root.envs = scope.notes, scope.blocks, scope.envs
        value = self.use_block(use, root, sources, again.rpartition("/")[2], first_call_prefix=path + "/")
        self.names.put(scope.prefix, name, value)
        return value

    def call_path(self, entry: CallEntry, scope: Scope, first: str) -> tuple[str, str]:
        """The path of a further call of what is at a path, and its name: `stem#2`, `stem#3`, or a name of its own."""
        if entry.common.get("name") is not None:
            name = self.name(entry, scope, "call")
            self.firsts[scope.prefix + name] = self.firsts.get(first, first)
            return scope.prefix + name, name
        around, slash, last = self.firsts.get(first, first).rpartition("/")
        path = around + slash + last.partition("#")[0]
        self.calls[path] = number = self.calls.get(path, 1) + 1
        return f"{path}#{number}", f"{path.rpartition('/')[2]}#{number}"
