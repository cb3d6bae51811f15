"""Quantised weights in a checkpoint: which tensors of a module hold parameters and how many, and which are scales.

A scheme is recognised by the names, dtypes and shapes of a module's tensors together; a module that matches no scheme
is counted as it is stored. The names are those written by GPTQModel and AutoAWQ, bitsandbytes, compressed-tensors,
ModelOpt, and transformers (float8 and mxfp4); `quantized_libraries` covers further libraries.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from paramcalc.formats import quantized_libraries
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Kind

Row = Mapping[str, Tensor]
"""The tensors of a module, by name within the module."""

Found = dict[str, tuple[Kind, int | None]]
"""Tensor name → its kind, and the number of parameters packed into it (None: one per element)."""


class Scheme(NamedTuple):
    """How a module is quantised."""

    name: str
    tensors: Found


WORD = 32
"""The width in bits of the integers that GPTQ and AWQ pack weights into."""

NEVER_WEIGHTS = frozenset(
    (
        *("input_scale", "output_scale", "k_scale", "v_scale", "q_scale", "prob_output_scale", "activation_scale"),
        *("input_global_scale", "input_zero_point", "pre_quant_scale"),
    )
)
"""Activation scales stored with a quantised module."""


LOGICAL = dict.fromkeys(
    ("qweight", "weight_packed", "W_q", "_weight_qdata", "weight._data", "weight._data._data", "codes", "B"), "weight"
)
"""Names of quantised tensors → the name of the layer's original weight."""


def logical(leaf: str) -> str:
    """The name of the layer's original weight for a quantised tensor of this name."""
    return LOGICAL.get(leaf) or leaf.removesuffix("_blocks")


def recognise(row: Row) -> Scheme | None:
    """The scheme of a module; None if it is not quantised, or the scheme is unknown."""
    for scheme in SCHEMES:
        found = scheme(row)
        if found is not None:
            others: Found = {leaf: ("scale", None) for leaf in row if leaf in NEVER_WEIGHTS}
            return Scheme(found.name, others | found.tensors)
    other = quantized_libraries.recognise(row)
    return None if other is None else Scheme(*other)


def is_packed(row: Row) -> bool:
    """Whether a module of no known scheme seems to have several weights packed into each element."""
    return quantized_libraries.looks_packed(row)


def packed_in_words(row: Row) -> Scheme | None:
    """GPTQ, which packs along the inputs, and AWQ, along the outputs: 32-bit words, with a scale for each group.

    The scales have one column per output; GPTQ's zero points, packed along the outputs, give the bits per weight.
    """
    weight, zeros, scales = (row.get(leaf) for leaf in ("qweight", "qzeros", "scales"))
    if weight is None or zeros is None or scales is None or {weight.dtype, zeros.dtype} != {"int32"}:
        return None
    if not len(weight.shape) == len(zeros.shape) == len(scales.shape) == 2 or not scales.shape[1]:
        return None
    outputs = scales.shape[1]
    bits, rest = divmod(WORD * zeros.shape[1], outputs)
    if rest or not 1 <= bits <= WORD:
        return None
    rows, columns = weight.shape
    if columns == outputs and bits < WORD:
        name, elements, rest = "gptq", *divmod(WORD * rows * outputs, bits)
    else:
        name, elements, rest = "awq", rows * outputs, columns - zeros.shape[1]
    if rest:
        return None
    tensors: Found = {"qweight": ("weight", elements)}
    return Scheme(f"{name} {bits} bits", tensors | scales_of(row, "qzeros", "scales", "g_idx", "perm", "workspace"))


def bitsandbytes_four(row: Row) -> Scheme | None:
    """The 4-bit format: two parameters per byte, whatever dtype the bytes are stored as (bitsandbytes)."""
    tensors: Found = {}
    name = ""
    for leaf, tensor in row.items():
        if f"{leaf}.absmax" in row and f"{leaf}.quant_map" in row:
            tensors[leaf] = "weight", 2 * tensor.size
            for other in row:
                if other.startswith(f"{leaf}."):
                    tensors[other] = "scale", None
                    name = other.rpartition("bitsandbytes__")[2] if "bitsandbytes__" in other else name
    return Scheme(f"bitsandbytes {name or '4 bits'}", tensors) if tensors else None


