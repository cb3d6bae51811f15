"""Let real Keras write HDF5 files of every layout, and freeze them with what Keras says they hold.

    KERAS_BACKEND=jax python -m tests.oracle.freeze_h5      # where `keras` is Keras 3
    python -m tests.oracle.freeze_h5                        # where it is that of TensorFlow 2.15

rewrites `tests/data/keras/h5/keras3*` or `keras2*`: the files, packed, and in `keras3.json` or `keras2.json` for each
its number of parameters, those that are trained, and the shape and type of every weight. All values are zeros: they
are never read, and pack well.
"""

import gzip
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

DATA = Path(__file__).parent.parent / "data" / "keras" / "h5"
VERSION = keras.__version__.partition(".")[0]


class Mine(layers.Layer):
    """A layer that only its author knows: a weight of its own, and a layer inside."""

    def build(self, shape: Any) -> None:
        self.matrix = self.add_weight(shape=(shape[-1], 3), name="matrix")
        self.dense = layers.Dense(2, name="inner")
        self.dense.build((None, 3))

    def call(self, x: Any) -> Any:
        return self.dense(x @ self.matrix)


class Subclassed(keras.Model):
    """A model without a graph, with layers in attributes and a list, and a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = layers.Dense(3, name="same")
        self.second = layers.Dense(3, name="same" if VERSION == "3" else "other")
        self.blocks = [layers.Dense(4), layers.Conv1D(2, 1), layers.Dense(5)]
        self.own = self.add_weight(name="own", shape=(2,))

    def call(self, x: Any) -> Any:
        x = self.second(self.first(x))
        for block in self.blocks:
            x = block(x)
        return x


def functional() -> Any:
    """Layers in layers, a model inside, a shared layer, and one that is not known."""
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="e1"), layers.BatchNormalization(name="e2")])
    image = keras.Input((5, 8), name="sequence")
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(image)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = layers.TimeDistributed(layers.Dense(6), name="each")(x)
    x = layers.TimeDistributed(inner, name="encoded")(x)
    shared = layers.Dense(4, name="shared")
    x = layers.GRU(4, name="gru")(shared(shared(layers.Dropout(0.5)(x))))
    x = Mine(name="mine")(x)
    model = keras.Model(image, layers.Dense(2, name="block/out" if VERSION == "2" else "out")(x))
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    return model


def nested() -> Any:
    """Layers that are not known in models inside models, one of them used twice."""
    inmost_input = keras.Input((3,), name="inmost_input")
    inmost = keras.Model(inmost_input, Mine(name="one")(layers.Dense(5, name="first")(inmost_input)), name="inmost")
    inner_input = keras.Input((4,), name="inner_input")
    x = Mine(name="two")(inner_input)
    x = inmost(layers.Dense(3, name="between")(x))
    inner = keras.Model(inner_input, layers.BatchNormalization(name="normal")(x), name="inner")
    image = keras.Input((4,), name="image")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(4), Mine(), layers.Dense(2)], name="other")
    x = layers.concatenate([inner(image), inner(other(image) @ np.zeros((2, 4), "float32")), other(image)])
    return keras.Model(image, layers.Dense(2, name="last")(Mine(name="three")(x)))


def subclassed() -> Any:
    model = Subclassed()
    model(np.zeros((1, 6, 2), "float32"))
    return model


def half() -> Any:
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="bfloat16"), layers.Dense(2, dtype="float16")])


def quantized() -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    model.quantize("int8")
    return model


def save(model: Any, name: str) -> None:
    model.save(name)


def save_weights(model: Any, name: str) -> None:
    model.save_weights(name)


def save_sharded(model: Any, name: str) -> None:
    model.save_weights(name, max_shard_size=2e-6)


FILES: dict[str, list[tuple[str, Callable[[], Any], Callable[[Any, str], None]]]] = {
    "2": [
        ("model.h5", functional, save),
        ("listed.h5", functional, save_weights),
        ("tracked.weights.h5", functional, save_weights),
        ("model.keras", functional, save),
        ("nested.h5", nested, save),
        ("nested.keras", nested, save),
        ("subclassed.h5", subclassed, save_weights),
        ("subclassed.weights.h5", subclassed, save_weights),
    ],
    "3": [
        ("model.h5", functional, save),
        ("tracked.weights.h5", functional, save_weights),
        ("model.keras", functional, save),
        ("nested.h5", nested, save),
        ("nested.keras", nested, save),
        ("subclassed.weights.h5", subclassed, save_weights),
        ("half.weights.h5", half, save_weights),
        ("int8.weights.h5", quantized, save_weights),
        ("sharded.weights.json", functional, save_sharded),
    ],
}


def facts(model: Any) -> dict[str, Any]:
    """What Keras says of a model."""
    return {
        "params": model.count_params(),
        "trainable": sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
        "weights": sorted(
            [list(weight.shape), getattr(weight.dtype, "name", weight.dtype)] for weight in model.weights
        ),
    }


def zeroed(model: Any) -> Any:
    for weight in [*model.weights, *(model.optimizer.variables if getattr(model, "optimizer", None) else [])]:
        weight.assign(np.zeros(weight.shape))
    return model


def written() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Each file that is made, with the facts of its model."""
    for name, make, write in FILES[VERSION]:
        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as folder:
            model = zeroed(make())
            write(model, str(Path(folder) / name))
            for path in sorted(Path(folder).iterdir()):
                yield path.name, path.read_bytes(), facts(model)


def main() -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    known = {}
    for name, data, said in written():
        known[name] = said
        (DATA / f"keras{VERSION}-{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    text = json.dumps({"keras": keras.__version__, "files": known}, separators=(",", ":"))
    (DATA / f"keras{VERSION}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(known)} files of Keras {keras.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()
