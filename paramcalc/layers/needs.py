"""What each kind of call needs of memory while a program runs: working space, and what its backward pass keeps.

A table by type, of modules and of bare operations. What autograd saves is a fact of PyTorch 2.13
(tools/autograd/derivatives.yaml); what the layers of transformers are made of is a fact of its modeling files. Both are
frozen in tests/data/saved.jsonl.gz by tests/oracle/freeze_saved.py.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from paramcalc.layers.base import Layer
from paramcalc.shapes import Shape, volume

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


def convolved(asked: Asked) -> Needs:
    """A convolution with a kernel: cuDNN's run with the channels last, on copies of input, output and kernel.

    Measured on an H100 (VGG16, whose second convolution is the peak, to 512 bytes). A kernel of one element is a
    product of matrices, and one of groups has other algorithms: neither copies.
    """
    kernel = kernel_of(asked)
    channels, filters = asked.inputs[0][1] or 1, asked.outputs[0][1] or 1
    if len(kernel) < 4 or kernel[1] != channels or prod(kernel[2:]) == 1:
        return INPUT
    return Needs(1, scratch=(asked.read + asked.out + filters * prod(kernel[1:])) * asked.item)


def kernel_of(asked: Asked) -> tuple[int, ...]:
    """The shape of a convolution's weight, as the layer or the file says it; empty where neither does."""
    facts = asked.field("facts") or next(iter(asked.field("calls") or ()), None)
    if facts is not None:
        return next((weight.shape for weight in facts.weights if weight.name == "weight"), ())
    size, rank = asked.field("kernel_size"), len(asked.inputs[0]) - 2
    if size is None:
        return ()
    sizes = size if isinstance(size, tuple) else (size,) * rank
    return asked.outputs[0][1] or 1, (asked.inputs[0][1] or 1) // (asked.field("groups") or 1), *sizes


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


def experts(asked: Asked) -> Needs:
    """Experts as transformers multiplies them: the rows of every token, as often as it has experts, sorted by expert.

    With S such rows backward keeps the rows, both halves of the first product, the gate's result, their product, and
    what each expert gave. The scores are in float32: what they weigh is, too, and once more in the tokens' order.
    """
    width = asked.inputs[0][-1] or 1
    rows = asked.read // width * (asked.field("per_token") or 1)
    inner = asked.field("intermediate_size") or 1
    parts = 4 if asked.field("gated", False) else 2
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
Patches TokenConv2d Linear WeightNormConv1d WeightNormConvTranspose1d TransposedLinear HeadLinear ExpertLinear
linear addmm mm Embedding EmbeddingBag embedding CausalConv1d Conv1d ConvTranspose1d ConvTranspose2d
ConvTranspose3d conv1d conv2d conv3d InstanceNorm1d InstanceNorm2d InstanceNorm3d SiLU silu GELU gelu Mish mish
Softplus softplus Hardswish hardswish Hardsigmoid hardsigmoid LeakyReLU leaky_relu ELU elu SELU selu CELU celu PReLU
RReLU GLU glu LogSigmoid Softshrink Hardshrink Tanhshrink Activation pow sin cos square abs log rsqrt AvgPool1d
AvgPool2d AvgPool3d avg_pool2d LPPool1d LPPool2d LPPool3d ReLU6 relu6 relu6_ Hardtanh hardtanh hardtanh_
"""
OUTPUT_KEPT = """
ReLU relu relu_ Sigmoid sigmoid Tanh tanh Softmax softmax LogSoftmax log_softmax Softmax2d Softmin exp sqrt
Threshold
"""
INPUTS_KEPT = (
    "Mul mul mul_ Div div matmul bmm baddbmm Bilinear bilinear einsum Matmul CosineSimilarity PairwiseDistance"
)
NOTHING_KEPT = """
Add add add_ Sub sub sub_ Cat cat Prepend Pad pad ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d
ConstantPad3d ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d CircularPad1d CircularPad2d Mean
mean sum neg roll stack clone contiguous Upsample interpolate UpsamplingNearest2d UpsamplingBilinear2d PixelShuffle
PixelUnshuffle ChannelShuffle to _to_copy Indexer Scores Fold Unfold FrozenBatchNorm2d
UpsampleLike
"""
VIEWS = """
Slice MergeTokens Flatten flatten Unflatten unflatten Reshape reshape view Permute permute Transpose transpose
Identity Split split split_with_sizes chunk Heads Select select slice squeeze unsqueeze expand getitem detach Cached
t movedim unbind Squeeze Unsqueeze TokenMap TokenMaps CutTokens alias expand_as view_as narrow swapaxes
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
        "BlockAttention",
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
    **named(convolved, "Conv2d Conv3d"),
    **named(averaged, "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d adaptive_avg_pool2d"),
    "Softsign": lambda asked: Needs(1, extra=asked.out * asked.item),
    **named(maximum, LARGEST),
    **named(dropped, DROPOUTS),
    **named(fused_attention, "Attention scaled_dot_product_attention"),
    **named(recurrent, "RNN LSTM GRU"),
    "MultiheadAttention": projected_attention,
    "Experts": experts,
    "ListedExperts": experts,
    "Router": router,
    "Recurrence": recurrence,
}
"""PyTorch's modules, the layers that models of sequences are written with, and operations."""


def frozen_experts(asked: Asked) -> Needs:
    """Experts that are not trained: the rows and the product of the gate are not kept for their matrices."""
    found = experts(asked)
    width = asked.inputs[0][-1] or 1
    rows = asked.read // width * (asked.field("per_token") or 1)
    return found._replace(extra=found.extra - rows * (width + (asked.field("intermediate_size") or 1)) * asked.item)


FROZEN: dict[str, Rule] = {
    **named(NOTHING, "Linear TransposedLinear HeadLinear linear addmm mm Embedding embedding Router"),
    "Experts": frozen_experts,
    "ListedExperts": frozen_experts,
}
"""What holds where none of the weights is trained: a product keeps its input for its matrix's gradient alone."""
