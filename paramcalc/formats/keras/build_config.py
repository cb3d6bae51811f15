"""The `build_config` of a Keras file: the input shapes that a layer was built for.

Keras 3 makes a layer's weights from these shapes when it loads the file, not from the graph.
"""

from typing import Any

NAMES = ("sequences_shape", "query_shape", "value_shape", "key_shape", "initial_state_shape")
"""Shapes that Keras writes by name, in the order of the layer's inputs."""


def shapes_of(config: Any) -> list[Any]:
    """The shapes of a `build_config`, in the order of the layer's inputs, as lists; None for one that was left out.

    They are as the file has them: a shape may be no list of integers.
    """
    if not isinstance(config, dict):
        return []
    shape = config.get("input_shape")
    if not isinstance(shape, list):
        named = config.get("shapes_dict")
        return flat([named[name] for name in sorted(named, key=place)]) if isinstance(named, dict) else []
    return flat(shape) if len(shape) > 0 and isinstance(shape[0], list) else [shape]


def place(name: str) -> int:
    """The position among the inputs of the shape with this name: a file may have them in any order."""
    return NAMES.index(name) if name in NAMES else len(NAMES)


def flat(shapes: list[Any]) -> list[Any]:
    """One list of shapes; an item may itself be a list of shapes, such as the states of a recurrent layer."""
    flattened: list[Any] = []
    for each in shapes:
        several = isinstance(each, list) and any(isinstance(shape, list) for shape in each)
        flattened += each if several else [each]
    return flattened
