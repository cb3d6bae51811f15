"""The recurrent layers and cells of TensorFlow Addons 0.23."""

from msgspec.structs import replace

from paramcalc.layers.base import Factors, Inferred, Positive, Weight, bias
from paramcalc.layers.formulas.gates import gate_factors, gated_step, per_sample
from paramcalc.layers.keras.fields import Activation, Constraint, Initializer, Regularizer
from paramcalc.layers.keras.recurrent import LAYOUT, Recurrent, over_time, without_time
from paramcalc.layers.keras.recurrent_cells import Cell, LSTMCell, SimpleRNNCell
from paramcalc.shapes import Shape, check_rank, known


class ESNCell(Cell, frozen=True):
    """One step of an echo state network, whose weights are never trained."""

    units: Positive
    connectivity: float = 0.1
    leaky: float = 1
    spectral_radius: float = 0.9
    use_norm2: bool = False
    use_bias: bool = True
    activation: Activation = "tanh"
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"

    def step(self, x: Shape) -> Inferred:
        """Infer a kernel for the input and one for the last output."""
        return frozen(gated_step(x, self.units, self.use_bias))


class ESN(Recurrent, frozen=True):
    """ESNCell over the time axis."""

    units: Positive
    connectivity: float = 0.1
    leaky: float = 1
    spectral_radius: float = 0.9
    use_norm2: bool = False
    use_bias: bool = True
    activation: Activation = "tanh"
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    time_major: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """Infer the step at every time step."""
        check_rank(x, 3, LAYOUT)
        one = gated_step(without_time(x), self.units, self.use_bias)
        return over_time(self, x, frozen(one))


def frozen(one: Inferred) -> Inferred:
    """Return a step whose weights are not trained."""
    return replace(one, weights=tuple(replace(weight, trainable=False) for weight in one.weights))


class LayerNormLSTMCell(LSTMCell, frozen=True):
    """LSTMCell that normalises both products and the carry."""

    norm_gamma_initializer: Initializer = "ones"
    norm_beta_initializer: Initializer = "zeros"
    norm_epsilon: float = 1e-3

    def step(self, x: Shape) -> Inferred:
        """The cell's own weights, and a gamma and a beta for each sum."""
        one = super().step(x)
        gates, units = gate_factors(4, self.units), gate_factors(1, self.units)
        pairs = (("kernel_norm", gates), ("recurrent_norm", gates), ("state_norm", units))
        return replace(one, weights=(*one.weights, *[each for name, size in pairs for each in normed(name, size)]))


class LayerNormSimpleRNNCell(SimpleRNNCell, frozen=True):
    """SimpleRNNCell that normalises its sum."""

    layernorm_epsilon: float = 1e-5
    gamma_initializer: Initializer = "ones"
    gamma_regularizer: Regularizer = None
    gamma_constraint: Constraint = None

    def step(self, x: Shape) -> Inferred:
        """The cell's own weights, and a gamma."""
        one = super().step(x)
        return replace(one, weights=(*one.weights, normed("layer_normalization", gate_factors(1, self.units))[0]))


def normed(name: str, factors: Factors) -> tuple[Weight, Weight]:
    """The gamma and the beta of a LayerNormalization over these axes, which are one."""
    size = 1
    for _, count in factors:
        size *= count or 0
    return Weight(f"{name}/gamma", (size,), factors), Weight(f"{name}/beta", (size,), factors, "bias")


class PeepholeLSTMCell(LSTMCell, frozen=True):
    """LSTMCell whose gates see the carry, too."""

    def step(self, x: Shape) -> Inferred:
        """The cell's own weights, and one for each unit of three gates."""
        one = super().step(x)
        names = [f"{gate}_gate_peephole_weights" for gate in ("input", "forget", "output")]
        peepholes = [Weight(name, (self.units,), (("units", self.units),)) for name in names]
        return replace(one, weights=(*one.weights, *peepholes))


class NASCell(Cell, frozen=True):
    """The cell that architecture search found: eight gates; its output may be projected."""

    units: Positive
    projection: Positive | None = None
    use_bias: bool = False
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "glorot_uniform"
    projection_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"

    def step(self, x: Shape) -> Inferred:
        """Both products for eight gates, and the projection."""
        features, output = known(x, -1, "number of features"), self.projection or self.units
        gates, wide = gate_factors(8, self.units), 8 * self.units
        recurrent = Weight("recurrent_kernel", (output, wide), (("last outputs", output), *gates))
        kernel = Weight("kernel", (features, wide), (("features", features), *gates))
        products = [recurrent, kernel]
        weights = [*products, replace(bias(wide, ""), factors=gates)] if self.use_bias else [*products]
        if self.projection is not None:
            factors = (("units", self.units), ("projection", output))
            products.append(Weight("projection_weights", (self.units, output), factors))
            weights.append(products[-1])
        shapes: list[Shape] = [(x[0], output), (x[0], self.units), (x[0], output)]
        return Inferred(shapes, tuple(weights), per_sample(x[0], *products))
