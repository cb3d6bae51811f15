"""Rules for what transformers computes with elementwise operations although PyTorch has a module, by class.

Facts of transformers 5.24 and its modeling files; tests/oracle/freeze_peaks.py runs them.
"""

from paramcalc.layers.programs import ALL, INPUT, OUTPUT, Needs, Rule, SizedCall
from paramcalc.layers.torch.needs import experts, fused_attention, normalised


def attention_by_heads(call: SizedCall) -> Needs:
    """Attention in transformers, which first rotates queries and keys by their positions, with copies of both.

    Latent keys are concatenated with the part that all heads share. Heads that share keys get copies of them if there
    is a mask, as for a full window, and in float32: no fused kernel supports that, so the scores are in memory as well
    (integrations/sdpa_attention.py).
    """
    batch, queries = call.outputs[0][0] or 1, call.outputs[0][1] or 1
    heads, size = call.field("heads") or 1, call.field("head_size")
    keys = (call.inputs[1][1] if len(call.inputs) > 1 else None) or queries
    window, shared = call.field("window"), heads != (call.field("kv_heads") or heads)
    found = fused_attention(call)._replace(scratch=2 * call.read * call.item)
    if size is not None:  # latent: queries and keys are joined from two parts
        joined = batch * heads * size * (queries + keys) * call.item
        return found._replace(inputs=3, extra=found.extra + joined, scratch=joined)
    copied = 2 * call.out // queries * keys * call.item
    if shared and call.item >= 4:
        scores = batch * heads * queries * keys * call.item
        return Needs(1, extra=copied + scores, scratch=found.scratch + copied + scores)
    if shared and window is not None and queries > window:
        return found._replace(inputs=1, extra=found.extra + copied, scratch=found.scratch + copied)
    return found


def unfused_attention(call: SizedCall) -> Needs:
    """scaled_dot_product_attention without a fused kernel for these tensors: everything in float32.

    Queries, keys and values are copied, and the scores and their softmax are in memory; the softmax is kept.
    """
    batch, queries = call.outputs[0][0] or 1, call.outputs[0][1] or 1
    keys = (call.inputs[1][1] if len(call.inputs) > 1 else None) or queries
    scores = 4 * batch * (call.field("heads") or 1) * queries * keys
    copies = 4 * 3 * call.out
    return Needs(1, extra=scores + copies, scratch=2 * scores + copies)


