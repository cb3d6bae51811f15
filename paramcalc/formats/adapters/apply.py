"""Adds an adapter to a model: layers are adapted, frozen and copied by the rules of PEFT, or of Keras."""

from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from paramcalc.errors import InputError, Problem, listed
from paramcalc.formats.adapters.config import ALL_LINEAR, Adapter, LlamaAdapter
from paramcalc.formats.adapters.regex import Pattern
from paramcalc.layers.base import Layer
from paramcalc.layers.recorded import Recorded, RecordedCalls
from paramcalc.model import Instance, Model

LINEAR = ("Linear", "TransposedLinear")
BARE = ("Parameter", "HeadLinear")
"""Parameters of a module, which are not modules themselves."""

EXPERTS = ("experts", "gate", "gate_proj", "up_proj", "down_proj", "gate_up_proj", "w1", "w2", "w3")
"""The names that PEFT takes for parts of a mixture of experts, whatever else has them in the model."""

IN_EXPERTS = (
    "the experts of this model stand in one layer here, and what an adapter makes of them differs from one version "
    "of PEFT to the next: name layers of attention, such as q_proj and v_proj"
)

ADDED = ("lora_", "modules_to_save")
"""The prefixes of the names of weights that an adapter adds."""

SHOWN = 4
"""How many names of adapted layers are shown."""


class Hints(Struct, frozen=True):
    """What is known about a model besides its layers.

    Attributes:
        output: the name of the layer that computes the logits of a language model; "" for none.
        usual: PEFT's default targets for the type of model.
        experts: whether models of the type may have experts, whose layers PEFT knows by older names.
    """

    output: str = ""
    usual: tuple[str, ...] = ()
    experts: bool = False


def adapt(model: Model, adapter: Adapter | LlamaAdapter, hints: Hints | None = None) -> None:
    """Change a model into the adapted one.

    Raises:
        InputError: if nothing in it is adapted, or a target cannot be.
    """
    hints = hints or Hints()
    if isinstance(adapter, LlamaAdapter):
        message = "an adapter of llama.cpp is for a GGUF file, or for a config.json of transformers"
        raise InputError(model.source, [Problem(message)])
    if model.framework is None:
        message = "an adapter needs the architecture that it is for; this file holds weights only"
        raise InputError(model.source, [Problem(message)])
    if adapter.targets is None:
        if adapter.written and not hints.usual:
            message = "the adapter has no target_modules, and PEFT knows no usual ones for this model"
            raise InputError(model.source, [Problem(message)])
        adapter = replace(adapter, targets=hints.usual or (ALL_LINEAR,))
    change = KerasChange(adapter) if model.framework == "keras" else Change(adapter, hints, model.framework)
    if (hints.experts or has_experts(model)) and reaches_experts(adapter, model):
        raise InputError(model.source, [Problem(IN_EXPERTS)])
    made: dict[int, Instance] = {}
    for node in model.nodes:
        key = id(node.instance)
        if key not in made:
            made[key] = change.instance(node.path.replace("/", "."), node.instance)
        node.instance = made[key]
    if change.problems:
        raise InputError(model.source, [Problem(problem) for problem in change.problems])
    if not change.adapted:
        message = f"no layer is called {listed(names_of(adapter))}: the adapter has nothing to adapt"
        raise InputError(model.source, [Problem(message)])
    model.details["lora"] = f"rank {adapter.rank}: {listed(list(change.adapted)[:SHOWN])}" + (
        f" and {len(change.adapted) - SHOWN} more" if len(change.adapted) > SHOWN else ""
    )
    if model.claims is not None and model.claims.checkpoint is not None:
        model.claims.checkpoint.covers = "base"
        model.claims.checkpoint.added = ADDED


def has_experts(model: Model) -> bool:
    """Whether some layer holds several networks."""
    kinds = ("Experts", "ExpertLinear", "ListedExperts", "Router")
    return any(type(node.instance.layer).__name__ in kinds for node in model.nodes)


def reaches_experts(adapter: Adapter, model: Model) -> bool:
    """Whether an adapter targets experts: by all-linear, or by the names of their parts."""
    if not isinstance(adapter.targets, Pattern):
        names = {name.rpartition(".")[2] for name in adapter.targets or ()}
        return ALL_LINEAR in names or not names.isdisjoint({*EXPERTS, *names_in_listed(model)})
    for node in model.nodes:
        kind, path = type(node.instance.layer).__name__, node.path.replace("/", ".")
        parts = [path, *[f"{path}.{name}" for name in EXPERTS]] if kind == "Experts" else [path]
        parts += [f"{path}.expert_0.{name}" for name in names_in_listed(model)] if kind == "ListedExperts" else []
        old = kind in ("Experts", "ListedExperts", "Router") or path.rpartition(".")[2] in EXPERTS
        if old and any(adapter.targets.fullmatch(part) for part in parts):
            return True
    return False


