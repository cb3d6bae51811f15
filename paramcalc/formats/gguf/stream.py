"""Reads numbers and texts from a GGUF file in sequence, each checked against the remaining length of the file."""

from struct import Struct as Layout
from typing import Any, BinaryIO

from paramcalc.limits import MAX_GGUF_HEADER

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Type of a value → its `struct` code."""

BLOCK = 256 * 1024
"""The number of bytes read at a time."""


class BrokenError(Exception):
    """The file is broken; the message is for the user."""


class Stream:
    """Reads numbers and texts from a file in sequence, with only a block of it in memory."""

    def __init__(self, file: BinaryIO, order: str, at: int, length: int) -> None:
        self._file = file
        self._start = at  # of the block in the file
        self._block = b""
        self._at = 0  # in the block
        self._length = length
        codes = {code: Layout(order + code) for code in (*SCALARS.values(), "QQ")}
        self._layouts = codes
        self._u64 = codes["Q"]

    @property
    def at(self) -> int:
        """The position of the next byte in the file."""
        return self._start + self._at

    @property
    def left(self) -> int:
        """The number of bytes from here to the end of the file."""
        return self._length - self.at

    def _need(self, size: int) -> int:
        """Make sure that the next `size` bytes are in the block, and consume them; return their offset in it."""
        at = self._at
        if at + size <= len(self._block):
            self._at = at + size
            return at
        if size > self.left:
            raise BrokenError(f"the file ends in the middle of its header, after {self._length:,} bytes: it is cut off")
        if self.at + size > MAX_GGUF_HEADER:
            raise BrokenError(f"the header has more than {MAX_GGUF_HEADER:,} bytes, the limit")
        self._start += at
        self._file.seek(self._start)
        self._block = self._file.read(max(size, BLOCK))
        self._at = size
        if len(self._block) < size:
            raise BrokenError("the file became shorter while it was read")
        return 0

    def number(self, code: str) -> Any:
        """Read one number, given its `struct` code."""
        layout = self._layouts[code]
        at = self._need(layout.size)  # may replace the block
        return layout.unpack_from(self._block, at)[0]

    def text(self, limit: int, what: str) -> str:
        """Read a text with a length prefix of at most `limit`; `what` names it in errors."""
        size = self.number("Q")
        if size > limit:
            raise BrokenError(f"{what} has {size:,} bytes, more than {limit:,}, the limit")
        at = self._need(size)
        try:
            return self._block[at : at + size].decode()
        except UnicodeDecodeError:
            raise BrokenError(f"{what} is not UTF-8") from None

    def beginning(self, most: int) -> str:
        """Read a text with a length prefix and keep its first `most` bytes; invalid UTF-8 is replaced."""
        size = self.number("Q")
        if size > self.left:
            raise BrokenError(f"a value has {size:,} bytes, but the file only {self.left:,} more: it is cut off")
        at = self._need(min(size, most))
        text = self._block[at : at + min(size, most)].decode(errors="replace")
        self.skip(size - min(size, most))
        return text

    def skip(self, size: int) -> None:
        """Skip `size` bytes."""
        if self._at + size <= len(self._block):
            self._at += size
            return
        if size > self.left:
            raise BrokenError(f"a value has {size:,} bytes, but the file only {self.left:,} more: it is cut off")
        self._start, self._block, self._at = self.at + size, b"", 0
        if self._start > MAX_GGUF_HEADER:
            raise BrokenError(f"the header has more than {MAX_GGUF_HEADER:,} bytes, the limit")

    def skip_texts(self, count: int) -> None:
        """Skip `count` texts, inlined for speed: a tokenizer has hundreds of thousands."""
        unpack, block, at = self._u64.unpack_from, self._block, self._at
        for _ in range(count):
            if at + 8 <= len(block):
                (size,) = unpack(block, at)
                at += 8
            else:
                self._at = at
                size = self.number("Q")
                block, at = self._block, self._at
            if at + size <= len(block):
                at += size
            else:
                self._at = at
                self.skip(size)
                block, at = self._block, self._at
        self._at = at
