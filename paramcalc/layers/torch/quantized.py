"""Linear layers and experts as quantization libraries store them: packed weights, and what decodes them.

The parameters are those of the original layer; the type, the bytes and the tensors beside the weight change.
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
"""Bits of the integers that GPTQ, AWQ and compressed-tensors pack weights into."""


class Scheme(Struct, frozen=True):
    """How weights are stored.

    Attributes:
        method: a key of METHODS.
        bits: the bits of a weight.
        group: how many weights along the inputs share a scale; None for a whole row.
        block: the rows and columns of a two-dimensional block that shares a scale; None for the whole matrix.
        nested: whether the scales themselves are quantised.
        zeros: whether there are zero points.
        order: whether an index gives each input's group.
        static: whether there is a scale for the activations.
        kind: the file's name for the type, such as "nf4" or "fp4".
        dtype: the dtype of what is not quantised.
        scale_dtype: the dtype of a scale.
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
    """A tensor that is needed to decode a weight.

    Attributes:
        name: a suffix of the weight's name if it begins with "." or "_"; otherwise a name of its own in the layer.
        shape: its dimensions.
        dtype: its type.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


class Packed(NamedTuple):
    """One matrix as stored: its type, its bytes, and the tensors beside it."""

    dtype: str
    size: int
    beside: list[Beside]


class Quantized(Layer, frozen=True):
    """A layer whose matrices are stored in fewer bits.

    Attributes:
        layer: the layer itself.
        scheme: how they are stored.
        fused: whether a mixture's experts are stored in one tensor rather than separately.
    """

    layer: Any
    scheme: Scheme
    fused: bool = False

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """Infer the layer, then replace its weights by what is stored."""
        found: Inferred = self.layer.infer(*inputs, **options)
        return replace(found, weights=tuple(stored(found.weights, self.scheme, self.fused)))


def stored(weights: tuple[Weight, ...], scheme: Scheme, fused: bool) -> Iterator[Weight]:
    """Yield packed matrices, each followed by the tensors that decode it; biases are unchanged."""
    for weight in weights:
        if weight.kind != "weight" or len(weight.shape) not in (2, 3):
            yield weight
        elif len(weight.shape) == 2:
            yield from matrix(weight, dict(weight.factors), scheme)
        else:
            yield from experts(weight, dict(weight.factors), scheme, fused)


def matrix(weight: Weight, sizes: dict[str, Any], scheme: Scheme) -> Iterator[Weight]:
    """Yield the packed matrix of a Linear, stored as (out, in) or (in, out)."""
    outside, inside = sizes.get("out_features") or weight.shape[0], sizes.get("in_features") or weight.shape[1]
    found = METHODS[scheme.method](outside, inside, scheme)
    yield replace(weight, dtype=found.dtype, stored=Stored(found.size))
    for name, shape, dtype in found.beside:
        yield scale(weight.name + name if name[0] in "._" else name, shape, dtype, 1)


def experts(weight: Weight, sizes: dict[str, Any], scheme: Scheme, fused: bool) -> Iterator[Weight]:
    """Yield the packed matrices of all experts; a gated pair is one matrix if fused, and two if stored separately."""
    count, outside, inside = weight.shape[0], sizes["out"], sizes["in"]
    if weight.name == "gate_up_proj" and not fused:
        count, outside = 2 * count, outside // 2
    found = METHODS[scheme.method](outside, inside, scheme)
    yield replace(weight, dtype=found.dtype, stored=Stored(count * found.size))
    for name, shape, dtype in found.beside:
        yield scale(f"{weight.name}{name if name[0] in '._' else f'.{name}'}", shape, dtype, count)


def scale(name: str, shape: tuple[int, ...], dtype: str, count: int) -> Weight:
    """Return a tensor that decodes a weight; `count` equal ones are shown as one."""
    whole = shape if count == 1 else (count, *shape)
    factors = tuple([(f"axis {axis}", size) for axis, size in enumerate(whole)])
    return Weight(name, whole, factors, "scale", False, dtype, stored=Stored(size_of(prod(whole), dtype)))


def parts(size: int, of: int | None) -> int:
    """Return the number of groups of `of` elements; the last may be smaller."""
    return 1 if of is None else -(-size // of)


def float8(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Pack as the fp8 of transformers, which DeepSeek uses: one scale per block.

    Source: transformers/integrations/finegrained_fp8.py
    """
    block = scheme.block
    shape = () if block is None else (parts(outside, block[0]), parts(inside, block[1]))
    beside = [Beside("_scale_inv", shape, scheme.scale_dtype)]
    if scheme.static:
        beside.append(Beside("input_scale", (), "float32"))
    return Packed("float8_e4m3fn", outside * inside, beside)


def gptq(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Pack into words along the inputs, with a scale and a zero point per group and the group of each input.

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
    """Pack into words along the outputs, with a scale and a zero point per group.

    Source: https://github.com/casper-hansen/AutoAWQ, awq/modules/linear
    """
    groups, words = parts(inside, scheme.group), parts(outside * scheme.bits, WORD)
    beside = [
        Beside("qzeros", (groups, words), "int32"),
        Beside("scales", (groups, outside), scheme.scale_dtype),
    ]
    return Packed("int32", 4 * inside * words, beside)


NESTED = 256
"""The number of bitsandbytes scales that share a nested scale."""
OFFSET = 20
"""Digits of the offset that nested scales are centred on, in most files."""


def bitsandbytes(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Pack two weights a byte, with a scale per 64 that may itself be quantised, and a description as JSON.

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
    """Store 8-bit integers with a scale per output, and a byte that gives their layout.

    Source: bitsandbytes/nn/modules.py, Linear8bitLt
    """
    return Packed(
        "int8", outside * inside, [Beside("SCB", (outside,), "float32"), Beside("weight_format", (), "uint8")]
    )


def pack_quantized(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Pack into compressed-tensors' words of 4 or 8 bits, with their scales and the shape of the matrix.

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
    """Store the 8-bit numbers of compressed-tensors and ModelOpt: one scale per matrix, per output or per block."""
    shape: tuple[int, ...] = {"tensor": (1,), "channel": (outside, 1), "": ()}.get(scheme.kind, ())
    if scheme.block is not None:
        shape = (parts(outside, scheme.block[0]), parts(inside, scheme.block[1]))
    beside = [Beside("weight_scale", shape, scheme.scale_dtype)]
    if scheme.static:
        beside.append(Beside("input_scale", () if scheme.kind == "" else (1,), scheme.scale_dtype))
    return Packed("int8" if scheme.zeros else "float8_e4m3fn", outside * inside, beside)


def nvfp4(outside: int, inside: int, scheme: Scheme) -> Packed:
    """Pack two 4-bit numbers a byte, with an 8-bit scale per 16 and one float32 scale for all.

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
    """Pack the blocks of gpt-oss: 32 numbers in 16 bytes, with a scale of one byte.

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
"""The ways to store a matrix of shape (out, in)."""
