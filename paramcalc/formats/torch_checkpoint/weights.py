"""From what was saved to its tensors by name: what is a weight, and what belongs to a training."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from paramcalc.errors import MAX_ECHO
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
from paramcalc.limits import MAX_EXPANSION, MAX_NESTED

TRAINING = re.compile(r"(^|[^a-z])(optim|sched|scaler|rng|callback|best([^a-z]|$)|(ema|shadow|loops?)([^a-z]|$))")
"""In the name of what a training keeps beside the weights: an average of them is a second set, not more of them."""

COUNTERS = frozenset(("epoch", "epochs", "step", "steps", "global_step", "iteration", "iterations", "iter"))
"""Names of what a training counts."""

PLAIN = (str, int, float, bool, bytes, type(None), Dtype, Global, Opaque)
"""What cannot hold a tensor."""

Path = tuple[str, ...]
Part = tuple[str, Any, Kind | None]
"""A part of a container: its name, what it is, and its kind where the place says it."""


class Found(NamedTuple):
    """A tensor where it was found."""

    path: Path
    value: View | Array
    kind: Kind | None


class Weights(NamedTuple):
    """All tensors of a file.

    Attributes:
        found: in the order of the file.
        under: the key of the one dict that holds the weights, which is no part of their names, or the keys of such
            dicts in each other, joined by dots; "" where there is none.
        unknown: classes of objects that hold no tensor, so that nothing is lost by not knowing them.
    """

    found: list[Found]
    under: str
    unknown: list[str]


def weights_in(value: Any, objects: int) -> Weights:
    """The tensors of what was saved, those of a training apart from the weights.

    Args:
        value: what was saved.
        objects: how many objects the pickle made: what is found may be some times as many.

    Raises:
        BrokenError: for tensors in an object of an unknown class, and for what is nested too deep or too often.
    """
    walk = Walk(1_000 + MAX_EXPANSION * objects)
    found = list(walk.under(value, (), None))
    unknown = list(walk.unknown)
    if is_optimizer(value):
        return Weights([item._replace(kind="state") for item in found], "", unknown)
    if type(value) is not Mapping:
        return Weights(found, "", unknown)
    containers = {named(key): part for key, part in value.pairs if type(part) not in (*PLAIN, View, Array)}
    full = [key for key in dict.fromkeys(item.path[0] for item in found) if key in containers]
    states = {key for key in full if is_optimizer(containers[key])}
    kept = [key for key in full if key not in states]
    if kept:
        named_so = {item.path[0] for item in found if is_training(item.path[0])}
        others = [key for key in kept if key not in named_so]
        states |= named_so if others else set()
        kept = others or kept
    found = [item._replace(kind="state") if item.path[0] in states else item for item in found]
    loose = any(item.kind != "state" and item.path[0] not in containers for item in found)
    if len(kept) != 1 or loose:
        return Weights(found, "", unknown)
    (under,) = kept
    deeper = further_inside(containers[under], objects)
    if deeper is not None:
        outside = [item for item in found if item.path[0] != under]
        found = [item._replace(path=(under, *item.path)) if item.kind == "state" else item for item in deeper.found]
        return Weights([*found, *outside], f"{under}.{deeper.under}", unknown)
    inside = [item._replace(path=item.path[1:]) if item.path[0] == under else item for item in found]
    return Weights(inside, under, unknown)


def further_inside(value: Any, objects: int) -> Weights | None:
    """The tensors of a dict that has the weights in another, called state_dict; None for any other value."""
    if type(value) is not Mapping or not any(named(key).endswith("state_dict") for key, _ in value.pairs):
        return None
    found = weights_in(value, objects)
    return found if found.under else None


def is_training(key: str) -> bool:
    """Whether a key at the top is one that trainings give to what is no weight."""
    return key.lower() in COUNTERS or ("." not in key and TRAINING.search(key.lower()) is not None)


def is_optimizer(value: Any) -> bool:
    """Whether this is the state of an optimizer, or a list of such."""
    if type(value) in (list, tuple):
        return bool(value) and all(type(item) is Mapping and is_optimizer(item) for item in value)
    return type(value) is Mapping and value.get("param_groups") is not None and value.get("state") is not None


class Walk:
    """Finds every tensor, in order.

    Parts that are there several times are entered each time, as whoever loads the file would find them; nested ones
    could so become any number of tensors, and are refused when they become many times the file.
    """

    def __init__(self, allowed: int) -> None:
        self.left = allowed
        self.unknown: dict[str, None] = {}

    def under(self, value: Any, path: Path, kind: Kind | None) -> Iterator[Found]:
        """The tensors of a value at a place.

        Raises:
            BrokenError: as `weights_in` does.
        """
        self.left -= 1
        if self.left < 0:
            raise BrokenError("the same parts are in what was saved so often that it becomes many times its size")
        if type(value) is View or (type(value) is Array and value.dtype is not None):
            yield Found(path, value, kind)
            return
        if len(path) == MAX_NESTED:
            raise BrokenError(f"what was saved is nested more than {MAX_NESTED} deep")
        if type(value) in (list, tuple):
            parts: Any = [(str(index), part, kind) for index, part in enumerate(value)]
        elif type(value) is Mapping:
            parts = [(named(key), part, kind) for key, part in value.pairs]
        elif type(value) is Collection:
            parts = [(str(index), part, kind) for index, part in enumerate(value.items)]
        elif type(value) is Instance:
            parts = self.object(value, path, kind)
        else:
            return
        for name, part, of_part in parts:
            if type(part) not in PLAIN:
                yield from self.under(part, (*path, name), of_part)

    def object(self, value: Instance, path: Path, kind: Kind | None) -> list[Part]:
        """The parts of an object: of a module those that its state_dict has, of a dict or a list what is in it.

        Raises:
            BrokenError: for tensors among the attributes of another object.
        """
        state = value.state
        if type(state) is Mapping and type(state.get("_parameters")) is Mapping:
            return module_parts(state)
        if type(state) is Mapping and value.name.startswith("__torch__."):
            return [(named(key), part, kind) for key, part in state.pairs]
        self.unknown[value.name[:MAX_ECHO]] = None
        if next(self.under(state, (*path, ""), None), None) is not None:
            raise BrokenError(
                f"tensors are in an object of the class {value.name[:MAX_ECHO]}, which is not known; save the weights "
                "alone: torch.save(model.state_dict(), …)"
            )
        parts: list[Part] = [(named(key), part, kind) for key, part in value.pairs]
        return parts + [(str(index), part, kind) for index, part in enumerate(value.items)]


def module_parts(state: Mapping) -> list[Part]:
    """What a module's state_dict has: its parameters, its buffers that are to be saved, and those of modules in it."""
    parts: list[Part] = []
    left_out = state.get("_non_persistent_buffers_set")
    skipped = left_out.items if type(left_out) is Collection else []
    kinds: tuple[tuple[str, Kind | None], ...] = (("_parameters", None), ("_buffers", "buffer"), ("_modules", None))
    for name, kind in kinds:
        inside = state.get(name)
        if type(inside) is Mapping:
            parts += [(named(key), part, kind) for key, part in inside.pairs if kind is None or key not in skipped]
    return parts


def named(key: Any) -> str:
    """A key as a part of a name."""
    return key if type(key) is str else str(key) if type(key) in (int, float, bool, type(None)) else type(key).__name__
