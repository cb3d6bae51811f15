"""Names in a spec: what a name may be, where it is known, and what stands behind it."""

import re
from itertools import islice
from typing import Any

from msgspec import Struct

from paramcalc.errors import MAX_CANDIDATES, DocPath, did_you_mean, echo
from paramcalc.formats.native.entries import Block
from paramcalc.formats.native.expressions import Names
from paramcalc.formats.native.problems import Notes, SpecError
from paramcalc.formats.unique import unique_name
from paramcalc.limits import MAX_NAME
from paramcalc.model import Ref

PREVIOUS = "previous"
"""In `inputs`, the entry before; nothing else can have this name."""
_INDEXED = re.compile(r"(.*)\[([0-9]{1,6})\]", re.DOTALL)


class TensorName(Struct, frozen=True):
    """A tensor that is known by name: the name may stand further down."""

    scope: "Scope"
    text: str
    where: DocPath


Reference = Ref | TensorName
Value = int | tuple[Reference, ...]
"""What a name stands for: a producer with all its outputs, or the results of a block."""


class Scope(Struct):
    """Where names are known: the spec, one use of a block, or one time of a repeat.

    Attributes:
        prefix: what stands before the paths of its layers: "" or "encoder/0/".
        env: the variables and their values.
        outer: the scope around it.
        sealed: whether names from outside are unknown in here (a block).
        trainable: False where something around it is frozen.
        dtype: the policy of layers that name none.
        notes: where the blocks around it were used.
        first_call_prefix: for a block that is called again, the prefix of its first use.
        blocks: the names of the blocks it is inside of.
        counters: for each automatic name, the number that comes next.
        envs: the blocks it is inside of, each with its variables.
    """

    prefix: str
    env: Names
    outer: "Scope | None" = None
    sealed: bool = True
    trainable: bool = True
    dtype: str = "float32"
    notes: Notes = ()
    first_call_prefix: str | None = None
    blocks: tuple[str, ...] = ()
    counters: dict[str, int] = {}
    envs: "tuple[tuple[Block, Names], ...]" = ()


def check_name(name: Any, where: DocPath) -> str:
    """A name that paths and references can hold.

    Raises:
        SpecError: when it is not text, is empty or too long, or has a character with a meaning.
    """
    if not isinstance(name, str):
        raise SpecError(f"name: expected text, got {echo(name)}", where)
    if name == PREVIOUS:
        raise SpecError(f"nothing can be called '{name}': in inputs that is the entry before", where)
    if not name or len(name) > MAX_NAME:
        raise SpecError(f"a name has 1 to {MAX_NAME} characters, this one has {len(name)}", where)
    bad = next((char for char in name if char in "/[]#$" or not char.isprintable()), None)
    if bad is not None:
        raise SpecError(f"the name {echo(name)} has the character {bad!r}, which names cannot have", where)
    return name


class Directory:
    """Everything that has a name, by its path."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self._known: dict[str, list[str]] = {}
        self._indexed = 0

    def automatic(self, scope: Scope, base: str) -> str:
        """Keras' next automatic name: `dense`, `dense_1`; names that are taken are left out."""
        values, prefix = self.values, scope.prefix
        name = unique_name(base, lambda name: prefix + name in values, scope.counters)
        scope.counters[base] += 1  # what it is for may not be known yet, and it is not for anything else
        return name

    def claim(self, scope: Scope, name: str, where: DocPath) -> None:
        """Refuse a name that is taken."""
        if scope.prefix + name in self.values:
            raise SpecError(f"the name '{name}' is already taken", where)

    def find(self, scope: Scope, name: str, *, everywhere: bool = False) -> tuple[str, Value] | None:
        """The nearest thing of this name, with its path; `everywhere` looks outside of blocks, too."""
        current: Scope | None = scope
        while current is not None:
            path = current.prefix + name
            if path in self.values:
                return path, self.values[path]
            current = None if current.sealed and not everywhere else current.outer
        return None

    def known(self, scope: Scope, *, everywhere: bool = False) -> list[str]:
        """The names that could have been meant here."""
        found: list[str] = []
        current: Scope | None = scope
        while current is not None:
            found += self.inside(current.prefix)
            current = None if current.sealed and not everywhere else current.outer
        return found

    def inside(self, prefix: str) -> list[str]:
        """The first names directly behind a prefix; each path is looked at once, however often this is asked."""
        for path in islice(self.values, self._indexed, None):
            head, slash, name = path.rpartition("/")
            names = self._known.setdefault(head + slash, [])
            if "#" not in name and len(names) < MAX_CANDIDATES:
                names.append(name)
        self._indexed = len(self.values)
        return self._known.get(prefix, [])

    def resolve(self, tensor: Reference) -> Ref:
        """The tensor that a name stands for.

        Raises:
            SpecError: for a name that is not known, or that only leads back to itself.
        """
        way: list[tuple[str, int]] = []
        while isinstance(tensor, TensorName):
            name, index = split_index(tensor.text)
            found = self.find(tensor.scope, name)
            if found is None:
                raise SpecError(self.dangling(tensor.scope, name), tensor.where)
            value = found[1]
            if isinstance(value, int):
                tensor = Ref(value, index)
                break
            if index >= len(value):
                raise SpecError(f"'{tensor.text}': '{name}' has {len(value)} outputs", tensor.where)
            way.append((found[0], index))
            if len(way) > len(self.values):
                raise SpecError(f"'{tensor.text}' reads itself: the graph has a cycle", tensor.where)
            tensor = value[index]
        for path, index in way[:-1]:  # a long way is only gone once
            value = self.values[path]
            if not isinstance(value, int):
                self.values[path] = (*value[:index], tensor, *value[index + 1 :])
        return tensor

    def dangling(self, scope: Scope, name: str) -> str:
        """What to say of a name that is not known."""
        known = self.known(scope)
        message = f"there is no layer or input {echo(name)} here{did_you_mean(name, known)}"
        if self.find(scope, name, everywhere=True) is not None:
            message += "; a block sees only its own names: pass it in through the block's inputs"
        return message


def split_index(text: str) -> tuple[str, int]:
    """`encoder[1]` as a name and the number of an output."""
    match = _INDEXED.fullmatch(text) if text.endswith("]") else None
    return (match[1], int(match[2])) if match else (text, 0)
