"""Quantised weights count as the parameters that they stand for, and what scales them stands apart.

The tensors of each case are those that the library writes for a layer of 64 outputs and 128 inputs.
"""

import re
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import summarize
from paramcalc.check.budgets import check_budget, parse_budget
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
    # what torchao 0.18, optimum-quanto 0.2.7, hqq 0.2.8, autoawq, aqlm and transformers' own layers keep
    "torchao int8": (
        {"l._weight_qdata": ("int8", 64, 128), "l._weight_scale": ("float32", 64, 1)}
        | {"l._weight_zero_point": ("int8", 64, 1)},
        FULL,
        128,
    ),
    "torchao float8": (
        {"l._weight_qdata": ("float8_e4m3fn", 64, 128), "l._weight_scale": ("float32", 64, 1)},
        FULL,
        64,
    ),
    "torchao 4 bits": (
        {"l._weight_qdata": ("int8", 64, 64), "l._weight_scale": ("bfloat16", 1, 64)}
        | {"l._weight_zero_point": ("bfloat16", 1, 64)},
        FULL,
        128,
    ),
    "quanto int8": (
        {"l.weight._data": ("int8", 64, 128), "l.weight._scale": ("float32", 64, 1), "l.bias": ("float32", 64)}
        | {"l.input_scale": ("float32",), "l.output_scale": ("float32",)},
        FULL + 64,
        66,
    ),
    "quanto 4 bits": (
        {"l.weight._data._data": ("uint8", 32, 128), "l.weight._scale": ("float32", 64, 1)}
        | {"l.weight._shift": ("float32", 64, 1), "l.input_scale": ("float32",), "l.output_scale": ("float32",)},
        FULL,
        130,
    ),
    "quanto 2 bits": (
        {"l.weight._data._data": ("uint8", 16, 128), "l.weight._scale": ("float32", 64, 1)}
        | {"l.weight._shift": ("float32", 64, 1)},
        FULL,
        128,
    ),
    "hqq 4 bits": (
        {"l.W_q": ("uint8", 64, 64), "l.scale": ("float16", 128, 1), "l.zero": ("float16", 128, 1)}
        | {"l.nbits": ("int32",), "l.shape": ("int64", 2), "l.packing": ("uint8", 7), "l.bias": ("float16", 64)},
        FULL + 64,
        128 + 128 + 1 + 2 + 7,
    ),
    "hqq 3 bits": (
        {"l.W_q": ("int32", 13, 64), "l.scale": ("float16", 128, 1), "l.zero": ("float16", 128, 1)},
        FULL,
        256,
    ),
    "hqq 8 bits": (
        {"l.W_q": ("uint8", 128, 64), "l.scale": ("float16", 128, 1), "l.zero": ("float16", 128, 1)},
        FULL,
        256,
    ),
    "aqlm": (
        {
            "l.codes": ("int8", 64, 16, 2),
            "l.codebooks": ("float16", 2, 256, 1, 8),
            "l.scales": ("float16", 64, 1, 1, 1),
        },
        FULL,
        2 * 256 * 8 + 64,
    ),
    "awq 4 bits vectors": (
        {"l.qweight": ("int32", 64, 16), "l.qzeros": ("int32", 64, 1), "l.scales": ("float16", 64, 8)},
        FULL,
        64 + 512,
    ),
    "awq 4 bits fast": (
        {"l.qweight": ("int16", 16, 128), "l.qzeros": ("float16", 8, 64), "l.scales": ("float16", 8, 64)},
        FULL,
        1024,
    ),
    "marlin 4 bits": ({"l.B": ("int32", 8, 128), "l.s": ("float16", 1, 64)}, FULL, 64),
    "marlin 8 bits": ({"l.qweight": ("int32", 8, 256), "l.scales": ("float16", 1, 64)}, FULL, 64),
    "higgs 4 bits": (
        {"l.weight": ("int16", 16, 128), "l.scales": ("float16", 64, 1), "l.tables": ("float16", 16)}
        | {"l.tables2": ("float32", 16, 16, 2)},
        FULL,
        64 + 16 + 512,
    ),
    "fp-quant 4 bits": (
        {
            "l.qweight": ("uint8", 64, 64),
            "l.scales": ("uint8", 64, 4),
            "l.forward_hadamard_matrix": ("bfloat16", 32, 32),
        },
        FULL,
        256 + 1024,
    ),
    "eetq 8 bits": ({"l.weight": ("int8", 128, 64), "l.weight_scales": ("float16", 64)}, FULL, 64),
    "bitnet": ({"l.weight": ("uint8", 16, 128), "l.weight_scale": ("bfloat16", 1)}, FULL, 1),
    "float8 whole": (
        {"l.weight": ("float8_e4m3fn", 64, 128), "l.qscale_weight": ("float32",), "l.qscale_act": ("float32",)},
        FULL,
        2,
    ),
    "mlx 5 bits": (
        {"l.weight": ("uint32", 64, 20), "l.scales": ("bfloat16", 64, 4), "l.biases": ("bfloat16", 64, 4)},
        FULL,
        512,
    ),
    "mlx 8 bits": (
        {"l.weight": ("uint32", 64, 32), "l.scales": ("bfloat16", 64, 1), "l.biases": ("bfloat16", 64, 1)},
        FULL,
        128,
    ),
    "mlx mxfp4": ({"l.weight": ("uint32", 64, 16), "l.scales": ("uint8", 64, 4)}, FULL, 256),
    "mlx mxfp8": ({"l.weight": ("uint32", 64, 32), "l.scales": ("uint8", 64, 4)}, FULL, 256),
    "mlx nvfp4": ({"l.weight": ("uint32", 64, 16), "l.scales": ("uint8", 64, 8)}, FULL, 512),
}