def fused_projection(call: SizedCall) -> Needs:
    """Attention with rotated queries and keys that are parts of one tensor with the values.

    The values that are kept are a view of that tensor, so all of it is kept, and the rotated queries and keys as well.
    """
    found = attention_by_heads(call)
    if len(call.inputs) > 1:
        return found
    heads, groups = call.field("heads") or 1, call.field("kv_heads") or call.field("heads") or 1
    return found._replace(extra=found.extra + call.out * (heads + groups) // heads * call.item)


def eager_attention(call: SizedCall) -> Needs:
    """Attention written out, with a copy of keys and values for every query head.

    The scores, their softmax in float32 and its rounded copy are alive at once; backward keeps the last two.
    """
    batch, queries = call.outputs[0][0] or 1, call.outputs[0][1] or 1
    heads = call.field("heads") or 1
    keys = (call.inputs[1][1] if len(call.inputs) > 1 else None) or queries
    scores = batch * heads * queries * keys
    copied = 0
    if heads != (call.field("kv_heads") or heads):
        copied = 2 * call.out // queries * keys * call.item
    rounded = call.item if call.item < 4 else 0
    kept = scores * (4 + rounded) + copied
    return Needs(1 if copied else ALL, extra=kept, scratch=scores * (call.item + 4 + rounded) + copied)


def capped_attention(call: SizedCall) -> Needs:
    """Attention written out, with the scores capped by a hyperbolic tangent, which is kept."""
    found = eager_attention(call)
    keys = (call.inputs[1][1] if len(call.inputs) > 1 else None) or call.outputs[0][1] or 1
    tangents = (call.outputs[0][0] or 1) * (call.outputs[0][1] or 1) * (call.field("heads") or 1) * keys * call.item
    return found._replace(extra=found.extra + tangents)


def written_norm(call: SizedCall) -> Needs:
    """RMSNorm as transformers writes it: in float32, then rounded, then scaled by the weight.

    Backward keeps the input in float32 (a copy, if it has another dtype) and the normalised input before scaling.
    Inside, two float32 copies are alive at once.
    """
    count = call.read
    if call.item >= 4:
        return Needs(1, extra=call.item * count, scratch=2 * call.item * count)
    return Needs(extra=(4 + call.item) * count, scratch=8 * count)


def frozen_norm(call: SizedCall) -> Needs:
    """RMSNorm written out with a weight that is not trained: the normalised input is not kept."""
    found = written_norm(call)
    return found._replace(extra=0 if call.item >= 4 else 4 * call.read)


def norm_in_full(call: SizedCall) -> Needs:
    """RMSNorm written out and scaled in float32: the input and the normalised input are kept in float32."""
    if call.item >= 4:
        return written_norm(call)
    return Needs(extra=8 * call.read, scratch=12 * call.read)


def layer_norm_of_copies(call: SizedCall) -> Needs:
    """OLMo's: a fused norm of a copy in float32."""
    found = normalised(call)
    return found if call.item >= 4 else found._replace(inputs=0, extra=found.extra + 4 * call.read)


def layer_norm_in_full(call: SizedCall) -> Needs:
    """Cohere's: the difference from the mean is computed twice, in float32, and both are kept."""
    return Needs(extra=12 * call.read, scratch=12 * call.read)


def activation(call: SizedCall) -> Needs:
    """An activation by its name: some are a kernel, some are written out."""
    name = call.field("function")
    if name in ("gelu_new", "gelu_fast", "gelu_accurate"):
        return Needs(1, extra=3 * call.out * call.item, scratch=2 * call.out * call.item)
    if name == "quick_gelu":
        return Needs(1, extra=call.out * call.item, scratch=call.out * call.item)
    if name == "relu2":
        return Needs(extra=call.out * call.item, scratch=call.out * call.item)
    return OUTPUT if name in ("relu", "sigmoid", "tanh") else INPUT


def experts_of_rounded_scores(call: SizedCall) -> Needs:
    """Experts whose scores have the model's dtype: four copies of the experts' outputs are alive at once."""
    found = experts(call)
    width = call.inputs[0][-1] or 1
    rows = call.read // width * (call.field("per_token") or 1)
    parts = 4 if call.field("gated", True) else 2
    inner = call.field("intermediate_size") or 1
    return found._replace(scratch=max(width + parts * inner, 4 * width) * rows * call.item)


WRITTEN_OUT: dict[str, Rule] = {"RMSNorm": written_norm, "Activation": activation, "Attention": attention_by_heads}
"""The rules for what transformers computes with elementwise operations."""

NOT_FUSED = """
BigBirdForCausalLM BigBirdPegasusForCausalLM BloomForCausalLM CpmAntForCausalLM DeepseekV4ForCausalLM
FlintForCausalLM GPTNeoForCausalLM GPTNeoXJapaneseForCausalLM Gemma2ForCausalLM GptOssForCausalLM
GraniteMoeSWAForCausalLM GraniteSWAForCausalLM HYV4ForCausalLM Inkling2ForCausalLM MegatronBertForCausalLM
MiMoV2FlashForCausalLM MptForCausalLM MvpForCausalLM OpenAIGPTLMHeadModel ProphetNetForCausalLM RemBertForCausalLM
RoFormerForCausalLM TrOCRForCausalLM VaultGemmaForCausalLM XGLMForCausalLM XLMWithLMHeadModel XLNetLMHeadModel
"""
"""Language models whose attention is written out: no fused kernel computes it (`_supports_sdpa`, transformers 5.24)."""

GEMMA_NORMS = (
    *("Gemma", "VaultGemma", "RecurrentGemma", "Qwen3Next", "Qwen3_5", "MiniMaxM3"),
    *("Olmo2", "Olmo3", "FlexOlmo"),
)
"""Prefixes of the classes whose norms are scaled in float32."""

UNTURNED = ("GPT2", "GPTBigCode", "Bloom", "Mpt", "GPTNeoFor", "OPT", "OpenAIGPT", "XGLM", "BioGpt")
"""Prefixes of the classes that do not encode positions by rotating queries and keys."""

ROUNDED_SCORES = (
    *("Qwen2Moe", "Qwen3Moe", "Qwen3Next", "Qwen3_5Moe", "FlexOlmo", "Olmoe", "Mellum", "Ernie4_5_Moe"),
    *("HunYuanMoEV1", "LongcatFlash", "Inkling", "Laguna"),
)
"""Prefixes of the classes whose expert scores are rounded to the model's dtype."""

CAPPED = ("Gemma2", "VaultGemma")
"""Prefixes of the classes that cap scores and logits."""

FULL_LOGITS = frozenset(("OPTForCausalLM",))
"""Language models that computed the logits of a whole prompt until transformers 5.17."""


def rules_of_class(name: str) -> dict[str, Rule]:
    """The rules of a transformers class that differ from the usual ones."""
    own: dict[str, Rule] = {} if name.startswith(UNTURNED) else {"Attention": fused_projection}
    if name in NOT_FUSED.split():
        own["Attention"] = capped_attention if name.startswith(CAPPED) else eager_attention
    if name.startswith("FalconFor"):  # its single key head is not repeated, which no kernel supports
        own["Attention"] = unfused_attention
    if name.startswith(GEMMA_NORMS):
        own["RMSNorm"] = norm_in_full
    if name.startswith("OlmoFor"):
        own["LayerNorm"] = layer_norm_of_copies
    if name.startswith("Cohere"):
        own["LayerNorm"] = layer_norm_in_full
    if name.startswith(ROUNDED_SCORES):
        own["Experts"] = experts_of_rounded_scores
    return own
