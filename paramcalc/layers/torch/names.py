"""The names of torch.nn's modules: which module of this package has which class."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "linear": ("Linear", "Identity"),
    "embedding": ("Embedding",),
    "convolution": ("Conv1d", "Conv2d", "Conv3d"),
    "normalization": ("LayerNorm", "RMSNorm"),
    "activation": ("ReLU", "GELU", "SiLU"),
    "dropout": ("Dropout",),
    "parameter": ("Parameter",),
    "functions": ("Add", "Mul", "Cat"),
}
"""Family (a module of this package) → the classes it has, in the order that `paramcalc layers` lists them."""

ALIASES: dict[str, str] = {}
"""PyTorch's other names for the same class."""