def names_in_listed(model: Model) -> set[str]:
    """The names of experts' matrices that are separate modules in PyTorch but one layer here."""
    layers: list[Any] = [node.instance.layer for node in model.nodes]
    return {name for each in layers if type(each).__name__ == "ListedExperts" for name in (each.up, each.down)}


def names_of(adapter: Adapter) -> list[str]:
    """The targets of an adapter, for messages."""
    targets = adapter.targets
    return [targets.text] if isinstance(targets, Pattern) else list(targets or ())


class Change:
    """Changes PyTorch's layers.

    Attributes:
        adapted: the last parts of the names of adapted layers.
        problems: layers that cannot be adapted.
    """

    def __init__(self, adapter: Adapter, hints: Hints, framework: str) -> None:
        self.adapter = adapter
        self.output = hints.output
        self.linear = adapter.targets == (ALL_LINEAR,)
        self.adapted: dict[str, None] = {}
        self.problems: list[str] = []
        self.made: dict[Any, Layer] = {}

    def instance(self, name: str, old: Instance) -> Instance:
        """The instance of this name in the adapted model."""
        from paramcalc.layers.torch.lora import Tuning
        from paramcalc.layers.torch.quantized import Quantized

        inner = old.layer.layer if isinstance(old.layer, Quantized) else old.layer
        kind = old.type.rpartition(".")[2] if isinstance(inner, Recorded) else type(inner).__name__
        rank = self.adapter.rank_of(name) if self.is_adapted(name, kind, old) else None
        chosen = self.adapter.bias == "all" or (self.adapter.bias == "lora_only" and rank is not None)
        module, _, leaf = name.rpartition(".")
        copied = self.adapter.copies(module if kind in BARE else name)
        biases = chosen and not copied and (kind not in BARE or leaf == "bias")
        if rank is None and not copied and not biases:
            return replace(old, trainable=False)
        half = old.dtype in ("float16", "bfloat16")
        tuning = Tuning(rank, self.adapter.dora, self.adapter.lora_bias, copied, biases, "float32" if half else None)
        return replace(old, layer=self.layer(old.layer, kind, tuning), trainable=True)

    def is_adapted(self, name: str, kind: str, old: Instance) -> bool:
        """Whether a layer gets an adapter; a target that cannot have one is a problem."""
        from paramcalc.layers.torch.lora import FORMS

        if kind in BARE or isinstance(old.layer, RecordedCalls):
            module, _, leaf = name.rpartition(".")
            if leaf == "weight" and not self.linear and self.adapter.adapts(module):
                self.problems.append(f"the adapter is for '{module}', which is not known to be a layer here")
            return False
        if kind == "MultiheadAttention" and (self.linear or self.adapter.adapts(f"{name}.out_proj")):
            self.problems.append(f"the adapter is for '{name}.out_proj', inside a {kind}: that is not known")
            return False
        if self.linear:
            excluded = replace(self.adapter, targets=(name,))
            wanted = kind in LINEAR and excluded.adapts(name) and not self.is_head(name)
        else:
            wanted = self.adapter.adapts(name)
        if wanted and kind not in FORMS:
            known = ", ".join(FORMS)
            self.problems.append(f"the adapter is for '{name}', a {kind}; LoRA is known for {known}")
            return False
        if wanted:
            self.adapted[name.rpartition(".")[2]] = None
        return wanted

    def is_head(self, name: str) -> bool:
        """Whether all-linear skips a layer: the output layer of a language model or a classifier."""
        if self.output:
            return name == self.output
        return self.adapter.task == "SEQ_CLS" and name.partition(".")[0] in ("score", "classifier")

    def layer(self, layer: Layer, kind: str, tuning: Any) -> Layer:
        """The layer with its adapter; equal layers stay one object."""
        from paramcalc.layers.torch.lora import Tuned, tuned

        key = id(layer), kind, tuning
        if key not in self.made:
            if isinstance(layer, Recorded):
                self.made[key] = Recorded(tuned(layer.facts, kind, tuning))
            else:
                self.made[key] = Tuned(layer, kind, tuning)
        return self.made[key]


class KerasChange:
    """Changes Keras' layers as KerasHub does: `enable_lora` where a layer has it, and all others frozen.

    Attributes: those of `Change`.
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.every = adapter.targets == (ALL_LINEAR,)
        self.adapted: dict[str, None] = {}
        self.problems: list[str] = []
        self.made: dict[int, Layer] = {}

    def instance(self, name: str, old: Instance) -> Instance:
        """The instance of this name in the adapted model."""
        has = any(each.name == "lora_rank" for each in fields(old.layer))
        named = not self.every and self.adapter.adapts(name)
        if named and not has:
            self.problems.append(f"the adapter is for '{name}', a {old.type}, which has no lora_rank")
        if not has or not (named or self.every):
            return replace(old, trainable=False)
        self.adapted[name.rpartition(".")[2]] = None
        if id(old.layer) not in self.made:
            self.made[id(old.layer)] = replace(old.layer, lora_rank=self.adapter.rank)
        return replace(old, layer=self.made[id(old.layer)], trainable=True)
