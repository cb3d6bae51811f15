"""Quantised weights count as the parameters that they stand for, and what scales them stands apart.

The tensors of each case are those that the library writes for a layer of 64 outputs and 128 inputs.
"""

from math import prod

import pytest

from paramcalc import summarize
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.safetensors import DTYPES
from paramcalc.formats.tensor import Tensor

BITS = dict(DTYPES.values())
FULL = 64 * 128


def summary_of(tensors):
    """{name: ("int32", 16, 64)} → a summary of them."""
    made = []
    for name, (dtype, *shape) in tensors.items():
        made.append(Tensor(name, tuple(shape), dtype, prod(shape) * BITS[dtype] // 8))
    return summarize(model_of(Contents(made, "safetensors", {}), "x"))


CASES = {
    "gptq 4 bits": (
        {"l.qweight": ("int32", 16, 64), "l.qzeros": ("int32", 1, 8), "l.scales": ("float16", 1, 64)}
        | {"l.g_idx": ("int32", 128)},
        FULL,
        8 + 64 + 128,
    ),
    "gptq 3 bits": (
        {"l.qweight": ("int32", 12, 64), "l.qzeros": ("int32", 1, 6), "l.scales": ("float16", 1, 64)},
        FULL,
        6 + 64,
    ),
    "gptq 8 bits": (
        {"l.qweight": ("int32", 32, 64), "l.qzeros": ("int32", 1, 16), "l.scales": ("float16", 1, 64)},
        FULL,
        16 + 64,
    ),
    "awq 4 bits": (
        {"l.qweight": ("int32", 128, 8), "l.qzeros": ("int32", 4, 8), "l.scales": ("float16", 4, 64)},
        FULL,
        32 + 256,
    ),
    "bitsandbytes nf4": (
        {"l.weight": ("uint8", FULL // 2, 1), "l.weight.absmax": ("uint8", 128)}
        | {"l.weight.quant_map": ("float32", 16), "l.weight.nested_absmax": ("float32", 1)}
        | {"l.weight.nested_quant_map": ("float32", 256), "l.weight.quant_state.bitsandbytes__nf4": ("uint8", 90)},
        FULL,
        128 + 16 + 1 + 256 + 90,
    ),
    "bitsandbytes 8 bits": (
        {"l.weight": ("int8", 64, 128), "l.SCB": ("float32", 64), "l.weight_format": ("uint8",)},
        FULL,
        65,
    ),
    "float8": (
        {"l.weight": ("float8_e4m3fn", 64, 128), "l.weight_scale_inv": ("float32", 1, 1)},
        FULL,
        1,
    ),
    "int8": (
        {"l.weight": ("int8", 64, 128), "l.weight_scale": ("float32", 64, 1), "l.input_scale": ("float32",)},
        FULL,
        65,
    ),
    "nvfp4": (
        {"l.weight": ("uint8", 64, 64), "l.weight_scale": ("float8_e4m3fn", 64, 8)}
        | {"l.weight_scale_2": ("float32",), "l.input_scale": ("float32",)},
        FULL,
        64 * 8 + 2,
    ),
    "nvfp4 packed": (
        {"l.weight_packed": ("uint8", 64, 64), "l.weight_scale": ("float8_e4m3fn", 64, 8)}
        | {"l.weight_global_scale": ("float32", 1), "l.input_global_scale": ("float32", 1)},
        FULL,
        64 * 8 + 2,
    ),
    "mxfp4": (
        {
            "l.up_blocks": ("uint8", 2, 32, 4, 16),
            "l.up_scales": ("uint8", 2, 32, 4),
            "l.up_bias": ("bfloat16", 2, 32),
        },
        FULL + 64,
        256,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_parameters_are_those_of_the_model_that_was_quantised(case):
    tensors, params, buffers = CASES[case]
    found = summary_of(tensors)
    assert (found.totals.params, found.totals.buffers) == (params, buffers)
    assert found.totals.size_bytes == sum(weight.bytes for row in found.layers for weight in row.weights)
    assert found.details["quantization"] == case.removesuffix(" packed")
    assert len(found.layers) == 1
    assert not found.warnings


PLAIN = {
    "float32 with a scale": {"l.weight": ("float32", 8, 8), "l.weight_scale": ("float32", 8)},
    "a layer scale": {"l.weight": ("float16", 8), "l.scale": ("float16", 8)},
    "integers alone": {"l.weight": ("int8", 8, 8)},
    "words that fit no bits": {
        "l.qweight": ("int32", 16, 64),
        "l.qzeros": ("int32", 1, 7),
        "l.scales": ("float16", 1, 64),
    },
    "words of other axes": {"l.qweight": ("int32", 16), "l.qzeros": ("int32", 1), "l.scales": ("float16", 0)},
    "blocks of another shape": {"l.up_blocks": ("uint8", 2, 16), "l.up_scales": ("uint8", 3)},
    "bytes with scales of another shape": {"l.weight": ("uint8", 64, 64), "l.weight_scale": ("float32", 64)},
}


@pytest.mark.parametrize("case", PLAIN)
def test_what_fits_no_scheme_counts_as_it_is_stored(case):
    tensors = PLAIN[case]
    found = summary_of(tensors)
    assert found.totals.params + found.totals.buffers == sum(prod(shape) for _, *shape in tensors.values())
    assert not found.details


def test_integers_of_no_known_quantisation_are_named():
    tensors = {f"l{n}.weight": ("uint32", 8, 8) for n in range(5)} | {
        f"l{n}.scales": ("float16", 8, 1) for n in range(5)
    }
    assert summary_of(tensors).warnings == [
        "l0, l1, l2 and 2 more: integers of no known quantisation, counted as they are stored"
    ]
