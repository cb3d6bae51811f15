"""The layers of TensorFlow Addons 0.23, its last version."""

from typing import Any, ClassVar

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Rate, Sublayer, Weight, bias, macs_at
from paramcalc.layers.formulas.attention import attention_macs, score_factors
from paramcalc.layers.formulas.spatial import channels_axis, join_channels, spatial_of
from paramcalc.layers.keras import core, normalization, pooling
from paramcalc.layers.keras.attention import features
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.layers.keras.recurrent import Recurrent
from paramcalc.layers.keras.wrappers import on_one_input
from paramcalc.layers.packages.base import PackageLayer
from paramcalc.shapes import Shape, check_min_rank, check_rank, known, ntuple, positive_axis, product, volume


class AdaptiveAveragePooling1D(pooling.AdaptiveAveragePooling1D, frozen=True):
    """As Keras' own."""


class AdaptiveAveragePooling2D(pooling.AdaptiveAveragePooling2D, frozen=True):
    """As Keras' own."""


class AdaptiveAveragePooling3D(pooling.AdaptiveAveragePooling3D, frozen=True):
    """As Keras' own."""


class AdaptiveMaxPooling1D(pooling.AdaptiveMaxPooling1D, frozen=True):
    """As Keras' own."""


class AdaptiveMaxPooling2D(pooling.AdaptiveMaxPooling2D, frozen=True):
    """As Keras' own."""


class AdaptiveMaxPooling3D(pooling.AdaptiveMaxPooling3D, frozen=True):
    """As Keras' own."""


class GELU(Elementwise, frozen=True):
    """Gaussian error linear unit; no weights."""

    approximate: bool = True


class Sparsemax(Elementwise, frozen=True):
    """Softmax with zeros; no weights."""

    axis: int = -1


class PoincareNormalize(Elementwise, frozen=True):
    """Project onto the unit ball; no weights."""

    axis: int = 1
    epsilon: float = 1e-5


class Snake(Layer, frozen=True):
    """x + sin²(frequency · x) / frequency, with one frequency that is learned."""

    frequency_initializer: Initializer = "ones"

    def infer(self, x: Shape) -> Inferred:
        """A single number."""
        return Inferred(x, (Weight("frequency", (), ()),))


class GroupNormalization(normalization.GroupNormalization, frozen=True):
    """As Keras' own; the batch is no axis to normalise."""

    def infer(self, x: Shape) -> Inferred:
        """One gamma and beta for each channel."""
        if positive_axis(self.axis, len(x)) == 0:
            raise LayerError("axis 0 is the batch, which is not normalized")
        return super().infer(x)


class InstanceNormalization(GroupNormalization, frozen=True):
    """GroupNormalization with a group for each channel, whatever groups says."""

    def infer(self, x: Shape) -> Inferred:
        """One gamma and beta for each channel."""
        return GroupNormalization.infer(replace(self, groups=-1), x)


class FilterResponseNormalization(Layer, frozen=True):
    """Divide each channel by its mean square over height and width."""

    epsilon: float = 1e-6
    axis: tuple[int, ...] = (1, 2)
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None
    learned_epsilon: bool = False
    learned_epsilon_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """A gamma and a beta for each channel; a learned epsilon is one number."""
        check_rank(x, 4, "(batch, height, width, channels)")
        if self.axis != (1, 2):
            raise LayerError(f"axis must be [1, 2], got {list(self.axis)}")
        for axis in self.axis:
            known(x, axis, "size of an axis")
        factors: Factors = (("channels", known(x, -1, "number of channels")),)
        shape = (1, 1, 1, known(x, -1))
        learned = (Weight("learned_epsilon", (1,), (("epsilon", 1),)),) if self.learned_epsilon else ()
        return Inferred(x, (*learned, Weight("gamma", shape, factors), Weight("beta", shape, factors, "bias")))


class TLU(Layer, frozen=True):
    """Thresholded linear unit: max(x, tau), each element with a threshold of its own."""

    affine: bool = False
    tau_initializer: Initializer = "zeros"
    tau_regularizer: Regularizer = None
    tau_constraint: Constraint = None
    alpha_initializer: Initializer = "zeros"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """A tau for each element, and an alpha where it is affine."""
        factors: Factors = tuple((f"axis {axis}", known(x, axis)) for axis in range(1, len(x)))
        shape = tuple(known(x, axis) for axis in range(1, len(x)))
        names = ("tau", "alpha") if self.affine else ("tau",)
        return Inferred(x, tuple(Weight(name, shape, factors) for name in names))


class Maxout(Layer, frozen=True):
    """The largest of each group of features."""

    num_units: Positive
    axis: int = -1

    def infer(self, x: Shape) -> Inferred:
        """The axis is divided into num_units groups."""
        axis = positive_axis(self.axis, len(x))
        size = known(x, axis, "number of features")
        if size % self.num_units:
            raise LayerError(f"{size} features cannot be divided into {self.num_units} units")
        return Inferred((*x[:axis], self.num_units, *x[axis + 1 :]))


