"""An adapter of llama.cpp and a configuration: what PEFT's adapter of the same tensors would make of the model."""

from collections import Counter

from paramcalc.errors import InputError, Problem
from paramcalc.formats.adapters.apply import adapt
from paramcalc.formats.adapters.config import Adapter, LlamaAdapter
from paramcalc.formats.adapters.folder import add_adapter
from paramcalc.formats.adapters.llama_cpp import as_peft, no_layer, not_one_layer, other_architecture, pairs_of
from paramcalc.formats.beside import Owners
from paramcalc.formats.checkpoint import Contents
from paramcalc.formats.gguf.lora import Pair
from paramcalc.formats.huggingface import gguf
from paramcalc.formats.huggingface.checkpoint import block_naming, hints_of
from paramcalc.formats.huggingface.config import Config
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_FOUND_PROBLEMS
from paramcalc.model import Model


def add_llama_adapter(model: Model, config: Config, adapter: LlamaAdapter) -> None:
    """Adapt a model as the file says, and compare the file's tensors with what was added.

    Raises:
        InputError: for an adapter of another architecture, or of what is no layer here.
    """
    line = gguf.find_line(config.type.name)
    if line is None:
        message = f"how llama.cpp names the weights of '{config.type.name}' is not known"
        raise InputError(adapter.source, [Problem(message)])
    if adapter.architecture not in line.architectures:
        message = other_architecture(adapter, line.architectures, config.type.name)
        raise InputError(adapter.source, [Problem(message)])
    modules = modules_of(model, config, adapter)
    peft = peft_of(modules)
    adapt(model, peft, hints_of(config))
    model.details["lora"] = adapter.contents.details["lora"]
    tensors = [Tensor(name, shape, "float32", 0) for name, shape in as_peft(adapter, modules)]
    sizes = [tensor for pair in modules.values() for tensor in (pair.a, pair.b)]
    for tensor, stored in zip(tensors, sizes, strict=True):
        tensor.dtype, tensor.size = stored.dtype, stored.size
    add_adapter(model, peft, Contents(tensors, "gguf", {}))


def modules_of(model: Model, config: Config, adapter: LlamaAdapter) -> dict[str, Pair]:
    """The layers that an adapter is for, by name.

    Raises:
        InputError: for what is no layer, and for a tensor that is not the weight of one layer alone.
    """
    naming = block_naming(config, adapter.contents)
    owners = Owners(model)
    found: dict[str, Pair] = {}
    problems: list[Problem] = []
    for pair in pairs_of(adapter):
        if naming is None or len(problems) == MAX_FOUND_PROBLEMS:
            break
        name, rule, _ = naming.target(pair.base, owners.distance)
        module, _, leaf = name.rpartition(".")
        if rule is not None and (len(rule.targets) > 1 or any(each[0] != "transpose" for each in rule.operations)):
            problems.append(Problem(not_one_layer(pair.base)))
        elif leaf != "weight" or owners.distance(name) != 1:
            problems.append(Problem(no_layer(pair.base)))
        else:
            found[module] = pair
    if problems:
        raise InputError(adapter.source, problems)
    return found


def peft_of(modules: dict[str, Pair]) -> Adapter:
    """What PEFT would be asked for: these layers, each with its rank."""
    ranks = {name: pair.rank or 1 for name, pair in modules.items()}
    usual = Counter(ranks.values()).most_common(1)[0][0]
    return Adapter(usual, frozenset(modules), own_ranks=ranks, written=True)
