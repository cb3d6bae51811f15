"""A folder of sentence-transformers: modules.json lists its parts, the first of which is a transformers model.

Source: sentence_transformers/models: a model without a head, pooling over its tokens, and often another layer or two.
"""

import os
import re
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.errors import InputError, Problem, echo, located
from paramcalc.formats.beside import Owners, gathered, parts_of
from paramcalc.formats.checkpoint import Contents
from paramcalc.formats.checkpoint_folder import folder_contents
from paramcalc.formats.huggingface import built
from paramcalc.formats.huggingface.checkpoint import compared
from paramcalc.formats.huggingface.problems import ConfigError
from paramcalc.formats.naming import Naming
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.layers.base import Layer
from paramcalc.layers.torch.linear import Linear
from paramcalc.layers.torch.normalization import LayerNorm
from paramcalc.layers.torch.pooled import Pooled
from paramcalc.model import Instance, Model, Node, Output, Ref, without_numbers

MODULES = "modules.json"
BASE = "FEATURE_EXTRACTION"
"""The transformer is built without a head, as PEFT calls that task."""
WEIGHTLESS = ("Normalize", "Dropout")
MAX_PARTS = 32


class Part(NamedTuple):
    """A part of the model: its number, its class, and the folder that it is in."""

    number: int
    kind: str
    folder: str


def read(source: Source, options: Options) -> Model | None:
    """The model of a folder with a modules.json; None if that belongs to another program.

    Raises:
        InputError: for a part that is broken or unknown.
    """
    folder = source.path or os.curdir
    with open_source(os.path.join(folder, MODULES)) as listed:
        parts = parts_in(listed)
        if parts is None:
            return None
        if not parts or parts[0].kind != "Transformer":
            what = parts[0].kind if parts else "nothing"
            raise InputError(listed.name, [Problem(f"the first part is {echo(what)}; a Transformer is read")])
    model = transformer(os.path.join(folder, parts[0].folder), parts[0].number, source.name, options)
    for part in parts[1:]:
        add_part(model, part, os.path.join(folder, part.folder))
    return model


def parts_in(source: Source) -> list[Part] | None:
    """The parts that a modules.json lists; None if it is not one of sentence-transformers.

    Raises:
        InputError: for a part in another place than a subfolder.
    """
    value = source.document.value
    if not isinstance(value, list) or len(value) > MAX_PARTS or not all(isinstance(item, dict) for item in value):
        return None
    if not any(str(item.get("type")).startswith("sentence_transformers.") for item in value):
        return None
    found = []
    for number, item in enumerate(value):
        folder, kind = item.get("path"), str(item.get("type")).rpartition(".")[2]
        if not isinstance(folder, str) or (folder and not re.fullmatch(r"[\w][\w-]*", folder)):
            message = f"path: {echo(folder)} is no plain name of a folder beside it; no other is opened"
            raise InputError(source.name, [Problem(message)])
        found.append(Part(number, kind, folder))
    return found


def transformer(folder: str, number: int, name: str, options: Options) -> Model:
    """The first part, with its layers below `0/auto_model`, compared with the checkpoint next to its config.json."""
    with open_source(os.path.join(folder, "config.json")) as config, open_source(folder) as place:
        try:
            found, model = built(config, options, BASE)
        except ConfigError as error:
            raise InputError(config.name, [located(Problem(str(error), error.where), config.document.locate)]) from None
        contents = folder_contents(place)
    model.name, model.source = os.path.basename(name.rstrip("/\\")) or name, name
    if contents is not None:
        compared(model, found, contents)
    move(model, f"{number}/auto_model/")
    return model


def move(model: Model, prefix: str) -> None:
    """Put a model's layers below a path."""
    for node in model.nodes:
        node.path = prefix + node.path
    model.tied = [(prefix + first, prefix + second, where) for first, second, where in model.tied]
    checkpoint = model.claims.checkpoint if model.claims is not None else None
    if checkpoint is not None:
        dotted = prefix.replace("/", ".")
        checkpoint.tensors = {dotted + name: tensor for name, tensor in checkpoint.tensors.items()}
        if checkpoint.expected is not None:
            checkpoint.expected = frozenset([without_numbers(dotted) + name for name in checkpoint.expected])
        checkpoint.splits = [
            replace(split, names=tuple([dotted + n for n in split.names])) for split in checkpoint.splits
        ]


class Settings(Struct):
    """The settings in the config.json of a part."""

    values: dict[str, Any]
    name: str

    def number(self, key: str) -> int:
        """A size.

        Raises:
            InputError: when it is none.
        """
        value = self.values.get(key)
        if type(value) is not int or not 0 < value < 2**31:
            raise InputError(self.name, [Problem(f"{key}: expected a size, got {echo(value)}")])
        return value


def add_part(model: Model, part: Part, folder: str) -> None:
    """Append a part to the layers so far.

    Raises:
        InputError: if the part is unknown or broken.
    """
    if part.kind in WEIGHTLESS:
        return
    with open_source(os.path.join(folder, "config.json")) as config:
        value = config.document.value
        settings = Settings(value if isinstance(value, dict) else {}, config.name)
        layer, leaf = layer_of(part, settings)
    path = f"{part.number}/{leaf}" if leaf else str(part.number)
    last = model.outputs[0].ref
    instance = Instance(layer, leaf or str(part.number), type(layer).__name__)
    model.nodes.append(Node(path, instance, (last,)))
    model.outputs = [Output(path, Ref(len(model.inputs) + len(model.nodes) - 1))]
    if leaf:
        with open_source(folder) as place:
            contents = folder_contents(place)
        add_weights(model, contents, part.number)


def layer_of(part: Part, settings: Settings) -> tuple[Layer, str]:
    """The layer that a part consists of, and its name there; "" for one without weights."""
    if part.kind == "Pooling":
        ways = sum(value is True for key, value in settings.values.items() if key.startswith("pooling_mode_"))
        return Pooled(max(ways, 1)), ""
    if part.kind == "Dense":
        bias = settings.values.get("bias", True) is True
        return Linear(
            in_features=settings.number("in_features"), out_features=settings.number("out_features"), bias=bias
        ), "linear"
    if part.kind == "LayerNorm":
        return LayerNorm(normalized_shape=(settings.number("dimension"),)), "norm"
    message = (
        f"a part of the class {echo(part.kind)} is not known; Pooling, Dense, LayerNorm, Normalize and Dropout are"
    )
    raise InputError(settings.name, [Problem(message)])


def add_weights(model: Model, contents: Contents | None, number: int) -> None:
    """Add the checkpoint of a part to the transformer's; without one, the part's weights are reported as missing."""
    checkpoint = model.claims.checkpoint if model.claims is not None else None
    if checkpoint is not None and contents is not None:
        found = gathered(list(parts_of(contents)), Naming(), Owners(model), checkpoint.where)
        checkpoint.tensors |= {f"{number}.{name}": tensor for name, tensor in found.tensors.items()}
