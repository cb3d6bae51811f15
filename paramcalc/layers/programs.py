"""What each kind of call needs of memory while a program runs: working space, and what its backward pass keeps.

A table by type, of modules and of bare operations. What autograd saves is a fact of PyTorch 2.13
(tools/autograd/derivatives.yaml); what the layers of transformers are made of is a fact of its modeling files. Both are
frozen in tests/data/saved.jsonl.gz by tests/oracle/freeze_saved.py.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

from paramcalc.layers.base import Layer
from paramcalc.shapes import Shape, volume

WORKSPACE = 32 * 2**20
"""Bytes that the library of matrix products reserves on an H100 for each thread that uses it, cuBLAS' default there; on
other cards it is 8 MiB (https://docs.pytorch.org/docs/2.13/notes/cuda.html#cublas-workspaces)."""

ALL = 99
"""All inputs of a call."""
CHUNK = 256
"""Tokens between the states that kernels of state spaces keep (mamba_ssm/ops/triton/ssd_combined.py)."""


class Needs(NamedTuple):
    """What one call needs of memory beside its inputs and its output.

    Attributes:
        inputs: how many of its inputs the backward pass keeps, the first ones.
        output: whether it keeps the output.
        extra: bytes of other tensors that it keeps.
        scratch: bytes that are alive at once inside the call, and gone after it.
        view: whether the output is a part of the first input, or the whole of it, and takes nothing.
    """

    inputs: int = 0
    output: bool = False
    extra: int = 0
    scratch: int = 0
    view: bool = False


class Asked(NamedTuple):
    """One call, with all sizes known.

    Attributes:
        inputs: the shapes of the tensors it reads.
        outputs: those of its outputs.
        item: bytes of an element.
    """

    layer: Layer
    inputs: list[Shape]
    outputs: list[Shape]
    item: int

    @property
    def out(self) -> int:
        """The elements of the first output."""
        return volume(self.outputs[0]) or 0

    @property
    def read(self) -> int:
        """The elements of the first input."""
        return (volume(self.inputs[0]) or 0) if self.inputs else 0

    def field(self, name: str, default: Any = None) -> Any:
        """A field of the layer, where it has one."""
        return getattr(self.layer, name, default)


Rule = Needs | Callable[[Asked], Needs]

NOTHING, INPUT, OUTPUT, BOTH, VIEW = Needs(), Needs(1), Needs(output=True), Needs(ALL), Needs(view=True)


def normalised(asked: Asked) -> Needs:
    """A fused norm: its input, and a mean and a deviation in float32 for each row."""
    return Needs(1, extra=8 * (asked.read // (asked.inputs[0][-1] or 1)))


def normalised_channels(asked: Asked) -> Needs:
    """The same for each channel of all samples."""
    return Needs(1, extra=8 * (asked.inputs[0][1] or 1))


def normalised_groups(asked: Asked) -> Needs:
    """The same for each group of channels of a sample."""
    return Needs(1, extra=8 * (asked.inputs[0][0] or 1) * (asked.field("num_groups") or 1))


def averaged(asked: Asked) -> Needs:
    """Pooling by the average keeps its input; where it is the mean of all, nothing."""
    return NOTHING if all(size == 1 for size in asked.outputs[0][2:]) else INPUT


def maximum(asked: Asked) -> Needs:
    """Pooling by the largest: the input, and where each was found, as int64."""
    return Needs(1, extra=8 * asked.out)


def dropped(asked: Asked) -> Needs:
    """Dropout: a byte for each element says whether it stays; with a rate of 0, or one that is not known, nothing."""
    return Needs(extra=asked.out) if asked.field("p") else VIEW


def projected_attention(asked: Asked) -> Needs:
    """torch.nn.MultiheadAttention: queries, keys and values side by side are copied once, what comes out, too.

    Where the weights of the keys are asked for, the scores are kept as well.
    """
    batch, length, width = (size or 1 for size in asked.outputs[0])
    scores = 0
    if len(asked.outputs) > 1:
        keys = asked.outputs[1][-1] or 1
        scores = batch * (asked.field("num_heads") or 1) * length * keys
    copies = 5 * batch * length * width
    return Needs(ALL, extra=(copies + scores) * asked.item, scratch=3 * batch * length * width * asked.item)


def fused_attention(asked: Asked) -> Needs:
    """scaled_dot_product_attention by a fused kernel: queries, keys, values, the result, and a sum for each query."""
    queries = (asked.outputs[0][0] or 1) * (asked.outputs[0][1] or 1)
    return Needs(ALL, True, extra=4 * queries * (asked.field("heads") or 1))


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


def norm_in_full(asked: Asked) -> Needs:
    """The same, scaled in float32: the input and the normalised one are kept in that."""
    if asked.item >= 4:
        return written_norm(asked)
    return Needs(extra=8 * asked.read, scratch=12 * asked.read)


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
        return Needs(output=False, extra=asked.out * asked.item)
    return OUTPUT if name in ("relu", "sigmoid", "tanh") else INPUT


def experts(asked: Asked) -> Needs:
    """Experts as transformers multiplies them: the rows of every token, as often as it has experts, sorted by expert.

    With S such rows backward keeps the rows, both halves of the first product, the gate's result, their product, and
    what each expert gave. The scores are in float32: what they weigh is, too, and once more in the tokens' order.
    """
    width = asked.inputs[0][-1] or 1
    rows = asked.read // width * (asked.field("per_token") or 1)
    inner = asked.field("intermediate_size") or 1
    parts = 4 if asked.field("gated", True) else 2
    weighed = 2 * rows * width * max(4, asked.item)
    kept = rows * (2 * width + parts * inner) * asked.item
    scratch = max(rows * (width + parts * inner) * asked.item, 2 * rows * width * asked.item + weighed)
    return Needs(extra=kept, scratch=scratch)


def router(asked: Asked) -> Needs:
    """Scores in float32, and the softmax of them."""
    return Needs(1, extra=8 * asked.out, scratch=4 * asked.read)


def recurrent(asked: Asked) -> Needs:
    """A stack over time: besides input and output, four values for each of its own (cuDNN's reserve)."""
    return Needs(1, True, extra=4 * asked.out * asked.item * (asked.field("num_layers") or 1))


def recurrence(asked: Asked) -> Needs:
    """Linear attention and state spaces by their kernels: all inputs, and the states at the chunks' borders."""
    tokens = asked.inputs[0][1] or 1
    state = prod([asked.field(name) or 1 for name in ("heads", "key_size", "value_size")])
    chunks = (asked.inputs[0][0] or 1) * -(-tokens // CHUNK)
    return Needs(ALL, True, extra=4 * chunks * state, scratch=4 * chunks * state)


def named(rule: Rule, names: str) -> dict[str, Rule]:
    """The same rule for several types."""
    return dict.fromkeys(names.split(), rule)


INPUT_KEPT = """
Patches Linear WeightNormConv1d WeightNormConvTranspose1d TransposedLinear HeadLinear ExpertLinear linear addmm mm
Embedding EmbeddingBag embedding CausalConv1d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
conv1d conv2d conv3d InstanceNorm1d InstanceNorm2d InstanceNorm3d SiLU silu GELU gelu Mish mish Softplus softplus
Hardswish hardswish Hardsigmoid hardsigmoid LeakyReLU leaky_relu ELU elu SELU selu CELU celu PReLU RReLU GLU glu
LogSigmoid Softshrink Hardshrink Tanhshrink Activation pow sin cos square abs log rsqrt AvgPool1d AvgPool2d
AvgPool3d avg_pool2d LPPool1d LPPool2d LPPool3d
"""
OUTPUT_KEPT = """
ReLU relu relu_ ReLU6 relu6 relu6_ Hardtanh hardtanh hardtanh_ Sigmoid sigmoid Tanh tanh Softmax softmax LogSoftmax
log_softmax Softmax2d Softmin exp sqrt Threshold
"""
INPUTS_KEPT = (
    "Mul mul mul_ Div div matmul bmm baddbmm Bilinear bilinear einsum Matmul CosineSimilarity PairwiseDistance"
)
NOTHING_KEPT = """
Add add add_ Sub sub sub_ Cat cat Prepend Pad pad ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d
ConstantPad3d ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d CircularPad1d CircularPad2d Mean
mean sum neg roll stack clone contiguous Upsample interpolate UpsamplingNearest2d UpsamplingBilinear2d PixelShuffle
PixelUnshuffle ChannelShuffle to _to_copy Indexer Scores Fold Unfold
"""
VIEWS = """
Slice MergeTokens Flatten flatten Unflatten unflatten Reshape reshape view Permute permute Transpose transpose
Identity Split split split_with_sizes chunk Heads Select select slice squeeze unsqueeze expand getitem detach Cached
t movedim unbind Squeeze Unsqueeze TokenMap alias expand_as view_as narrow swapaxes
"""
LARGEST = "MaxPool1d MaxPool2d MaxPool3d max_pool2d AdaptiveMaxPool1d AdaptiveMaxPool2d max_pool2d_with_indices"
DROPOUTS = "Dropout dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout StochasticDepth"
STACKS = frozenset(
    (
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerDecoder",
        "Transformer",
        "SparseAttention",
    )
)
"""Modules of many others in one row, and attention to keys that are picked: what is kept inside is not known."""

MODULES: dict[str, Rule] = {
    **named(INPUT, INPUT_KEPT),
    **named(OUTPUT, OUTPUT_KEPT),
    **named(BOTH, INPUTS_KEPT),
    **named(NOTHING, NOTHING_KEPT),
    **named(VIEW, VIEWS),
    **named(normalised, "LayerNorm layer_norm RMSNorm rms_norm LayerNorm2d"),
    **named(normalised_channels, "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm batch_norm"),
    **named(normalised_groups, "GroupNorm group_norm"),
    **named(averaged, "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d adaptive_avg_pool2d"),
    "Softsign": lambda asked: Needs(1, extra=asked.out * asked.item),
    **named(maximum, LARGEST),
    **named(dropped, DROPOUTS),
    **named(fused_attention, "Attention scaled_dot_product_attention"),
    **named(recurrent, "RNN LSTM GRU"),
    "MultiheadAttention": projected_attention,
    "Experts": experts,
    "Router": router,
    "Recurrence": recurrence,
}
"""PyTorch's modules, the layers that models of sequences are written with, and operations."""

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

GEMMA_NORMS = ("Gemma", "VaultGemma", "RecurrentGemma", "Qwen3Next", "Qwen3_5", "MiniMaxM3")
"""What the classes begin with whose norms scale by one more than the weight, in float32."""


CAPPED = ("Gemma2", "VaultGemma")
"""What the classes begin with that bound scores and logits."""

FULL_LOGITS = frozenset(("OPTForCausalLM",))
"""Language models that computed the logits of a whole prompt until lately (transformers 5.17)."""


class Program(NamedTuple):
    """How the program that a model is of runs it.

    Attributes:
        rules: what a call of each type needs.
        language_model: whether it is transformers': embeddings stay to the end, and training takes the cross-entropy of
            the logits in float32.
        last_logits: whether a prompt's last token alone gets logits.
        capped: whether a hyperbolic tangent bounds the logits, and is kept.
        known: whether the rules say what is kept for a backward pass, and how long tensors live.
        workspace: bytes that the library of matrix products reserves for each thread.
    """

    rules: Mapping[str, Rule]
    language_model: bool = False
    last_logits: bool = False
    known: bool = True
    capped: bool = False
    workspace: int = WORKSPACE

    def needs(self, type_: str, asked: Asked) -> Needs | None:
        """What a call needs: one that is in no table keeps its output, and of a stack it is not known."""
        if type_ in STACKS:
            return None
        rule = self.rules.get(type_.partition(".")[0], OUTPUT)
        return rule if isinstance(rule, Needs) else rule(asked)


def program_of(framework: str | None, format_: str, name: str) -> Program | None:
    """The program of a model by its framework, format and name; None where it is not known how it runs."""
    if framework is None:
        return None
    if framework != "torch":
        return Program({}, known=False, workspace=0)
    if format_ == "huggingface":
        own: dict[str, Rule] = {"Attention": eager_attention} if name in NOT_FUSED.split() else {}
        if name.startswith(GEMMA_NORMS):
            own["RMSNorm"] = norm_in_full
        if name.startswith("Cohere"):
            own["LayerNorm"] = layer_norm_in_full
        capped = name.startswith(CAPPED)
        if capped:
            own["Attention"] = capped_attention
        return Program({**MODULES, **WRITTEN_OUT, **own}, True, name not in FULL_LOGITS, capped=capped)
    return Program(MODULES)