class NetVLAD(Layer, frozen=True):
    """Vectors summed up by the clusters that they are near."""

    num_clusters: Positive

    def infer(self, x: Shape) -> Inferred:
        """The assignment is a Dense over the features; its scores weigh the features."""
        check_rank(x, 3, "(batch, vectors, features)")
        size = known(x, -1, "number of features")
        clusters, feature = ("clusters", self.num_clusters), ("features", size)
        kernel = Weight("kernel", (size, self.num_clusters), (feature, clusters))
        weights = (
            kernel,
            bias(self.num_clusters, "clusters"),
            Weight("cluster_centers", (1, size, self.num_clusters), (feature, clusters)),
        )
        return Inferred((x[0], size * self.num_clusters), weights, (*macs_at(x[:-1], kernel), *macs_at(x[:-1], kernel)))


class NoisyDense(Layer, frozen=True):
    """Dense whose kernel and bias are means plus learned amounts of noise; the noise is kept, and not trained."""

    units: Positive
    sigma: float = 0.5
    use_factorised: bool = True
    activation: Activation = None
    use_bias: bool = True
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """Three kernels and three biases; the package fails where there is no bias, as it resets that one's noise."""
        if not self.use_bias:
            raise LayerError("needs use_bias: true: tensorflow_addons cannot build it without")
        check_min_rank(x, 2)
        size = known(x, -1, "number of features")
        factors: Factors = (("features", size), ("units", self.units))
        kernels = [Weight(f"{part}_kernel", (size, self.units), factors) for part in ("sigma", "mu", "eps")]
        biases = [bias(self.units, "units", f"{part}_bias") for part in ("sigma", "mu", "eps")]
        noise = [replace(weight, kind="statistic", trainable=False) for weight in (kernels[2], biases[2])]
        weights = (*kernels[:2], *biases[:2], *noise)
        return Inferred((*x[:-1], self.units), weights, macs_at(x[:-1], kernels[0]))


class PolynomialCrossing(Layer, frozen=True):
    """x0 · (W x + b) + x, of the first input x0 and the last x."""

    projection_dim: Positive | None = None
    diag_scale: float = 0.0
    use_bias: bool = True
    kernel_initializer: Initializer = "truncated_normal"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None

    def infer(self, x0: Shape, x: Shape) -> Inferred:
        """A square kernel, or two thin ones."""
        size = known(x, -1, "number of features")
        if self.projection_dim is not None and 2 * self.projection_dim > size:
            raise LayerError(f"projection_dim {self.projection_dim} is larger than half the {size} features")
        feature = ("features", size)
        if self.projection_dim is None:
            kernels: tuple[Weight, ...] = (Weight("kernel", (size, size), (feature, feature)),)
        else:
            thin, inner = self.projection_dim, ("projection_dim", self.projection_dim)
            kernels = (
                Weight("kernel_u", (size, thin), (feature, inner)),
                Weight("kernel_v", (thin, size), (inner, feature)),
            )
        biases = (bias(size, "features"),) if self.use_bias else ()
        return Inferred(x0, (*kernels, *biases), macs_at(x[:-1], *kernels))


class SpatialPyramidPooling2D(Layer, frozen=True):
    """Averages over grids of several sizes, one after the other."""

    bins: tuple[Any, ...]
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """As many positions as the grids have cells."""
        spatial_of(x, 2, self.data_format)
        cells = sum(product(ntuple(size, 2, "bins")) or 0 for size in self.bins)
        return Inferred(join_channels(x[0], (cells,), x[channels_axis(self.data_format)], self.data_format))


class StochasticDepth(Layer, frozen=True):
    """The sum of a shortcut and a residual, which training leaves out at random; no weights."""

    survival_probability: Rate = 0.5

    def infer(self, shortcut: Shape, residual: Shape) -> Inferred:
        """The shape of the shortcut."""
        if len(shortcut) != len(residual):
            raise LayerError("needs a shortcut and a residual of one shape")
        return Inferred(shortcut)


class EmbeddingBag(Layer, frozen=True):
    """Sums or means of the vectors of several ids."""

    input_dim: Positive
    output_dim: Positive
    embeddings_initializer: Initializer = "uniform"
    embeddings_regularizer: Regularizer = None
    embeddings_constraint: Constraint = None
    mask_zero: bool = False
    combiner: str = "sum"

    def infer(self, x: Shape, weights: Shape | None = None) -> Inferred:
        """One vector for each row of ids; what these are weighed with changes no count."""
        check_min_rank(x, 2)
        table = core.Embedding(self.input_dim, self.output_dim).infer(x).weights
        return Inferred((*x[:-1], self.output_dim), table)


