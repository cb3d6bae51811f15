"""What the opcodes of a pickle work on: a stack, a memo, and the bytes."""

from collections.abc import Callable
from struct import Struct as Layout
from typing import Any

from paramcalc.formats.torch_checkpoint.values import BrokenError, Global
from paramcalc.limits import MAX_PICKLE_OBJECTS

Build = Callable[[Global, tuple[Any, ...], bool], Any]
"""Describes what a call would give, or an object of a class (where true), or refuses it."""

_MAX_LINE = 4_096
"""Bytes of the name of a module, or of something in it."""


class Machine:
    """One pickle at a time.

    Attributes:
        data: the bytes.
        at: where the next opcode is; at last, where the pickle ends.
        build: describes what a call would give.
        persistent: describes what stands outside the pickle.
        memo: what was kept, by its number.
        stack: what was pushed since the last mark.
        below: the stacks below each mark.
        objects: how many were made.
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

    def made(self) -> None:
        """Count an object, so that a small file cannot fill the memory."""
        self.objects += 1
        if self.objects > MAX_PICKLE_OBJECTS:
            raise BrokenError(f"the pickle makes more than {MAX_PICKLE_OBJECTS:,} objects, the limit")

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
        """The text to the end of the line."""
        end = self.data.index(b"\n", self.at, self.at + _MAX_LINE)
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text

    def after_mark(self) -> list[Any]:
        """What was pushed since the last mark, which is taken away."""
        items = self.stack
        self.stack = self.below.pop()
        return items