@pytest.mark.parametrize("case", CASES)
def test_parameters_are_those_of_the_model_that_was_quantised(case):
    tensors, params, buffers = CASES[case]
    found = summary_of(tensors)
    assert (found.totals.params, found.totals.buffers) == (params, buffers)
    assert found.totals.size_bytes == sum(weight.bytes for row in found.layers for weight in row.weights)
    assert found.details["quantization"] == re.sub(" (packed|vectors|fast|whole)$", "", case)
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


UNKNOWN = {
    "compressed-tensors, in 4 or 8 bits": {
        "l.weight_packed": ("int32", 64, 16),
        "l.weight_scale": ("bfloat16", 64, 1),
        "l.weight_shape": ("int64", 2),
    },
    "MLX": {"l.weight": ("uint32", 64, 16), "l.scales": ("bfloat16", 64, 2), "l.biases": ("bfloat16", 64, 2)},
    "VPTQ": {"l.indices": ("int32", 1, 64, 8), "l.weight_scale": ("bfloat16", 128), "l.perm": ("int16", 128)},
    "SpQR": {"l.dense_weights": ("int64", 384), "l.col_vals": ("int32", 77), "l.row_offsets": ("int32", 65)},
    "QuIP#": {"l.Qidxs": ("int64", 64, 4), "l.SU": ("float16", 128), "l.SV": ("float16", 64)},
    "ExLlamaV2": {"l.q_weight": ("int32", 16, 64), "l.q_scale": ("int32", 4, 8), "l.q_scale_max": ("float16", 4)},
    "ExLlamaV3": {"l.trellis": ("int16", 8, 4, 64), "l.suh": ("float16", 128), "l.svh": ("float16", 64)},
    "torchao in tiles": {
        "l._weight_qdata": ("int32", 8, 1, 32, 4),
        "l._weight_scale_and_zero": ("bfloat16", 1, 64, 2),
    },
    "HQQ along the other axis": {
        "l.W_q": ("uint8", 32, 128),
        "l.scale": ("float16", 1, 128),
        "l.zero": ("float16", 1, 128),
    },
    "sparse": {"l.compressed": ("bfloat16", 4096), "l.bitmask": ("uint8", 64, 16), "l.row_offsets": ("int64", 64)},
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_unknown_quantisation_can_be_judged_by_its_size_alone(case):
    """A count of packed integers is nobody's count of parameters: it passed every budget."""
    found = summary_of(UNKNOWN[case])
    assert (found.partial, found.unknown, found.stated) == (True, ["l"], ["size"])
    assert found.warnings == ["l: integers of no known quantisation, counted as they are stored"]
    judged = check_budget(found, parse_budget({"params": "1B", "size": "1 MB"}))
    assert [each.status for each in judged] == ["broken", "passed"]
    assert judged[0].message == "params cannot be judged: 'l' cannot be known"
    assert not judged[1].message.endswith("as the file states it")


ORDINARY = {
    "a mask": {"attn.bias": ("uint8", 1, 1, 64, 64), "attn.masked_bias": ("float32",)},
    "positions": {"embeddings.position_ids": ("int64", 1, 512), "embeddings.scale": ("float32",)},
    "a table beside a matrix": {"l.weight": ("float32", 8, 8), "l.anchors": ("int32", 8, 4)},
    "relative positions": {"attn.relative_position_index": ("int32", 49, 49), "attn.table": ("float32", 169, 3)},
}


@pytest.mark.parametrize("case", ORDINARY)
def test_integers_that_layers_keep_are_no_quantisation(case):
    found = summary_of(ORDINARY[case])
    assert not found.partial
    assert not found.warnings


NAMES = sorted({name.removeprefix("l.") for tensors, *_ in CASES.values() for name in tensors})
NAMES += sorted({name.removeprefix("l.") for tensors in UNKNOWN.values() for name in tensors})


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.tuples(st.sampled_from(sorted(BITS)), st.lists(st.integers(0, 4), max_size=4)),
        min_size=2,
        max_size=5,
    )
)
def test_any_tensors_of_these_names_are_counted(found):
    """Whatever their types and shapes: an axis may have no elements, and then no scheme divides by it."""
    tensors = [
        Tensor(f"l.{name}", tuple(shape), dtype, prod(shape) * BITS[dtype] // 8)
        for name, (dtype, shape) in found.items()
    ]
    summary = summarize(model_of(Contents(tensors, "safetensors", {}), "x"))
    assert summary.totals.size_bytes == sum(tensor.size for tensor in tensors)
    assert summary.totals.params >= 0
