"""Keras 1's Sequential that starts with a Merge of several models: each of them brings inputs of its own."""

from typing import TYPE_CHECKING, Any

from paramcalc.errors import DocPath, LayerError
from paramcalc.model import Input
from paramcalc.readers.keras.definition import Definition, Member
from paramcalc.readers.keras.inbound import Tensor, keras_call

if TYPE_CHECKING:
    from paramcalc.readers.keras.builder import Builder


def is_merge_of_models(item: Any) -> bool:
    """Whether an entry is a Merge that holds what it merges."""
    if not isinstance(item, dict) or item.get("class_name") != "Merge":
        return False
    config = item.get("config")
    return isinstance(config, dict) and bool(config.get("layers"))


def merged_models(
    builder: "Builder", entries: Any, where: DocPath, depth: int
) -> tuple[list[Member], list[Member], list[Input | None]]:
    """The models as members, and the inputs that they read: as members, and what they are.

    Raises:
        LayerError: for what is not a list of models.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LayerError("the layers of a Merge must be a list of models")
    models: list[Member] = []
    heads: list[Member] = []
    inputs: list[Input | None] = []
    for number, entry in enumerate(entries):
        place = (*where, "config", "layers", number)
        if "layers" not in (entry.get("config") or {}) and entry.get("class_name") != "Sequential":
            entry = {"class_name": "Sequential", "config": [entry]}  # a layer with a shape of its own
        part = builder.definition(entry, place, depth + 1)
        name = unused(part.name if part.name != "sequential" else f"sequential_{number + 1}", models)
        calls = [head_of(item, heads, place) for item in part.inputs]
        models.append(Member(name, part, [keras_call([Tensor(head, 0, 0) for head in calls], {})], place))
        inputs += [item and Input(head, item.shape, item.dtype) for item, head in zip(part.inputs, calls, strict=True)]
    return models, heads, inputs


def head_of(item: Input | None, heads: list[Member], where: DocPath) -> str:
    """A member for one input of a model; its name."""
    name = unused(item.name if item is not None else "input", heads)
    heads.append(Member(name, None, [], where))
    return name


def unused(name: str, members: list[Member]) -> str:
    """The name, with a number if it is taken."""
    taken = {member.name for member in members}
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def merged_chain(
    name: str,
    models: list[Member],
    heads: list[Member],
    inputs: list[Input | None],
    members: list[Member],
    where: DocPath,
) -> Definition:
    """The Sequential: its first layer, the Merge, reads the output of each model."""
    outputs = [
        Tensor(model.name, 0, index)
        for model in models
        if isinstance(model.part, Definition)
        for index in range(len(model.part.outputs))
    ]
    members[0].calls = [keras_call([outputs], {})]
    chain = [*models, *members]
    order = [(number, 0) for number in range(len(chain))]
    names = [head.name for head in heads]
    return Definition(name, [*chain, *heads], inputs, names, [Tensor(chain[-1].name, 0, 0)], order, True, where)
