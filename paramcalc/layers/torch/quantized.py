"""Linear layers and experts as quantising libraries store them: packed weights, and what decodes them.

The parameters are those of the layer; what changes is the type, the bytes, and the tensors beside the weight.
"""

import json
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.layers.base import Inferred, Layer, Stored, Weight
from paramcalc.units import size_of

WORD = 32
"""Bits of the integers that GPTQ, AWQ and compressed-tensors pack into."""


class Scheme(Struct, frozen=True):
    """How weights are stored.

    Attributes:
        method: a key of METHODS.
        bits: those of a weight.
        group: how many weights along the inputs share a scale; None for a whole row.
        block: the rows and columns that share one, in two directions; None for the whole matrix.
        nested: whether the scales are quantised themselves.
        zeros: whether there are zero points.
        order: whether there is an index that says each input's group.
        static: whether there is a scale for the inputs.
        kind: what the file calls the type: "nf4", "fp4".
        dtype: what is not quantised is stored as.
        scale_dtype: what a scale is stored as.
    """

    method: str
    bits: int = 8
    group: int | None = None
    block: tuple[int, int] | None = None
    nested: bool = False
    zeros: bool = False
    order: bool = False
    static: bool = False
    kind: str = ""
    dtype: str = "float16"
    scale_dtype: str = "float32"


class Beside(NamedTuple):
    """A tensor that decodes a weight.

    Attributes:
        name: behind the weight's name where it begins with "." or "_"; else its own in the layer.
        shape: its dimensions.
        dtype: its type.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


class Packed(NamedTuple):
    """One matrix as it is stored: the type, the bytes, and what is beside it."""

    dtype: str
    size: int
    beside: list[Beside]


class Quantized(Layer, frozen=True):
    """A layer whose matrices are stored in fewer bits.

    Attributes:
        layer: the layer itself.
        scheme: how they are stored.
        fused: whether the experts of a mixture are stored in one tensor; else each is by itself.
    """

    layer: Any
    scheme: Scheme
    fused: bool = False

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """What the layer says, its weights as they are stored."""
        found: Inferred = self.layer.infer(*inputs, **options)
        return replace(found, weights=tuple(stored(found.weights, self.scheme, self.fused)))


def stored(weights: tuple[Weight, ...], scheme: Scheme, fused: bool) -> Iterator[Weight]:
    """Matrices packed, each followed by what decodes it; biases as they are."""
    for weight in weights:
        if weight.kind != "weight" or len(weight.shape) not in (2, 3):
            yield weight
        elif len(weight.shape) == 2:
            yield from matrix(weight, dict(weight.factors), scheme)
        else:
            yield from experts(weight, dict(weight.factors), scheme, fused)


def matrix(weight: Weight, sizes: dict[str, Any], scheme: Scheme) -> Iterator[Weight]:
    """The matrix of a Linear, whichever way round it is."""
    outside, inside = sizes.get("out_features") or weight.shape[0], sizes.get("in_features") or weight.shape[1]
    found = METHODS[scheme.method](outside, inside, scheme)
    yield replace(weight, dtype=found.dtype, stored=Stored(found.size))
    for name, shape, dtype in found.beside:
        yield scale(weight.name + name if name[0] in "._" else name, shape, dtype, 1)


def experts(weight: Weight, sizes: dict[str, Any], scheme: Scheme, fused: bool) -> Iterator[Weight]:
    """The matrices of all experts; the two of a gated network are one here, and two where each is by itself."""
    count, outside, inside = weight.shape[0], sizes["out"], sizes["in"]
    if weight.name == "gate_up_proj" and not fused:
        count, outside = 2 * count, outside // 2
    found = METHODS[scheme.method](outside, inside, scheme)
    yield replace(weight, dtype=found.dtype, stored=Stored(count * found.size))
    for name, shape, dtype in found.beside:
        yield scale(f"{weight.name}{name if name[0] in '._' else f'.{name}'}", shape, dtype, count)


def scale(name: str, shape: tuple[int, ...], dtype: str, count: int) -> Weight:
    """A tensor beside a weight; many that are alike are shown as one."""
    whole = shape if count == 1 else (count, *shape)
    factors = tuple([(f"axis {axis}", size) for axis, size in enumerate(whole)])
    return Weight(name, whole, factors, "scale", False, dtype, stored=Stored(size_of(prod(whole), dtype)))


def parts(size: int, of: int | None) -> int:
    """How many groups of a size there are, the last one perhaps smaller."""
    return 1 if of is None else -(-size // of)


def float8(outside: int, inside: int, scheme: Scheme) -> Packed:
    """The fp8 of transformers, as DeepSeek has it: a scale for each block.

    Source: transformers/integrations/finegrained_fp8.py
    """
    block = scheme.block
    shape = () if block is None else (parts(outside, block[0]), parts(inside, block[1]))
    beside = [Beside("_scale_inv", shape, scheme.scale_dtype)]
    if scheme.static:
        beside.append(Beside("input_scale", (), "float32"))
    return Packed("float8_e4m3fn", outside * inside, beside)


def gptq(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Words along the inputs, a scale and a zero point for each group, and the group of each input.

    Source: https://github.com/ModelCloud/GPTQModel, nn_modules/qlinear
    """
    groups = parts(inside, scheme.group)
    words = parts(inside * scheme.bits, WORD)
    beside = [
        Beside("qzeros", (groups, parts(outside * scheme.bits, WORD)), "int32"),
        Beside("scales", (groups, outside), scheme.scale_dtype),
        Beside("g_idx", (inside,), "int32"),
    ]
    return Packed("int32", 4 * words * outside, beside)


