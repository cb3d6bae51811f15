"""Tensors with known values: shapes that a graph computes with (`tf.shape(x)[1] * 2`).

TensorFlow graphs often take the shape of one tensor apart to reshape another. A `Content` is a shape that also carries
the integers in its tensor. The functions here wrap the rule of an operation so that its result carries them too; an
operation without such a wrapper loses them.
"""

from collections.abc import Callable
from math import prod
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.operations.arguments import Result, argument
from paramcalc.shapes import MAX_COUNT, Dim, Shape

MAX_CONTENT = 64
"""The longest vector whose numbers are carried along; no tensor has more axes."""


class Content(tuple[Dim, ...]):
    """The shape of a scalar or vector of integers, and those integers (None where not known)."""

    numbers: list[Dim]

    def __new__(cls, numbers: list[Dim], scalar: bool = False) -> "Content":
        """The content of a vector, or of a scalar, which has one number."""
        found = super().__new__(cls, () if scalar else (len(numbers),))
        found.numbers = numbers
        return found

    def __eq__(self, other: object) -> bool:
        """Compare the numbers as well as the shape, so that results with different numbers are different."""
        return isinstance(other, Content) and self.numbers == other.numbers and len(self) == len(other)

    __hash__ = tuple.__hash__


def numbers_of(value: Any) -> list[Dim] | None:
    """The integers in an argument: a number, a list of numbers, or a tensor of known content; else None."""
    if type(value) is int or value is None:
        return [value]
    if isinstance(value, list):
        parts = [numbers_of(item) for item in value]
        return None if None in parts else [number for part in parts for number in part or ()]
    shape = getattr(value, "shape", None)
    if isinstance(shape, Content):
        return shape.numbers
    if shape is not None and len(shape) == 0:
        return [None]
    if shape is not None and len(shape) == 1 and type(shape[0]) is int and shape[0] <= MAX_CONTENT:
        return [None] * shape[0]
    return None


def as_shape(value: Any) -> Shape:
    """The shape given by an argument's numbers; −1 and unknown numbers become None.

    Raises:
        LayerError: when not even the number of axes is known.
    """
    numbers = numbers_of(value)
    if numbers is None:
        raise LayerError("the target shape is not known")
    return tuple([None if number is None or number < 0 else number for number in numbers])


def shape_of_tensor(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.shape(x)`."""
    return Result(Content(list(args[0].shape)), dtype="int32")


def with_content(rule: Callable[..., Result], combine: Callable[[list[list[Dim]]], list[Dim] | None]) -> Any:
    """Wrap a rule so that its result carries the numbers that `combine` computes from those of all arguments."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        result = rule(args, kwargs)
        values = args[0] if len(args) == 1 and isinstance(args[0], list) else args
        if not any(isinstance(getattr(value, "shape", None), Content) for value in values):
            return result
        parts = [numbers_of(value) for value in values]
        numbers = None if None in parts else combine(parts)  # type: ignore[arg-type]
        if numbers is None or len(numbers) > MAX_CONTENT or len(result.output) > 1:
            return result
        if prod(result.output or (1,)) != len(numbers):  # type: ignore[arg-type]
            return result
        return result._replace(output=Content([bounded(number) for number in numbers], scalar=not result.output))

    return apply


def bounded(number: Dim) -> Dim:
    """The number, or None beyond the limit: repeated squaring would otherwise fill the memory."""
    return None if number is None or abs(number) > MAX_COUNT else number


def elementwise(operate: Callable[[int, int], int]) -> Callable[[list[list[Dim]]], list[Dim] | None]:
    """Apply an operator to two vectors elementwise; a single number broadcasts."""

    def combine(parts: list[list[Dim]]) -> list[Dim] | None:
        if len(parts) != 2:
            return None
        left, right = parts
        size = max(len(left), len(right))
        if {len(left), len(right)} - {1, size}:
            return None
        pairs = zip(left * (size // len(left)), right * (size // len(right)), strict=True)
        return [None if a is None or b is None else operate(a, b) for a, b in pairs]

    return combine


def concatenated(parts: list[list[Dim]]) -> list[Dim] | None:
    """The numbers of all arguments, concatenated."""
    return [number for part in parts for number in part]


def unchanged(parts: list[list[Dim]]) -> list[Dim] | None:
    """The numbers of the first argument."""
    return parts[0]


def product_of(parts: list[list[Dim]]) -> list[Dim] | None:
    """The product of a vector's numbers."""
    return [None if None in parts[0] else prod(parts[0])]  # type: ignore[arg-type]


def indexed(rule: Callable[..., Result]) -> Any:
    """Wrap the rule of `x[…]`: `shape[1]` is a known number, `shape[1:3]` a known vector."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        result = rule(args, kwargs)
        x = getattr(args[0], "shape", None)
        key = argument(args, kwargs, "key", 1, None)
        key = key[0] if isinstance(key, list) and len(key) == 1 else key
        if not isinstance(x, Content) or not x:
            return result
        if type(key) is int:
            return result._replace(output=Content([x.numbers[key]], scalar=True))
        if isinstance(key, dict):
            config = key.get("config", key)
            cut = slice(*(config.get(name) for name in ("start", "stop", "step")))
            return result._replace(output=Content(x.numbers[cut]))
        return result

    return apply


def gathered(rule: Callable[..., Result]) -> Any:
    """Wrap the rule of `tf.gather`: `tf.gather(shape, [0, 2])` is a known vector."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        result = rule(args, kwargs)
        x = getattr(args[0], "shape", None)
        places = numbers_of(argument(args, kwargs, "indices", 1, None))
        if not isinstance(x, Content) or not x or places is None or None in places or len(result.output) > 1:
            return result
        numbers = [x.numbers[place] for place in places]  # type: ignore[index]
        return result._replace(output=Content(numbers, scalar=not result.output))

    return apply


def unstacked(rule: Callable[..., Result]) -> Any:
    """Wrap the rule of `unstack`: `batch, time, _ = tf.unstack(shape)` are known numbers."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        x = getattr(args[0], "shape", None)
        if isinstance(x, Content) and x:
            return Result([Content([number], scalar=True) for number in x.numbers])
        return rule(args, kwargs)

    return apply
