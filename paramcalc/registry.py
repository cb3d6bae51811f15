"""Name → layer class: the built-ins from a static table, third parties' from entry points.

Entry points are only looked up when a name is not built in: the look-up reads the metadata of every
installed distribution.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from paramcalc.errors import ParamcalcError, did_you_mean
from paramcalc.layers.base import Layer

ENTRY_POINT_GROUP = "paramcalc.layers"

BUILTINS: dict[str, tuple[str, ...]] = {
    "core": ("Dense", "EinsumDense", "Embedding", "ReversibleEmbedding", "Masking", "Identity"),
    "normalization": (
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "Normalization",
    ),
    "operations": ("Operation",),
    "merging": (
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
    ),
    "activation": ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    "regularization": (
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "ActivityRegularization",
    ),
    "preprocessing": ("CategoryEncoding", "Discretization", "Hashing", "HashedCrossing", "Pipeline"),
    "lookup": ("StringLookup", "IntegerLookup", "TextVectorization"),
    "audio": ("MelSpectrogram", "STFTSpectrogram"),
    "image": ("Rescaling", "Resizing", "CenterCrop", "RandomCrop"),
    "augmentation": (
        "RandomBrightness",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPosterization",
        "RandomSaturation",
        "RandomSharpness",
        "Solarization",
        "AutoContrast",
        "Equalization",
        "ContrastLimitedAdaptiveHistogramEqualization",
    ),
    "augmentation_geometry": (
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "RandomShear",
        "RandomPerspective",
        "RandomElasticTransform",
        "RandomErasing",
        "CutMix",
        "MixUp",
        "AugMix",
        "RandAugment",
        "MaxNumBoundingBoxes",
    ),
    "applications": ("StochasticDepth", "LayerScale", "CustomScaleLayer"),
    "locally_connected": ("LocallyConnected1D", "LocallyConnected2D"),
    "legacy": (
        "ThresholdedReLU",
        "MaxoutDense",
        "Highway",
        "SReLU",
        "ParametricSoftplus",
        "RandomHeight",
        "RandomWidth",
        "RandomFourierFeatures",
    ),
    "convolutional": (
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    ),
    "convolutional_transpose": ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    "pooling": (
        "MaxPooling1D",
        "MaxPooling2D",
        "MaxPooling3D",
        "AveragePooling1D",
        "AveragePooling2D",
        "AveragePooling3D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "GlobalMaxPooling3D",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalAveragePooling3D",
        "AdaptiveMaxPooling1D",
        "AdaptiveMaxPooling2D",
        "AdaptiveMaxPooling3D",
        "AdaptiveAveragePooling1D",
        "AdaptiveAveragePooling2D",
        "AdaptiveAveragePooling3D",
    ),
    "reshaping": (
        "Flatten",
        "Reshape",
        "Permute",
        "RepeatVector",
        "Cropping1D",
        "Cropping2D",
        "Cropping3D",
        "ZeroPadding1D",
        "ZeroPadding2D",
        "ZeroPadding3D",
        "UpSampling1D",
        "UpSampling2D",
        "UpSampling3D",
    ),
    "recurrent": ("RNN", "SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU"),
    "recurrent_cells": ("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"),
    "conv_recurrent": ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    "wrappers": ("Bidirectional", "TimeDistributed", "SpectralNormalization", "Wrapper"),
    "attention": ("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"),
    "custom": ("Custom",),
}
"""Family (a module of paramcalc.layers) → the Keras class names it has."""

LATER_FAMILIES = (
    "preprocessing", "lookup", "audio", "image", "augmentation", "augmentation_geometry", "applications", "attention",
)  # fmt: skip
"""Families that tf.keras and Keras 3 have, and the original Keras, up to 2.3, never had."""
LATER = frozenset(
    (
        "EinsumDense", "ReversibleEmbedding", "LayerNormalization", "GroupNormalization", "RMSNormalization",
        "UnitNormalization", "Normalization", "DepthwiseConv1D", "Conv1DTranspose", "ConvLSTM1D", "ConvLSTM3D",
        "SpectralNormalization", "RandomHeight", "RandomWidth", "RandomFourierFeatures",
    )
)  # fmt: skip
"""Single classes of that kind. (Identity is not among them: what Keras 1 and 2 call a Layer is read as one.)"""

ALIASES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "DepthwiseConvolution1D": "DepthwiseConv1D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "GroupedQueryAttention": "GroupQueryAttention",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    **{
        f"{where}{short}Pool{n}D": f"{where}{long}Pooling{n}D"
        for where in ("", "Global")
        for short, long in (("Max", "Max"), ("Avg", "Average"))
        for n in (1, 2, 3)
    },
}
"""Keras' other names for the same class."""


