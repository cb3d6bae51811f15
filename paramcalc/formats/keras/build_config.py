"""The `build_config` of a Keras file: the input shapes that a layer was built for.

Keras 3 creates a layer's weights from these shapes when it loads the file, not from the graph.
"""

from typing import Any

NAMES = ("sequences_shape", "query_shape", "value_shape", "key_shape", "initial_state_shape")
"""Shapes that Keras writes by name, in the order of the layer's inputs."""


def shapes_of(config: Any) -> list[Any]:
    """The shapes of a `build_config` as lists, in the order of the layer's inputs; None for one that was left out.

    They are unchecked: a shape need not be a list of integers.
    """
    if not isinstance(config, dict):
        return []
    shape = config.get("input_shape")
    if not isinstance(shape, list):
        named = config.get("shapes_dict")
        return flat([named[name] for name in sorted(named, key=place)]) if isinstance(named, dict) else []
    return flat(shape) if len(shape) > 0 and isinstance(shape[0], list) else [shape]


def place(name: str) -> int:
    """The position of a named shape among the inputs; in a file they may have any order."""
    return NAMES.index(name) if name in NAMES else len(NAMES)


def flat(shapes: list[Any]) -> list[Any]:
    """Flatten to one list of shapes; an item may itself be a list of shapes, such as a recurrent layer's states."""
    flattened: list[Any] = []
    for each in shapes:
        several = isinstance(each, list) and any(isinstance(shape, list) for shape in each)
        flattened += each if several else [each]
    return flattened
