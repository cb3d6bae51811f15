"""Recovers the fields of a module or function from its operation: a table with one recipe per class of torch.nn.

An exported program records no fields: `stride` is an argument of the call to `conv2d`, and `out_channels` is in the
shape of its weight. An argument that is left out has the operation's default, which is usually the module's as well.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from paramcalc.formats.torch_export.calls import Call
from paramcalc.formats.torch_export.costs import split_target

Field = Callable[[Call], Any]
"""Computes the value of a field from a call; None leaves the field out."""


class Recipe(NamedTuple):
    """How to recover the fields of a class.

    Attributes:
        operations: the aten operations that a module of this class can be exported as.
        fields: how to compute each field, by name.
    """

    operations: tuple[str, ...]
    fields: dict[str, Field]


def argument(name: str, default: Any = None) -> Field:
    """An argument of the operation; `default` is the operation's default, if the module has a different one."""

    def value(call: Call) -> Any:
        found = call.argument(name)
        value = None if found is None else found.value()
        return default if value is None else single(value)

    return value


def single(value: Any) -> Any:
    """A list of equal numbers as one number, and an empty list as None; any other value unchanged."""
    if not isinstance(value, list):
        return value
    return None if not value else value[0] if len(set(value)) == 1 else value


def whole(name: str) -> Field:
    """An argument that is a list, unchanged."""
    return lambda call: list(call.integers(name)) or None


def size(name: str, axis: int) -> Field:
    """The size of one axis of a tensor argument."""
    return lambda call: call.dims(name)[axis]


def has(name: str) -> Field:
    """Whether a tensor argument is given."""
    return lambda call: call.given(name) is not None


def constant(value: Any) -> Field:
    """The same value for every call."""
    return lambda call: value


def same(names: str) -> dict[str, Field]:
    """Fields with the same names as the operation's arguments."""
    return {name: argument(name) for name in names.split()}


def kernel(call: Call) -> Any:
    """The sizes of a convolution's kernel."""
    return single(list(call.dims("weight")[2:]))


def transposed_channels(call: Call) -> Any:
    """The output channels of a transposed convolution: its weight's axis has those of one group."""
    groups = argument("groups", 1)(call)
    return (call.dims("weight")[1] or 0) * groups


def padding_index(call: Call) -> Any:
    """The `padding_idx` of an embedding, to which no gradient flows; the operation has -1 for none."""
    found = argument("padding_idx", -1)(call)
    return None if found == -1 else found


def recurrent(gates: int) -> dict[str, Field]:
    """The fields of a recurrent network; the first two weights in its list are those of the first layer."""

    def hidden(call: Call) -> Any:
        return (call.several("params")[0][0] or 0) // gates

    def projected(call: Call) -> Any:
        size = call.several("params")[1][1]
        return size if size != hidden(call) else 0

    fields = {"hidden_size": hidden, "bias": argument("has_biases"), "num_layers": argument("num_layers")}
    fields |= {"bidirectional": argument("bidirectional"), "batch_first": argument("batch_first")}
    return fields | ({"proj_size": projected} if gates == 4 else {})


def nonlinearity(call: Call) -> str:
    """The nonlinearity of a simple RNN, which is part of the operation's name."""
    return split_target(call.node.target)[1].removeprefix("rnn_")


def swapped(call: Call) -> list[int]:
    """The dimensions for `permute` that have the effect of a `transpose`."""
    rank = len(call.dims("self"))
    found = list(range(rank))
    one, other = (argument(name, 0)(call) % rank for name in ("dim0", "dim1"))
    found[one], found[other] = other, one
    return found


UPSAMPLING = {f"upsample_nearest{n}d": "nearest" for n in (1, 2, 3)} | {
    f"upsample_{mode}{n}d": mode for mode, n in (("linear", 1), ("bilinear", 2), ("bicubic", 2), ("trilinear", 3))
}
"""Operation → the `mode` of the module."""


def upsampling_mode(call: Call) -> str:
    """The `mode` of an upsampling operation."""
    return UPSAMPLING[split_target(call.node.target)[1]]


