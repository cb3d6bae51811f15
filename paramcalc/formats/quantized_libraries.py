"""How further libraries store quantised weights: torchao, Quanto, HQQ, AQLM, AutoAWQ, HIGGS, EETQ, BitNet, MLX.

As in `quantized`, a scheme is recognised by the names, dtypes and shapes of a module's tensors together. Sources: the
libraries' own layers (torchao 0.18, optimum-quanto 0.2.7, hqq 0.2.8, autoawq, aqlm, mlx 0.32), and for the
others those in transformers/integrations.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Kind

Row = Mapping[str, Tensor]
Found = dict[str, tuple[Kind, int | None]]


class Packed(NamedTuple):
    """The quantised weight of a module.

    Attributes:
        name: the scheme.
        leaf: the name of the tensor that the weight is packed into.
        elements: the number of parameters in it; None for one per element.
    """

    name: str
    leaf: str
    elements: int | None


BIAS = "bias"
"""Names that are not part of a quantised weight; all other tensors of the module are needed to decode it."""


def recognise(row: Row) -> tuple[str, Found] | None:
    """The scheme of a module, and the role of each of its tensors; None if no scheme here matches."""
    for scheme in SCHEMES:
        packed = scheme(row)
        if packed is not None:
            found: Found = {leaf: ("scale", None) for leaf in row if leaf not in (packed.leaf, BIAS)}
            return packed.name, found | {packed.leaf: ("weight", packed.elements)}
    return None


def torchao(row: Row) -> Packed | None:
    """torchao: one weight per element of `_weight_qdata`, scales in a row per output; Int4Tensor: two, in columns."""
    data, scale = row.get("_weight_qdata"), row.get("_weight_scale")
    if data is None or scale is None or len(data.shape) != 2 or data.dtype not in ONE_EACH:
        return None
    kind = data.dtype.partition("_")[0]
    if scale.shape in ((), (1,), (1, 1)) or (len(scale.shape) == 2 and scale.shape[0] == data.shape[0]):
        return Packed(f"torchao {kind}", "_weight_qdata", None)
    if len(scale.shape) == 2 and scale.shape[1] == data.shape[0] and data.dtype in ("int8", "uint8"):
        return Packed("torchao 4 bits", "_weight_qdata", 2 * data.size)
    return None


ONE_EACH = frozenset(("int8", "uint8", "float8_e4m3fn", "float8_e5m2"))


def quanto(row: Row) -> Packed | None:
    """Quanto: `weight._data` with a scale per output, or packed `weight._data._data` with a scale per unpacked row."""
    scale = row.get("weight._scale")
    data, packed = row.get("weight._data"), row.get("weight._data._data")
    if scale is None:
        return None
    if data is not None and data.dtype in ONE_EACH - {"uint8"}:
        return Packed(f"quanto {data.dtype.partition('_')[0]}", "weight._data", None)
    if packed is None or packed.dtype != "uint8" or not len(packed.shape) == len(scale.shape) == 2:
        return None
    rows, columns = packed.shape
    if not rows or scale.shape[1] != 1 or 8 * rows not in (4 * scale.shape[0], 2 * scale.shape[0]):
        return None
    return Packed(f"quanto {8 * rows // scale.shape[0]} bits", "weight._data._data", scale.shape[0] * columns)


def hqq(row: Row) -> Packed | None:
    """HQQ: the rows of `W_q` are groups with a scale each, packed into bytes, or ten 3-bit weights into a word."""
    data, scale, zero = (row.get(leaf) for leaf in ("W_q", "scale", "zero"))
    if data is None or scale is None or zero is None or scale.shape != zero.shape:
        return None
    if len(data.shape) != 2 or len(scale.shape) != 2 or scale.shape[1] != 1:  # groups along the other axis, too
        return None
    groups, (rows, columns) = scale.shape[0], data.shape
    if data.dtype == "int32" and rows == -(-groups // 10):
        return Packed("hqq 3 bits", "W_q", groups * columns)
    bits = next((bits for bits in (8, 4, 2, 1) if 8 * rows == bits * groups), None)
    return None if bits is None or data.dtype != "uint8" else Packed(f"hqq {bits} bits", "W_q", groups * columns)


def aqlm(row: Row) -> Packed | None:
    """AQLM: `codes` indexes `codebooks` for each group of outputs and inputs; the codebooks give the group's size."""
    codes, books, scales = (row.get(leaf) for leaf in ("codes", "codebooks", "scales"))
    if codes is None or books is None or scales is None or len(codes.shape) != 3 or len(books.shape) != 4:
        return None
    if codes.shape[2] != books.shape[0] or scales.shape != (codes.shape[0], 1, 1, 1):
        return None
    return Packed("aqlm", "codes", codes.shape[0] * books.shape[2] * codes.shape[1] * books.shape[3])


