"""Every layer class against what real Keras said of it: output shapes, weights, and what it refuses.

The facts are frozen by `python -m tests.oracle.freeze_layers`.
"""

import inspect
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from paramcalc.errors import ParamcalcError
from paramcalc.formats.text.fields import build_layer
from paramcalc.layers.base import Inferred, Layer, Sublayer
from paramcalc.layers.registry import Registry, snake_case
from tests.each import each
from tests.layers.keras.deliberate import DELIBERATE

DATA = Path(__file__).parents[2] / "data" / "keras"
REGISTRY = Registry()
OF_THE_READER = ("name", "trainable", "dtype")

Case = dict[str, Any]

MEANT = {text: reason for reason, texts in DELIBERATE.items() for text in texts}


class Fact(NamedTuple):
    """What is compared: shapes and, for each weight, the last part of its name, its shape, whether it trains."""

    outputs: list[list[int | None]]
    weights: list[tuple[str, list[int], bool]]


def load() -> dict[str, list[Case]]:
    """The frozen cases by class name."""
    cases = defaultdict(list)
    for file in sorted(DATA.glob("layers*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines()[1:]:
            case = json.loads(line)
            cases[next(iter(case["layer"]))].append(case)
    return cases


CASES = load()


def layer_of(entry: dict[str, Any]) -> Sublayer:
    """The layer of an entry `{Class: fields}`, with the layers in its fields built first."""
    ((kind, fields),) = entry.items()
    cls = REGISTRY.get(kind)
    own = {name: value for name, value in fields.items() if name not in OF_THE_READER}
    for name in cls.sublayers:
        if name in own:
            own[name] = sublayer(own[name])
    layer: Layer = build_layer(cls, own)
    return Sublayer(layer, fields.get("name", snake_case(kind)), kind, fields.get("trainable", True))


def sublayer(value: Any) -> Any:
    """A layer entry, or a list of them, as layers; anything else as it is."""
    if isinstance(value, list):
        return [sublayer(item) for item in value]
    if isinstance(value, dict) and len(value) == 1 and next(iter(value))[:1].isupper():
        return layer_of(value)
    return value


def computed(case: Case) -> Fact | str:
    """What paramcalc says of a case; its refusal as text."""
    try:
        layer = layer_of(case["layer"])
        shapes = [(None, *shape) for shape in case["inputs"]]
        if layer.layer.self_attends and len(shapes) == 1:
            shapes *= 2
        inspect.signature(layer.layer.infer).bind(*shapes)
    except (ParamcalcError, TypeError) as error:
        return str(error)
    try:
        return fact(layer.infer(*shapes))
    except ParamcalcError as error:
        return str(error)


def fact(inferred: Inferred) -> Fact:
    """The part of a formula's answer that Keras also gives."""
    outputs = inferred.output if isinstance(inferred.output, list) else [inferred.output]
    return Fact(
        [list(shape) for shape in outputs],
        [(last(weight.name), list(weight.shape), weight.trainable) for weight in inferred.weights],
    )


def expected(case: Case) -> Fact | None:
    """What Keras says of a case; None where it refuses.

    A frozen wrapper has no `trainable_weights` in Keras, though the layer inside does not know it.
    """
    if "refused" in case:
        return None
    trains = next(iter(case["layer"].values())).get("trainable", True)
    weights = [(last(name), shape, trains and trainable) for name, shape, trainable in case["weights"]]
    return Fact(case["outputs"], weights)


def last(name: str) -> str:
    return name.rpartition("/")[2]


def difference(case: Case) -> str | None:
    """How paramcalc and Keras differ on a case, as a line to read; None where they agree."""
    ours, theirs = computed(case), expected(case)
    text = f"{json.dumps(case['layer'])} on {json.dumps(case['inputs'])}"
    if isinstance(ours, str) and not is_explained(ours):
        return f"{text}: refused without a reason, {ours!r}"
    if text in MEANT:
        return None if isinstance(ours, str) != (theirs is None) else f"{text}: no longer differs"
    if theirs is None and isinstance(ours, str):
        return None
    if theirs is None:
        return f"{text}: Keras refuses ({case['refused']}), paramcalc says {ours}"
    if ours != theirs:
        return f"{text}: Keras says {theirs}, paramcalc {ours}"
    return None


def is_explained(refusal: str) -> bool:
    """Whether a refusal is a sentence, not an empty one or a Python error's."""
    return len(refusal) > 10 and "Traceback" not in refusal


@each("kind", sorted(CASES))
def test_layer_says_what_keras_says(kind: str) -> None:
    """Over all frozen cases of a class: the same shapes, the same weights, the same refusals, and why."""
    differences = [line for line in map(difference, CASES[kind]) if line]
    assert not differences, f"{len(differences)} of {len(CASES[kind])}:\n" + "\n".join(differences)


def test_deliberate_differences_are_frozen_cases() -> None:
    """No entry of the table is about a case that nobody asks."""
    asked = {f"{json.dumps(c['layer'])} on {json.dumps(c['inputs'])}" for cs in CASES.values() for c in cs}
    assert set(MEANT) <= asked
