"""Wider random models, for seeds from `FIRST_WIDE` on: rare operations, audio, LoRA, states, models inside wrappers.

A class of its own, so that the seeds below still stand for the models that are frozen.
"""

import numpy as np

from .random_layers import L, layer_for
from .random_models import Grower, is_float
from .truth import keras

FIRST_WIDE = 1_000_000
ops = keras.ops
EXPRESSIONS = """
ops.append(x, y, axis=1)
ops.append(x, y)
ops.array_split(x, 3, axis=-1)
ops.select([x > 0], [y], 0.5)
ops.quantile(x, 0.5, axis=1)
ops.quantile(x, [0.1, 0.5], axis=-1, keepdims=True)
ops.median(x, axis=1)
ops.rot90(x, axes=(1, 2))
ops.diff(x, axis=1)
ops.trace(x, axis1=1, axis2=2)
ops.dstack([x, y])
ops.inner(x, y)
ops.vdot(x, y)
ops.kron(x, y)
ops.outer(x, y)
ops.moments(x, axes=[1])
ops.moments(x, axes=[-1], keepdims=True)
ops.linspace(x, y, 5)
ops.linspace(x, y, 3, axis=-1)
ops.digitize(x, np.array([0.0, 1.0]))
ops.top_k(x, 1)
ops.one_hot(ops.argmax(x, axis=-1), 4)
ops.take(np.ones((9, 3), "float32"), ops.argmax(x, axis=-1), axis=0)
ops.take_along_axis(x, ops.argsort(x, axis=1), axis=1)
ops.pad(x, [[0, 0]] * (rank - 1) + [[1, 2]])
ops.tile(x, 2)
ops.repeat(x, 2)
ops.roll(x, 1, axis=1)
ops.flip(x, axis=1)
ops.reshape(x, (-1, x.shape[-1]))
ops.squeeze(ops.expand_dims(x, 1), 1)
ops.expand_dims(x, (1, 2))
ops.moveaxis(x, (1, -1), (-1, 1))
ops.split(x, [1], axis=-1)
ops.unstack(x, axis=-1)
ops.stack([x, y, x], axis=-1)
ops.concatenate([x, y, x], axis=-1)
ops.cast(x > y, "float32")
ops.cast(x, "float16") * 2
ops.einsum("...a,ab->...b", x, np.ones((x.shape[-1], 3), "float32"))
ops.matmul(x, np.ones((x.shape[-1], 2), "float32")) + np.ones((2,), "float32")
ops.softmax(ops.matmul(x, ops.swapaxes(y, -1, -2)))
ops.conv_transpose(x, np.ones((2,) * (rank - 2) + (3, x.shape[-1]), "float32"), strides=2, padding="same")
ops.depthwise_conv(x, np.ones((2,) * (rank - 2) + (x.shape[-1], 2), "float32"), padding="same")
ops.max_pool(x, 2, strides=1, padding="same")
ops.average_pool(x, 2)
ops.image.resize(x, (4, 5))
ops.image.extract_patches(x, 2)
ops.image.pad_images(x, 1, 1, 1, 1)
ops.image.crop_images(x, 1, 0, 0, 1)
ops.batch_normalization(x, np.ones((x.shape[-1],), "float32"), np.ones((x.shape[-1],), "float32"), axis=-1)
ops.normalize(x, axis=1)
ops.norm(x, axis=1)
ops.norm(x)
ops.logsumexp(x, axis=-1)
ops.where(x > y, x, 0.0)
ops.where(ops.isnan(x), y, x)
ops.clip(x, -1, 1) ** 2
ops.cumsum(x, axis=1) / (1 + ops.arange(x.shape[-1], dtype="float32"))
ops.average(x, axis=1)
ops.argmax(x, axis=1, keepdims=True)
ops.count_nonzero(x, axis=1)
ops.categorical_crossentropy(x, y)
ops.binary_crossentropy(x, y)
ops.slice(x, (0,) * rank, (1,) * rank)
ops.slice_update(x, (0,) * rank, ops.ones((1,) * rank))
ops.stft(x, 4, 2, 4)
ops.rfft(x)
ops.extract_sequences(x, 2, 1)
ops.broadcast_to(x, (2, *x.shape))
ops.logical_and(x > 0, y > 0)
x[:, -1] * y[:, 0]
x[..., None, :] + y[..., None]
(x - ops.mean(x, axis=-1, keepdims=True)) / ops.std(x, axis=-1, keepdims=True)
""".strip().split("\n")


class WideGrower(Grower):
    """A Grower with more moves."""

    def operate(self):
        if self.rng.random() < 0.4:
            return super().operate()
        move = self.rng.choice([self.rare, self.rare, self.rare, self.audio, self.image_states, self.wrapped_model])
        return move()

    def rare(self):
        x = self.pick(rank=self.rng.choice([2, 3, 3, 4]))
        y = self.pick(shape=x.shape)
        names = {"x": x, "y": y, "ops": ops, "np": np, "rank": len(x.shape)}
        self.keep(None, [x, y], eval(self.rng.choice(EXPRESSIONS), names))

    def audio(self):
        x = self.pick(rank=2)
        wave = ops.tile(x, (1, 40))
        layer = self.rng.choice(
            [
                lambda: L.STFTSpectrogram(frame_length=16, frame_step=8, fft_length=32, **self.namer.common()),
                lambda: L.MelSpectrogram(num_mel_bins=6, fft_length=32, sequence_stride=8, sampling_rate=400),
            ]
        )()
        self.keep(layer, [x], layer(ops.expand_dims(wave, -1) if isinstance(layer, L.STFTSpectrogram) else wave))

    def image_states(self):
        x = self.pick(rank=5)
        first = L.ConvLSTM2D(2, 2, padding="same", return_state=True, return_sequences=True)
        y, *state = first(x)
        second = L.ConvLSTM2D(2, 2, padding="same", return_state=self.rng.random() < 0.5)
        self.keep(None, [x], second(y, initial_state=state))

    def wrapped_model(self):
        x = self.pick(rank=self.rng.choice([3, 4]))
        step = keras.KerasTensor((x.shape[0], *x.shape[2:]), dtype=x.dtype)
        inner = WideGrower(self.rng, self.depth + 2).functional([(step.shape[1:], str(x.dtype))])
        layer = L.TimeDistributed(inner, **self.namer.common())
        self.keep(layer, [x], layer(x))

    def call_layer(self):
        x = self.pick()
        layer = layer_for(self.rng, x, **self.namer.common())
        y = layer(x)
        if is_float(x) and self.rng.random() < 0.1 and hasattr(layer, "enable_lora"):
            layer.enable_lora(2)
        self.keep(layer, [x], y)
