"""An adapter with its base model: a folder with an adapter_config.json, that file, or `--lora PATH`.

The base is only looked for next to the adapter, under the last part of the name in the adapter: no path from a file is
opened.
"""

import os
import re
from typing import Any

from msgspec.structs import replace

from paramcalc.errors import InputError, Problem
from paramcalc.formats import read_source
from paramcalc.formats.adapters.apply import ADDED
from paramcalc.formats.adapters.config import Adapter, AdapterError, parse, read
from paramcalc.formats.beside import parts_of, stored
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.checkpoint_folder import contents_at
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.layers.torch.lora import COPY
from paramcalc.model import Checkpoint, Claims, Model

CONFIG = "adapter_config.json"
FILES = ("adapter_model.safetensors", "adapter_model.bin")
WRAPPED = "base_model.model."
"""The prefix of every name in PEFT's files."""


def read_folder(source: Source, options: Options) -> Model:
    """The adapted base, compared with the adapter's file; that file alone if the base is not there.

    Raises:
        InputError: if the adapter is broken, of another method, or not for this base.
    """
    folder = source.path or os.curdir
    file = next((name for name in FILES if name in source.folder), None)
    contents = None if file is None else contents_at(os.path.join(folder, file))
    adapter = adapter_at(os.path.join(folder, CONFIG))
    base = base_of(folder, adapter)
    if base is None:
        if contents is None:
            raise InputError(source.name, [Problem(no_base(adapter, source.name))])
        model = model_of(contents, source.name, options.max_layers)
        model.warnings.append(f"only the adapter was counted: {no_base(adapter, source.name)}")
        return model
    return adapted(base, adapter, contents, source.name, options)


def read_config(source: Source, options: Options) -> Model:
    """The adapted base of an adapter_config.json and the files next to it.

    Raises:
        InputError: as `read_folder` does, and if the base is not there.
    """
    adapter = adapter_in(source)
    base = None if source.path is None else base_of(os.path.dirname(source.path) or os.curdir, adapter)
    if base is None:
        raise InputError(source.name, [Problem(no_base(adapter, source.name))])
    return adapted(base, adapter, None, source.name, options)


def adapter_option(text: str) -> tuple[Adapter, Contents | None]:
    """The adapter that `--lora` asks for, RANK[:target,…] or a path, and the contents of its file.

    Raises:
        AdapterError: if it is neither.
        InputError: for an adapter that is broken.
    """
    if re.match("[0-9]+(:|$)", text) or not os.path.exists(text):
        return parse(text), None
    folder = text if os.path.isdir(text) else os.path.dirname(text) or os.curdir
    adapter = adapter_at(os.path.join(text, CONFIG) if os.path.isdir(text) else text)
    file = next((name for name in FILES if os.path.exists(os.path.join(folder, name))), None)
    return adapter, None if file is None else contents_at(os.path.join(folder, file))


def adapter_at(path: str) -> Adapter:
    """The adapter that a file describes."""
    with open_source(path) as source:
        return adapter_in(source)


def adapter_in(source: Source) -> Adapter:
    """The same for a file that is open.

    Raises:
        InputError: if it describes none, or one that is not supported.
    """
    value: Any = source.document.value
    if not isinstance(value, dict):
        raise InputError(source.name, [Problem("the configuration of an adapter is a mapping")])
    try:
        return read(value)
    except AdapterError as error:
        raise InputError(source.name, [Problem(str(error))]) from None


def base_of(folder: str, adapter: Adapter) -> str | None:
    """The place of the base: the adapter's own folder, or one in or next to it with the base's name."""
    if os.path.exists(os.path.join(folder, "config.json")):
        return folder
    name = re.split(r"[/\\]", adapter.base.rstrip("/\\"))[-1]
    if not re.fullmatch(r"[\w][\w. -]*", name):
        return None
    places = (os.path.join(folder, name), os.path.join(folder, os.pardir, name))
    return next((place for place in places if os.path.isdir(place)), None)


def no_base(adapter: Adapter, name: str) -> str:
    """Advice for when the base is not there."""
    called = f" '{adapter.base[:80]}'" if adapter.base else ""
    return (
        f"the adapter's base{called} is not beside it, and nothing is downloaded: give the base and the adapter, "
        f"paramcalc summary BASE --lora {name}"
    )


def adapted(base: str, adapter: Adapter, contents: Contents | None, name: str, options: Options) -> Model:
    """The base with the adapter."""
    with open_source(base) as source:
        source.folder = frozenset(item for item in source.folder if item not in (*FILES, CONFIG))
        model = read_source(source, replace(options, adapter=adapter))
    model.source = name
    if contents is not None:
        add_adapter(model, adapter, contents)
    return model


def add_adapter(model: Model, adapter: Adapter, contents: Contents) -> None:
    """Attach the adapter's file to the adapted model, to be compared with what was added."""
    claims = model.claims = model.claims or Claims()
    if claims.checkpoint is None:
        claims.checkpoint = Checkpoint("the adapter's file", {}, covers="added", added=ADDED)
    else:
        claims.checkpoint.covers = "all"
        claims.checkpoint.where += " or the adapter's file"
    for part in parts_of(contents):
        name = own_name(part.name, adapter)
        claims.checkpoint.tensors[name] = stored(name, [part], part.tensor.shape)


def own_name(name: str, adapter: Adapter) -> str:
    """The adapted model's name for a tensor of the adapter."""
    name = name.removeprefix(WRAPPED).replace(".base_layer.", ".")
    if ".original_module." in name:
        return name.replace(".original_module.", ".")
    name = name.replace(f".{COPY}default.", ".").replace(f".{COPY}", ".")
    if name.endswith(".lora_magnitude_vector.weight"):
        return name.removesuffix(".weight")
    module, _, leaf = name.rpartition(".")
    if ".lora_" not in f".{name}" and adapter.copies(module):
        return f"{module}.{COPY}{leaf}"
    return name