def bitsandbytes_eight(row: Row) -> Scheme | None:
    """The 8-bit format of bitsandbytes: integers, with a scale per row."""
    weight = row.get("weight")
    if weight is None or weight.dtype != "int8" or "SCB" not in row:
        return None
    tensors: Found = {"weight": ("weight", None)}
    return Scheme("bitsandbytes 8 bits", tensors | scales_of(row, "SCB", "weight_format"))


def scaled(row: Row) -> Scheme | None:
    """8-bit weights with scales, or 4-bit weights packed into bytes: float8, int8, nvfp4, mxfp4."""
    tensors: Found = {}
    name = ""
    for leaf, weight in row.items():
        scale = next((row[leaf + ending] for ending in SCALES if leaf + ending in row), None)
        if scale is None:
            continue
        if weight.dtype in EIGHT_BITS:
            name = name or weight.dtype.partition("_")[0]
            tensors[leaf] = "weight", None
        elif weight.dtype == "uint8" and is_half(weight, scale):
            name = "nvfp4" if scale.dtype.startswith("float8") else "mxfp4"
            tensors[leaf] = "weight", 2 * weight.size
        else:
            continue
        tensors |= scales_of(row, *[leaf + ending for ending in (*SCALES, *BESIDE)])
    return Scheme(name, tensors) if tensors else None


EIGHT_BITS = frozenset(("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "int8"))
SCALES = ("_scale_inv", "_scale")
BESIDE = ("_scale_2", "_zero_point", "_global_scale", "_g_idx", "_shape")


def is_half(weight: Tensor, scale: Tensor) -> bool:
    """Whether each byte holds two parameters, judging by a scale for every 16 or 32 parameters."""
    if len(weight.shape) != len(scale.shape) or not weight.shape or weight.shape[:-1] != scale.shape[:-1]:
        return False
    return 2 * weight.shape[-1] in (16 * scale.shape[-1], 32 * scale.shape[-1])


def packed_beside(row: Row) -> Scheme | None:
    """compressed-tensors: a `weight_packed` of bytes has 4-bit weights."""
    weight, scale = row.get("weight_packed"), row.get("weight_scale")
    if weight is None or scale is None or weight.dtype != "uint8" or not is_half(weight, scale):
        return None
    name = "nvfp4" if scale.dtype.startswith("float8") else "mxfp4"
    tensors: Found = {"weight_packed": ("weight", 2 * weight.size)}
    return Scheme(name, tensors | scales_of(row, "weight_scale", *[f"weight{ending}" for ending in BESIDE]))


def packed_in_unknown_bits(row: Row) -> Found | None:
    """Weights packed into 32-bit words, when the module does not show how many bits each weight has.

    compressed-tensors has `weight_packed` of int32, MLX `weight` of uint32 with `scales` and `biases`; only the
    configuration gives the bits.
    """
    if quantized_libraries.is_mlx(row):
        return {"weight": ("weight", None), "scales": ("scale", None), "biases": ("scale", None)}
    weight = row.get("weight_packed")
    if weight is None or weight.dtype != "int32" or "weight_scale" not in row or "weight_shape" not in row:
        return None
    tensors: Found = {"weight_packed": ("weight", None)}
    beside = ("weight_scale", "weight_shape", "weight_zero_point", "weight_g_idx", *NEVER_WEIGHTS)
    return tensors | scales_of(row, *beside)


def blocks(row: Row) -> Scheme | None:
    """mxfp4 as in gpt-oss: blocks of 16 bytes hold 32 parameters, with a one-byte scale per block."""
    tensors: Found = {}
    for leaf, weight in row.items():
        scale = row.get(leaf.removesuffix("_blocks") + "_scales") if leaf.endswith("_blocks") else None
        if scale is not None and weight.dtype == scale.dtype == "uint8" and weight.shape[:-1] == scale.shape:
            tensors[leaf] = "weight", 2 * weight.size
            tensors[leaf.removesuffix("_blocks") + "_scales"] = "scale", None
    return Scheme("mxfp4", tensors) if tensors else None


def scales_of(row: Row, *leaves: str) -> Found:
    """Those of the named tensors that are present, marked as scales."""
    return {leaf: ("scale", None) for leaf in leaves if leaf in row}


SCHEMES: tuple[Callable[[Row], Scheme | None], ...] = (
    *(packed_in_words, bitsandbytes_four, bitsandbytes_eight, packed_beside, blocks, scaled),
)
