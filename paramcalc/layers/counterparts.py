"""Which layers of two frameworks correspond to each other, and their names for weights.

Layers correspond if they are of the same kind and their weights have the same elements; biases, moving statistics and
the order of axes may differ, and are reported by a comparison.
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
"""Class → kind of layer, in addition to the pairs of names in the frameworks' `COUNTERPARTS`."""

STATISTICS = frozenset(("moving_mean", "moving_variance", "running_mean", "running_var"))
"""The statistics of normalization layers: non-trainable parameters, or buffers."""


def kind_of(type_: str) -> str:
    """The kind of a layer: equal for counterparts with different names, such as `Dense` and `Linear`."""
    name = type_.rpartition(".")[2]
    return KINDS.get(name) or _canonical().get(name) or name.lower()


def _canonical() -> dict[str, str]:
    """The other frameworks' classes → their counterparts in the first framework."""
    if not _CANONICAL:
        for framework in FRAMEWORKS[1:]:
            for name, theirs in Registry(framework).counterparts.items():
                _CANONICAL.setdefault(theirs, name.lower())
    return _CANONICAL


_CANONICAL: dict[str, str] = {}
