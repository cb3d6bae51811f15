"""The layers of QKeras 0.9: Keras' layers whose weights and outputs pass through quantizers.

Their files store the weights in float32, before quantization, and that is how they are counted. Each class lists all
its fields: a msgspec struct can inherit fields from only one base, and that is Keras' layer.
"""

from typing import Any, ClassVar

from msgspec.structs import replace

from paramcalc.layers.base import Inferred, Positive, Weight
from paramcalc.layers.keras import convolutional, convolutional_transpose, core, normalization, pooling, wrappers
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Constraint, Initializer, Regularizer
from paramcalc.layers.keras.normalization import BatchNormalization
from paramcalc.layers.packages.base import PackageLayer
from paramcalc.layers.packages.quantizers import Quantizer, check_quantizers
from paramcalc.shapes import Shape, known


class QuantizedLayer(PackageLayer, frozen=True):
    """Mixin of the layers with quantizers."""

    own_activations: ClassVar[bool] = True

    @classmethod
    def fields_of(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields unchanged after checking their quantizers."""
        check_quantizers(fields)
        return fields


class QKernel(QuantizedLayer, frozen=True):
    """The quantizers of a kernel and a bias."""

    signs: ClassVar[tuple[str, ...]] = ("kernel_quantizer", "bias_quantizer")


class QDense(QKernel, core.Dense, frozen=True):
    """Dense with a quantized kernel."""

    activation: Any = None
    kernel_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    kernel_range: Any = None
    bias_range: Any = None


class QConv1D(QKernel, convolutional.Conv1D, frozen=True):
    """Conv1D with a quantized kernel."""

    activation: Any = None
    kernel_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    kernel_range: Any = None
    bias_range: Any = None


class QConv2D(QKernel, convolutional.Conv2D, frozen=True):
    """Conv2D with a quantized kernel."""

    activation: Any = None
    kernel_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    kernel_range: Any = None
    bias_range: Any = None
    mask: Any = None


class QConv2DTranspose(QKernel, convolutional_transpose.Conv2DTranspose, frozen=True):
    """Conv2DTranspose with a quantized kernel."""

    activation: Any = None
    kernel_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    kernel_range: Any = None
    bias_range: Any = None
    groups: Any = None


class QDepthwise(QuantizedLayer, frozen=True):
    """The quantizers of a depthwise kernel and a bias."""

    signs: ClassVar[tuple[str, ...]] = ("depthwise_quantizer", "bias_quantizer")


class QDepthwiseConv2D(QDepthwise, convolutional.DepthwiseConv2D, frozen=True):
    """DepthwiseConv2D with a quantized kernel."""

    activation: Any = None
    depthwise_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    depthwise_range: Any = None
    bias_range: Any = None
    filters: Any = None
    groups: Any = None
    kernel_initializer: Initializer = None
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None


class QSeparable(QuantizedLayer, frozen=True):
    """The quantizers of both kernels and a bias."""

    signs: ClassVar[tuple[str, ...]] = ("depthwise_quantizer", "pointwise_quantizer", "bias_quantizer")


class QSeparableConv1D(QSeparable, convolutional.SeparableConv1D, frozen=True):
    """SeparableConv1D with quantized kernels."""

    activation: Any = None
    depthwise_quantizer: Quantizer = None
    pointwise_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    groups: Any = None
    kernel_initializer: Initializer = None
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None


class QSeparableConv2D(QSeparable, convolutional.SeparableConv2D, frozen=True):
    """SeparableConv2D with quantized kernels."""

    activation: Any = None
    depthwise_quantizer: Quantizer = None
    pointwise_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    groups: Any = None
    kernel_initializer: Initializer = None
    kernel_regularizer: Regularizer = None
    kernel_constraint: Constraint = None


class QActivation(Elementwise, QuantizedLayer, frozen=True):
    """A quantizer by itself; no weights."""

    signs: ClassVar[tuple[str, ...]] = ("activation",)

    activation: Any


class QAdaptiveActivation(QuantizedLayer, frozen=True):
    """A quantizer whose range follows the data: the number of the step, and the smallest and largest value."""

    signs: ClassVar[tuple[str, ...]] = ("activation", "total_bits", "quantization_delay", "per_channel")

    activation: str
    total_bits: Positive
    current_step: Any = None
    symmetric: bool = True
    quantization_delay: Any = 0
    ema_freeze_delay: Any = None
    ema_decay: Any = 0.9999
    per_channel: bool = False
    po2_rounding: bool = False
    relu_neg_slope: float = 0.0
    relu_upper_bound: float | None = None

    def infer(self, x: Shape) -> Inferred:
        """Two statistics for all channels together, or for each."""
        channels = known(x, -1, "number of channels") if self.per_channel else 1
        ends = [
            Weight(name, (channels,), (("channels", channels),), "statistic", False) for name in ("ema_min", "ema_max")
        ]
        return Inferred(x, (Weight("step", (), (), "statistic", dtype="int64"), *ends))


class QBatchNormalization(QuantizedLayer, normalization.BatchNormalization, frozen=True):
    """BatchNormalization whose weights and statistics are quantized."""

    signs: ClassVar[tuple[str, ...]] = ("beta_quantizer", "gamma_quantizer", "mean_quantizer", "variance_quantizer")

    activation: Any = None
    beta_quantizer: Quantizer = None
    gamma_quantizer: Quantizer = None
    mean_quantizer: Quantizer = None
    variance_quantizer: Quantizer = None
    inverse_quantizer: Quantizer = None
    beta_range: Any = None
    gamma_range: Any = None

    @classmethod
    def fields_of(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the axis as a number; files have a list of one."""
        return super().fields_of(with_single_axis(fields))


def with_single_axis(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields, with an axis that is a list of one replaced by its number."""
    axis = fields.get("axis")
    return {**fields, "axis": axis[0]} if isinstance(axis, list) and len(axis) == 1 else fields


class Folded(QuantizedLayer, frozen=True):
    """The batch normalisation that is folded into a convolution, which inference computes once, with that kernel."""

    @classmethod
    def fields_of(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the axis as a number; files have a list of one."""
        return super().fields_of(with_single_axis(fields))

    def folded(self, one: Inferred) -> Inferred:
        """A convolution's answer with the weights of the normalisation and its step counter."""
        step = Weight("iteration", (), (), "statistic", False, "int64")
        fields: Any = self
        normal = BatchNormalization(fields.axis, center=fields.center, scale=fields.scale).infer(one.shapes[0])
        weights = [replace(weight, name=f"batch_normalization/{weight.name}") for weight in normal.weights]
        return replace(one, weights=(*one.weights, *weights, step))


class QConv2DBatchnorm(Folded, QConv2D, frozen=True):
    """QConv2D with a batch normalisation folded into its kernel."""

    signs: ClassVar[tuple[str, ...]] = (
        "kernel_quantizer",
        "folding_mode",
        "ema_freeze_delay",
        "moving_mean_initializer",
    )

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
    ema_freeze_delay: int | None = None
    folding_mode: str = "ema_stats_folding"

    def infer(self, x: Shape) -> Inferred:
        """Infer the convolution and its batch normalisation."""
        return self.folded(QConv2D.infer(self, x))


class QDepthwiseConv2DBatchnorm(Folded, QDepthwiseConv2D, frozen=True):
    """QDepthwiseConv2D with a batch normalisation folded into its kernel."""

    signs: ClassVar[tuple[str, ...]] = (
        *("depthwise_quantizer", "folding_mode", "ema_freeze_delay", "moving_mean_initializer"),
    )

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
    ema_freeze_delay: int | None = None
    folding_mode: str = "ema_stats_folding"

    def infer(self, x: Shape) -> Inferred:
        """Infer the convolution and its batch normalisation."""
        return self.folded(QDepthwiseConv2D.infer(self, x))


class QAveragePooling2D(QuantizedLayer, pooling.AveragePooling2D, frozen=True):
    """AveragePooling2D whose division is quantized."""

    signs: ClassVar[tuple[str, ...]] = ("average_quantizer", "activation")

    average_quantizer: Quantizer = None
    activation: Any = None


class QGlobalAveragePooling2D(QuantizedLayer, pooling.GlobalAveragePooling2D, frozen=True):
    """GlobalAveragePooling2D whose division is quantized."""

    signs: ClassVar[tuple[str, ...]] = ("average_quantizer", "activation")

    average_quantizer: Quantizer = None
    activation: Any = None


class QBidirectional(wrappers.Bidirectional, PackageLayer, frozen=True):
    """Bidirectional, of QKeras' layers."""

    signs: ClassVar[tuple[str, ...]] = ("layer", "merge_mode")
