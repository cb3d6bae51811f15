"""The history of Keras as data: which classes and fields came with which version, which it was the last to have.

The readers of Keras files look up here what an entry of an old file means today; no other table of paramcalc has a
version in it. A version is a generation, as files tell them apart: Keras 1, Keras 2 (the original, up to 2.3), tf.keras
(in TensorFlow 1.9 to 2.15, and tf_keras since), Keras 3.

Sources: Keras 2's `legacy/interfaces.py`, which has the renames that Keras itself made, and the `get_config` of each
class.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from paramcalc.layers.keras.names import FAMILIES


class Version(NamedTuple):
    """What one generation of Keras changed.

    Attributes:
        families: families of classes that came with it.
        classes: single classes that came with it.
        last_classes: those that it was the last to have, with the class that computes the same today, if there is one.
        renamed: fields that had another name up to this version → their name today, for every class.
        renamed_in: the same for one class only; these come before those for all.
        dropped: fields that it was the last to write, and which change neither a shape nor a count. Some classes of
            today have a field of that name: theirs is kept.
    """

    families: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    last_classes: Mapping[str, str | None] = {}
    renamed: Mapping[str, str] = {}
    renamed_in: Mapping[str, Mapping[str, str]] = {}
    dropped: tuple[str, ...] = ()


VERSIONS: dict[str, Version] = {
    "Keras 1": Version(
        last_classes={
            "AtrousConvolution1D": "Conv1D",
            "AtrousConvolution2D": "Conv2D",
            "Deconvolution2D": "Conv2DTranspose",
            "Deconvolution3D": "Conv3DTranspose",
            "Highway": None,
            "MaxoutDense": None,
            "ParametricSoftplus": None,
            "SReLU": None,
            "TimeDistributedDense": "Dense",
        },
        renamed={
            "border_mode": "padding",
            "subsample": "strides",
            "subsample_length": "strides",
            "nb_filter": "filters",
            "filter_length": "kernel_size",
            "atrous_rate": "dilation_rate",
            "init": "kernel_initializer",
            "inner_init": "recurrent_initializer",
            "inner_activation": "recurrent_activation",
            "bias": "use_bias",
            "W_regularizer": "kernel_regularizer",
            "b_regularizer": "bias_regularizer",
            "U_regularizer": "recurrent_regularizer",
            "W_constraint": "kernel_constraint",
            "b_constraint": "bias_constraint",
            "U_constraint": "recurrent_constraint",
            "dropout_W": "dropout",
            "dropout_U": "recurrent_dropout",
            "dim_ordering": "data_format",
            "pool_length": "pool_size",
            "stride": "strides",
            "p": "rate",
        },
        renamed_in={
            "Dense": {"output_dim": "units"},
            "SimpleRNN": {"output_dim": "units"},
            "LSTM": {"output_dim": "units"},
            "GRU": {"output_dim": "units"},
            "GaussianNoise": {"sigma": "stddev"},
            "UpSampling1D": {"length": "size"},
            "Embedding": {
                "init": "embeddings_initializer",
                "W_regularizer": "embeddings_regularizer",
                "W_constraint": "embeddings_constraint",
            },
            "BatchNormalization": {"gamma_init": "gamma_initializer", "beta_init": "beta_initializer"},
            "PReLU": {"init": "alpha_initializer", "weights": "alpha_initializer"},
        },
        dropped=(
            "input_dtype", "consume_less", "forget_bias_init", "lr_multiplier", "mode", "init", "U_initializer",
            "W_learning_rate_multiplier", "b_learning_rate_multiplier", "weights",
        ),
    ),
    "Keras 2": Version(classes=("CuDNNGRU", "CuDNNLSTM")),
    "tf.keras": Version(
        families=(
            "preprocessing", "lookup", "audio", "image", "augmentation", "augmentation_geometry", "applications",
            "attention",
        ),
        # Identity is not among these: what Keras 1 and 2 call a Layer is read as one.
        classes=(
            "EinsumDense", "ReversibleEmbedding", "LayerNormalization", "GroupNormalization", "RMSNormalization",
            "UnitNormalization", "Normalization", "DepthwiseConv1D", "Conv1DTranspose", "ConvLSTM1D", "ConvLSTM3D",
            "SpectralNormalization", "RandomHeight", "RandomWidth", "RandomFourierFeatures",
        ),
        last_classes={
            "BatchNormalizationV1": "BatchNormalization",
            "BatchNormalizationV2": "BatchNormalization",
            "Conv2DTransposeV1": "Conv2DTranspose",
            "CuDNNGRU": None,
            "CuDNNLSTM": None,
            "DenseFeaturesV1": "DenseFeatures",
            "GRUV1": "GRU",
            "GRUV2": "GRU",
            "LSTMV1": "LSTM",
            "LSTMV2": "LSTM",
            "Layer": "Identity",
            "LocallyConnected1D": None,
            "LocallyConnected2D": None,
            "RandomFourierFeatures": None,
            "RandomHeight": None,
            "RandomWidth": None,
            "SyncBatchNormalization": "BatchNormalization",
            "ThresholdedReLU": None,
            "UnifiedGRU": "GRU",
            "UnifiedLSTM": "LSTM",
        },
        renamed_in={
            "CategoryEncoding": {"max_tokens": "num_tokens"},
            "Discretization": {"bins": "bin_boundaries"},
            "IntegerLookup": {"max_values": "max_tokens", "mask_value": "mask_token", "oov_value": "oov_token"},
            "LeakyReLU": {"alpha": "negative_slope"},
        },
        dropped=(
            "activity_regularizer", "adjustment", "allow_cudnn_kernel", "arguments", "autocast", "batch_size", "causal",
            "expects_training_arg", "experimental_autocast", "fused", "groups", "implementation", "input_dim",
            "input_length", "input_shape", "input_tensor", "jit_compile", "kernel_constraint", "kernel_initializer",
            "kernel_regularizer", "key_shape", "legacy", "noise_shape", "num_constants", "quantize", "query_shape",
            "ragged", "renorm", "renorm_clipping", "renorm_momentum", "return_runtime", "rng_type", "run_eagerly",
            "softmax_robust_masking", "sparse", "stateful", "synchronized", "time_major", "unit_forget_bias_init",
            "unroll", "value_shape", "virtual_batch_size", "zero_output_for_mask",
        ),
    ),
    "Keras 3": Version(),
}  # fmt: skip
"""The generations of Keras, in order. The row of tf.keras has what it and Keras 3 added after the original."""

KERAS1_MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
    "cos": "Dot",
}
"""The modes of Keras 1's one Merge layer → the class that each is today."""

