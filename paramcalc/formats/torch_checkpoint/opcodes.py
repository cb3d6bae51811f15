"""The opcodes of a pickle, interpreted without running anything: no import, no call, no object.

They follow the documentation in Python's `pickletools`. A function that a file wants to call is looked up in the table
of those that PyTorch's own files name (`builders`), which has a description of each result.
"""

import struct
from collections.abc import Callable
from struct import Struct as Layout
from typing import Any

from paramcalc.formats.torch_checkpoint.calls import build, named, named_on_stack, new, persistent, reduce
from paramcalc.formats.torch_checkpoint.machine import Machine
from paramcalc.formats.torch_checkpoint.values import BrokenError, Collection, Instance, Mapping
from paramcalc.limits import MAX_PICKLE_STEPS

_U8, _U16, _U32, _I32, _U64, _F64 = (Layout(code) for code in ("B", "<H", "<I", "<i", "<Q", ">d"))
_MAX_LONG = 256
"""The longest integer in bytes: the largest in real files are 64-bit seeds."""


def run(self: Machine) -> Any:
    """The value of the pickle that begins here.

    Raises:
        BrokenError: for invalid pickles, and for those that need more than descriptions.
    """
    data, steps = self.data, 0
    try:
        while (code := data[self.at]) != _STOP:
            self.at += 1
            OPERATIONS[code](self)
            steps += 1
            if steps > MAX_PICKLE_STEPS:
                raise BrokenError(f"the pickle has more than {MAX_PICKLE_STEPS:,} steps, the limit")
        self.at += 1
        return self.stack.pop()
    except (IndexError, struct.error):
        raise BrokenError(f"a broken pickle: nothing is there at byte {self.at:,}") from None
    except (TypeError, ValueError, AttributeError):
        raise BrokenError(f"a broken pickle: what stands before byte {self.at:,} makes no sense") from None


def proto(self: Machine) -> None:
    """The version of the protocol."""
    if self.data[self.at] > 5:
        raise BrokenError(f"a pickle of protocol {self.data[self.at]}; 2 to 5 are read")
    self.at += 1


def frame(self: Machine) -> None:
    """The length of a frame, which only serves faster reading."""
    self.number(_U64)


def mark(self: Machine) -> None:
    """Set a mark: the start of the items of a container."""
    self.made()
    self.below.append(self.stack)
    self.stack = []


def pop(self: Machine) -> None:
    """Drop the top value, or the mark."""
    if self.stack:
        self.stack.pop()
    else:
        self.stack = self.below.pop()


def pop_mark(self: Machine) -> None:
    """Drop everything since the mark."""
    self.after_mark()


def dup(self: Machine) -> None:
    """Push the top value again."""
    self.stack.append(self.stack[-1])


def constant(value: Any) -> Callable[[Machine], None]:
    """Push a value that has an opcode of its own."""

    def push(self: Machine) -> None:
        self.stack.append(value)

    return push


def number(layout: Layout) -> Callable[[Machine], None]:
    """Push a number of fixed size."""
    size, unpack = layout.size, layout.unpack_from

    def push(self: Machine) -> None:
        at = self.at
        self.at = at + size
        self.stack.append(unpack(self.data, at)[0])

    return push


def byte(self: Machine) -> None:
    """Push a number of one byte."""
    self.stack.append(self.data[self.at])
    self.at += 1


def long(layout: Layout) -> Callable[[Machine], None]:
    """Push an integer of any size."""

    def push(self: Machine) -> None:
        size = self.number(layout)
        if size > _MAX_LONG:
            raise BrokenError(f"an integer of {size:,} bytes, more than {_MAX_LONG}, the limit")
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    return push


def text(layout: Layout, encoding: str) -> Callable[[Machine], None]:
    """Push a string that follows its length."""

    def push(self: Machine) -> None:
        data = self.take(self.number(layout))
        self.stack.append(str(data, encoding, "surrogatepass" if encoding == "utf-8" else "strict"))

    return push


def raw(layout: Layout) -> Callable[[Machine], None]:
    """Push bytes that follow their length."""

    def push(self: Machine) -> None:
        self.stack.append(self.take(self.number(layout)))

    return push


def empty(kind: type[Any]) -> Callable[[Machine], None]:
    """Push an empty container."""

    def push(self: Machine) -> None:
        self.made()
        self.stack.append(kind())

    return push


def some(count: int) -> Callable[[Machine], None]:
    """Push a tuple of the top values."""

    def put(self: Machine) -> None:
        self.made()
        stack = self.stack
        if len(stack) < count:
            raise IndexError
        stack[-count:] = [tuple(stack[-count:])]

    return put


