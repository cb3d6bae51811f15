"""How layers of two frameworks are compared, and why two networks that are the same on paper differ.

Only layers with weights are compared: activations, padding and sums are layers in one framework and functions in the
other. Biases, statistics and the order of axes are compared separately, because each framework handles them in its own
way.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from paramcalc.layers.counterparts import kind_of, statistics
from paramcalc.summary import LayerSummary, WeightSummary

Sides = tuple[LayerSummary, LayerSummary]
Which = Callable[[WeightSummary], bool]


SHOWN = 2
"""How many weights of a layer an example names."""


class Reason(NamedTuple):
    """One way in which two networks differ.

    Attributes:
        what: "biases", "statistics", "weights" or "layouts".
        layers: how many layers differ in it.
        params: by how many parameters; 0 for what changes no count.
        example: the first of them, in words.
    """

    what: str
    layers: int
    params: int
    example: str


def likeness(row: LayerSummary) -> Hashable:
    """The key by which layers match: their kind and the elements of their weights, without biases and statistics."""
    return kind_of(row.type), row.weight_params


def likeness_in_place(row: LayerSummary) -> Hashable:
    """The same key with the sizes of the output, in any order: they say where in the network a layer is."""
    shape = row.output_shape if isinstance(row.output_shape, tuple) else ()
    return likeness(row), tuple(sorted([size for size in shape[1:] if size is not None]))


def kind(row: LayerSummary) -> Hashable:
    """What kind of layer it is."""
    return kind_of(row.type)


def facts(row: LayerSummary) -> Hashable:
    """What makes a layer count as changed: all its counts except that of buffers."""
    return kind_of(row.type), row.weight_params, row.bias_params, row.params


def why(pairs: Iterable[Sides], names: tuple[str, str]) -> list[Reason]:
    """Why matched layers differ: each reason with the number of layers it applies to and an example.

    Args:
        pairs: layers that were matched.
        names: what the two frameworks are called.
    """
    found: dict[str, Reason] = {}
    for sides in pairs:
        for what, params, example in differences(sides, names):
            old = found.get(what, Reason(what, 0, 0, f"'{sides[1].path}': {example}"))
            found[what] = old._replace(layers=old.layers + 1, params=old.params + params)
    return list(found.values())


def differences(sides: Sides, names: tuple[str, str]) -> Iterable[tuple[str, int, str]]:
    """(what, parameters, in words) of each difference of two layers."""
    before, now = sides
    biases = now.bias_params - before.bias_params
    if biases:
        yield "biases", biases, against([shapes(row, is_bias) for row in sides])
    statistics = [sum([each.params for each in row.weights if is_statistic(each)]) for row in sides]
    estimated = [[each for each in row.weights if is_statistic(each)] for row in sides]
    if statistics[0] != statistics[1] and all(estimated):
        words = [
            f"{' and '.join([each.name for each in some])} are {'parameters' if count else 'buffers'} in {name}"
            for some, count, name in zip(estimated, statistics, names, strict=True)
        ]
        yield "statistics", statistics[1] - statistics[0], ", ".join(words)
    if now.weight_params != before.weight_params:
        yield "weights", now.weight_params - before.weight_params, against([shapes(row, is_main) for row in sides])
    elif moved(before, now):
        yield "layouts", 0, against([shapes(row, is_main) for row in sides])


def is_bias(weight: WeightSummary) -> bool:
    """Whether it is a bias."""
    return weight.kind == "bias"


def is_main(weight: WeightSummary) -> bool:
    """Whether it is neither bias nor statistic."""
    return weight.kind == "weight"


def is_statistic(weight: WeightSummary) -> bool:
    """Whether it is estimated from the data, whether it is kept as a parameter or as a buffer."""
    return weight.name.rpartition("/")[2] in statistics()


def moved(before: LayerSummary, now: LayerSummary) -> bool:
    """Whether the axes of the weights are in another order."""
    one, two = ([each.shape for each in row.weights if is_main(each)] for row in (before, now))
    return one != two


def shapes(row: LayerSummary, which: Which) -> str:
    """`kernel (3, 3, 64, 64)`, with an ellipsis for further ones; "none" where the layer has none."""
    found = [f"{each.name or row.name} {each.shape}" for each in row.weights if which(each)]
    return ", ".join([*found[:SHOWN], *["…"] * (len(found) > SHOWN)]) or "none"


def against(words: list[str]) -> str:
    """Both values, side by side."""
    return f"{words[0]} → {words[1]}"
