"""Normalization layers: by batch, by layer, by group, by length, and by statistics given beforehand."""

from typing import Any, ClassVar

from paramcalc.errors import LayerError, echo
from paramcalc.layers.base import Factors, Inferred, Kind, Layer, Weight
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Constraint, Initializer, Regularizer
from paramcalc.shapes import MAX_RANK, Shape, format_shape, known, positive_axis

Axes = int | tuple[int, ...]


class BatchNormalization(Layer, frozen=True):
    """Normalize each feature by its mean and variance over the batch, kept as moving averages.

    Shapes: any → the same
    Formula: 4 × features: gamma, beta, and the moving mean and variance, which are not trained
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167; https://keras.io/api/layers/normalization_layers/
    Note: the non-trainable half, moving_mean and moving_variance, are running averages of the data for inference
    Example: {input: [32, 32, 3], layers: [BatchNormalization]}
    """

    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    moving_mean_initializer: Initializer = "zeros"
    moving_variance_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None
    renorm: bool = False
    renorm_clipping: dict[str, float | None] | None = None
    renorm_momentum: float = 0.99
    synchronized: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Infer one gamma, beta, mean and variance per feature; renorm adds three more statistics."""
        if self.renorm:
            check_clipping(self.renorm_clipping or {})
        factors = axis_factors(x, (self.axis,))
        weights = scale_and_shift(factors, self.scale, self.center)
        statistics = ["moving_mean", "moving_variance"]
        if self.renorm:
            statistics += ["moving_stddev", "renorm_mean", "renorm_stddev"]
        weights += [make(name, factors, "statistic", trainable=False) for name in statistics]
        return Inferred(x, tuple(weights))


def check_clipping(clipping: dict[str, float | None]) -> None:
    """Refuse limits of batch renormalization that Keras refuses."""
    unknown = set(clipping) - {"rmax", "rmin", "dmax"}
    if unknown:
        raise LayerError(f"renorm_clipping takes rmax, rmin and dmax, not {sorted(unknown)}")
    rmax, rmin, dmax = (clipping.get(key) for key in ("rmax", "rmin", "dmax"))
    if rmax is not None and rmin is not None and rmax < rmin:
        raise LayerError(f"renorm_clipping: rmax {rmax} is smaller than rmin {rmin}")
    if dmax is not None and dmax < 0:
        raise LayerError(f"renorm_clipping: dmax {dmax} is negative")


class LayerNormalization(Layer, frozen=True):
    """Normalize each sample over its own features.

    Shapes: any → the same
    Formula: 2 × the product of the sizes at axis: gamma and beta (gamma alone with rms_scaling)
    Source: Ba et al. 2016, arXiv:1607.06450; https://keras.io/api/layers/normalization_layers/
    Example: {input: [10, 64], layers: [LayerNormalization]}
    """

    axis: Axes = -1
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None
    rms_scaling: bool = False

    def infer(self, x: Shape) -> Inferred:
        """One gamma and beta for each element of the normalized axes."""
        scale, center = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        axes = sorted_axes(self.axis)
        for axis in axes:
            positive_axis(axis, len(x))
        if not (scale or center):
            return Inferred(x)
        return Inferred(x, tuple(scale_and_shift(axis_factors(x, axes), scale, center)))


class GroupNormalization(Layer, frozen=True):
    """Normalize each sample over groups of channels; groups: -1 is instance normalization.

    Shapes: any → the same
    Formula: 2 × channels: gamma and beta
    Source: Wu & He 2018, arXiv:1803.08494; https://keras.io/api/layers/normalization_layers/
    Example: {input: [32, 32, 64], layers: [{GroupNormalization: {groups: 8}}]}
    """

    groups: int = 32
    axis: int = -1
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: Initializer = "zeros"
    gamma_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    gamma_regularizer: Regularizer = None
    beta_constraint: Constraint = None
    gamma_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """One gamma and beta for each channel, whatever its group."""
        if self.groups <= 0 and self.groups != -1:
            raise LayerError(f"groups must be positive, or -1 for one group a channel; got {self.groups}")
        factors = axis_factors(x, (self.axis,), "channels")
        channels = known(x, self.axis)
        groups = channels if self.groups == -1 else self.groups
        if groups < 1 or channels < groups or channels % groups:
            raise LayerError(f"the {channels} channels cannot be split into {groups} groups of equal size")
        return Inferred(x, tuple(scale_and_shift(factors, self.scale, self.center)))


class RMSNormalization(Layer, frozen=True):
    """Scale each sample by the root mean square of its features.

    Shapes: any → the same
    Formula: the product of the sizes at axis: scale
    Source: Zhang & Sennrich 2019, arXiv:1910.07467; https://keras.io/api/layers/normalization_layers/
    Example: {input: [10, 64], layers: [RMSNormalization]}
    """

    axis: Axes = -1
    epsilon: float = 1e-06

    def infer(self, x: Shape) -> Inferred:
        """One scale for each element of the normalized axes."""
        return Inferred(x, (make("scale", axis_factors(x, sorted_axes(self.axis))),))


class UnitNormalization(Elementwise, frozen=True):
    """Scale each sample to length 1 over axis.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/normalization_layers/unit_normalization/
    Example: {input: [10, 64], layers: [UnitNormalization]}
    """

    axis: Axes = -1

    def check(self, x: Shape) -> None:
        """The axes must exist."""
        for axis in sorted_axes(self.axis):
            positive_axis(axis, len(x))


class Normalization(Layer, frozen=True):
    """Shift and scale to mean 0 and variance 1, by statistics adapted from data or given.

    Shapes: any → the same
    Formula: 2 × the product of the sizes at axis + 1 (mean, variance, count); none when mean is given
    Source: https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
    Example: {input: [10], layers: [Normalization]}
    """

    axis: Axes | None = -1
    mean: Any = None
    variance: Any = None
    invert: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Adapted statistics are weights, but not trained; given ones are constants."""
        axes = () if self.axis is None else sorted_axes(self.axis)
        kept = tuple(sorted(positive_axis(axis, len(x)) for axis in axes))
        if len(set(kept)) < len(kept):
            raise LayerError(f"axis {list(axes)} names an axis of {format_shape(x)} twice")
        factors = axis_factors(x, kept)
        if self.mean is not None or self.variance is not None:
            check_given(self.mean, self.variance, tuple(size for _, size in factors if size is not None))
            return Inferred(x)
        names = ("mean", "variance")
        weights = [make(name, factors, "statistic", trainable=False) for name in names]
        return Inferred(x, (*weights, make("count", (), "statistic", trainable=False)))


