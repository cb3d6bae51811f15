"""What models of transformers compute with elementwise operations, where PyTorch has a module: rules by class.

Facts of transformers 5.24 and its modeling files; tests/oracle/freeze_peaks.py runs them.
"""

from paramcalc.layers.needs import ALL, INPUT, OUTPUT, Asked, Needs, Rule, experts, fused_attention, normalised


def attention_by_heads(asked: Asked) -> Needs:
    """The same in transformers, which turns queries and keys by their positions first, with copies of both.

    Latent keys are put together with the part that all heads share. Heads that share keys get copies of them where
    there is a mask, as a window has once it is full, and in float32: no fused kernel is left for that, so that the
    scores are there, too (integrations/sdpa_attention.py).
    """
    batch, queries = asked.outputs[0][0] or 1, asked.outputs[0][1] or 1
    heads, size = asked.field("heads") or 1, asked.field("head_size")
    keys = (asked.inputs[1][1] if len(asked.inputs) > 1 else None) or queries
    window, shared = asked.field("window"), heads != (asked.field("kv_heads") or heads)
    found = fused_attention(asked)._replace(scratch=2 * asked.read * asked.item)
    if size is not None:  # latent: queries and keys are joined from two parts
        joined = batch * heads * size * (queries + keys) * asked.item
        return found._replace(inputs=3, extra=found.extra + joined, scratch=joined)
    copied = 2 * asked.out // queries * keys * asked.item
    if shared and asked.item >= 4:
        scores = batch * heads * queries * keys * asked.item
        return Needs(1, extra=copied + scores, scratch=found.scratch + copied + scores)
    if shared and window is not None and queries > window:
        return found._replace(inputs=1, extra=found.extra + copied, scratch=found.scratch + copied)
    return found


def unfused_attention(asked: Asked) -> Needs:
    """scaled_dot_product_attention where no fused kernel takes the tensors: all of it in float32.

    Queries, keys and values are copied, the scores are there, and their softmax, which is kept.
    """
    batch, queries = asked.outputs[0][0] or 1, asked.outputs[0][1] or 1
    keys = (asked.inputs[1][1] if len(asked.inputs) > 1 else None) or queries
    scores = 4 * batch * (asked.field("heads") or 1) * queries * keys
    copies = 4 * 3 * asked.out
    return Needs(1, extra=scores + copies, scratch=2 * scores + copies)


