"""Ask real Keras what every case's layer outputs and holds, and freeze the answers.

    KERAS_BACKEND=jax python -m tests.oracle.freeze_layers
    KERAS_BACKEND=tensorflow python -m tests.oracle.freeze_layers

needs `keras` and `jax` (or `tensorflow`), and rewrites `tests/data/keras/layers.jsonl`: a header line naming
the Keras version, then a compact line a case. Layers that only run where TensorFlow is installed
are asked with that backend and go to `layers_tensorflow.jsonl`.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras
from keras.src.initializers import random_initializers

import tests.oracle
from tests.oracle.table import Case

DATA = Path(__file__).parent.parent / "data" / "keras"
NEEDS_TENSORFLOW = {
    "Hashing",
    "HashedCrossing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
}
# Not a layer of its own in a file, or nothing that a formula could know.
NOT_ASKED = {
    "FlaxLayer",
    "InputLayer",
    "InputSpec",
    "JaxLayer",
    "Lambda",
    "Layer",
    "TFSMLayer",
    "TorchModuleWrapper",
    "Wrapper",
}
TAKES_A_LIST = (
    keras.layers.Add,
    keras.layers.AdditiveAttention,
    keras.layers.Attention,
    keras.layers.Average,
    keras.layers.Concatenate,
    keras.layers.Dot,
    keras.layers.HashedCrossing,
    keras.layers.Maximum,
    keras.layers.Minimum,
    keras.layers.Multiply,
    keras.layers.Subtract,
)
ATTENTION = (
    keras.layers.AdditiveAttention,
    keras.layers.Attention,
    keras.layers.GroupQueryAttention,
    keras.layers.MultiHeadAttention,
)
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)


def cases() -> list[Case]:
    """The cases of all `cases_*` modules, in order, without repeats."""
    found: dict[str, Case] = {}
    for info in sorted(pkgutil.iter_modules(tests.oracle.__path__), key=lambda info: info.name):
        if info.name.startswith("cases_"):
            for case in importlib.import_module(f"tests.oracle.{info.name}").CASES:
                found.setdefault(json.dumps(case), case)
    return list(found.values())


def is_layer(value: Any) -> bool:
    """Whether a value in a case's options is itself a layer entry."""
    return isinstance(value, dict) and len(value) == 1 and hasattr(keras.layers, next(iter(value)))


def make(value: Any) -> Any:
    """A Keras layer from a layer entry, at any depth; other values as they are."""
    if is_layer(value):
        ((kind, options),) = value.items()
        return getattr(keras.layers, kind)(**{name: make(each) for name, each in options.items()})
    if isinstance(value, list):
        return [make(each) for each in value]
    return value


def call(layer: keras.layers.Layer, tensors: list[Any]) -> Any:
    """Call the layer as its class wants: one tensor, a list, query and value, or initial states."""
    if isinstance(layer, ATTENTION) and len(tensors) == 1:
        tensors = tensors * 2
    if isinstance(layer, TAKES_A_LIST):
        return layer(tensors)
    if isinstance(layer, RECURRENT) and len(tensors) > 1:
        return layer(tensors[0], initial_state=tensors[1:])
    return layer(*tensors)


def build(case: Case) -> dict[str, Any]:
    """What Keras says of one case: output shapes and weights."""
    dtypes = case.get("dtypes", [None] * len(case["inputs"]))
    tensors = [keras.Input(shape, dtype=dtype) for shape, dtype in zip(case["inputs"], dtypes, strict=True)]
    layer = make(case["layer"])
    outputs = keras.tree.flatten(call(layer, tensors))
    keras.Model(tensors, outputs)
    return {
        "outputs": [list(output.shape) for output in outputs],
        "weights": [
            [weight.path.removeprefix(f"{layer.name}/"), list(weight.shape), weight.trainable]
            for weight in layer.weights
        ],
    }


def answer(case: Case) -> dict[str, Any]:
    """The case with Keras' answer, or with the first line of its refusal."""
    keras.backend.clear_session(free_memory=False)
    try:
        return {**case, **build(case)}
    except Exception as error:  # whatever Keras raises is its refusal
        lines = [line.strip() for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()]
        # Keras wraps what a call raises: "Exception encountered when calling …", then the message in bold.
        first = next((line for line in lines if line and not line.startswith("Exception encountered")), "")
        kind = type(error).__name__
        return {**case, "refused": (first if kind == "ValueError" else f"{kind}: {first}")[:150]}


def kinds(value: Any) -> set[str]:
    """The classes a layer entry names, at any depth."""
    if isinstance(value, dict):
        own = {getattr(keras.layers, next(iter(value))).__name__} if is_layer(value) else set()
        return own.union(*map(kinds, value.values()))
    if isinstance(value, list):
        return set().union(*map(kinds, value))
    return set()


def uncovered(all_cases: list[Case]) -> set[str]:
    """Classes of keras.layers that no case names."""
    covered = set().union(*(kinds(case["layer"]) for case in all_cases))
    exported = {name: getattr(keras.layers, name) for name in dir(keras.layers)}
    return {
        name
        for name, value in exported.items()
        if isinstance(value, type) and name not in NOT_ASKED and value.__name__ not in covered
    }


@contextlib.contextmanager
def cheap_initial_values() -> Iterator[None]:
    """Zeros for random weights: values change no shape, and JAX compiles a sampler for every one.

    Only the initializers' own view of the random functions is replaced: layers that draw in `call` keep theirs.
    """

    def zeros(shape: tuple[int, ...], *args: Any, dtype: str | None = None, **options: Any) -> Any:
        return keras.ops.zeros(shape, dtype=dtype)

    original = random_initializers.random
    drawn = {"normal": zeros, "truncated_normal": zeros, "uniform": zeros}
    random_initializers.random = SimpleNamespace(**{**vars(original), **drawn})
    try:
        yield
    finally:
        random_initializers.random = original


def main() -> None:
    """Rewrite the backend's data file and say what it holds."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # Keras' messages print sets
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.oracle.freeze_layers"])
    warnings.simplefilter("ignore")
    backend = keras.backend.backend()
    all_cases = cases()
    if missing := uncovered(all_cases):
        print(f"not covered: {', '.join(sorted(missing))}", file=sys.stderr)
    wants_tensorflow = backend == "tensorflow"
    asked = [case for case in all_cases if bool(kinds(case["layer"]) & NEEDS_TENSORFLOW) == wants_tensorflow]
    with cheap_initial_values():
        answers = [answer(case) for case in asked]
    header = {"keras": keras.__version__, "backend": backend, "cases": len(answers)}
    lines = [json.dumps(line, separators=(",", ":")) for line in [header, *answers]]
    name = "layers_tensorflow.jsonl" if wants_tensorflow else "layers.jsonl"
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    refused = sum("refused" in line for line in answers)
    print(f"{name}: {len(answers)} cases, {refused} refused", file=sys.stderr)


if __name__ == "__main__":
    main()
