"""The opcodes that name functions and call them: nothing is called, a description of each result takes its place."""

from typing import Any

from paramcalc.formats.torch_checkpoint.arrays import fill
from paramcalc.formats.torch_checkpoint.machine import MAX_LINE, Machine
from paramcalc.formats.torch_checkpoint.values import Array, BrokenError, Collection, Global, Instance, Mapping

MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""Names of modules in Python 2."""


def named(self: Machine) -> None:
    """Push a name from two lines."""
    push_name(self, self.line(), self.line())


def named_on_stack(self: Machine) -> None:
    """Push a name whose two parts are on the stack."""
    name, module = self.stack.pop(), self.stack.pop()
    if type(name) is not str or type(module) is not str or len(module) + len(name) > MAX_LINE:
        raise TypeError
    push_name(self, module, name)


def push_name(self: Machine, module: str, name: str) -> None:
    """Push a name in a module."""
    self.made()
    self.stack.append(Global(f"{MODULES.get(module, module)}.{name}"))


def reduce(self: Machine) -> None:
    """Push the result of a call."""
    call(self, False)


def new(self: Machine) -> None:
    """Push an object of a class."""
    call(self, True)


def call(self: Machine, is_new: bool) -> None:
    """Push the description of a call's result; what is copied for it counts, as one argument can be used many times."""
    arguments = as_tuple(self.stack.pop())
    self.made(1 + len(arguments) // 8)
    result = self.build(callable_of(self.stack[-1]), arguments, is_new)
    self.made(copied(result))
    self.stack[-1] = result


def copied(result: Any) -> int:
    """How many objects a result is worth beside itself."""
    if type(result) is Mapping:
        return len(result.pairs)
    if type(result) is Collection:
        return len(result.items)
    if type(result) is bytes:
        return len(result) // 64
    return len(result) if type(result) is list else 0


def callable_of(value: Any) -> Global:
    """The name of what is to be called: nothing but names can be."""
    if type(value) is not Global:
        raise BrokenError("the pickle calls what it made itself, which torch.save never writes")
    return value


def as_tuple(value: Any) -> tuple[Any, ...]:
    """The arguments of a call."""
    if type(value) is not tuple:
        raise TypeError
    return value


def build(self: Machine) -> None:
    """Set the attributes of an object; for known descriptions they do not matter."""
    state = self.stack.pop()
    target = self.stack[-1]
    if type(target) is Instance:
        target.state = state
    elif type(target) is Array:
        _, shape, dtype, _, data = as_tuple(state)
        fill(target, shape, dtype, data)
    elif type(target) is Global:
        raise TypeError


def persistent(self: Machine) -> None:
    """Push what is stored outside the pickle: a storage."""
    self.made()
    self.stack[-1] = self.persistent(self.stack[-1])
