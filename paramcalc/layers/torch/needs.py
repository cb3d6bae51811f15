"""The memory each kind of call needs while PyTorch runs it: its workspace, and what its backward pass keeps.

A table by type, of modules and of bare operations. What autograd saves is a fact of PyTorch 2.13
(tools/autograd/derivatives.yaml); the composition of transformers' layers is a fact of its modeling files. Both are
frozen in tests/data/saved.jsonl.gz by tests/oracle/freeze_saved.py.
"""

from math import prod

from paramcalc.layers.programs import ALL, BOTH, INPUT, NOTHING, OUTPUT, VIEW, Needs, Rule, SizedCall

CHUNK = 256
"""Tokens between the states that state-space kernels keep (mamba_ssm/ops/triton/ssd_combined.py)."""


def normalised(call: SizedCall) -> Needs:
    """A fused norm: its input, and a mean and a deviation in float32 for each row."""
    return Needs(1, extra=8 * (call.read // (call.inputs[0][-1] or 1)))


def normalised_channels(call: SizedCall) -> Needs:
    """A fused norm of each channel over all samples: the same with one mean and deviation per channel."""
    return Needs(1, extra=8 * (call.inputs[0][1] or 1))


def normalised_groups(call: SizedCall) -> Needs:
    """A fused norm of groups: the same with one mean and deviation per group of channels in each sample."""
    return Needs(1, extra=8 * (call.inputs[0][0] or 1) * (call.field("num_groups") or 1))


def convolved(call: SizedCall) -> Needs:
    """A convolution: cuDNN runs it with channels last, on copies of input, output and kernel.

    Measured on an H100 (VGG16, whose second convolution is the peak, to 512 bytes). A kernel of one element is a matrix
    product, and grouped convolutions have other algorithms: neither copies.
    """
    kernel = kernel_of(call)
    channels, filters = call.inputs[0][1] or 1, call.outputs[0][1] or 1
    if len(kernel) < 4 or kernel[1] != channels or prod(kernel[2:]) == 1:
        return INPUT
    return Needs(1, scratch=(call.read + call.out + filters * prod(kernel[1:])) * call.item)


def kernel_of(call: SizedCall) -> tuple[int, ...]:
    """Return the shape of a convolution's weight, from the layer or the file; empty if neither has it."""
    facts = call.field("facts") or next(iter(call.field("calls") or ()), None)
    if facts is not None:
        return next((weight.shape for weight in facts.weights if weight.name == "weight"), ())
    size, rank = call.field("kernel_size"), len(call.inputs[0]) - 2
    if size is None:
        return ()
    sizes = size if isinstance(size, tuple) else (size,) * rank
    return call.outputs[0][1] or 1, (call.inputs[0][1] or 1) // (call.field("groups") or 1), *sizes


def averaged(call: SizedCall) -> Needs:
    """Average pooling keeps its input; nothing if it is the mean of everything."""
    return NOTHING if all(size == 1 for size in call.outputs[0][2:]) else INPUT


def maximum(call: SizedCall) -> Needs:
    """Maximum pooling keeps its input, and the indices of the maxima as int64."""
    return Needs(1, extra=8 * call.out)


def dropped(call: SizedCall) -> Needs:
    """Dropout keeps a mask of one byte per element; nothing if the rate is 0 or unknown."""
    return Needs(extra=call.out) if call.field("p") else VIEW


def projected_attention(call: SizedCall) -> Needs:
    """torch.nn.MultiheadAttention: queries, keys and values are copied once, concatenated, and so is the output.

    If the attention weights are requested, the scores are kept as well.
    """
    batch, length, width = (size or 1 for size in call.outputs[0])
    scores = 0
    if len(call.outputs) > 1:
        keys = call.outputs[1][-1] or 1
        scores = batch * (call.field("num_heads") or 1) * length * keys
    copies = 5 * batch * length * width
    return Needs(ALL, extra=(copies + scores) * call.item, scratch=3 * batch * length * width * call.item)


def fused_attention(call: SizedCall) -> Needs:
    """scaled_dot_product_attention by a fused kernel: queries, keys, values, the result, and a sum for each query."""
    queries = (call.outputs[0][0] or 1) * (call.outputs[0][1] or 1)
    return Needs(ALL, True, extra=4 * queries * (call.field("heads") or 1))


def experts(call: SizedCall) -> Needs:
    """Experts as in transformers: the rows of every token, once for each of its experts, sorted by expert.

    With S such rows backward keeps the rows, both halves of the first product, the gate's result, their product, and
    the output of each expert. The scores are in float32, so the weighted outputs are too, and once more in the order of
    the tokens.
    """
    width = call.inputs[0][-1] or 1
    rows = call.read // width * (call.field("per_token") or 1)
    inner = call.field("intermediate_size") or 1
    parts = 4 if call.field("gated", False) else 2
    weighed = 2 * rows * width * max(4, call.item)
    kept = rows * (2 * width + parts * inner) * call.item
    scratch = max(rows * (width + parts * inner) * call.item, 2 * rows * width * call.item + weighed)
    return Needs(extra=kept, scratch=scratch)


def router(call: SizedCall) -> Needs:
    """Scores in float32, and the softmax of them."""
    return Needs(1, extra=8 * call.out, scratch=4 * call.read)


def recurrent(call: SizedCall) -> Needs:
    """A recurrent stack: besides input and output, four values per hidden value (cuDNN's reserve space)."""
    return Needs(1, True, extra=4 * call.out * call.item * (call.field("num_layers") or 1))


def recurrence(call: SizedCall) -> Needs:
    """Linear attention and state spaces, by their kernels: all inputs, and the states between chunks."""
    tokens = call.inputs[0][1] or 1
    state = prod([call.field(name) or 1 for name in ("heads", "key_size", "value_size")])
    chunks = (call.inputs[0][0] or 1) * -(-tokens // CHUNK)
    return Needs(ALL, True, extra=4 * chunks * state, scratch=4 * chunks * state)


def named(rule: Rule, names: str) -> dict[str, Rule]:
    """Return one rule for several types."""
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
"""Modules that contain many others in one row, and sparse attention: what they keep inside is unknown."""

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
    "Softsign": lambda call: Needs(1, extra=call.out * call.item),
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
"""PyTorch's modules, the layers that sequence models are written with, and operations."""


def frozen_experts(call: SizedCall) -> Needs:
    """Experts that are not trained need not keep the rows and the gated product for their matrices."""
    found = experts(call)
    width = call.inputs[0][-1] or 1
    rows = call.read // width * (call.field("per_token") or 1)
    return found._replace(extra=found.extra - rows * (width + (call.field("intermediate_size") or 1)) * call.item)


FROZEN: dict[str, Rule] = {
    **named(NOTHING, "Linear TransposedLinear HeadLinear linear addmm mm Embedding embedding Router"),
    "Experts": frozen_experts,
    "ListedExperts": frozen_experts,
}
"""The needs of layers without trained weights: a product keeps its input only for its matrix's gradient."""
