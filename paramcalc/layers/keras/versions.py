"""Which of Keras' classes came after the original Keras, which ended with 2.3."""

from paramcalc.layers.keras.names import FAMILIES

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


def later_names() -> frozenset[str]:
    """Every class that came after the original Keras."""
    return LATER.union(*(FAMILIES[family] for family in LATER_FAMILIES))


def is_later(name: str) -> bool:
    """Whether a class came after the original Keras: others had classes of that name before, and still have."""
    return name in LATER or any(name in FAMILIES[family] for family in LATER_FAMILIES)
