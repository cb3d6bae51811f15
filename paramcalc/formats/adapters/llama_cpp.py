"""An adapter of llama.cpp with its base: a GGUF file, whose tensors it names, or a configuration of transformers.

llama.cpp loads no adapter of which some tensor has no place in the base, so here it is refused, too.
"""

import os
import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats import add_options, is_gguf
from paramcalc.formats.adapters.config import LlamaAdapter
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.checkpoint_folder import contents_at, folder_contents
from paramcalc.formats.gguf.details import ROLES
from paramcalc.formats.gguf.lora import A, B, Pair, halves_of, misfits, warnings_of
from paramcalc.formats.shards import contents_of, with_siblings
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_FOUND_PROBLEMS
from paramcalc.model import Model


def pairs_of(adapter: LlamaAdapter) -> list[Pair]:
    """What an adapter adds to each tensor of the base."""
    return halves_of(adapter.contents.tensors).pairs


def is_file(path: str) -> bool:
    """Whether a path is that of a GGUF file."""
    if not os.path.isfile(path):
        return False
    with open_source(path) as source:
        return is_gguf(source)


def adapter_at(path: str) -> LlamaAdapter:
    """The adapter in a file.

    Raises:
        InputError: for a file that is broken, or holds none, or one that llama.cpp would not load.
    """
    contents = contents_at(path)
    if contents.role != "adapter":
        what = ROLES.get(contents.role, "model")
        raise InputError(path, [Problem(f"it holds no adapter, but a {what}")])
    problems = first(contents.warnings) or first(warnings_of(contents.tensors))
    if not problems and not halves_of(contents.tensors).pairs:
        problems = [Problem("an adapter without tensors")]
    if problems:
        raise InputError(path, problems)
    return LlamaAdapter(contents, path)


def first(messages: Iterable[str]) -> list[Problem]:
    """As many problems as are shown."""
    return [Problem(message) for message, _ in zip(messages, range(MAX_FOUND_PROBLEMS), strict=False)]


def with_base(source: Source, options: Options, adapter: LlamaAdapter) -> Model | None:
    """The tensors of a base in GGUF files and those of the adapter; None for a base of another format.

    Raises:
        InputError: for a base that is broken, and one that the adapter is not for.
    """
    base = base_in(source)
    if base is None or base.format != "gguf":
        return None
    check(base, adapter)
    model = model_of(joined(base, adapter.contents), source.name, options.max_layers)
    add_options(model, options)
    return model


def base_in(source: Source) -> Contents | None:
    """What GGUF files hold: one of them, or those of a folder that has no configuration beside them."""
    if source.folder:
        plain = not source.folder & {"config.json", "adapter_config.json", "modules.json"}
        return folder_contents(source) if plain else None
    return with_siblings(contents_of(source), source) if is_gguf(source) else None


def check(base: Contents, adapter: LlamaAdapter) -> None:
    """Refuse an adapter that is not for a base.

    Raises:
        InputError: with every tensor that has no place in it.
    """
    architecture = base.details.get("architecture")
    if adapter.architecture != architecture:
        message = f"it is for llama.cpp's architecture '{adapter.architecture}', and the base is of '{architecture}'"
        raise InputError(adapter.source, [Problem(message)])
    problems = first(misfits(pairs_of(adapter), {tensor.name: tensor for tensor in base.tensors}))
    if problems:
        raise InputError(adapter.source, problems)


ROW = re.compile(r"\.(lora_[ab]|(?:weight|bias|scale|input_scale)(?:\.(?!lora_)[^.]+)*)$")
"""Where the name of a weight begins: what is added to one stands in a row of its own."""


def joined(base: Contents, adapter: Contents) -> Contents:
    """The tensors of both, those of the base frozen, each before what is added to it."""
    added: dict[str, list[Tensor]] = {}
    for tensor in adapter.tensors:
        added.setdefault(tensor.name.removesuffix(A).removesuffix(B), []).append(tensor)
    tensors = []
    for tensor in base.tensors:
        tensors += [replace(tensor, frozen=True), *added.pop(tensor.name, ())]
    tensors += [tensor for others in added.values() for tensor in others]
    projector = [replace(tensor, frozen=True) for tensor in base.projector]
    details = base.details | {"tensors": len(tensors) + len(projector), "lora": adapter.details.get("lora", "")}
    return base._replace(tensors=tensors, projector=projector, details=details, leaf=ROW)


def as_peft(adapter: LlamaAdapter, modules: dict[str, Pair]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names that PEFT has for the tensors of an adapter, and their shapes.

    Args:
        adapter: the adapter.
        modules: the layers of the base, by name, and what is added to each.
    """
    for module, pair in modules.items():
        if pair.embeds:  # PEFT has the first matrix lying down, too
            yield f"{module}.lora_embedding_A", pair.a.shape[::-1]
            yield f"{module}.lora_embedding_B", pair.b.shape
        else:
            yield f"{module}.lora_A.weight", pair.a.shape
            yield f"{module}.lora_B.weight", pair.b.shape


def no_layer(name: str) -> str:
    """What to say of a tensor that is no layer of the model."""
    return f"the adapter is for '{name[:MAX_ECHO]}', which is no layer of this model"


def not_one_layer(name: str) -> str:
    """What to say of a tensor that several weights are joined in, or that is cut out of one."""
    what = "which is not the weight of one layer here: its base as a GGUF file can be compared with it"
    return f"the adapter is for '{name[:MAX_ECHO]}', {what}"


def other_architecture(adapter: LlamaAdapter, usual: list[str], type_: str) -> str:
    """What to say of an adapter for another model."""
    return f"it is for llama.cpp's architecture '{adapter.architecture}', and one of '{type_}' is {listed(usual)}"