class CRF(Layer, frozen=True):
    """Conditional random field: the best sequence of tags, their potentials, the lengths, and the transitions."""

    units: Positive
    chain_initializer: Initializer = "orthogonal"
    use_boundary: bool = True
    boundary_initializer: Initializer = "zeros"
    use_kernel: bool = True

    def infer(self, x: Shape, *masks: Shape | None) -> Inferred:
        """Transitions between tags, the scores of first and last ones, and a Dense that makes tags of features."""
        check_rank(x, 3, "(batch, steps, features)")
        tag = ("units", self.units)
        chain = Weight("chain_kernel", (self.units, self.units), (tag, tag))
        names = ("left_boundary", "right_boundary") if self.use_boundary else ()
        weights = (chain, *(Weight(name, (self.units,), (tag,)) for name in names))
        width = x[-1]
        macs: tuple[Factors, ...] = ()
        if self.use_kernel:
            dense = core.Dense(self.units).infer(x)
            weights, macs, width = (*weights, *dense.weights), dense.macs, self.units
        elif width is not None and width != self.units:
            raise LayerError(f"without a kernel the {width} features must be the {self.units} units")
        return Inferred([x[:2], (*x[:2], width), x[:1], (self.units, self.units)], weights, macs)


class MultiHeadAttention(Layer, frozen=True):
    """Attention in several heads; its inputs are a list of query, key and perhaps value."""

    head_size: Positive
    num_heads: Positive
    output_size: Positive | None = None
    dropout: Rate = 0.0
    use_projection_bias: bool = True
    return_attn_coef: bool = False
    kernel_initializer: Initializer = "glorot_uniform"
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_initializer: Initializer = "zeros"
    bias_regularizer: Regularizer = None
    bias_constraint: Constraint = None

    def infer(self, query: Shape, key: Shape, value: Shape | None = None) -> Inferred:
        """Three projections without biases, the attention of each head, and one projection back."""
        value = key if value is None else value
        heads, size = ("heads", self.num_heads), ("head_size", self.head_size)
        ahead = [
            self.kernel(f"{name}_kernel", features(x, name)[0], size)
            for name, x in (("query", query), ("key", key), ("value", value))
        ]
        width = self.output_size or known(value, -1, "number of features")
        back = self.kernel("projection_kernel", size, ("output_size", width))
        biases = (bias(width, "output_size", "projection_bias"),) if self.use_projection_bias else ()
        macs = [term for x, one in zip((query, key, value), ahead, strict=True) for term in macs_at(x[:-1], one)]
        scores = score_factors(volume(query[:-2]), query[-2], key[-2], heads)
        macs += [*attention_macs(scores, size, size), *macs_at(query[:-1], back)]
        output: Shape = (*query[:-1], width)
        coefficients: Shape = (*query[:-2], self.num_heads, query[-2], key[-2])
        return Inferred(
            [output, coefficients] if self.return_attn_coef else output, (*ahead, back, *biases), tuple(macs)
        )

    def kernel(self, name: str, rows: tuple[str, Any], columns: tuple[str, Any]) -> Weight:
        """A projection of every head."""
        return Weight(name, (self.num_heads, rows[1], columns[1]), (("heads", self.num_heads), rows, columns))


class SpectralNormalization(Layer, frozen=True):
    """Divides the kernel of a layer by an estimate of its largest singular value, which lives in a vector."""

    sublayers: ClassVar[tuple[str, ...]] = ("layer",)

    layer: Sublayer
    power_iterations: Positive = 1

    def infer(self, x: Shape) -> Inferred:
        """The layer itself, and the vector."""
        inner = on_one_input(self.layer, x)
        kernel = own_kernel(self.layer, inner, ("kernel", "embeddings"))
        columns = kernel.shape[-1]
        vector = Weight("sn_u", (1, columns), (("kernel columns", columns),), "statistic", False)
        return replace(inner, weights=(*inner.weights, vector))


class WeightNormalization(PackageLayer, frozen=True):
    """Takes the length of each column of a layer's kernel apart from its direction.

    With data_init the first batch sets the lengths, for which a copy of the layer is kept, which is not trained.
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layer",)

    layer: Sublayer
    data_init: bool = True

    def infer(self, x: Shape) -> Inferred:
        """The layer itself, a length for each column, whether they are set, and the copy."""
        inner = on_one_input(self.layer, x)
        recurrent = isinstance(self.layer.layer, Recurrent)
        kernel = own_kernel(self.layer, inner, ("recurrent_kernel",) if recurrent else ("kernel",))
        lengths = Weight("g", kernel.shape[-1:], (("kernel columns", kernel.shape[-1]),))
        flag = Weight("initialized", (), (), "statistic", False, "bool")
        copies = [
            replace(weight, name=f"data_dep_init/{weight.name}", trainable=False)
            for weight in (inner.weights if self.data_init else ())
        ]
        return replace(inner, weights=(lengths, *inner.weights, flag, *copies))


def own_kernel(wrapped: Sublayer, inner: Inferred, names: tuple[str, ...]) -> Weight:
    """The wrapped layer's own kernel.

    Raises:
        LayerError: when it has none.
    """
    wanted = [f"{wrapped.name}/{name}" for name in names]
    for weight in inner.weights:
        if weight.name in wanted:
            return weight
    raise LayerError(f"needs a layer with a kernel, such as Dense; {wrapped.type} has none")
