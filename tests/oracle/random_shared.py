"""Random models that share heavily: `KERAS_BACKEND=jax python -m tests.oracle.random_shared COUNT SEED FILE`.

A few layers, cells and models are each put into several places: called directly, inside wrappers, inside models, inside
models in wrappers. Each model is saved as `.keras` and loaded again; a line of FILE has its architecture, and what the
loaded model holds: Keras' own count, each variable once.
"""

import gzip
import io
import json
import random
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
from keras import layers as L  # noqa: N812 - as Keras' own examples abbreviate it

WIDTH = 3
"""The size of the last axis everywhere, so that everything fits everywhere."""

REFUSALS = (ValueError, TypeError, AttributeError, RuntimeError, NotImplementedError, KeyError, IndexError)


class Pool:
    """Parts of one model that may stand in several places."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.parts: list = []
        self.cells: list = []

    def old_or(self, found: list, make):
        """One that exists already, more often than not, or a new one."""
        if found and self.rng.random() < 0.6:
            return self.rng.choice(found)
        made = make()
        found.append(made)
        return made

    def cell(self):
        return self.old_or(self.cells, self.new_cell)

    def new_cell(self):
        kind = self.rng.choice((L.SimpleRNNCell, L.GRUCell, L.LSTMCell, "stack"))
        if kind == "stack":
            return L.StackedRNNCells([self.cell() for _ in range(self.rng.randint(1, 3))])
        return kind(WIDTH)

    def part(self, depth: int = 0):
        return self.old_or(self.parts, lambda: self.new_part(depth))

    def new_part(self, depth: int):
        """A layer or a model that maps (batch, n, WIDTH) to the same shape."""
        makers = [self.dense, self.norm, self.recurrent, self.dense]
        if depth < 3:
            makers += [self.spread, self.spectral, self.both_ways, self.chain, self.graph, self.spread]
        made = self.rng.choice(makers)(depth + 1)
        if self.rng.random() < 0.15:
            made.trainable = False
        return made

    def dense(self, depth: int):
        return L.Dense(WIDTH, use_bias=self.rng.random() < 0.7)

    def norm(self, depth: int):
        return self.rng.choice((L.LayerNormalization, L.BatchNormalization))()

    def recurrent(self, depth: int):
        if self.rng.random() < 0.7:
            return L.RNN(self.cell(), return_sequences=True)
        return self.rng.choice((L.LSTM, L.GRU))(WIDTH, return_sequences=True)

    def spread(self, depth: int):
        return L.TimeDistributed(self.part(depth))

    def spectral(self, depth: int):
        inner = [part for part in self.parts if isinstance(part, L.Dense)]
        return L.SpectralNormalization(self.rng.choice(inner) if inner else L.Dense(WIDTH))

    def both_ways(self, depth: int):
        runs = [part for part in self.parts if isinstance(part, (L.RNN, L.LSTM, L.GRU))]
        inner = self.rng.choice(runs) if runs else L.LSTM(WIDTH, return_sequences=True)
        back = None
        if self.rng.random() < 0.4:
            back = L.RNN(self.cell(), return_sequences=True, go_backwards=True)
        return L.Bidirectional(inner, merge_mode="sum", backward_layer=back)

    def chain(self, depth: int):
        return keras.Sequential([self.part(depth) for _ in range(self.rng.randint(1, 3))])

    def graph(self, depth: int):
        x = y = keras.Input((4, WIDTH))
        for _ in range(self.rng.randint(1, 3)):
            y = self.part(depth)(y)
        return keras.Model(x, y)


def random_model(rng: random.Random):
    """A model of a few calls of shared parts; a call that Keras refuses is left out."""
    pool = Pool(rng)
    x = keras.Input((4, WIDTH))
    ends = [x]
    while len(ends) < rng.randint(4, 9):
        try:
            y = pool.part()(rng.choice(ends))
        except REFUSALS:
            continue
        if y.shape == x.shape:
            ends.append(y)
    return keras.Model(x, L.Add()(ends[1:]) if len(ends) > 2 else ends[-1])


def truth(seed: int) -> dict | None:
    """The architecture of a model as it is saved, and what it holds once loaded; None where Keras cannot load it."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.keras")
        try:
            model = random_model(random.Random(seed))
            model.save(path)
        except REFUSALS:
            return None
        config = zipfile.ZipFile(io.BytesIO(path.read_bytes())).read("config.json").decode()
        try:
            loaded = keras.saving.load_model(path)
        except REFUSALS:
            return None
        trainable = sum(variable.value.size for variable in loaded.trainable_weights)
        return {"seed": seed, "config": config, "params": loaded.count_params(), "trainable": int(trainable)}


def main() -> None:
    count, first, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with gzip.open(file, "wt", encoding="utf-8") as out:
        for seed in range(first, first + count):
            found = truth(seed)
            if found is not None:
                out.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
