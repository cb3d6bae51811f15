"""Layers of packages built on Keras, which files refer to by module: TensorFlow Addons, QKeras, KerasHub, ….

A package is a line of PACKAGES and one module here, or several. They are only imported when a file, or a spec with a
qualified name such as `qkeras.QDense`, uses a class of the package. To add a package, add its module and its line.
"""

from importlib import import_module
from typing import Any, NamedTuple

from paramcalc.layers.base import Layer


class Package(NamedTuple):
    """A line of the table.

    Attributes:
        modules: the top-level modules that its classes come from.
        registered: the names its classes are registered under: "Addons" in `Addons>GELU`.
        classes: module of this package → the classes in it.
        bare: whether files may name its classes without a module: a class that Keras does not have is then the
            package's if its config has the fields in `signs`.
    """

    modules: tuple[str, ...]
    registered: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    bare: bool = False


PACKAGES = {
    "tensorflow_addons": Package(
        ("tensorflow_addons",),
        ("Addons",),
        {
            "addons": (
                *("CRF", "EmbeddingBag", "FilterResponseNormalization", "GELU", "GroupNormalization"),
                *("InstanceNormalization", "Maxout", "MultiHeadAttention", "NetVLAD", "NoisyDense"),
                *("PoincareNormalize", "PolynomialCrossing", "Snake", "Sparsemax", "SpatialPyramidPooling2D"),
                *("SpectralNormalization", "StochasticDepth", "TLU", "WeightNormalization"),
                *(f"Adaptive{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)),
            ),
            "addons_recurrent": (
                *("ESN", "ESNCell", "LayerNormLSTMCell", "LayerNormSimpleRNNCell", "NASCell", "PeepholeLSTMCell"),
            ),
        },
    ),
    "keras_contrib": Package(
        ("keras_contrib",),
        (),
        {"contrib": ("CRF", "Capsule", "GroupNormalization", "InstanceNormalization", "PELU", "SubPixelUpscaling")},
        bare=True,
    ),
    "keras_hub": Package(
        ("keras_hub", "keras_nlp"),
        ("keras_hub", "keras_nlp"),
        {
            "hub": (
                *("AlibiBias", "CachedMultiHeadAttention", "FNetEncoder", "MaskedLMHead", "PositionEmbedding"),
                *("ReversibleEmbedding", "RotaryEmbedding", "SinePositionEncoding", "TokenAndPositionEmbedding"),
                *("TransformerDecoder", "TransformerEncoder"),
            )
        },
    ),
    "efficientnet": Package(("efficientnet",), (), {"efficientnet": ("FixedDropout",)}, bare=True),
    "qkeras": Package(
        ("qkeras",),
        (),
        {
            "quantized": (
                *("QActivation", "QAdaptiveActivation", "QAveragePooling2D", "QBatchNormalization", "QBidirectional"),
                *("QConv1D", "QConv2D", "QConv2DBatchnorm", "QConv2DTranspose", "QDense", "QDepthwiseConv2D"),
                *("QDepthwiseConv2DBatchnorm", "QGlobalAveragePooling2D", "QSeparableConv1D", "QSeparableConv2D"),
            ),
            "quantized_recurrent": ("QGRU", "QGRUCell", "QLSTM", "QLSTMCell", "QSimpleRNN", "QSimpleRNNCell"),
        },
        bare=True,
    ),
}


def class_of(name: str, entry: dict[str, Any]) -> type[Layer] | None:
    """The class of one of these packages for an entry of a Keras file; None if it is not one of theirs.

    Args:
        name: the class name, without its registered package.
        entry: `{"class_name": …, "module": …, "registered_name": …, "config": …}`.
    """
    registered = entry.get("registered_name") or entry.get("class_name")
    prefix, _, own = registered.rpartition(">") if isinstance(registered, str) else ("?", "", "")
    if own != name:
        return None
    module = entry.get("module")
    if module is None and not prefix:
        return bare_class(name, entry.get("config"))
    top = None if module is None else str(module).partition(".")[0]
    for package in PACKAGES.values():
        fits = top in package.modules if top is not None else bool(prefix)
        if fits and (not prefix or prefix in package.registered):
            return loaded(package, name)
    return None


def bare_class(name: str, config: Any) -> type[Layer] | None:
    """The class for a bare name, if a package has it and the config has its fields and no others."""
    from paramcalc.layers.packages.base import looks_like

    for package in PACKAGES.values():
        found = loaded(package, name) if package.bare else None
        if found is not None and looks_like(found, config):
            return found
    return None


def qualified_class(name: str) -> type[Layer] | None:
    """Return the class for a name such as `qkeras.QDense`; None if there is none."""
    package, _, own = name.partition(".")
    return loaded(PACKAGES[package], own) if package in PACKAGES else None


def qualified_names(name: str) -> list[str]:
    """The names in a spec for a class that is given without its package, or as registered: `qkeras>QDense`."""
    prefix, _, own = name.rpartition(">")
    found = [key for key, package in PACKAGES.items() if any(own in classes for classes in package.classes.values())]
    return [f"{key}.{own}" for key in found if not prefix or prefix in (key, *PACKAGES[key].registered)]


def names_of(package: str) -> list[str]:
    """The names of all layers of a package, as in a spec; none for an unknown package."""
    known = PACKAGES.get(package)
    return [f"{package}.{name}" for names in known.classes.values() for name in names] if known else []


def loaded(package: Package, name: str) -> type[Layer] | None:
    """Return the class of this name in a package; None if there is none."""
    for module, classes in package.classes.items():
        if name in classes:
            found: type[Layer] = getattr(import_module(f"{__name__}.{module}"), name)
            return found
    return None


def package_of(cls: type[Layer]) -> str | None:
    """Return the package of a class; None for any other class."""
    room, _, module = cls.__module__.rpartition(".")
    if room != __name__:
        return None
    return next((name for name, package in PACKAGES.items() if module in package.classes), None)
