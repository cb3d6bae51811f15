"""The cost of an operation: tables list those that are counted and those that are free; any other is unknown."""

from functools import partial
from typing import Any

from paramcalc.formats.torch_export import products as p
from paramcalc.formats.torch_export.calls import Call
from paramcalc.formats.torch_export.einsum import einsum
from paramcalc.formats.torch_export.free import FREE
from paramcalc.formats.torch_export.products import Formula, Terms, UnknownCostError


def _pairs(formula: Any, left: str, right: str, *names: str) -> dict[str, Formula]:
    return dict.fromkeys(names, partial(formula, left=left, right=right))


def _convolutions() -> dict[str, Formula]:
    table: dict[str, Formula] = {f"conv{rank}d": p.convolution for rank in (1, 2, 3)}
    table |= {f"conv_transpose{rank}d": partial(p.convolution, transposed=True) for rank in (1, 2, 3)}
    table |= dict.fromkeys(("convolution", "_convolution", "convolution_overrideable"), p.general_convolution)
    own = ["_slow_conv2d_forward", "thnn_conv2d", "slow_conv3d", "slow_conv3d_forward", "slow_conv_dilated2d"]
    own += ["slow_conv_dilated3d", "_conv_depthwise2d", "conv_depthwise3d", "mkldnn_convolution", "_mps_convolution"]
    own += ["cudnn_convolution", "cudnn_convolution_relu", "cudnn_convolution_add_relu", "miopen_convolution"]
    own += ["miopen_convolution_relu", "miopen_convolution_add_relu", "miopen_depthwise_convolution"]
    own += ["_nnpack_spatial_convolution"]
    table |= dict.fromkeys(own, partial(p.convolution, x="self"))
    reverse = ["cudnn_convolution_transpose", "miopen_convolution_transpose", "_mps_convolution_transpose"]
    reverse += ["slow_conv_transpose2d", "slow_conv_transpose3d"]
    table |= dict.fromkeys(reverse, partial(p.convolution, x="self", transposed=True))
    return table | {"_convolution_mode": p.convolution, "conv_tbc": p.conv_tbc}


def _recurrent() -> dict[str, Formula]:
    table: dict[str, Formula] = dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), p.recurrent)
    table |= dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), p.recurrent_cell)
    table |= dict.fromkeys(("_cudnn_rnn", "miopen_rnn"), partial(p.recurrent, weights="weight"))
    return table | {"_lstm_mps": p.recurrent, "mkldnn_rnn_layer": p.mkldnn_recurrent}


def _attention() -> dict[str, Formula]:
    start = "_scaled_dot_product_"
    kinds = ["attention_math", "attention_math_for_mps", "flash_attention", "flash_attention_for_cpu"]
    kinds += ["efficient_attention", "cudnn_attention", "fused_attention_overrideable"]
    names = ["scaled_dot_product_attention", *[start + kind for kind in kinds]]
    table: dict[str, Formula] = dict.fromkeys(names, p.attention)
    table |= dict.fromkeys(("_flash_attention_forward", "_efficient_attention_forward"), p.attention_by_length)
    return table | {
        "_native_multi_head_attention": p.multi_head_attention,
        "_transformer_encoder_layer_fwd": p.encoder_layer,
    }


COUNTED: dict[str, Formula] = {
    **_pairs(p.mm, "self", "mat2", "mm", "_int_mm", "_scaled_mm", "_weight_int8pack_mm"),
    **_pairs(p.mm, "mat1", "mat2", "addmm", "addmm_", "_addmm_activation"),
    **_pairs(p.bmm, "self", "mat2", "bmm"),
    **_pairs(p.bmm, "batch1", "batch2", "baddbmm", "baddbmm_", "addbmm", "addbmm_"),
    **_pairs(p.matmul, "self", "other", "matmul"),
    **_pairs(p.matmul, "input", "other", "linalg_matmul"),
    **_pairs(p.grouped_mm, "self", "mat2", "_grouped_mm", "_scaled_grouped_mm"),
    "linear": p.linear,
    "mkldnn_linear": partial(p.packed_linear, left="self"),
    "_weight_int4pack_mm": partial(p.packed_linear, left="self"),
    "_weight_int4pack_mm_for_cpu": partial(p.packed_linear, left="self"),
    "_weight_int4pack_mm_with_scales_and_zeros": partial(p.packed_linear, left="self"),
    "_dyn_quant_matmul_4bit": partial(p.packed_linear, left="inp"),
    "inner": p.inner,
    "tensordot": p.tensordot,
    "einsum": einsum,
    "bilinear": p.bilinear,
    "_trilinear": p.trilinear,
    **_convolutions(),
    **_recurrent(),
    **_attention(),
}
"""Operations of aten that multiply matrices or convolve."""

OTHERS: dict[str, Formula] = {
    "torchvision.deform_conv2d": p.convolution,
    "transformers.grouped_mm_fallback": partial(p.grouped_mm, left="input", right="weight"),
    "quantized_decomposed.mm": partial(p.mm, left="self", right="mat2"),
}
"""The same for other libraries."""

SIZES = frozenset(("_operator", "builtins", "math", "torch"))
"""The modules of the Python functions that compute with sizes."""


def split_target(target: str) -> tuple[str, str]:
    """The library and the name of an operation: "torch.ops.aten.add.Tensor" → ("aten", "add").

    For a Python function, such as "_operator.add", the library is its module.
    """
    words = target.split(".")
    if words[:2] == ["torch", "ops"] and len(words) > 3:
        return words[2], words[3]
    return ".".join(words[:-1]), words[-1]


def cost(call: Call, library: str, name: str) -> Terms:
    """The multiply-accumulates of an operation that runs no subgraph.

    Raises:
        UnknownCostError: when the cost is unknown.
        BrokenError: when its arguments don't match PyTorch's schema.
    """
    formula = COUNTED.get(name) if library == "aten" else OTHERS.get(f"{library}.{name}")
    if formula is not None:
        return formula(call)
    if name in FREE.get(library, ()) or library in SIZES:
        return ()
    raise UnknownCostError