def all_of(self: Machine) -> None:
    """Push a tuple of everything since the mark."""
    self.made()
    items = tuple(self.after_mark())
    self.stack.append(items)


def append(self: Machine) -> None:
    """Append an item to a list."""
    item = self.stack.pop()
    extend(self.stack[-1], [item])


def appends(self: Machine) -> None:
    """Append several items to a list."""
    items = self.after_mark()
    extend(self.stack[-1], items)


def extend(target: Any, items: list[Any]) -> None:
    """Add items to a list, or to an object whose class is one."""
    if type(target) is list:
        target.extend(items)
    elif type(target) is Instance:
        target.items.extend(items)
    else:
        raise TypeError


def set_item(self: Machine) -> None:
    """Set one key of a dict."""
    value, key = self.stack.pop(), self.stack.pop()
    update(self.stack[-1], [key, value])


def set_items(self: Machine) -> None:
    """Set several keys of a dict."""
    items = self.after_mark()
    update(self.stack[-1], items)


def update(target: Any, items: list[Any]) -> None:
    """Add alternating keys and values to a dict, or to an object whose class is one."""
    if type(target) is not Mapping and type(target) is not Instance:
        raise TypeError
    target.pairs.extend(zip(items[::2], items[1::2], strict=True))


def add_items(self: Machine) -> None:
    """Add items to a set."""
    items = self.after_mark()
    target = self.stack[-1]
    if type(target) is not Collection:
        raise TypeError
    target.items.extend(items)


def frozen_set(self: Machine) -> None:
    """Push a frozen set of everything since the mark."""
    self.made()
    found = Collection()
    found.items = self.after_mark()
    self.stack.append(found)


def get(layout: Layout) -> Callable[[Machine], None]:
    """Push a value from the memo."""

    def push(self: Machine) -> None:
        index = self.number(layout)
        if index not in self.memo:
            raise BrokenError(f"a broken pickle: at byte {self.at:,} it asks for what it has not kept")
        self.stack.append(self.memo[index])

    return push


def put(layout: Layout) -> Callable[[Machine], None]:
    """Store the top value in the memo under a number."""

    def keep(self: Machine) -> None:
        index = self.number(layout)
        self.made()
        self.memo[index] = self.stack[-1]

    return keep


def memoize(self: Machine) -> None:
    """Store the top value in the memo under the next number."""
    self.made()
    self.memo[len(self.memo)] = self.stack[-1]


def refused(self: Machine) -> None:
    """Refuse an opcode that PyTorch's files do not need: old protocols, and other ways to create objects."""
    import pickletools  # only loaded once something is wrong

    code = self.data[self.at - 1]
    known = {opcode.code: opcode.name for opcode in pickletools.opcodes}.get(chr(code))
    what = f"the opcode {known}" if known else f"{code:#x}, which is no opcode,"
    raise BrokenError(f"the pickle has {what} at byte {self.at - 1:,}; torch.save never writes it")


_STOP = ord(".")
_BY_CODE: dict[bytes, Callable[[Machine], None]] = {
    b"\x80": proto,
    b"\x95": frame,
    b"(": mark,
    b"0": pop,
    b"1": pop_mark,
    b"2": dup,
    b"N": constant(None),
    b"\x88": constant(True),
    b"\x89": constant(False),
    b"J": number(_I32),
    b"K": byte,
    b"M": number(_U16),
    b"G": number(_F64),
    b"\x8a": long(_U8),
    b"\x8b": long(_U32),
    b"T": text(_U32, "latin-1"),
    b"U": text(_U8, "latin-1"),
    b"X": text(_U32, "utf-8"),
    b"\x8c": text(_U8, "utf-8"),
    b"\x8d": text(_U64, "utf-8"),
    b"B": raw(_U32),
    b"C": raw(_U8),
    b"\x8e": raw(_U64),
    b"\x96": raw(_U64),
    b"]": empty(list),
    b"a": append,
    b"e": appends,
    b")": constant(()),
    b"\x85": some(1),
    b"\x86": some(2),
    b"\x87": some(3),
    b"t": all_of,
    b"}": empty(Mapping),
    b"s": set_item,
    b"u": set_items,
    b"\x8f": empty(Collection),
    b"\x90": add_items,
    b"\x91": frozen_set,
    b"h": get(_U8),
    b"j": get(_U32),
    b"q": put(_U8),
    b"r": put(_U32),
    b"\x94": memoize,
    b"c": named,
    b"\x93": named_on_stack,
    b"R": reduce,
    b"\x81": new,
    b"b": build,
    b"Q": persistent,
}
OPERATIONS = [_BY_CODE.get(bytes([code]), refused) for code in range(256)]
"""The function for each opcode byte."""