def check_given(mean: Any, variance: Any, sizes: tuple[int, ...]) -> None:
    """Refuse a given mean and variance that do not match each other, or the axes."""
    if mean is None or variance is None:
        raise LayerError("mean and variance must be given together")
    shape, other = shape_of("mean", mean), shape_of("variance", variance)
    if shape != other:
        raise LayerError(f"mean has shape {format_shape(shape)}, variance {format_shape(other)}")
    if len(shape) > len(sizes) or any(
        given not in (1, size) for given, size in zip(shape[::-1], sizes[::-1], strict=False)
    ):
        raise LayerError(f"mean of shape {format_shape(shape)} does not fit the axes {format_shape(sizes)}")


def shape_of(name: str, value: Any) -> tuple[int, ...]:
    """The shape of a number, of nested lists of them, or of an array as Keras writes it.

    Raises:
        LayerError: for anything else: given statistics take the place of weights.
    """
    if isinstance(value, dict):
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    shape: list[int] = []
    level = [value]
    while level and isinstance(level[0], (list, tuple)) and len(shape) < MAX_RANK:
        shape.append(len(level[0]))
        if any(not isinstance(item, (list, tuple)) or len(item) != shape[-1] for item in level):
            break
        level = [item for each in level for item in each]
    if any(isinstance(item, bool) or not isinstance(item, (int, float)) for item in level):
        raise LayerError(f"{name} must be a number, or lists of numbers of equal lengths, got {echo(value)}")
    return tuple(shape)


def sorted_axes(axis: Axes) -> tuple[int, ...]:
    """Return the axes in the order of the weights' axes: sorted as written, negative ones first."""
    return (axis,) if isinstance(axis, int) else tuple(sorted(axis))


def axis_factors(x: Shape, axes: tuple[int, ...], label: str = "features") -> Factors:
    """Return the named sizes at these axes.

    Raises:
        LayerError: when the input has no such axis, or its size is unknown.
    """
    if len(axes) > len(x):
        raise LayerError(f"axis names {len(axes)} axes, the input has {len(x)}")
    for axis in axes:
        positive_axis(axis, len(x))
    sizes = [known(x, axis, f"number of {label}") for axis in axes]
    if len(sizes) == 1:
        return ((label, sizes[0]),)
    return tuple((f"axis {axis}", size) for axis, size in zip(axes, sizes, strict=True))


def scale_and_shift(factors: Factors, scale: bool, shift: bool) -> list[Weight]:
    """Return gamma and beta, as far as they are enabled."""
    weights = [make("gamma", factors)] if scale else []
    return [*weights, make("beta", factors, "bias")] if shift else weights


def make(name: str, factors: Factors, kind: Kind = "weight", trainable: bool = True) -> Weight:
    """Return a weight whose shape is given by its factors."""
    return Weight(name, tuple(size for _, size in factors if size is not None), factors, kind, trainable)