STATISTICS = same("momentum eps") | {"affine": has("weight"), "track_running_stats": has("running_mean")}
RECURRENT = {"RNN": 1, "LSTM": 4, "GRU": 3}
"""Class → its number of gates."""
RECIPES: dict[str, Recipe] = {
    "Linear": Recipe(("linear",), {"out_features": size("weight", 0), "bias": has("bias")}),
    "Bilinear": Recipe(("bilinear",), {"out_features": size("weight", 0), "bias": has("bias")}),
    "Embedding": Recipe(
        ("embedding",),
        {"num_embeddings": size("weight", 0), "embedding_dim": size("weight", 1), "padding_idx": padding_index},
    ),
    **{
        f"Conv{n}d": Recipe(
            (f"conv{n}d",),
            {"out_channels": size("weight", 0), "kernel_size": kernel, "bias": has("bias")}
            | same("stride padding dilation groups"),
        )
        for n in (1, 2, 3)
    },
    **{
        f"ConvTranspose{n}d": Recipe(
            (f"conv_transpose{n}d",),
            {"out_channels": transposed_channels, "kernel_size": kernel, "bias": has("bias")}
            | same("stride padding output_padding groups dilation"),
        )
        for n in (1, 2, 3)
    },
    "RNN": Recipe(("rnn_tanh", "rnn_relu"), recurrent(RECURRENT["RNN"]) | {"nonlinearity": nonlinearity}),
    "LSTM": Recipe(("lstm",), recurrent(RECURRENT["LSTM"])),
    "GRU": Recipe(("gru",), recurrent(RECURRENT["GRU"])),
    **{f"BatchNorm{n}d": Recipe(("batch_norm",), STATISTICS) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": Recipe(("instance_norm",), STATISTICS) for n in (1, 2, 3)},
    "LayerNorm": Recipe(
        ("layer_norm",),
        {"normalized_shape": whole("normalized_shape"), "elementwise_affine": has("weight")}
        | {"bias": lambda call: has("bias")(call) if has("weight")(call) else None, "eps": argument("eps")},
    ),
    "RMSNorm": Recipe(
        ("rms_norm",), {"normalized_shape": whole("normalized_shape"), "elementwise_affine": has("weight")}
    ),
    "GroupNorm": Recipe(("group_norm",), {"num_groups": argument("num_groups"), "affine": has("weight")}),
    **{
        f"MaxPool{n}d": Recipe(
            (f"max_pool{n}d", f"max_pool{n}d_with_indices"), same("kernel_size stride padding dilation ceil_mode")
        )
        for n in (1, 2, 3)
    },
    **{
        f"AvgPool{n}d": Recipe(
            (f"avg_pool{n}d",), same("kernel_size stride padding ceil_mode count_include_pad divisor_override")
        )
        for n in (1, 2, 3)
    },
    **{f"AdaptiveAvgPool{n}d": Recipe((f"adaptive_avg_pool{n}d",), same("output_size")) for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": Recipe((f"adaptive_max_pool{n}d",), same("output_size")) for n in (1, 2, 3)},
    "ReLU": Recipe(("relu",), {}),
    "ReLU6": Recipe(("relu6", "hardtanh"), {}),
    "LeakyReLU": Recipe(("leaky_relu",), same("negative_slope")),
    "PReLU": Recipe(("prelu",), {"num_parameters": size("weight", 0)}),
    "ELU": Recipe(("elu",), same("alpha")),
    "CELU": Recipe(("celu",), same("alpha")),
    "SELU": Recipe(("selu",), {}),
    "GELU": Recipe(("gelu",), same("approximate")),
    "SiLU": Recipe(("silu",), {}),
    "Mish": Recipe(("mish",), {}),
    "Sigmoid": Recipe(("sigmoid",), {}),
    "Tanh": Recipe(("tanh",), {}),
    "Hardswish": Recipe(("hardswish",), {}),
    "Hardsigmoid": Recipe(("hardsigmoid",), {}),
    "Hardtanh": Recipe(("hardtanh",), same("min_val max_val")),
    "Softplus": Recipe(("softplus",), same("beta threshold")),
    "Softmax": Recipe(("softmax",), same("dim")),
    "LogSoftmax": Recipe(("log_softmax",), same("dim")),
    "GLU": Recipe(("glu",), same("dim")),
    "Dropout": Recipe(("dropout",), same("p")),
    **{f"Dropout{n}d": Recipe(("feature_dropout",), same("p")) for n in (2, 1, 3)},
    "Upsample": Recipe(
        tuple(UPSAMPLING),
        {"size": argument("output_size"), "scale_factor": argument("scale_factors")}
        | {"mode": upsampling_mode, "align_corners": argument("align_corners")},
    ),
    "PixelShuffle": Recipe(("pixel_shuffle",), same("upscale_factor")),
    "PixelUnshuffle": Recipe(("pixel_unshuffle",), same("downscale_factor")),
    "Flatten": Recipe(("flatten",), {"start_dim": argument("start_dim", 0), "end_dim": argument("end_dim")}),
    "Add": Recipe(("add",), {}),
    "Mul": Recipe(("mul",), {}),
    "Cat": Recipe(("cat", "concat"), same("dim")),
    "Mean": Recipe(("mean",), {"dim": argument("dim"), "keepdim": argument("keepdim")}),
    "Permute": Recipe(("permute",), {"dims": whole("dims")}),
    "Select": Recipe(("select",), {"dim": argument("dim", 0), "index": argument("index")}),
}
"""Class of torch.nn, or class for a function → its recipe. The first class of an operation stands for its function."""

FUNCTIONS = {name: (kind, recipe) for kind, recipe in reversed(RECIPES.items()) for name in recipe.operations}
FUNCTIONS["transpose"] = ("Permute", Recipe(("transpose",), {"dims": swapped}))
"""Operation → the class that stands for it when it is called as a function, and its recipe."""
BESIDE = frozenset(("contiguous", "detach", "alias", "zeros", "new_zeros"))
"""Operations that may accompany a module's main one: they have no effect, or make an initial state."""
OF_RANK = frozenset(("batch_norm", "instance_norm"))
"""Operations shared by several classes, which differ in the number of spatial axes."""
COUNTING = {"batch_norm": "add"}
"""An operation → one that may accompany it: in training, batch normalisation counts batches."""
