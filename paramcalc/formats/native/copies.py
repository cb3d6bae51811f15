"""Copies the nodes of equal uses of a block: a deep network is mostly the same block again and again.

A block sees only its variables and its inputs. If these are equal, its expansions differ only in their paths, in what
they read from outside, and in the numbers of their nodes.
"""

from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from paramcalc.formats.native.draft import Draft
from paramcalc.formats.native.entries import BROKEN
from paramcalc.formats.native.expressions import maps_of
from paramcalc.formats.native.names import BlockUse, Reference, Scope, TensorName, Value
from paramcalc.limits import PATH_PER_STEP, Allowance
from paramcalc.model import Instance, Node, Ref

Key = tuple[Any, ...]


class Progress(Struct):
    """How far the expansion of a spec is."""

    nodes: int
    names: int
    uses: int
    layers: int
    steps: int


class Expanded(Struct):
    """The expansion of a use of a block.

    Attributes:
        scope: the scope of its layers.
        start: what its first layer reads.
        value: its value.
        began, ended: how far the expansion was before it, and after.
        names: everything that got a name in it, with what the name stands for.
        uses: the uses of blocks in it, by path.
    """

    scope: Scope
    start: Reference
    value: Value
    began: Progress
    ended: Progress
    names: list[tuple[str, Value]]
    uses: list[tuple[str, BlockUse]]


class Copies:
    """The uses of blocks so far, by everything that their layers depend on."""

    def __init__(self, draft: Draft, uses: dict[str, BlockUse], allowance: Allowance, spec_env: dict[str, Any]) -> None:
        self.draft = draft
        self.uses = uses
        self.allowance = allowance
        self.spec_env = spec_env
        self._expanded: dict[Key, Expanded] = {}

    def key(self, use: BlockUse, scope: Scope, level: int) -> Key | None:
        """What the layers of a use in this scope depend on; None where it cannot be written down."""
        if scope.first_call_prefix is not None:
            return None
        own = [dict(names) for names in maps_of(use.env) if names is not self.spec_env]
        try:
            values = msgspec.msgpack.encode(own)  # tells 1, 1.0 and true apart
        except (msgspec.MsgspecError, TypeError, OverflowError, ValueError):
            return None
        return id(use.entry), values, scope.trainable, scope.dtype, scope.notes, scope.blocks, level

    def progress(self) -> Progress:
        """How far the expansion is now."""
        return Progress(
            len(self.draft.nodes),
            len(self.draft.names.values),
            len(self.uses),
            self.allowance.layers,
            self.allowance.steps,
        )

    def keep(self, key: Key | None, scope: Scope, start: Reference, value: Value, began: Progress) -> None:
        """Keep an expansion for equal uses, unless it has masks or placeholders for wrong entries."""
        ended = self.progress()
        new = self.draft.nodes[began.nodes :]
        if key is None or any(node.ignored is not None or node.instance.layer is BROKEN for node in new):
            return
        names = last(self.draft.names.values, ended.names - began.names)
        uses = last(self.uses, ended.uses - began.uses)
        if all(path.startswith(scope.prefix) for path, _ in names):
            self._expanded[key] = Expanded(scope, start, value, began, ended, names, uses)

    def copied(self, key: Key | None, scope: Scope, start: Reference) -> Value | None:
        """The value of a use in this scope, copied from an equal one; None if there is none, or no room for it."""
        found = None if key is None else self._expanded.get(key)
        if found is None or not self._has_room(found, scope):
            return None
        return Copy(found, scope, start, self.draft).make(self.uses)

    def _has_room(self, found: Expanded, scope: Scope) -> bool:
        """Count the work of a copy, as if it were expanded; what is too much is left to the expansion to report."""
        more = len(scope.prefix) - len(found.scope.prefix)
        lengths = [len(node.path) for node in self.draft.nodes[found.began.nodes : found.ended.nodes]]
        paths = sum([(length + more) // PATH_PER_STEP - length // PATH_PER_STEP for length in lengths])
        layers = found.ended.layers - found.began.layers
        steps = found.ended.steps - found.began.steps + paths
        self.allowance.layers += layers
        self.allowance.steps += steps
        if not self.allowance.exceeded():
            return True
        self.allowance.layers -= layers
        self.allowance.steps -= steps
        return False


class Copy:
    """One copy of what a use of a block expanded to."""

    def __init__(self, found: Expanded, scope: Scope, start: Reference, draft: Draft) -> None:
        self.found = found
        self.start = start
        self.draft = draft
        self.prefix = scope.prefix
        self.cut = len(found.scope.prefix)
        self.shift = len(draft.nodes) - found.began.nodes
        self.first = draft.first + found.began.nodes
        self.scopes = {id(found.scope): scope}

    def make(self, uses: dict[str, BlockUse]) -> Value:
        """Append the nodes, give everything its name, and return the value."""
        found, draft = self.found, self.draft
        for number in range(found.began.nodes, found.ended.nodes):
            draft.add(self.node(draft.nodes[number]), self.references(draft.sources[number]))
        for path, value in found.names:
            around, slash, name = self.path(path).rpartition("/")
            draft.names.put(around + slash, name, self.value(value))
        for path, use in found.uses:
            uses[self.path(path)] = use
        return self.value(found.value)

    def node(self, node: Node) -> Node:
        """The same call, of a layer with weights of its own."""
        path = self.path(node.path)
        old = node.instance
        instance = Instance(old.layer, path.rpartition("/")[2], old.type, old.trainable, old.dtype)
        return Node(path, instance, (), node.options, node.where, node.notes)

    def path(self, path: str) -> str:
        """The path of the copy; a layer without a name has that of its scope, less the slash."""
        return self.prefix + path[self.cut :] if len(path) >= self.cut else self.prefix[:-1]

    def value(self, value: Value) -> Value:
        """What a name stands for."""
        return value + self.shift if isinstance(value, int) else self.references(value)

    def references(self, tensors: tuple[Reference, ...]) -> tuple[Reference, ...]:
        """The tensors in place of these."""
        return tuple([self.reference(tensor) for tensor in tensors])

    def reference(self, tensor: Reference) -> Reference:
        """The tensor in place of one; what comes from outside is what the block reads."""
        if isinstance(tensor, Ref):
            return Ref(tensor.producer + self.shift, tensor.output) if tensor.producer >= self.first else self.start
        scope = self.scope(tensor.scope)
        return self.start if scope is tensor.scope else TensorName(scope, tensor.text, tensor.where)

    def scope(self, scope: Scope) -> Scope:
        """The scope in place of one inside; one outside is itself."""
        known = self.scopes.get(id(scope))
        if known is None:
            outer = None if scope.outer is None else self.scope(scope.outer)
            inside = outer is not scope.outer
            known = replace(scope, prefix=self.path(scope.prefix), outer=outer) if inside else scope
            self.scopes[id(scope)] = known
        return known


def last(mapping: dict[str, Any], count: int) -> list[tuple[str, Any]]:
    """The items that were added last, in their order."""
    return [*islice(reversed(mapping.items()), count)][::-1]
