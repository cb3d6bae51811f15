"""The state that the opcodes of a pickle work on: a stack, a memo, and the bytes."""

from collections.abc import Callable
from struct import Struct as Layout
from typing import Any

from paramcalc.formats.torch_checkpoint.values import BrokenError, Global
from paramcalc.limits import MAX_PICKLE_OBJECTS, MIN_PICKLE_OBJECTS

Build = Callable[[Global, tuple[Any, ...], bool], Any]
"""Describes the result of a call, or a new object of a class if the flag is true, or refuses it."""

MAX_LINE = 4_096
"""The longest name of a module, or of something in it, in bytes."""


class Machine:
    """One pickle at a time.

    Attributes:
        data: the bytes.
        at: the position of the next opcode, and in the end that after the pickle.
        build: describes the result of a call.
        persistent: resolves what is stored outside the pickle.
        memo: the memo, by number.
        stack: the values pushed since the last mark.
        below: the stacks below each mark.
        objects: how many objects were created.
    """

    def __init__(self, data: bytes, at: int, build: Build, persistent: Callable[[Any], Any]) -> None:
        self.data = data
        self.at = at
        self.build = build
        self.persistent = persistent
        self.memo: dict[int, Any] = {}
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.objects = 0
        self.max_objects = min(MAX_PICKLE_OBJECTS, MIN_PICKLE_OBJECTS + len(data))

    def made(self, count: int = 1) -> None:
        """Count an object, so that a small file cannot fill the memory."""
        self.objects += count
        if self.objects > self.max_objects:
            raise BrokenError(f"the pickle makes more than {self.max_objects:,} objects, the limit")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        at = self.at
        self.at = at + size
        data = self.data[at : self.at]
        if len(data) < size:
            raise BrokenError(f"a broken pickle: it ends at byte {len(self.data):,}, in the middle of a value")
        return data

    def number(self, layout: Layout) -> Any:
        """The next number."""
        at = self.at
        self.at = at + layout.size
        return layout.unpack_from(self.data, at)[0]

    def line(self) -> str:
        """The text up to the end of the line."""
        end = self.data.index(b"\n", self.at, self.at + MAX_LINE)
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text

    def after_mark(self) -> list[Any]:
        """Pop the values since the last mark, and the mark."""
        items = self.stack
        self.stack = self.below.pop()
        return items
