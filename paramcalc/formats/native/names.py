"""Names in a spec: what they stand for, where they are known, and which are valid."""

import re
from itertools import islice
from typing import Any

from msgspec import Struct

from paramcalc.errors import MAX_CANDIDATES, DocPath, did_you_mean, echo
from paramcalc.formats.native.entries import Block, BlockEntry
from paramcalc.formats.native.expressions import Names
from paramcalc.formats.native.problems import Notes, SpecError
from paramcalc.formats.unique import unique_name
from paramcalc.limits import MAX_NAME, MAX_SEARCHED_PATHS
from paramcalc.model import Ref

PREVIOUS = "previous"
"""The entry before, in `inputs`; nothing else can have this name."""
_INDEXED = r"(?s:(.*)\[([0-9]{1,6})\])"


class TensorName(Struct, frozen=True):
    """A tensor by its name, which may stand further down, so that it is resolved at the end.

    Attributes:
        scope: where the name is looked up.
        text: the name, perhaps with the number of an output: `lstm[1]`.
        where: its place in the document.
    """

    scope: "Scope"
    text: str
    where: DocPath


Reference = Ref | TensorName
"""A tensor, by where it comes from or by its name."""
Value = int | tuple[Reference, ...]
"""What a name refers to: the number of a producer, or the results of a block."""


class Scope(Struct):
    """Where names are known: the spec, one use of a block, or one iteration of a repeat.

    Attributes:
        prefix: what the paths of its layers begin with: "" or "encoder/0/".
        env: the variables and their values.
        outer: the scope around it.
        sealed: whether names from outside are unknown inside, as in a block.
        trainable: False if something around it is frozen.
        dtype: the policy of layers that name none.
        notes: where the blocks around it are used, for errors.
        first_call_prefix: for a block that is called again, the prefix of its first call; None for any other scope.
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


class BlockUse(Struct):
    """A block with the values of its variables, kept so that the same use of it can be called again."""

    entry: BlockEntry
    env: Names


def check_name(name: Any, where: DocPath) -> str:
    """The name, if paths and references can contain it.

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
        self._prefixes: dict[str, set[str]] = {}
        self._searched = 0
        self._known: dict[str, list[str]] = {}
        self._indexed = 0

    def automatic(self, scope: Scope, base: str) -> str:
        """The next automatic name for a type that is not taken: `dense`, `dense_1`."""
        values, prefix = self.values, scope.prefix
        name = unique_name(base, lambda name: prefix + name in values, scope.counters)
        scope.counters[base] += 1  # given, although the layer that has it is not there yet
        return name

    def put(self, prefix: str, name: str, value: Value) -> None:
        """Give a name in the scope with this prefix."""
        self.values[prefix + name] = value
        self._prefixes.setdefault(name, set()).add(prefix)

    def claim(self, scope: Scope, name: str, where: DocPath) -> None:
        """Refuse a name that is taken."""
        if scope.prefix + name in self.values:
            raise SpecError(f"the name '{name}' is already taken", where)

    def find(self, scope: Scope, name: str, *, everywhere: bool = False) -> tuple[str, Value] | None:
        """The nearest thing with a name, as its path and value; `everywhere` also looks outside of blocks.

        Paths may be long and scopes deep, so a path is only put together where the name is known there.
        """
        head, slash, last = name.rpartition("/")
        prefixes = self._prefixes.get(last, ())
        current: Scope | None = scope if prefixes else None
        while current is not None:
            if slash:
                self._searched += len(current.prefix)
                if self._searched > MAX_SEARCHED_PATHS:
                    raise SpecError("looking for names inside others takes too much work", ("layers",))
            if (current.prefix + head + slash if slash else current.prefix) in prefixes:
                path = current.prefix + name
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
        """The first names directly below a prefix; each path is split once, however often this is asked."""
        new = islice(self.values, self._indexed, None) if self._indexed < len(self.values) else ()
        for path in new:
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
        for path, index in way[:-1]:  # shortens the chain, so that a long one is followed only once
            value = self.values[path]
            if not isinstance(value, int):
                self.values[path] = (*value[:index], tensor, *value[index + 1 :])
        return tensor

    def dangling(self, scope: Scope, name: str) -> str:
        """The message about a name that is not known."""
        known = self.known(scope)
        message = f"there is no layer or input {echo(name)} here{did_you_mean(name, known)}"
        if self.find(scope, name, everywhere=True) is not None:
            message += "; a block sees only its own names: pass it in through the block's inputs"
        return message


def split_index(text: str) -> tuple[str, int]:
    """`encoder[1]` as a name and the number of an output."""
    match = re.fullmatch(_INDEXED, text) if text.endswith("]") else None
    return (match[1], int(match[2])) if match else (text, 0)
