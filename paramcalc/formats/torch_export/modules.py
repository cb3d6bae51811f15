"""Finds the module call that an operation belongs to, from its `nn_module_stack`.

An entry of the stack is "key,path,type", outermost first, as in
"L__self__,,my.Net;L__self__block@1,block,my.Block". The key of a module's later calls ends in "@1", "@2", ….
"""

import re
from collections.abc import Container
from typing import NamedTuple

from msgspec import Struct

from paramcalc.formats.torch_export.calls import BrokenError

_WORD = re.compile(r"\.(\w+)|\['([^']*)'\]|\[(\d+)\]|, '([^']*)'\)")
"""A step of a path written as Python code: `.block`, `['0']`, `[0]`, or the end of `getattr(…, '0')`."""


MAX_PATH = 4_096
"""The maximum number of characters in a path, including one written as Python code."""


class Module(Struct, frozen=True, eq=False, gc=False):
    """One call of a module; each call is an object of its own, compared by identity.

    Attributes:
        path: the module's dotted name in the model; empty for the model itself.
        type: the name of its class.
    """

    path: str
    type: str


NONE = "_empty_nn_module_stack"
"""What PyTorch 2.5 writes if there is no stack."""

ROOT = Module("", "")


class Modules:
    """All modules of a program.

    Attributes:
        parents: the paths of modules that call others; all others are leaves.
        called: the paths of all modules that are called.
        root: the class name of the model.
    """

    def __init__(self) -> None:
        self.parents = {""}
        self.called: set[str] = set()
        self.root = ""
        self._known: dict[str, Module] = {}

    def add(self, stack: str) -> Module:
        """The innermost module of a stack; the model itself if the stack is empty."""
        found = self._known.get(stack)
        if found is None:
            entries = [entry_of(text) for text in stack.split(";")] if stack and not stack.startswith(NONE) else []
            found = self._known[stack] = self._learn(entries) if entries else ROOT
        return found

    def _learn(self, entries: "list[_Entry]") -> Module:
        """Record the modules of a stack and which of them call others."""
        self.root = self.root or entries[0].type
        paths = [entry.path for entry in entries]
        self.called.update(paths)
        self.parents.update(path for path in paths[:-1] if path != paths[-1])
        return Module(paths[-1], entries[-1].type)

    def is_leaf(self, path: str) -> bool:
        """Whether a module is called and calls no other; never true of the model itself."""
        return path in self.called and path not in self.parents


class _Entry(NamedTuple):
    """One entry of a stack: a dotted path, and the class name without its module."""

    path: str
    type: str


def entry_of(text: str) -> _Entry:
    """Parse an entry; its path may contain commas, but the key and the type cannot.

    Raises:
        BrokenError: when the path has more than `MAX_PATH` characters.
    """
    path, _, kind = text.partition(",")[2].rpartition(",")
    if len(path) > MAX_PATH:
        raise BrokenError(f"the name of a module has more than {MAX_PATH:,} characters")
    return _Entry(plain_path(path), kind.rpartition(".")[2])


def plain_path(path: str) -> str:
    """The dotted path; PyTorch leaves Python code if a module's `self` has another name: `L['s'].block[0]`."""
    if "[" not in path and "(" not in path:
        return path
    words = [next(filter(None, match), "") for match in _WORD.findall(path)]
    return ".".join(word for word in words[1:] if word != "_modules")


def enclosing(name: str, called: Container[str]) -> str:
    """The innermost called module that contains a weight of this name; "" for the model itself."""
    while (at := name.rfind(".")) > 0:
        name = name[:at]
        if name in called:
            return name
    return ""
