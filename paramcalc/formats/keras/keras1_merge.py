"""A Keras 1 Sequential that begins with a Merge of several models, each of which has its own inputs."""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, LayerError
from paramcalc.formats.keras.definition import Definition, Member
from paramcalc.formats.keras.inbound import History, keras_call
from paramcalc.formats.unique import unique_name
from paramcalc.model import Input

Read = Callable[[dict[str, Any], DocPath, int], Definition]
"""Parses a nested model, given its entry, its place, and the number of models around it."""


def merged_models(
    merge: dict[str, Any], where: DocPath, depth: int, read: Read
) -> tuple[list[Member], list[Member], list[Input | None]]:
    """The models as members, the inputs that they read as members, and those inputs themselves.

    Raises:
        LayerError: for anything but a list of models.
    """
    config = merge["config"]
    entries = config.get("layers") if isinstance(config, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LayerError("the layers of a Merge must be a list of models")
    models: list[Member] = []
    heads: list[Member] = []
    inputs: list[Input | None] = []
    taken: set[str] = set()
    numbers: dict[str, int] = {}

    def unused(name: str) -> str:
        found = unique_name(name, taken.__contains__, numbers, second=2)
        taken.add(found)
        return found

    for number, entry in enumerate(entries):
        place = (*where, "config", "layers", number)
        config = entry.get("config")
        if entry.get("class_name") != "Sequential" and not (isinstance(config, dict) and "layers" in config):
            entry = {"class_name": "Sequential", "config": [entry]}  # a single layer, with the shape in a field
        part = read(entry, place, depth + 1)
        name = unused(part.name if part.name != "sequential" else f"sequential_{number + 1}")
        calls = [unused(item.name if item is not None else "input") for item in part.inputs]
        heads += [Member(head, None, [], place) for head in calls]
        models.append(Member(name, part, [keras_call([History(head, 0, 0) for head in calls], {})], place))
        inputs += [item and Input(head, item.shape, item.dtype) for item, head in zip(part.inputs, calls, strict=True)]
    return models, heads, inputs


def merged_members(models: list[Member], members: list[Member]) -> list[Member]:
    """The models and the Sequential's layers, with the first, the Merge, reading every output of the models."""
    outputs = [
        History(model.name, 0, index)
        for model in models
        if isinstance(model.part, Definition)
        for index in range(len(model.part.outputs))
    ]
    members[0].calls = [keras_call([outputs], {})]
    return [*models, *members]