def fused_projection(asked: Asked) -> Needs:
    """Attention whose queries and keys are turned by their positions, parts of one tensor with the values.

    The values that are kept are a part of it, so that all of it is; the turned queries and keys come on top.
    """
    found = attention_by_heads(asked)
    if len(asked.inputs) > 1:
        return found
    heads, groups = asked.field("heads") or 1, asked.field("kv_heads") or asked.field("heads") or 1
    return found._replace(extra=found.extra + asked.out * (heads + groups) // heads * asked.item)


def eager_attention(asked: Asked) -> Needs:
    """Attention written out, with a copy of keys and values for every query head.

    The scores, their softmax in float32, and that rounded again are there at once; backward keeps the last two.
    """
    batch, queries = asked.outputs[0][0] or 1, asked.outputs[0][1] or 1
    heads = asked.field("heads") or 1
    keys = (asked.inputs[1][1] if len(asked.inputs) > 1 else None) or queries
    scores = batch * heads * queries * keys
    copied = 0
    if heads != (asked.field("kv_heads") or heads):
        copied = 2 * asked.out // queries * keys * asked.item
    rounded = asked.item if asked.item < 4 else 0
    kept = scores * (4 + rounded) + copied
    return Needs(1 if copied else ALL, extra=kept, scratch=scores * (asked.item + 4 + rounded) + copied)


def capped_attention(asked: Asked) -> Needs:
    """The same with scores that a hyperbolic tangent bounds, which is kept."""
    found = eager_attention(asked)
    keys = (asked.inputs[1][1] if len(asked.inputs) > 1 else None) or asked.outputs[0][1] or 1
    tangents = (asked.outputs[0][0] or 1) * (asked.outputs[0][1] or 1) * (asked.field("heads") or 1) * keys * asked.item
    return found._replace(extra=found.extra + tangents)


def written_norm(asked: Asked) -> Needs:
    """RMSNorm as transformers writes it: in float32, then rounded, then scaled by the weight.

    Backward keeps the input in float32 (a copy, where it is none) and the normalised one as it is scaled. Inside, two
    copies in float32 are alive at once.
    """
    count = asked.read
    if asked.item >= 4:
        return Needs(1, extra=asked.item * count, scratch=2 * asked.item * count)
    return Needs(extra=(4 + asked.item) * count, scratch=8 * count)


def frozen_norm(asked: Asked) -> Needs:
    """The same with a weight that is not trained: what it scales is not kept."""
    found = written_norm(asked)
    return found._replace(extra=0 if asked.item >= 4 else 4 * asked.read)


def norm_in_full(asked: Asked) -> Needs:
    """The same, scaled in float32: the input and the normalised one are kept in that."""
    if asked.item >= 4:
        return written_norm(asked)
    return Needs(extra=8 * asked.read, scratch=12 * asked.read)


def layer_norm_of_copies(asked: Asked) -> Needs:
    """OLMo's: a fused norm of a copy in float32."""
    found = normalised(asked)
    return found if asked.item >= 4 else found._replace(inputs=0, extra=found.extra + 4 * asked.read)


def layer_norm_in_full(asked: Asked) -> Needs:
    """Cohere's: the difference from the mean is computed twice, in float32, and both are kept."""
    return Needs(extra=12 * asked.read, scratch=12 * asked.read)


def activation(asked: Asked) -> Needs:
    """An activation by its name: some are a kernel, some are written out."""
    name = asked.field("function")
    if name in ("gelu_new", "gelu_fast", "gelu_accurate"):
        return Needs(1, extra=3 * asked.out * asked.item, scratch=2 * asked.out * asked.item)
    if name == "quick_gelu":
        return Needs(1, extra=asked.out * asked.item, scratch=asked.out * asked.item)
    if name == "relu2":
        return Needs(extra=asked.out * asked.item, scratch=asked.out * asked.item)
    return OUTPUT if name in ("relu", "sigmoid", "tanh") else INPUT


def experts_of_rounded_scores(asked: Asked) -> Needs:
    """The same with scores in the type of the model: four times what each expert gave is there at once."""
    found = experts(asked)
    width = asked.inputs[0][-1] or 1
    rows = asked.read // width * (asked.field("per_token") or 1)
    parts = 4 if asked.field("gated", True) else 2
    inner = asked.field("intermediate_size") or 1
    return found._replace(scratch=max(width + parts * inner, 4 * width) * rows * asked.item)


WRITTEN_OUT: dict[str, Rule] = {"RMSNorm": written_norm, "Activation": activation, "Attention": attention_by_heads}
"""What transformers computes with elementwise operations."""

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
"""What the classes begin with whose norms are scaled in float32."""

UNTURNED = ("GPT2", "GPTBigCode", "Bloom", "Mpt", "GPTNeoFor", "OPT", "OpenAIGPT", "XGLM", "BioGpt")
"""What the classes begin with that know positions by other means than turning queries and keys."""

ROUNDED_SCORES = (
    *("Qwen2Moe", "Qwen3Moe", "Qwen3Next", "Qwen3_5Moe", "FlexOlmo", "Olmoe", "Mellum", "Ernie4_5_Moe"),
    *("HunYuanMoEV1", "LongcatFlash", "Inkling", "Laguna"),
)
"""What the classes begin with whose scores of experts are rounded to the type of the model."""

CAPPED = ("Gemma2", "VaultGemma")
"""What the classes begin with that bound scores and logits."""

FULL_LOGITS = frozenset(("OPTForCausalLM",))
"""Language models that computed the logits of a whole prompt until lately (transformers 5.17)."""


def rules_of_class(name: str) -> dict[str, Rule]:
    """What a class of transformers does otherwise than most."""
    own: dict[str, Rule] = {} if name.startswith(UNTURNED) else {"Attention": fused_projection}
    if name in NOT_FUSED.split():
        own["Attention"] = capped_attention if name.startswith(CAPPED) else eager_attention
    if name.startswith("FalconFor"):  # its one head of keys is not repeated, and no kernel takes that
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
