"""The shapes that a Keras file says a layer was built for: Keras makes the weights from them, not from the graph."""

from collections.abc import Callable, Sequence
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK, Shape, check_axes, format_shape


def shapes_of(config: Any) -> list[Any]:
    """The shapes of a `build_config`, in the order of the layer's inputs, as lists; None for one that was left out."""
    if not isinstance(config, dict):
        return []
    shape = config.get("input_shape")
    if not isinstance(shape, list):
        named = config.get("shapes_dict")
        return flat([named[name] for name in sorted(named, key=place)]) if isinstance(named, dict) else []
    return flat(shape) if len(shape) > 0 and isinstance(shape[0], list) else [shape]


NAMES = ("sequences_shape", "query_shape", "value_shape", "key_shape", "initial_state_shape")
"""The shapes that Keras tells by name, in the order of the inputs."""


def place(name: str) -> int:
    """The position of a shape of this name among the inputs, whatever the order in the file."""
    return NAMES.index(name) if name in NAMES else len(NAMES)


def flat(shapes: list[Any]) -> list[Any]:
    """Shapes, and lists of them such as the states of a recurrent layer, in one list."""
    flattened: list[Any] = []
    for each in shapes:
        several = isinstance(each, list) and any(isinstance(shape, list) for shape in each)
        flattened += each if several else [each]
    return flattened


def differs(built: Sequence[Any], shapes: Sequence[Shape | None]) -> bool:
    """Whether a layer was built for inputs of other shapes (the batch aside) than it has, or for more of them."""
    for old, new in zip(built, shapes, strict=False):
        if isinstance(old, list) and new is not None and old[1:] != [*new[1:]]:
            return True
    return any(isinstance(shape, list) for shape in built[len(shapes) :])


def told_shapes(built: Sequence[Any], shapes: Sequence[Shape | None]) -> list[Shape] | None:
    """The input shapes, hidden ones filled in from what the layer was built for; None where that is not told."""
    if len(built) != len(shapes):
        return None
    told = []
    for shape, said in zip(shapes, built, strict=True):
        if shape is None:
            if not isinstance(said, list) or len(said) > MAX_RANK or not all(map(is_size, said)):
                return None
            shape = tuple(said)
        told.append(shape)
    return told


def as_declared(declared: Shape, shape: Shape, sizes: bool) -> bool:
    """Whether a model can be called with a tensor of this shape, its own input being declared as another.

    Keras squeezes or expands a tensor of another rank before it goes in; that is left to Keras.
    """
    if len(declared) != len(shape):
        return False
    if not sizes and len(shape) > 2:
        return True
    return all(a == b or None in (a, b) for a, b in zip(declared[1:], shape[1:], strict=True))


def is_size(value: Any) -> bool:
    """Whether something is a dimension, or an unknown one."""
    return value is None or (type(value) is int and 0 <= value <= MAX_DIMENSION)


def check_built(
    built: Sequence[Any],
    infer: Callable[..., Any],
    shapes: Sequence[Shape | None],
    weights: Sequence[Any],
) -> None:
    """Check that a layer built for other inputs would have the same weights with those; `infer` is its formula.

    Raises:
        LayerError: when it would not: the file contradicts itself.
    """
    instead = list(shapes)
    for index, old in enumerate(built):
        new = shapes[index] if index < len(shapes) else ()
        if isinstance(old, list) and new is not None:
            if not all(size is None or type(size) is int for size in old):
                raise LayerError("its build_config has a shape that is not made of integers and nulls")
            check_axes(len(old))
            instead[index:] = [(*new[:1], *old[len(new[:1]) :]), *instead[index + 1 :]]
    said = " and ".join(format_shape(shape) for shape in instead[:5] if shape is not None)
    advice = "remove the build_config if it is out of date"
    try:
        other = infer(*instead).weights
    except LayerError as error:
        raise LayerError(f"its build_config is for an input of {said}: {error}; {advice}") from None
    except IndexError as error:  # a cell's step takes its input to be of the right rank
        raise LayerError(f"its build_config is for an input of {said}, which it does not take; {advice}") from error
    except TypeError as error:
        if len(instead) == len(shapes):
            raise
        message = f"its build_config is for {len(instead):,} inputs, more than it takes; {advice}"
        raise LayerError(message) from error
    for was, now in zip(other, weights, strict=False):
        if was.shape != now.shape:
            raise LayerError(
                f"its build_config is for an input of {said}, where {was.name} is {format_shape(was.shape)}; by the "
                f"graph it is {format_shape(now.shape)}; {advice}"
            )
