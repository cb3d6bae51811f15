"""Layers of keras-contrib, after its source; it is no longer developed, and files name the classes without a module.

Several have been copied into many other projects, with the same names and configs.
"""

from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Positive, Weight, bias, macs_at
from paramcalc.layers.formulas.spatial import channels_axis, join_channels, spatial_of
from paramcalc.layers.keras import normalization
from paramcalc.layers.keras.fields import Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.layers.keras.normalization import axis_factors, scale_and_shift
from paramcalc.layers.packages.base import PackageLayer
from paramcalc.shapes import Shape, check_rank, known, positive_axis, product

NORMALIZED = ("axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer")


class InstanceNormalization(PackageLayer, frozen=True):
    """Normalize each sample, by channel or, without an axis, as a whole."""

    signs: ClassVar[tuple[str, ...]] = NORMALIZED

    axis: int | None = None
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """A gamma and a beta for each channel; one of each without an axis."""
        if self.axis is not None and (positive_axis(self.axis, len(x)) == 0 or len(x) == 2):
            raise LayerError(f"axis {self.axis} of an input of {len(x)} axes cannot be normalized")
        factors: Factors = (("whole samples", 1),) if self.axis is None else axis_factors(x, (self.axis,), "channels")
        return Inferred(x, tuple(scale_and_shift(factors, self.scale, self.center)))


class GroupNormalization(normalization.GroupNormalization, PackageLayer, frozen=True):
    """As Keras' own, which came later."""

    signs: ClassVar[tuple[str, ...]] = ("groups", *NORMALIZED)


class PELU(PackageLayer, frozen=True):
    """Exponential linear unit with two learned numbers for each element; axes may share them."""

    signs: ClassVar[tuple[str, ...]] = ("alpha_initializer", "beta_initializer", "shared_axes")

    alpha_initializer: Initializer = "ones"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None
    beta_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    shared_axes: tuple[Positive, ...] | None = None

    def infer(self, x: Shape) -> Inferred:
        """One alpha and beta for each element of the axes that share none."""
        shared = self.shared_axes or ()
        if any(axis >= len(x) for axis in shared):
            raise LayerError(f"shared_axes {list(shared)} names axes that the input does not have")
        factors: Factors = tuple((f"axis {axis}", 1 if axis in shared else known(x, axis)) for axis in range(1, len(x)))
        shape = tuple(size or 0 for _, size in factors)
        return Inferred(x, (Weight("alpha", shape, factors), Weight("beta", shape, factors)))


class SubPixelUpscaling(PackageLayer, frozen=True):
    """Moves channels to height and width; no weights."""

    signs: ClassVar[tuple[str, ...]] = ("scale_factor", "data_format")

    scale_factor: Positive = 2
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Height and width are multiplied, channels divided."""
        spatial = spatial_of(x, 2, self.data_format)
        channels = known(x, channels_axis(self.data_format), "number of channels")
        if channels % self.scale_factor**2:
            raise LayerError(f"{channels} channels cannot be divided by {self.scale_factor}²")
        larger = tuple(product((size, self.scale_factor)) for size in spatial)
        return Inferred(join_channels(x[0], larger, channels // self.scale_factor**2, self.data_format))


class CRF(PackageLayer, frozen=True):
    """Conditional random field over a sequence of features: tags, or their probabilities."""

    signs: ClassVar[tuple[str, ...]] = ("units", "learn_mode", "test_mode", "sparse_target", "use_boundary", "use_bias")

    units: Positive
    learn_mode: Literal["join", "marginal"] = "join"
    test_mode: Literal["viterbi", "marginal"] | None = None
    sparse_target: bool = False
    use_boundary: bool = True
    use_bias: bool = True
    activation: Activation = "linear"
    kernel_initializer: Initializer = "glorot_uniform"
    chain_initializer: Initializer = "orthogonal"
    bias_initializer: Initializer = "zeros"
    boundary_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    chain_regularizer: Regularizer = None
    boundary_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    chain_constraint: Constraint = None
    boundary_constraint: Constraint = None
    bias_constraint: Constraint = None
    input_dim: Positive | None = None
    unroll: bool = False

    def infer(self, x: Shape) -> Inferred:
        """A kernel for the features, the transitions between tags, and the scores of first and last ones."""
        check_rank(x, 3, "(batch, steps, features)")
        size, tag = known(x, -1, "number of features"), ("units", self.units)
        kernel = Weight("kernel", (size, self.units), (("features", size), tag))
        chain = Weight("chain_kernel", (self.units, self.units), (tag, tag))
        biases = (bias(self.units, "units"),) if self.use_bias else ()
        names = ("left_boundary", "right_boundary") if self.use_boundary else ()
        ends = [Weight(name, (self.units,), (tag,)) for name in names]
        return Inferred((*x[:2], self.units), (kernel, chain, *biases, *ends), macs_at(x[:-1], kernel))


class Capsule(PackageLayer, frozen=True):
    """Capsules that are routed to by agreement."""

    signs: ClassVar[tuple[str, ...]] = ("num_capsule", "dim_capsule", "routings", "share_weights", "activation")

    num_capsule: Positive
    dim_capsule: Positive
    routings: Positive = 3
    share_weights: bool = True
    activation: Activation = None

    def infer(self, x: Shape) -> Inferred:
        """One kernel for all inputs, or one for each; the products of the routing depend on the version of Keras."""
        check_rank(x, 3, "(batch, inputs, features)")
        size = known(x, -1, "number of features")
        rows = 1 if self.share_weights else known(x, -2, "number of inputs")
        capsules: Factors = (("num_capsule", self.num_capsule), ("dim_capsule", self.dim_capsule))
        shape = (rows, size, self.num_capsule * self.dim_capsule)
        kernel = Weight("capsule_kernel", shape, (("kernels", rows), ("features", size), *capsules))
        return Inferred((x[0], self.num_capsule, self.dim_capsule), (kernel,), ((("routing", None),),))