def awq_vectors(row: Row) -> Packed | None:
    """AutoAWQ's GEMV kernels: packed along the inputs into words, or four rows together into half words."""
    weight, zeros, scales = (row.get(leaf) for leaf in ("qweight", "qzeros", "scales"))
    if weight is None or zeros is None or scales is None:
        return None
    if not len(weight.shape) == len(zeros.shape) == len(scales.shape) == 2:
        return None
    rows, columns = weight.shape
    if weight.dtype == zeros.dtype == "int32" and scales.shape == (rows, 8 * zeros.shape[1]) and zeros.shape[0] == rows:
        return Packed("awq 4 bits", "qweight", 8 * rows * columns)
    if weight.dtype == "int16" and scales.shape == zeros.shape and scales.shape[1] == 4 * rows:
        return Packed("awq 4 bits", "qweight", 4 * rows * columns)
    return None


def marlin(row: Row) -> Packed | None:
    """Marlin: tiles of 16 inputs, without zero points; a tile has two words per output with 4 bits, four with 8."""
    weight, scales = row.get("B", row.get("qweight")), row.get("s", row.get("scales"))
    if weight is None or scales is None or weight.dtype != "int32" or "qzeros" in row:
        return None
    if not len(weight.shape) == len(scales.shape) == 2 or not scales.shape[1]:
        return None
    outputs = scales.shape[1]
    if weight.shape[1] not in (2 * outputs, 4 * outputs):
        return None
    bits = 2 * weight.shape[1] // outputs
    return Packed(f"marlin {bits} bits", "B" if "B" in row else "qweight", 16 * weight.shape[0] * outputs)


def higgs(row: Row) -> Packed | None:
    """HIGGS: 16-bit integers packed along the outputs, and their lookup tables."""
    weight, scales = row.get("weight"), row.get("scales")
    if weight is None or scales is None or weight.dtype != "int16" or not {"tables", "tables2"} <= row.keys():
        return None
    if not len(weight.shape) == len(scales.shape) == 2 or not scales.shape[0] or 16 * weight.shape[0] % scales.shape[0]:
        return None
    bits = 16 * weight.shape[0] // scales.shape[0]
    return Packed(f"higgs {bits} bits", "weight", scales.shape[0] * weight.shape[1])


def fp_quant(row: Row) -> Packed | None:
    """FP-Quant: two weights per byte, with a scale per 16 or 32 weights, and the rotations applied beforehand."""
    weight, scales = row.get("qweight"), row.get("scales")
    if weight is None or scales is None or weight.dtype != "uint8" or "forward_hadamard_matrix" not in row:
        return None
    return Packed("fp-quant 4 bits", "qweight", 2 * weight.size)


def eetq(row: Row) -> Packed | None:
    """EETQ: 8-bit integers with the inputs on the first axis, unlike the original layer's, and a scale per output."""
    weight, scales = row.get("weight"), row.get("weight_scales")
    if weight is None or scales is None or weight.dtype != "int8" or weight.shape[1:] != scales.shape:
        return None
    return Packed("eetq 8 bits", "weight", weight.size)


def bitnet(row: Row) -> Packed | None:
    """BitNet: four ternary weights per byte, and a single scale."""
    weight, scale = row.get("weight"), row.get("weight_scale")
    if weight is None or scale is None or weight.dtype != "uint8" or scale.shape != (1,) or len(weight.shape) != 2:
        return None
    return Packed("bitnet", "weight", 4 * weight.size) if row.keys() <= {"weight", "weight_scale", BIAS} else None


