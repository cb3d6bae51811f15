"""The module, and the call of it, that an operation belongs to according to its `nn_module_stack`.

An entry of the stack is "key,path,type", outermost first, as in
"L__self__,,my.Net;L__self__block@1,block,my.Block": the key of a later call of a module ends in "@1".
"""

import re
from collections.abc import Container
from typing import NamedTuple

from msgspec import Struct

from paramcalc.formats.torch_export.calls import BrokenError

_WORD = re.compile(r"\.(\w+)|\['([^']*)'\]|\[(\d+)\]|, '([^']*)'\)")
"""A step of a path that is written as Python: `.block`, `['0']`, `[0]`, or the end of `getattr(…, '0')`."""


MAX_PATH = 4_096
"""Characters of a path; of one written as Python, too."""


class Module(Struct, frozen=True, eq=False, gc=False):
    """A call of the module that an operation stands in: another call is another object.

    Attributes:
        path: its name in the model, with dots; empty for the model itself.
        type: the name of its class.
    """

    path: str
    type: str


NONE = "_empty_nn_module_stack"
"""How PyTorch 2.5 writes that there is no stack."""

ROOT = Module("", "")


class Modules:
    """All modules of a program.

    Attributes:
        parents: the paths of those that call others; the rest are leaves.
        called: the paths of all that are called.
        root: the class of the model.
    """

    def __init__(self) -> None:
        self.parents = {""}
        self.called: set[str] = set()
        self.root = ""
        self._known: dict[str, Module] = {}

    def add(self, stack: str) -> Module:
        """The innermost module of a stack; the model itself where there is none."""
        found = self._known.get(stack)
        if found is None:
            entries = [entry_of(text) for text in stack.split(";")] if stack and not stack.startswith(NONE) else []
            found = self._known[stack] = self._learn(entries) if entries else ROOT
        return found

    def _learn(self, entries: "list[_Entry]") -> Module:
        """Note who calls whom."""
        self.root = self.root or entries[0].type
        paths = [entry.path for entry in entries]
        self.called.update(paths)
        self.parents.update(path for path in paths[:-1] if path != paths[-1])
        return Module(paths[-1], entries[-1].type)

    def is_leaf(self, path: str) -> bool:
        """Whether a module calls no other; the model itself is a row of nothing."""
        return path in self.called and path not in self.parents


class _Entry(NamedTuple):
    """One entry of a stack: a path with dots, and the last word of the type."""

    path: str
    type: str


def entry_of(text: str) -> _Entry:
    """An entry; its path may hold commas, the key and the type do not.

    Raises:
        BrokenError: when the path is longer than any model's.
    """
    path, _, kind = text.partition(",")[2].rpartition(",")
    if len(path) > MAX_PATH:
        raise BrokenError(f"the name of a module has more than {MAX_PATH:,} characters")
    return _Entry(plain_path(path), kind.rpartition(".")[2])


def plain_path(path: str) -> str:
    """A path with dots; PyTorch leaves it as Python where a module's `self` has another name: `L['s'].block[0]`."""
    if "[" not in path and "(" not in path:
        return path
    words = [next(filter(None, match), "") for match in _WORD.findall(path)]
    return ".".join(word for word in words[1:] if word != "_modules")


def enclosing(name: str, called: Container[str]) -> str:
    """The innermost of the modules that are called which a weight of this name is in; "" for the model itself."""
    while (at := name.rfind(".")) > 0:
        name = name[:at]
        if name in called:
            return name
    return ""
