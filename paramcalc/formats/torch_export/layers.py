"""Turns rows into layers with fields, which a spec needs.

Takes the operations of a row and returns the equivalent layer of torch.nn; a row without a recipe is an error.
"""

from typing import Any

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.convert import ConvertError
from paramcalc.formats.text.fields import FieldsError, build_layer
from paramcalc.formats.torch_export.calls import BrokenError, Call, Sizes
from paramcalc.formats.torch_export.costs import split_target
from paramcalc.formats.torch_export.recipes import BESIDE, COUNTING, FUNCTIONS, OF_RANK, RECIPES, RECURRENT, Recipe
from paramcalc.formats.torch_export.tensors import Row
from paramcalc.formats.torch_export.weights import PARAMETER
from paramcalc.layers.base import Layer, Weight
from paramcalc.layers.registry import Registry, UnknownTypeError
from paramcalc.model import Instance


class Builder:
    """Builds the layers of rows."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.registry = Registry("torch")

    def instance(self, calls: list[Row], weights: tuple[Weight, ...]) -> Instance:
        """The layer shared by all calls of a module, or that of a single row.

        Raises:
            ConvertError: when no recipe for a module of torch.nn fits.
        """
        first = calls[0]
        for row in calls:
            self.show_all(row)
        kind, layer = self.layer(first)
        if any(self.layer(row)[1] != layer for row in calls[1:]):
            raise ConvertError(f"{label(first)}: its calls are not alike")
        outputs = first.outputs()
        dtype = outputs[0].dtype if outputs else "float32"
        parameters = [weight.trainable for weight in weights if weight.kind != "buffer"]
        trained = not parameters or any(parameters)
        return Instance(layer, first.path.rpartition("/")[2], kind, trained, dtype)

    def show_all(self, row: Row) -> None:
        """Give a recurrent module's row all its outputs: otherwise it only has those that are read."""
        if row.module is not None and row.type in RECURRENT:
            _, call = self.main(row)
            names = {name for output in call.node.outputs for name in output.tensors()}
            row.made = [tensor for tensor in row.made if tensor.name in names]
            for tensor in row.made:
                tensor.used = True

    def layer(self, row: Row) -> tuple[str, Layer]:
        """The class and the layer of a row."""
        if row.type == PARAMETER and len(row.weights) == 1 and not row.weights[0].name:
            weight = row.weights[0]
            fields = {"shape": list(weight.shape), "dtype": weight.dtype, "requires_grad": weight.trainable}
            return "Parameter", self.build("Parameter", fields, row)
        name, call = self.main(row)
        kind, recipe = recipe_of(row, name, call)
        if row.module is None and (len(row.reads) != tensors_in(call) or call.given("weight") is not None):
            raise ConvertError(f"{label(row)}: it reads numbers or weights, which a spec has no place for")
        try:
            fields = {field: value(call) for field, value in recipe.fields.items()}
        except (BrokenError, IndexError) as error:
            raise ConvertError(f"{label(row)}: {error}") from None
        return kind, self.build(kind, {field: value for field, value in fields.items() if value is not None}, row)

    def main(self, row: Row) -> tuple[str, Call]:
        """The main operation of a row, and its name without the suffix of in-place variants.

        Raises:
            ConvertError: when there is not exactly one.
        """
        found = [(split_target(node.target), Call(node, graph, self.sizes)) for node, graph in row.operations]
        named = [(name.rstrip("_"), call) for (library, name), call in found if library == "aten"]
        kept = [(name, call) for name, call in named if name not in BESIDE]
        kept = [item for item in kept if all(COUNTING.get(name) != item[0] for name, _ in kept)] or kept
        if len(kept) != 1 or len(named) < len(found):
            raise ConvertError(f"{label(row)}: no module of torch.nn that convert can write")
        return kept[0]

    def build(self, kind: str, fields: dict[str, Any], row: Row) -> Layer:
        """Build a layer of this class with these fields."""
        try:
            return build_layer(self.registry.get(kind), fields)
        except (FieldsError, UnknownTypeError) as error:
            raise ConvertError(f"{label(row)}: {error}") from None


def recipe_of(row: Row, operation: str, call: Call) -> tuple[str, Recipe]:
    """The torch.nn class of a row, and its recipe; for a function or a custom class, the operation decides.

    Raises:
        ConvertError: when there is no recipe.
    """
    own = RECIPES.get(row.type) if row.module else None
    if own is not None and operation in own.operations:
        return row.type, own
    if operation not in FUNCTIONS:
        what = "no module of torch.nn" if row.module else "no function"
        raise ConvertError(f"{label(row)}: {what} that convert can write")
    kind, recipe = FUNCTIONS[operation]
    return (f"{kind[:-2]}{max(len(call.dims('input')) - 2, 1)}d" if operation in OF_RANK else kind), recipe


def tensors_in(call: Call) -> int:
    """How many tensors an operation reads; -1 if it takes a number in place of one."""
    numbers = [item for item in call.node.inputs if item.name == "other" and not item.arg.tensors()]
    return -1 if numbers else len({name for item in call.node.inputs for name in item.arg.tensors()})


def label(row: Row) -> str:
    """The name of a row for an error message."""
    return f"layer '{row.path[:MAX_ECHO]}' ({row.type[:MAX_ECHO]})"
