"""Finds the tensors in a saved value, with their names, and tells weights from the state of a training."""

import re
from typing import Any, NamedTuple

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.torch_checkpoint.script import PREFIX, Declared, attributes
from paramcalc.formats.torch_checkpoint.values import (
    Array,
    BrokenError,
    Collection,
    Dtype,
    Global,
    Instance,
    Mapping,
    Opaque,
    View,
)
from paramcalc.layers.base import Kind
from paramcalc.limits import MAX_NESTED, MAX_TENSOR_NAME

TRAINING = re.compile(r"(^|[^a-z])(optim|sched|scaler|rng|callback|best([^a-z]|$)|(ema|shadow|loops?)([^a-z]|$))")
"""Parts of names for what a training keeps besides the weights: a moving average is a second set of them."""

COUNTERS = frozenset(("epoch", "epochs", "step", "steps", "global_step", "iteration", "iterations", "iter"))
"""Names of a training's counters."""

PLAIN = (str, int, float, bool, bytes, type(None), Dtype, Global, Opaque)
"""Types that cannot hold a tensor."""

MIN_WORK = 10_000
"""What finding the tensors of a short pickle may cost, to which each byte of it adds one."""

WORK_PER_TENSOR = 20
"""What one of them costs at least: it has some 200 bytes, unless it is there several times."""

PACKED = "torch.ScriptObject"
"""What holds the weights of a quantised layer: only its state_dict has them as tensors."""

NAMES = (int, float, bool, type(None))
"""Kinds of keys beside texts that a part of a name can be."""

Path = tuple[str, ...]
Part = tuple[str, Any, Kind | None]
"""A part of a container: its name, its value, and its kind if the place determines that."""


class Found(NamedTuple):
    """A tensor and the place where it was found."""

    path: Path
    value: View | Array
    kind: Kind | None


class Weights(NamedTuple):
    """All tensors of a file.

    Attributes:
        found: in the order of the file.
        under: the key of the only dict with weights, which is not part of their names; of nested dicts, the keys joined
            by dots; "" if there is none.
        unknown: unknown classes whose objects hold no tensor, so that nothing is lost.
    """

    found: list[Found]
    under: str
    unknown: list[str]


def weights_in(value: Any, size: int, declared: Declared | None = None) -> Weights:
    """The tensors of a saved value, with those of a training kept apart from the weights.

    Args:
        value: what was saved.
        size: bytes of the pickle, which bound the work.
        declared: for a TorchScript program, which attributes of its classes are parameters.

    Raises:
        BrokenError: for tensors in an object of an unknown class, and for values that are nested too deep or too often.
    """
    return sorted_out(value, Walk(MIN_WORK + size, declared or {}))


def sorted_out(value: Any, walk: "Walk") -> Weights:
    """The same, where other values may have been walked before."""
    found, unknown = walk.all_in(value), list(walk.unknown)
    if is_optimizer(value):
        return Weights([item._replace(kind="state") for item in found], "", unknown)
    if type(value) is not Mapping:
        return Weights(found, "", unknown)
    containers = {name: part for name, part, _ in pairs_of(value, None) if type(part) not in (*PLAIN, View, Array)}
    full = [key for key in dict.fromkeys(item.path[0] for item in found) if key in containers]
    states = {key for key in full if is_optimizer(containers[key])}
    kept = [key for key in full if key not in states]
    if kept:
        named_so = {item.path[0] for item in found if is_training(item.path[0])}
        others = [key for key in kept if key not in named_so]
        states |= named_so if others else set()
        kept = others or kept
    found = [item._replace(kind="state") if item.path[0] in states else item for item in found]
    unnested = any(item.kind != "state" and item.path[0] not in containers for item in found)
    if len(kept) != 1 or unnested:
        return Weights(found, "", unknown)
    (under,) = kept
    deeper = further_inside(containers[under], walk)
    if deeper is not None:
        outside = [item for item in found if item.path[0] != under]
        found = [item._replace(path=(under, *item.path)) if item.kind == "state" else item for item in deeper.found]
        return Weights([*found, *outside], f"{under}.{deeper.under}", unknown)
    inside = [item._replace(path=item.path[1:]) if item.path[0] == under else item for item in found]
    return Weights(inside, under, unknown)


def further_inside(value: Any, walk: "Walk") -> Weights | None:
    """The tensors of a dict whose weights are in its state_dict; None for any other value."""
    if type(value) is not Mapping or not any(name.endswith("state_dict") for name, *_ in pairs_of(value, None)):
        return None
    found = sorted_out(value, walk)
    return found if found.under else None


def is_training(key: str) -> bool:
    """Whether trainings use this key at the top for something other than weights."""
    return key.lower() in COUNTERS or ("." not in key and TRAINING.search(key.lower()) is not None)


def is_optimizer(value: Any) -> bool:
    """Whether this is the state of an optimizer, or a list of such states."""
    if type(value) in (list, tuple):
        return bool(value) and all(type(item) is Mapping and is_optimizer(item) for item in value)
    return type(value) is Mapping and value.get("param_groups") is not None and value.get("state") is not None