def scaled_as_whole(row: Row) -> Packed | None:
    """float8 with one scale for the whole weight and one for its inputs, under Mistral's and ComfyUI's names."""
    weight = row.get("weight")
    if weight is None or not weight.dtype.startswith("float8") or row.keys().isdisjoint(WHOLE):
        return None
    return Packed("float8", "weight", None)


def is_mlx(row: Row) -> bool:
    """Whether a module is MLX's: integers of 32 bits with a scale and a bias for each group of a row."""
    weight, scales, biases = (row.get(leaf) for leaf in ("weight", "scales", "biases"))
    if weight is None or scales is None or biases is None or weight.dtype != "uint32":
        return False
    return scales.shape == biases.shape and len(scales.shape) > 1 and scales.shape[:-1] == weight.shape[:-1]


def mlx(row: Row) -> Packed | None:
    """MLX, where the words in a group tell the bits: with groups of 32, 64 or 128, 4 bits could be 2 or 8 as well.

    The float types have scales of 8 bits and no biases: mxfp4 and mxfp8 in groups of 32, nvfp4 in groups of 16.
    """
    weight, scales = row.get("weight"), row.get("scales")
    if weight is None or scales is None or weight.dtype != "uint32" or not scales.shape or not scales.shape[-1]:
        return None
    words, rest = divmod(weight.shape[-1], scales.shape[-1])
    if is_mlx(row):
        name, bits = "", MLX_BITS.get(words)
    elif scales.dtype == "uint8" and "biases" not in row and scales.shape[:-1] == weight.shape[:-1]:
        name, bits = MLX_FLOATS.get(words, ("", None))
    else:
        return None
    if rest or bits is None:
        return None
    return Packed(f"mlx {name or f'{bits} bits'}", "weight", 8 * weight.size // bits)


MLX_BITS = {2: 2, 3: 3, 5: 5, 10: 5, 20: 5, 24: 6, 32: 8}
"""Words in a group → the only bits that they can have."""
MLX_FLOATS = {2: ("nvfp4", 4), 4: ("mxfp4", 4), 8: ("mxfp8", 8)}
"""Words in a group → the type, and its bits."""


WHOLE = ("qscale_weight", "scale_weight")


SCHEMES: tuple[Callable[[Row], Packed | None], ...] = (
    *(torchao, quanto, hqq, aqlm, awq_vectors, marlin, higgs, fp_quant, eetq, bitnet, scaled_as_whole, mlx),
)

# -- unknown schemes -----------------------------------------------------------------------------------

PACKED_IN = frozenset(("int8", "uint8", "int16", "uint16", "int32", "uint32"))
WORDS_OF = frozenset(("dense_weights", "Qidxs", "indices", "codes", "trellis"))
"""Names of packed weights of any dtype: those of SpQR, QuIP#, VPTQ, AQLM and ExLlama."""

NO_WEIGHTS = ("mask", "bias", "index", "ids", "indices_table", "positions")
"""Suffixes of the names of integer buffers in ordinary layers."""


def looks_packed(row: Row) -> bool:
    """Whether a module's integers look like packed weights, so that their number is unknown.

    8-bit integers under a weight's name are one weight each. In a layer with a matrix of floats, integers have another
    purpose, such as positions.
    """
    if any("float" in tensor.dtype and len(tensor.shape) > 1 and leaf == "weight" for leaf, tensor in row.items()):
        return False
    return any(map(is_word, row, row.values()))


def is_word(leaf: str, tensor: Tensor) -> bool:
    """Whether a tensor looks like integers that weights are packed into."""
    if leaf in WORDS_OF or (leaf == "compressed" and tensor.shape):
        return True
    if tensor.dtype not in PACKED_IN or len(tensor.shape) < 2 or leaf.endswith(NO_WEIGHTS):
        return False
    return not (leaf == "weight" and tensor.dtype == "int8")
