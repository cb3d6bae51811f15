"""The result: plain data with totals, nothing printed. Its fields are the JSON that users rely on."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from paramcalc.shapes import Dim

SCHEMA_VERSION = 1
Dims = tuple[Dim, ...]


class WeightSummary(Struct, frozen=True, gc=False):
    """One tensor of a layer.

    Attributes:
        name: the framework's name for it, such as "kernel" or "query/kernel"; empty for a bare parameter.
        kind: "weight", "bias", "statistic" (a parameter gathered from data, never by a gradient), "buffer" (saved
            with the model, but no parameter), "scale" (what a quantised weight is decoded with), or "state" (what
            training keeps in the file, such as an optimizer's moments).
        shape: its dimensions, those of the stored tensor where several parameters are packed into each element.
        params: its number of parameters; 0 for a buffer, a scale and a state, and where it is tied to one already
            counted.
        trainable: whether a gradient changes it.
        tied_to: the "path.weight" that holds the same tensor.
        dtype: what its elements are stored as.
        bytes: what it takes in a file; 0 where it is tied to one already counted, and for a buffer that is not saved.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    params: int
    trainable: bool
    tied_to: str | None = None
    dtype: str = "float32"
    bytes: int = 0


class InputSummary(Struct, frozen=True, gc=False):
    """One input of the model, batch first."""

    name: str
    shape: Dims
    dtype: str


class OutputSummary(Struct, frozen=True, gc=False):
    """One output of the model, batch first; null where an unknown layer hides it."""

    name: str
    shape: Dims | None


class LayerSummary(Struct, frozen=True, gc=False):
    """One call of a layer. A later call of the same layer has no params of its own: rows add up.

    Attributes:
        path: unique in the model: "encoder/0/dense"; a later call ends in "#2", or has a name of its own.
        inputs: the names of the inputs and the paths of the layers it reads, those of masks and other tensors among
            its call arguments last.
        input_shapes: batch first; null where an unknown layer hides one.
        output_shape: batch first; a list of shapes for several outputs.
        weight_params: parameters that are neither biases nor statistics.
        macs: multiply-accumulates of matrix products and convolutions; null where unknown.
        output_bytes: bytes of all outputs; null where unknown.
        shared_with: the path of the first call of the same layer.
        dtype: the dtype policy it runs under.
        buffers: elements of what is saved with the model, but is no parameter: buffers and scales.
        active_params: the parameters that one token uses: fewer than `params` in a mixture of experts.
        size_bytes: bytes of all weights and saved buffers.
        decode_macs: the multiply-accumulates of one more token, all tokens of `macs` being kept; null where nothing is
            kept, or not known of how many tokens.
    """

    path: str
    name: str
    type: str
    inputs: list[str]
    input_shapes: list[Dims | None]
    output_shape: Sequence[Dim | Dims] | None
    params: int
    trainable_params: int
    non_trainable_params: int
    weight_params: int
    bias_params: int
    macs: int | None
    output_bytes: int | None
    shared_with: str | None
    weights: list[WeightSummary]
    dtype: str = "float32"
    buffers: int = 0
    active_params: int = 0
    size_bytes: int = 0
    decode_macs: int | None = None


class Totals(Struct, frozen=True, gc=False):
    """Sums over the rows.

    Attributes:
        macs: null where that of one layer is.
        size_bytes: bytes of all weights and saved buffers.
        layers: layers, each counted once however often it is called.
        buffers: elements of what is saved with the model, but is no parameter: buffers and scales.
        active_params: the parameters that one token uses.
        decode_macs: null where that of one layer is.
    """

    params: int
    trainable_params: int
    non_trainable_params: int
    weight_params: int
    bias_params: int
    macs: int | None
    size_bytes: int
    layers: int
    buffers: int = 0
    active_params: int = 0
    decode_macs: int | None = None


class KVCache(Struct, frozen=True, gc=False):
    """What a decoder keeps of the tokens so far.

    `bytes` is `batch_size` × (`context` × `per_token_bytes` + `fixed_bytes`).

    Attributes:
        context: after how many tokens.
        batch_size: how many sequences.
        dtype: what keys and values are stored as.
        per_token_bytes: what the next token of one sequence adds.
        fixed_bytes: what does not grow with one sequence, or no longer: states, full windows, what an encoder said.
        bytes: all of it.
    """

    context: int
    batch_size: int
    dtype: str
    per_token_bytes: int
    fixed_bytes: int
    bytes: int


class Training(Struct, frozen=True, gc=False):
    """What training takes, in bytes; null where a shape is unknown.

    Attributes:
        activation_bytes: what is kept for the backward pass when the forward pass is done.
        total_bytes: the sum of weights, gradients, the optimizer's state and activations.
        master_bytes: copies of the weights in float32 that the optimizer works on.
        temporary_bytes: what a step of the optimizer needs beside its state.
        checkpointing: whether the parts of a stack are computed again in the backward pass.
        peak_bytes: the most at once in a step: in the forward or the backward pass, or in the optimizer's.
    """

    optimizer: str
    weights_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    activation_bytes: int | None
    total_bytes: int | None
    master_bytes: int = 0
    temporary_bytes: int = 0
    checkpointing: bool = False
    peak_bytes: int | None = None


class DeviceMemory(Struct, frozen=True, gc=False):
    """What the largest of several devices takes, in bytes; null where it was not asked for, or a shape is unknown.

    Attributes:
        tensor: over how many devices each matrix is divided.
        pipeline: how many stages have layers of their own.
        data: how many devices have the same, for other samples.
        zero: what these divide among them: 1 the optimizer's state, 2 gradients as well, 3 weights as well.
        stage: the stage of the pipeline that this one is in, counted from 0.
        optimizer_bytes: its state, with master weights.
        activation_bytes: the most of activations and gradients in the forward and the backward pass.
        temporary_bytes: what a step of the optimizer needs beside its state.
        gathered_bytes: the weights and gradients of the largest layer, which is put together to be computed.
        training_bytes: the peak of a step.
    """

    tensor: int
    pipeline: int
    data: int
    zero: int
    stage: int
    weights_bytes: int
    kv_cache_bytes: int
    prefill_bytes: int | None
    decode_bytes: int | None
    inference_bytes: int | None
    gradient_bytes: int | None = None
    optimizer_bytes: int | None = None
    activation_bytes: int | None = None
    temporary_bytes: int | None = None
    gathered_bytes: int | None = None
    training_bytes: int | None = None


class Memory(Struct, frozen=True):
    """What the model takes in memory, in bytes; null where a shape is unknown.

    `assumptions` says, field by field, what the number assumes.

    Attributes:
        inference_bytes: the larger of `prefill_bytes` and `decode_bytes` where they are known.
        prefill_bytes: the peak while a decoder reads the whole prompt, weights and cache included.
        decode_bytes: the same for one more token.
        prefill_at: the call at which the first is reached.
        workspace_bytes: what the library of matrix products reserves, a part of the peaks.
        device: the largest of several devices, where the model is spread over them.
        arena_bytes: the peak of activations with normalisations and ReLUs folded into what feeds them.
        arena_at: the call at which that is reached.
        kv_cache: null for a model that keeps nothing between tokens, or where it is not known of how many.
    """

    batch_size: int
    weights_bytes: int
    weights_as: dict[str, int]
    activation_bytes: int | None
    peak_bytes: int | None
    peak_at: str | None
    inference_bytes: int | None
    training: Training | None
    assumptions: dict[str, str]
    kv_cache: KVCache | None = None
    prefill_bytes: int | None = None
    decode_bytes: int | None = None
    prefill_at: str | None = None
    workspace_bytes: int = 0
    device: DeviceMemory | None = None
    arena_bytes: int | None = None
    arena_at: str | None = None


class Summary(Struct):
    """Everything paramcalc knows of one model.

    Attributes:
        source: the file, as the user named it.
        format: what kind of file it is: "paramcalc", "keras3", "keras2", "keras1", "tfjs", …
        framework: whose layers they are: "keras" or "torch"; null where the file holds weights only.
        layers: one row a call, in execution order.
        partial: true where something is not known, which the caller allowed or the file does not hold.
        unknown: the paths of what is not known.
        warnings: what the reader noticed that changes no number, and the contradictions.
        contradictions: what is stored or said otherwise than the architecture gives, so that nothing can be judged by
            the numbers; only where there is something.
        memory: only when it was asked for.
        details: what else the file says of itself, by name; only where there is something.
        stated: the totals ("params", "size") that are of the whole even where `partial` is true: those that an index
            states whose files are not there, and the size where weights are packed by an unknown scheme.
    """

    name: str
    source: str
    format: str
    inputs: list[InputSummary]
    outputs: list[OutputSummary]
    layers: list[LayerSummary]
    totals: Totals
    schema_version: int = SCHEMA_VERSION
    partial: bool | UnsetType = UNSET
    unknown: list[str] | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
    memory: Memory | UnsetType = UNSET
    framework: str | None = "keras"
    details: dict[str, str | int | float] | UnsetType = UNSET
    contradictions: list[str] | UnsetType = UNSET
    stated: list[str] | UnsetType = UNSET


def is_only_stated(summary: Summary) -> bool:
    """Whether nothing was counted, because a file states totals of weights that are not there."""
    return bool(summary.stated) and all(weight.dtype == "unknown" for row in summary.layers for weight in row.weights)
