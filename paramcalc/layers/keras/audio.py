"""Spectrograms."""

from math import ceil, log2
from typing import Any, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Weight
from paramcalc.layers.formulas.window import window_length
from paramcalc.layers.keras.fields import Config, DataFormat
from paramcalc.shapes import Dim, Shape, check_rank, format_shape, known, product


class MelSpectrogram(Layer, frozen=True):
    """Sound → the energy in mel-spaced bands, frame by frame.

    Shapes: (batch, samples) → (batch, num_mel_bins, (samples + sequence_stride + 1) // sequence_stride)
    Formula: no weights; multiply-accumulates of the mel filters: frames × (fft_length // 2 + 1) × num_mel_bins
    Source: https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/mel_spectrogram/
    Example: {input: [16000], layers: [{MelSpectrogram: {num_mel_bins: 80}}]}
    """

    fft_length: Positive = 2048
    sequence_stride: Positive = 512
    sequence_length: Positive | None = None
    window: Any = "hann"
    sampling_rate: int = 16000
    num_mel_bins: Positive = 128
    min_freq: float = 20.0
    max_freq: float | None = None
    power_to_db: bool = True
    top_db: float = 80.0
    mag_exp: float = 2.0
    min_power: float = 1e-10
    ref_power: float = 1.0

    def infer(self, x: Shape) -> Inferred:
        """Return the spectrogram's shape; an input of one axis is one sound without a batch.

        Axes after the second are not checked, as in Keras.
        """
        if self.sequence_length is not None and self.fft_length < self.sequence_length:
            raise LayerError(f"fft_length {self.fft_length} is smaller than sequence_length {self.sequence_length}")
        if not x:
            raise LayerError("expects audio of shape (batch, samples)")
        samples = x[0] if len(x) == 1 else x[1]
        frames = None if samples is None else (samples + self.sequence_stride + 1) // self.sequence_stride
        macs: Factors = (
            ("frames", frames),
            ("frequencies", self.fft_length // 2 + 1),
            ("num_mel_bins", self.num_mel_bins),
        )
        return Inferred((*x[: len(x) > 1], self.num_mel_bins, frames), (), (macs,))


Mode = Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"]


class STFTSpectrogram(Layer, frozen=True):
    """Short-time Fourier transform as a convolution with a kernel that can be trained.

    Shapes: (batch, samples, channels) → (batch, frames, channels × (fft_length // 2 + 1))
    Formula: frame_length × (fft_length // 2 + 1), once for the real and once for the imaginary part
    Source: https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/stft_spectrogram/
    Example: {input: [16000, 1], layers: [{STFTSpectrogram: {frame_length: 400, fft_length: 512}}]}
    """

    mode: Mode = "log"
    frame_length: Positive = 256
    frame_step: Positive | None = None
    fft_length: Positive | None = None
    window: str | Config | None = "hann"
    periodic: bool = False
    scaling: Literal["density", "spectrum"] | None = "density"
    padding: Literal["valid", "same"] = "valid"
    expand_dims: bool = False
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Convolve each channel separately; mode 'stft' returns both parts, concatenated."""
        check_rank(x, 3, "(batch, samples, channels)")
        self.check()
        first = self.data_format == "channels_first"
        channels = known(x, 1 if first else 2, "number of channels")
        frames = self.frames(x, x[2 if first else 1])
        frequencies = self.frequencies()
        if self.mode == "stft":
            frequencies *= 2
        output: Shape
        if self.expand_dims:
            last = (frames, frequencies)
            output = (x[0], channels, *last) if first else (x[0], *last, channels)
        else:
            output = (x[0], channels * frequencies, frames) if first else (x[0], frames, channels * frequencies)
        weights = self.kernels()
        positions = ("positions", product((x[0] or 1, frames, channels)))
        return Inferred(output, weights, tuple((positions, *weight.factors) for weight in weights))

    def check(self) -> None:
        """Refuse frames that leave gaps between them or are longer than their transform."""
        if self.frame_step is not None and self.frame_step > self.frame_length:
            raise LayerError(f"frame_step {self.frame_step} is larger than frame_length {self.frame_length}")
        if self.fft_length is not None and self.fft_length < self.frame_length:
            raise LayerError(f"fft_length {self.fft_length} is smaller than frame_length {self.frame_length}")

    def frames(self, x: Shape, samples: Dim) -> Dim:
        """Return the number of frames."""
        step = self.frame_step or self.frame_length // 2
        if step < 1:
            raise LayerError(f"frame_length {self.frame_length} needs a frame_step")
        frames = window_length(samples, self.frame_length, step, self.padding)
        if frames is not None and frames < 1:
            raise LayerError(f"frame_length {self.frame_length} is larger than the input {format_shape(x)}")
        return frames

    def frequencies(self) -> int:
        """Return the number of frequencies in the transform, whose length defaults to the next power of two."""
        length = self.fft_length or 2 ** ceil(log2(self.frame_length))
        return length // 2 + 1

    def kernels(self) -> tuple[Weight, ...]:
        """Return the kernels of the parts that the mode needs."""
        shape = (self.frame_length, 1, self.frequencies())
        factors: Factors = (("frame_length", shape[0]), ("frequencies", shape[2]))
        parts = [part for part, other in (("real", "imag"), ("imag", "real")) if self.mode != other]
        return tuple(Weight(f"{part}_kernel", shape, factors) for part in parts)