KERAS1_DATA_FORMATS = {"th": "channels_first", "tf": "channels_last", "default": "channels_last"}
"""Keras 1's `dim_ordering` → today's `data_format`."""

KERAS1_NO_DIM_ORDERING = frozenset(
    ("ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D", "UpSampling2D", "UpSampling3D")
)
"""Classes whose `dim_ordering` Keras 1 left out of its files."""

KERAS2_SHAPES = frozenset(
    ("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "MultiHeadAttention", "TextVectorization")
)
"""Classes with other output shapes in Keras 2: see `paramcalc.layers.keras.keras2`."""


@cache
def later_names() -> frozenset[str]:
    """Return every class added after the original Keras: in its files, such a name is a user's own class."""
    later = VERSIONS["tf.keras"]
    return frozenset(later.classes).union(*(FAMILIES[family] for family in later.families))


def is_later(name: str) -> bool:
    """Whether a class was added after the original Keras: users had, and have, classes of that name of their own."""
    return name in later_names()


def is_gone(name: str) -> bool:
    """Whether Keras 3 no longer has a class."""
    return any(name in version.last_classes for version in VERSIONS.values())


def today(class_name: str) -> str:
    """Return the class that replaces this one today; the name itself if there is none."""
    found = next((v.last_classes[class_name] for v in VERSIONS.values() if class_name in v.last_classes), None)
    return found or class_name


@cache
def renames(class_name: str) -> dict[str, str]:
    """Return a class's old field names → today's."""
    found: dict[str, str] = {}
    for version in VERSIONS.values():
        found |= version.renamed
    for version in VERSIONS.values():
        found |= version.renamed_in.get(class_name, {})
    return found


DROPPED = frozenset(name for version in VERSIONS.values() for name in version.dropped)
"""Fields of older versions that today's classes do not need, unless a class has one of that name."""


def is_original(version: str) -> bool:
    """Whether this is a version of the original Keras, which ended with 2.3; tf.keras' ended in `-tf` until then."""
    return version.startswith(("1.", "2.0.", "2.1.", "2.2.", "2.3.")) and not version.endswith("-tf")


def resets_after(version: str) -> bool:
    """Whether a GRU has `reset_after` if its file lacks the field: the default of TensorFlow 2, which always writes it.

    Earlier versions default to false, and the oldest lack the field.
    """
    found = re.match(r"2\.(\d+)\.\d+(-tf)?", version)
    return found is not None and int(found[1]) >= (4 if found[2] is None else 2)
