"""Core layers: Dense, EinsumDense, Embedding and the ones that only pass on."""

import re
from typing import Any

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Inferred, Layer, NonNegative, Positive, Weight, bias, macs_at
from paramcalc.layers.formulas.elementwise import Elementwise, Structured
from paramcalc.layers.formulas.lora import Macs, adapted
from paramcalc.layers.keras.fields import Activation, Constraint, Initializer, Regularizer
from paramcalc.limits import MAX_EXPRESSION
from paramcalc.shapes import MAX_RANK, Dim, Shape, check_min_rank, format_shape, known


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
        """One kernel over the last axis, used at every position before it."""
        check_min_rank(x, 2)
        features = known(x, -1, "number of features")
        kernel = Weight("kernel", (features, self.units), (("features", features), ("units", self.units)))
        biases = (bias(self.units, "units"),) if self.use_bias else ()
        output = (*x[:-1], self.units)
        macs = macs_at(x[:-1], kernel)
        return Inferred(output, *adapted(kernel, biases, macs, self.lora_rank, self.kernel_constraint))


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
        """Sizes of the kernel's axes come from the input where they are summed, else from the output."""
        einsum = Einsum(self.equation, self.output_shape, x)
        kernel = einsum.kernel()
        biases = () if self.bias_axes is None else (einsum.bias(self.bias_axes),)
        macs = macs_at(einsum.positions(), kernel)
        return Inferred(einsum.output, *adapted(kernel, biases, macs, self.lora_rank, self.kernel_constraint))


FORMS = (
    re.compile("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)"),
    re.compile("0([a-zA-Z]+),([a-zA-Z]+)->0([a-zA-Z]+)"),
    re.compile("([a-zA-Z]{2,})0,([a-zA-Z]+)->([a-zA-Z]+)0"),
)
"""The equations Keras understands, the ellipsis written as 0; anything may follow, as in Keras."""


