"""Checkpoints and SavedModels that TensorFlow writes → tests/data/tensorflow.zip, with what TensorFlow reads in them.

    python -m tests.oracle.freeze_tensorflow            (with tensorflow and tf_keras)

The values and the graphs are left out: `saved_model.pb` is empty there, and of the data only the index is kept.
"""

import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

TARGET = Path(__file__).resolve().parents[1] / "data" / "tensorflow.zip"
L = tf_keras.layers


def trained(folder):
    """A Sequential with an optimizer's state, as a SavedModel and as weights."""
    stack = [L.Input((8, 8, 3)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.Flatten(), L.Dense(5)]
    model = tf_keras.Sequential(stack, name="seq")
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 8, 8, 3), "f"), np.zeros((4, 5), "f"), verbose=0)
    model.save(folder / "sequential", save_format="tf")
    model.save_weights(folder / "weights" / "model.ckpt", save_format="tf")
    return model.count_params()


def functional(folder):
    """A graph with a shared layer and layers in layers."""
    ids = L.Input((10,), dtype="int32")
    x = L.Embedding(50, 16, mask_zero=True)(ids)
    x = L.GRU(6)(L.Bidirectional(L.LSTM(8, return_sequences=True))(x))
    dense = L.Dense(3)
    model = tf_keras.Model(ids, L.Concatenate()([dense(x), dense(x)]), name="func")
    model.save(folder / "functional", save_format="tf")
    return model.count_params()


class Code(tf_keras.Model):
    """A model without an architecture."""

    def __init__(self):
        super().__init__()
        self.first, self.second = L.Dense(4), L.Dense(2)

    def call(self, x):
        return self.second(self.first(x))


def subclassed(folder):
    model = Code()
    model(np.zeros((1, 3), "f"))
    model.save(folder / "code", save_format="tf")
    return model.count_params()


def exported(folder):
    """What Keras 3 exports."""
    stack = [keras.Input((7,)), keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
    model = keras.Sequential(stack)
    model.export(folder / "export", verbose=0)
    return model.count_params()


def unpacked(folder):
    """A .keras archive, unpacked."""
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    model.save(folder / "packed.keras")
    with zipfile.ZipFile(folder / "packed.keras") as archive:
        archive.extractall(folder / "unpacked")
    (folder / "packed.keras").unlink()
    return model.count_params()


def sessions(folder):
    """TensorFlow 1: a partitioned variable, an optimizer's slots, other types, and a text."""
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        with v1.variable_scope("net", partitioner=v1.fixed_size_partitioner(3)):
            v1.get_variable("emb", (10, 4))
        kernel = v1.get_variable("dense/kernel", (4, 2))
        v1.get_variable("half", (3,), dtype=tf.bfloat16, initializer=v1.zeros_initializer())
        v1.get_variable("text", shape=(), dtype=tf.string, initializer=v1.constant_initializer("x"))
        step = v1.train.get_or_create_global_step()
        v1.train.AdamOptimizer().minimize(tf.reduce_sum(kernel), global_step=step)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(folder / "tf1" / "model.ckpt"), global_step=7)
    return 10 * 4 + 4 * 2 + 3


def many(folder):
    """So many variables that the table has several blocks, of every type that has a width of its own."""
    types = ("float32", "float64", "float16", "bfloat16", "int8", "uint8", "int32", "int64", "bool", "complex64")
    found = [tf.Variable(tf.zeros((i % 7, 3), types[i % len(types)])) for i in range(1200)]
    tf.train.Checkpoint(v=found).write(str(folder / "many" / "ck"))


def variables(folder):
    """Index → name → shape and type."""
    found = {}
    for path in sorted(folder.rglob("*.index")):
        reader = tf.train.load_checkpoint(str(path)[:-6])
        types = reader.get_variable_to_dtype_map()
        found[str(path.relative_to(folder))] = {
            name: [types[name].name, *shape] for name, shape in sorted(reader.get_variable_to_shape_map().items())
        }
    return found


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        makers = (trained, functional, subclassed, exported, unpacked, sessions)
        totals = {maker.__name__: int(maker(folder)) for maker in makers}
        many(folder)
        truth = {"totals": totals, "variables": variables(folder)}
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("truth.json", json.dumps(truth))
            for path in sorted(folder.rglob("*")):
                if path.is_file() and ".data-" not in path.name and path.suffix != ".meta":
                    data = b"" if path.name == "saved_model.pb" else path.read_bytes()
                    archive.writestr(str(path.relative_to(folder)), data)


if __name__ == "__main__":
    main()
