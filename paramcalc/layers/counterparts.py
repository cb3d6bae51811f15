"""Layers of two frameworks side by side: which are of one kind, and what each calls a weight.

Layers are alike across frameworks when they are of one kind and their weights have the same elements; biases, moving
statistics and the order of axes may differ, and are what a comparison names.
"""

from paramcalc.layers.registry import FRAMEWORKS, Registry

KINDS: dict[str, str] = {
    "BatchNormalization": "batch normalization",
    **{f"BatchNorm{rank}d": "batch normalization" for rank in (1, 2, 3)},
    "SyncBatchNorm": "batch normalization",
    "FrozenBatchNorm2d": "batch normalization",
    **{f"DepthwiseConv{rank}D": f"conv{rank}d" for rank in (1, 2)},
    **dict.fromkeys(("TransposedLinear", "HeadLinear"), "dense"),
    "WeightNormConv1d": "conv1d",
    "Parameter": "parameter",
    "Custom": "parameter",
}
"""Class → what kind of layer it is, beside those that `COUNTERPARTS` of the frameworks pair by name."""

STATISTICS = frozenset(("moving_mean", "moving_variance", "running_mean", "running_var"))
"""What normalization gathers from the data: parameters that are not trained, or buffers."""


def kind_of(type_: str) -> str:
    """The kind of a layer: equal for what two frameworks call otherwise, such as `Dense` and `Linear`."""
    name = type_.rpartition(".")[2]
    return KINDS.get(name) or _canonical().get(name) or name.lower()


def _canonical() -> dict[str, str]:
    """The other frameworks' classes → that of the first framework."""
    if not _CANONICAL:
        for framework in FRAMEWORKS[1:]:
            for name, theirs in Registry(framework).counterparts.items():
                _CANONICAL.setdefault(theirs, name.lower())
    return _CANONICAL


_CANONICAL: dict[str, str] = {}