def is_later(name: str) -> bool:
    """Whether a class came after the original Keras: others had classes of that name before, and still have."""
    return name in LATER or any(name in BUILTINS[family] for family in LATER_FAMILIES)


class UnknownTypeError(ParamcalcError):
    """No layer has this name; the nearest one is only looked for when the message is shown."""

    def __init__(self, message: str, name: str = "", known: Callable[[], list[str]] = list) -> None:
        super().__init__(message)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        return super().__str__() + did_you_mean(self.name, self.known())


class PluginError(ParamcalcError):
    """A third party's layer cannot be used; the message names the plugin."""


class Registry:
    """An ordered table of layer classes; fresh in each test."""

    def __init__(self) -> None:
        self._families = {name: family for family, names in BUILTINS.items() for name in names}
        self._loaded: dict[str, type[Layer]] = {}
        self._plugins: dict[str, Any] | None = None
        self._snake: dict[str, str] | None = None
        self.hidden = ""
        self.made: dict[bytes, Any] = {}  # the layers of one file, by what they are: see the Keras reader

    def hide_later(self, keras: str) -> None:
        """Leave out the classes that the original Keras never had: in its files they are somebody's own.

        Args:
            keras: what it is called, for errors.
        """
        self.hidden = keras
        self._families = {name: family for name, family in self._families.items() if not is_later(name)}

    def get(self, name: str) -> type[Layer]:
        """The class with this name: Keras', an alias of Keras', its snake_case, or a plugin's.

        Raises:
            UnknownTypeError: with the nearest name there is.
            PluginError: when the plugin that has this name is broken.
        """
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = self._find(name)
        return found

    def _find(self, name: str) -> type[Layer]:
        canonical = self.canonical(name)
        family = self._families.get(canonical)
        if family is not None:
            module = import_module(f"paramcalc.layers.{family}")
            found: type[Layer] = getattr(module, canonical)
            return found
        plugins = self.plugins()
        if name in plugins:
            return _load_plugin(name, plugins[name])
        raise UnknownTypeError(f"there is no layer type '{name[:80]}'", name, self.names)

    def keras(self, name: str) -> type[Layer]:
        """The class that a Keras file means: no snake_case, and none that only specs have.

        Raises:
            UnknownTypeError: when Keras has no such class, and no plugin.
        """
        if self._families.get(name, "custom") in ("custom", "operations") and name not in ALIASES:
            return self.plugin(name)
        return self.get(name)

    def plugin(self, name: str) -> type[Layer]:
        """A third party's class, even where a built-in has the same name.

        Raises:
            UnknownTypeError: when no plugin has it.
        """
        if name not in self.plugins():
            raise UnknownTypeError(f"no plugin has a layer '{name[:80]}'")
        return _load_plugin(name, self.plugins()[name])

    def canonical(self, name: str) -> str:
        """The class name that `name` stands for; `name` itself where nothing is known."""
        if name in self._families:
            return name
        if name in ALIASES:
            return ALIASES[name]
        if self._snake is None:
            self._snake = {snake_case(alias): target for alias, target in ALIASES.items()}
            self._snake |= {snake_case(known): known for known in self._families}
        return self._snake.get(name, name)

    def family(self, name: str) -> str:
        """The family of a built-in, "plugin" for the others."""
        return self._families.get(self.canonical(name), "plugin")

    def names(self) -> list[str]:
        """Every class name there is, built-ins first, as the table has them."""
        return [*self._families, *self.plugins()]

    def plugins(self) -> dict[str, Any]:
        """Third parties' entry points by name.

        Raises:
            PluginError: when two distributions, or a distribution and a built-in, claim one name.
        """
        if self._plugins is None:
            from importlib.metadata import entry_points  # slow: only once a name is unknown

            found: dict[str, Any] = {}
            for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
                other = "paramcalc itself" if point.name in self._families else None
                if point.name in found:
                    other = found[point.name].value
                if other is not None:
                    raise PluginError(
                        f"plugin {point.value} claims the layer name '{point.name}', which {other} already has"
                    )
                found[point.name] = point
            self._plugins = found
        return self._plugins


def _load_plugin(name: str, point: Any) -> type[Layer]:
    try:
        found = point.load()
    except Exception as error:
        raise PluginError(f"plugin {point.value} (layer '{name}') cannot be loaded: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Layer)):
        raise PluginError(f"plugin {point.value} (layer '{name}') is not a paramcalc Layer class")
    return found


@lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """Keras' rule for automatic names: `Conv2DTranspose` → `conv2d_transpose`."""
    import re

    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