def awq(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Words along the outputs, a scale and a zero point for each group.

    Source: https://github.com/casper-hansen/AutoAWQ, awq/modules/linear
    """
    groups, words = parts(inside, scheme.group), parts(outside * scheme.bits, WORD)
    beside = [
        Beside("qzeros", (groups, words), "int32"),
        Beside("scales", (groups, outside), scheme.scale_dtype),
    ]
    return Packed("int32", 4 * inside * words, beside)


NESTED = 256
"""How many scales of bitsandbytes share one of their own."""
OFFSET = 20
"""Characters of the number that nested scales are centred around, most often."""


def bitsandbytes(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Two weights a byte, a scale for each 64, which may be quantised again, and a description as JSON.

    Source: bitsandbytes/functional.py, QuantState.as_dict
    """
    block = scheme.group or 64
    scales = parts(outside * inside, block)
    said = {"quant_type": scheme.kind, "blocksize": block, "dtype": scheme.dtype, "shape": [outside, inside]}
    length = len(json.dumps(said))
    beside = [Beside(".absmax", (scales,), "uint8" if scheme.nested else "float32")]
    if scheme.nested:
        length += len(f', "nested_blocksize": {NESTED}, "nested_dtype": "float32", "nested_offset": ') + OFFSET
        beside += [
            Beside(".nested_absmax", (parts(scales, NESTED),), "float32"),
            Beside(".nested_quant_map", (256,), "float32"),
        ]
    beside.append(Beside(".quant_map", (16,), "float32"))
    beside.append(Beside(f".quant_state.bitsandbytes__{scheme.kind}", (length,), "uint8"))
    return Packed("uint8", parts(outside * inside, 2), beside)


def llm_int8(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Integers of 8 bits with a scale for each output, and a byte that says how they lie.

    Source: bitsandbytes/nn/modules.py, Linear8bitLt
    """
    return Packed(
        "int8", outside * inside, [Beside("SCB", (outside,), "float32"), Beside("weight_format", (), "uint8")]
    )


def pack_quantized(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Words of compressed-tensors of 4 or 8 bits, with their scales and the shape of the matrix.

    Source: compressed_tensors/compressors/quantized_compressors/pack_quantized.py
    """
    per_word = WORD // scheme.bits
    groups = parts(inside, scheme.group)
    beside = [Beside("weight_scale", (outside, groups), scheme.scale_dtype)]
    if scheme.zeros:
        beside.append(Beside("weight_zero_point", (parts(outside, per_word), groups), "int32"))
    if scheme.order:
        beside.append(Beside("weight_g_idx", (inside,), "int32"))
    beside.append(Beside("weight_shape", (2,), "int64"))
    return Packed("int32", 4 * outside * parts(inside, per_word), beside)


def eight_bits(outside: int, inside: int, scheme: Scheme) -> Packed:
    """By compressed-tensors and ModelOpt's numbers of 8 bits: a scale for the matrix, each output, or each block."""
    shape: tuple[int, ...] = {"tensor": (1,), "channel": (outside, 1), "": ()}.get(scheme.kind, ())
    if scheme.block is not None:
        shape = (parts(outside, scheme.block[0]), parts(inside, scheme.block[1]))
    beside = [Beside("weight_scale", shape, scheme.scale_dtype)]
    if scheme.static:
        beside.append(Beside("input_scale", () if scheme.kind == "" else (1,), scheme.scale_dtype))
    return Packed("int8" if scheme.zeros else "float8_e4m3fn", outside * inside, beside)


def nvfp4(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Two numbers of 4 bits a byte, a scale of 8 bits for each 16, and one of float32 for all.

    Source: compressed_tensors' nvfp4-pack-quantized ("packed"), and ModelOpt's NVFP4
    """
    packed = scheme.kind == "packed"
    one: tuple[int, ...] = (1,) if packed else ()
    beside = [
        Beside("weight_scale", (outside, parts(inside, scheme.group or 16)), "float8_e4m3fn"),
        Beside("weight_global_scale" if packed else "weight_scale_2", one, "float32"),
    ]
    if scheme.static:
        beside.append(Beside("input_global_scale" if packed else "input_scale", one, "float32"))
    return Packed("uint8", parts(outside * inside, 2), beside)


def mxfp4(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Blocks as gpt-oss has them: of 32 numbers in 16 bytes, with a byte that scales each.

    Source: transformers/integrations/mxfp4.py
    """
    return Packed("uint8", outside * parts(inside, 32) * 16, [Beside("_scales", (outside, parts(inside, 32)), "uint8")])


METHODS: dict[str, Callable[[int, int, Scheme], Packed]] = {
    "fp8": float8,
    "gptq": gptq,
    "awq": awq,
    "bitsandbytes 4 bits": bitsandbytes,
    "bitsandbytes 8 bits": llm_int8,
    "pack-quantized": pack_quantized,
    "8 bits": eight_bits,
    "nvfp4": nvfp4,
    "mxfp4": mxfp4,
}
"""The ways to store a matrix of (out, in)."""
