"""Which layers of two frameworks correspond to each other, and their names for weights.

Layers correspond if they are of the same kind and their weights have the same elements; biases, moving statistics and
the order of axes may differ, and are reported by a comparison.
"""

from functools import cache
from importlib import import_module

from paramcalc.layers.registry import FRAMEWORKS

FACTS = [import_module(f"paramcalc.layers.{framework}.names") for framework in FRAMEWORKS]

KINDS = {"Custom": "parameter"}
"""Class → kind of layer, for classes of no framework."""


@cache
def kinds() -> dict[str, str]:
    """Class → kind of layer: the frameworks' `KINDS`, then the pairs of names in their `COUNTERPARTS`."""
    found = dict(KINDS)
    for names in FACTS:
        found |= names.KINDS
    for names in FACTS[1:]:
        for name, theirs in names.COUNTERPARTS.items():
            found.setdefault(theirs, name.lower())
    return found


@cache
def statistics() -> frozenset[str]:
    """The names of normalization layers' statistics: non-trainable parameters, or buffers."""
    return frozenset(name for names in FACTS for name in names.STATISTICS)


def kind_of(type_: str) -> str:
    """The kind of a layer: equal for counterparts with different names, such as `Dense` and `Linear`."""
    name = type_.rpartition(".")[2]
    return kinds().get(name) or name.lower()
