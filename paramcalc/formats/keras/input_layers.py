"""The `input_layers` of a Functional → its inputs, and the members that they are."""

from typing import Any

from paramcalc.errors import DocPath
from paramcalc.formats.keras.definition import Member, PlacedError, flatten_histories, history_places
from paramcalc.formats.keras.entries import foreign_name, is_input
from paramcalc.formats.keras.inputs import input_of
from paramcalc.formats.keras.problems import Problems
from paramcalc.model import Input


def named_inputs(
    config: dict[str, Any], by_name: dict[str, Member], where: DocPath, problems: Problems
) -> tuple[list[Input | None], list[Member]]:
    """The inputs that `input_layers` names, None for an invalid one, and the members that they are.

    Args:
        config: the config of the model.
        by_name: its members.
        where: the place of `input_layers`.
        problems: collects what is wrong with an input.

    Raises:
        PlacedError: for a name that is no layer's, or that occurs twice.
    """
    histories = flatten_histories(config.get("input_layers"), where)
    inputs: list[Input | None] = []
    members: list[Member] = []
    named: set[str] = set()
    for tensor, place in zip(histories, history_places(config.get("input_layers"), where, len(histories)), strict=True):
        member = by_name.get(tensor.layer)
        if member is None:
            raise PlacedError(f"input_layers names '{tensor.layer[:80]}', which is not in the model", place)
        if tensor.layer in named:
            raise PlacedError(f"input_layers names '{tensor.layer[:80]}' twice", place)
        named.add(tensor.layer)
        entry = config["layers"][member.where[-1]]
        if entry.get("class_name") == "InputLayer" and not is_input(entry):
            message = f"input_layers names a '{foreign_name(entry)}', which is not Keras' own InputLayer"
            raise PlacedError(message, place)
        inputs.append(problems.guard(entry, member.where, input_of, entry, member.name))
        members.append(member)
    return inputs, members