class Walk:
    """Finds all tensors, in order.

    Shared parts are entered each time, as the loaded value would contain them; nested sharing could multiply to any
    number of tensors, and is refused past a multiple of the file.

    Attributes:
        left: how much work is allowed, in parts that are looked at.
        found: the tensors so far.
    """

    def __init__(self, allowed: int, declared: Declared) -> None:
        self.left = allowed
        self.declared = declared
        self.found: list[Found] = []
        self.unknown: dict[str, None] = {}

    def all_in(self, value: Any) -> list[Found]:
        """The tensors of a value.

        Raises:
            BrokenError: as `weights_in` does.
        """
        self.found = []
        self.under(value, (), None)
        return self.found

    def spend(self, work: int) -> None:
        """Use up some of the work that is allowed.

        Raises:
            BrokenError: when that is too much.
        """
        self.left -= work
        if self.left < 0:
            raise BrokenError("the same parts are in what was saved so often that it becomes many times its size")

    def add(self, value: View | Array, path: Path, kind: Kind | None) -> None:
        """A tensor, unless its name is too long: one text, shared, could be a part of any number of names."""
        self.spend(WORK_PER_TENSOR + len(path))
        length = sum(map(len, path))
        if length > MAX_TENSOR_NAME:
            name = ".".join(path)[:MAX_ECHO]
            raise BrokenError(f"tensor '{name}' has a name of more than {MAX_TENSOR_NAME:,} characters, the limit")
        self.found.append(Found(path, value, kind))

    def under(self, value: Any, path: Path, kind: Kind | None) -> None:
        """Find the tensors below a value at a place.

        Raises:
            BrokenError: as `weights_in` does.
        """
        if type(value) is View or (type(value) is Array and value.dtype is not None):
            self.add(value, path, kind)
            return
        if len(path) == MAX_NESTED:
            raise BrokenError(f"what was saved is nested more than {MAX_NESTED} deep")
        self.spend(1 + width(value))
        if type(value) in (list, tuple):
            parts: Any = [(str(index), part, kind) for index, part in enumerate(value)]
        elif type(value) is Mapping:
            parts = pairs_of(value, kind)
        elif type(value) in (Collection, Array):
            parts = [(str(index), part, kind) for index, part in enumerate(value.items)]
        elif type(value) is Instance:
            parts = self.object(value, path, kind)
        else:
            return
        for name, part, of_part in parts:
            if type(part) not in PLAIN:
                self.under(part, (*path, name), of_part)

    def object(self, value: Instance, path: Path, kind: Kind | None) -> list[Part]:
        """The parts of an object: of a module its state_dict, of a dict or a list its items.

        Raises:
            BrokenError: for tensors among the attributes of another object, and weights packed by PyTorch's C++.
        """
        state = value.state
        if type(state) is Mapping and type(state.get("_parameters")) is Mapping:
            if any(type(part) is Instance and part.name == PACKED for _, part in state.pairs):
                raise BrokenError(
                    f"a module of the class {value.name[:MAX_ECHO]} has its weights packed in an object of PyTorch's "
                    "C++; save the weights alone: torch.save(model.state_dict(), …)"
                )
            return module_parts(state)
        if type(state) is Mapping and value.name.startswith(PREFIX):
            return attributes(value, self.declared)
        if is_optimizer(state):
            return pairs_of(state, "state")
        self.unknown[value.name[:MAX_ECHO]] = None
        before = len(self.found)
        self.under(state, (*path, ""), None)
        if len(self.found) > before:
            raise BrokenError(
                f"tensors are in an object of the class {value.name[:MAX_ECHO]}, which is not known; save the weights "
                "alone: torch.save(model.state_dict(), …)"
            )
        return pairs_of(value, kind) + [(str(index), part, kind) for index, part in enumerate(value.items)]


def width(value: Any) -> int:
    """How many parts a value has, for an object those of its state included."""
    if type(value) in (list, tuple):
        return len(value)
    if type(value) is Mapping:
        return len(value.pairs)
    if type(value) is Instance:
        return len(value.pairs) + len(value.items) + width_of_state(value.state)
    return len(value.items) if type(value) in (Collection, Array) else 0


def width_of_state(state: Any) -> int:
    """How many attributes are looked through, and in a module those of the dicts among them."""
    if type(state) is not Mapping:
        return 0
    inside = [len(part.pairs) for _, part in state.pairs if type(part) is Mapping]
    return len(state.pairs) + sum(inside)


def pairs_of(value: Mapping | Instance, kind: Kind | None) -> list[Part]:
    """The parts of a dict by their keys; by its place where a key makes no name: an optimizer's keys are tensors."""
    return [
        (key if type(key) is str else str(key) if type(key) in NAMES else str(place), part, kind)
        for place, (key, part) in enumerate(value.pairs)
    ]


def module_parts(state: Mapping) -> list[Part]:
    """The parts of a module's state_dict: its parameters, its persistent buffers, and its submodules."""
    parts: list[Part] = []
    left_out = state.get("_non_persistent_buffers_set")
    skipped = {name for name in left_out.items if type(name) is str} if type(left_out) is Collection else set()
    kinds: tuple[tuple[str, Kind | None], ...] = (("_parameters", None), ("_buffers", "buffer"), ("_modules", None))
    for name, kind in kinds:
        inside = state.get(name)
        if type(inside) is Mapping:
            parts += [part for part in pairs_of(inside, kind) if kind is None or part[0] not in skipped]
    return parts