class Einsum:
    """An equation with the sizes of one input filled in.

    Attributes:
        output: the full output shape.
    """

    def __init__(self, equation: str, output_shape: int | tuple[Dim, ...], x: Shape) -> None:
        """Match the axes of `x` and of the output to the letters.

        Raises:
            LayerError: for an equation Keras does not understand, or one that `x` does not fit.
        """
        self.x = x
        self.left = False
        check_length("equation", equation)
        for index, form in enumerate(FORMS):
            match = form.match(equation.replace("...", "0"))
            if match is not None:
                self.left = index == 1
                self.read, self.held, self.written = match.groups()
                break
        else:
            raise LayerError(
                f"equation '{equation[:80]}' must look like 'ab,bc->ac', '...a,ab->...b' or 'ab...,bc->ac...'"
            )
        if max(len(self.read), len(self.held), len(self.written)) > MAX_RANK:
            raise LayerError(f"equation '{equation[:80]}' has more than {MAX_RANK} axes")
        self.elided = len(x) - len(self.read)
        if self.elided < 0:
            raise LayerError(
                f"the equation reads {len(self.read)} axes ('{self.read}'), the input is {format_shape(x)}"
            )
        self.output = self.full_output((output_shape,) if isinstance(output_shape, int) else output_shape)
        self.check()

    def full_output(self, partial: tuple[Dim, ...]) -> Shape:
        """`output_shape` with the batch and what the ellipsis stands for."""
        if self.left:
            # Keras writes the elided axes in reverse; only ranks with two or more show it.
            return (self.x[0], *self.x[1 : self.elided][::-1], *partial)
        return (self.x[0], *partial, *self.x[len(self.x) - self.elided :])

    def read_axis(self, letter: str) -> int:
        """The input's axis with this letter, counted from the end after an ellipsis; the last one if twice."""
        axis = self.read.rindex(letter)
        return axis - len(self.read) if self.left else axis

    def output_size(self, letter: str) -> Dim:
        """The size the output has at this letter."""
        axis = self.written.rindex(letter) + (self.elided if self.left else 0)
        if axis >= len(self.output):
            raise LayerError(
                f"output_shape has no axis for '{letter}' of '{self.written}': "
                f"the whole output would be {format_shape(self.output)}"
            )
        return self.output[axis]

    def check(self) -> None:
        """Every letter must have one size, and stand where its size can be known."""
        for letter in self.read:
            if letter not in self.written:
                continue
            size, given = self.x[self.read_axis(letter)], self.output_size(letter)
            if given is not None and given != size:
                raise LayerError(f"axis '{letter}' is {size} in the input but {given} in output_shape")
        for letter in self.written:
            if letter not in self.read and letter not in self.held:
                raise LayerError(f"axis '{letter}' of the output is in neither the input nor the kernel")
        for letter in self.held:
            if letter not in self.read and letter not in self.written:
                raise LayerError(f"axis '{letter}' of the kernel is in neither the input nor the output")

    def kernel(self) -> Weight:
        """The kernel: sizes of the output first, else of the input."""
        factors = []
        for letter in self.held:
            if letter in self.written:
                size = self.output_size(letter)
                if size is None:
                    raise LayerError(f"output_shape must give the size of the kernel's axis '{letter}'")
            else:
                size = known(self.x, self.read_axis(letter), f"axis '{letter}'")
            factors.append((letter, positive(size, letter)))
        return Weight("kernel", tuple(size for _, size in factors), tuple(factors))

    def bias(self, axes: str) -> Weight:
        """The bias: `axes` at their sizes, 1 for the output's axes between and after them."""
        check_length("bias_axes", axes)
        missing = [letter for letter in axes if letter not in self.written]
        if missing or not axes:
            raise LayerError(f"bias_axes '{axes[:80]}' must be letters of the output '{self.written}'")
        first = min(self.written.index(letter) for letter in axes)
        shape: list[int] = []
        factors = []
        for letter in self.written[first:]:
            size = self.output_size(letter) if letter in axes else 1
            if size is None:
                raise UnknownDimensionError(f"the size of bias axis '{letter}' is unknown", 0)
            shape.append(size)
            if letter in axes:
                factors.append((letter, size))
        if not self.left:
            shape.extend([1] * self.elided)
        return Weight("bias", tuple(shape), tuple(factors), "bias")

    def positions(self) -> Shape:
        """Where the kernel is used: what the input has and the kernel has not, the batch first.

        An axis that is neither in the kernel nor in the output is summed before the product.
        """
        start, kept = (self.elided, self.read) if self.left else (0, self.read)
        sizes = [(axis + start, letter) for axis, letter in enumerate(kept)]
        axes = [axis for axis, letter in sizes if letter in self.written and letter not in self.held]
        axes += range(self.elided) if self.left else range(len(self.read), len(self.x))
        batch = self.x[0] if 0 in axes else 1
        return (batch, *(self.x[axis] for axis in axes if axis))


def check_length(name: str, text: str) -> None:
    """Refuse an equation longer than any real one: it is read at each call."""
    if len(text) > MAX_EXPRESSION:
        raise LayerError(f"{name} has at most {MAX_EXPRESSION} characters, this one has {len(text):,}")


def positive(size: int, letter: str) -> int:
    """A size that a weight can have."""
    if size < 1:
        raise LayerError(f"axis '{letter}' of the kernel must be positive, got {size}")
    return size


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
        """A look-up multiplies nothing."""
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
        """Look up, or multiply with the table (its own copy when the weights are not tied)."""
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
    """The table, with its low-rank adaptation if it has one, and the product of that."""
    table = Weight(
        "embeddings",
        (layer.input_dim, layer.output_dim),
        (("input_dim", layer.input_dim), ("output_dim", layer.output_dim)),
    )
    return adapted(table, (), (), layer.lora_rank, layer.embeddings_constraint)


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
