"""Core layers: Dense, EinsumDense, Embedding and the layers that pass their input through."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, NonNegative, Positive, Weight, bias, macs_at
from paramcalc.layers.formulas.lora import Macs, adapted
from paramcalc.layers.keras.elementwise import Elementwise, Structured
from paramcalc.layers.keras.fields import LORA_DTYPE, Activation, Constraint, Initializer, Regularizer
from paramcalc.shapes import Shape, check_min_rank, known


class Dense(Layer, frozen=True):
    """Fully connected layer: every output reads every feature of the last axis.

    Shapes: (batch, ..., features) → (batch, ..., units)
    Formula: features × units + units (bias)
    Source: https://keras.io/api/layers/core_layers/dense/
    Example: {input: [128], layers: [{Dense: 64}]}
    """

    units: Positive
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    lora_rank: NonNegative | None = None
    lora_alpha: float | None = None
    quantization_config: Any = None

    def infer(self, x: Shape) -> Inferred:
        """Infer one kernel over the last axis, applied at every position before it."""
        check_min_rank(x, 2)
        features = known(x, -1, "number of features")
        kernel = Weight("kernel", (features, self.units), (("features", features), ("units", self.units)))
        biases = (bias(self.units, "units"),) if self.use_bias else ()
        output = (*x[:-1], self.units)
        macs = macs_at(x[:-1], kernel)
        return Inferred(output, *adapted(kernel, biases, macs, self.lora_rank, self.kernel_constraint, LORA_DTYPE))


class EinsumDense(Layer, frozen=True):
    """Dense layer over any axes: the equation says which are summed, which are kept, which are new.

    Shapes: as the equation says; output_shape is without the batch and what an ellipsis stands for
    Formula: product of the kernel's axes in the equation + product of bias_axes
    Source: https://keras.io/api/layers/core_layers/einsum_dense/
    Example: {input: [32, 128], layers: [{EinsumDense: {equation: "abc,cd->abd", output_shape: [32, 64], bias_axes: d}}]}
    """  # noqa: E501

    equation: str
    output_shape: int | tuple[int | None, ...]
    activation: Activation = None
    bias_axes: str | None = None
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    lora_rank: NonNegative | None = None
    lora_alpha: float | None = None
    gptq_unpacked_column_size: int | None = None
    quantization_config: Any = None
    activity_regularizer: Regularizer = None

    def infer(self, x: Shape) -> Inferred:
        """Infer a kernel whose summed axes take their size from the input, the others from the output."""
        from paramcalc.layers.keras.equation import Einsum  # imported here: few models have one

        einsum = Einsum(self.equation, self.output_shape, x)
        kernel = einsum.kernel()
        biases = () if self.bias_axes is None else (einsum.bias(self.bias_axes),)
        macs = macs_at(einsum.positions(), kernel)
        return Inferred(
            einsum.output, *adapted(kernel, biases, macs, self.lora_rank, self.kernel_constraint, LORA_DTYPE)
        )


class Embedding(Layer, frozen=True):
    """A table of vectors, one for each index.

    Shapes: (batch, ...) of integers → (batch, ..., output_dim)
    Formula: input_dim × output_dim
    Source: https://keras.io/api/layers/core_layers/embedding/
    Example: {inputs: {tokens: {shape: [null], dtype: int32}}, layers: [{Embedding: [8000, 256]}]}
    """

    input_dim: Positive
    output_dim: Positive
    embeddings_initializer: Initializer = "uniform"
    embeddings_regularizer: Regularizer = None
    embeddings_constraint: Constraint = None
    mask_zero: bool = False
    weights: Any = None
    lora_rank: NonNegative | None = None
    lora_alpha: float | None = None
    quantization_config: Any = None
    input_length: Any = None

    def infer(self, x: Shape) -> Inferred:
        """Infer the table; a look-up multiplies nothing."""
        weights, macs = embedding_weights(self)
        return Inferred((*x, self.output_dim), weights, macs)


class ReversibleEmbedding(Layer, frozen=True):
    """An Embedding that also projects back to the vocabulary when it is called with reverse: true.

    Shapes: (batch, ...) → (batch, ..., output_dim); reversed (batch, ..., output_dim) → (batch, ..., input_dim)
    Formula: input_dim × output_dim, twice with tie_weights: false
    Source: https://keras.io/api/layers/core_layers/reversible_embedding/
    Example: {inputs: {tokens: {shape: [null], dtype: int32}}, layers: [{ReversibleEmbedding: [8000, 256]}]}
    """

    input_dim: Positive
    output_dim: Positive
    tie_weights: bool = True
    embeddings_initializer: Initializer = "uniform"
    embeddings_regularizer: Regularizer = None
    embeddings_constraint: Constraint = None
    mask_zero: bool = False
    reverse_dtype: Any = None
    logit_soft_cap: float | None = None
    weights: Any = None
    lora_rank: NonNegative | None = None
    lora_alpha: float | None = None
    quantization_config: Any = None

    def infer(self, x: Shape, *, reverse: bool = False) -> Inferred:
        """Look up, or multiply by the table (a second table if the weights are not tied)."""
        weights, macs = embedding_weights(self)
        back = Weight(
            "reverse_embeddings",
            (self.output_dim, self.input_dim),
            (("output_dim", self.output_dim), ("input_dim", self.input_dim)),
        )
        if not self.tie_weights:
            if self.lora_rank:
                raise LayerError("lora_rank cannot be used with tie_weights: false")
            weights = (*weights, back)
        if not reverse:
            return Inferred((*x, self.output_dim), weights, macs)
        check_min_rank(x, 1)
        macs = (*(macs if self.tie_weights else ()), *macs_at(x[:-1], back))
        return Inferred((*x[:-1], self.input_dim), weights, macs)


def embedding_weights(layer: Embedding | ReversibleEmbedding) -> tuple[tuple[Weight, ...], Macs]:
    """Return the table, its low-rank adaptation if it has one, and the adaptation's product."""
    table = Weight(
        "embeddings",
        (layer.input_dim, layer.output_dim),
        (("input_dim", layer.input_dim), ("output_dim", layer.output_dim)),
    )
    return adapted(table, (), (), layer.lora_rank, layer.embeddings_constraint, LORA_DTYPE)


class Masking(Elementwise, frozen=True):
    """Skip the time steps whose every value is mask_value.

    Shapes: (batch, time, features) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/core_layers/masking/
    Example: {input: [5, 10], layers: [{Masking: {mask_value: 0.0}}, {LSTM: 8}]}
    """

    mask_value: Any = 0.0


class Identity(Structured, frozen=True):
    """The input, unchanged.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/core_layers/identity/
    Example: {input: [10], layers: [Identity]}
    """
