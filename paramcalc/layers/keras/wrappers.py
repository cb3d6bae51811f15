"""Layers around another layer: run it both ways, at every time step, or with its kernel normalised."""

from typing import Any, ClassVar, Literal

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Sublayer, Weight, single
from paramcalc.layers.keras.merging import Merge
from paramcalc.layers.keras.recurrent import Recurrent
from paramcalc.layers.signature import why_not_callable
from paramcalc.shapes import Shape, check_min_rank, format_shape


def on_one_input(inner: Sublayer, x: Shape) -> Inferred:
    """Infer the wrapped layer on a single input.

    Raises:
        LayerError: also when it is a layer that needs several, or a list.
    """
    if isinstance(inner.layer, Merge):
        raise LayerError(f"gives its layer one input, but {inner.type} needs a list of them")
    try:
        return inner.infer(x)
    except TypeError as error:
        if why_not_callable(inner.layer.infer, [x], {}) is not None:
            raise LayerError(f"gives its layer one input, but {inner.type} needs more") from error
        raise


class Wrapper(Layer, frozen=True):
    """Keras' abstract base of wrappers; it computes nothing itself.

    Shapes: none
    Formula: none
    Source: https://keras.io/api/layers/
    Example: {input: [5, 10], layers: [{TimeDistributed: {layer: {Dense: 8}}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layer",)

    layer: Sublayer

    def infer(self, *inputs: Shape) -> Inferred:
        """Refuse to run, as Keras does."""
        raise LayerError("is only a base class; use TimeDistributed, Bidirectional or SpectralNormalization")


class TimeDistributed(Layer, frozen=True):
    """Applies one layer, with the same weights, at every time step.

    Shapes: (batch, time, ...) → (batch, time, ...) with the layer's output shape after the time
    Formula: that of the layer
    Source: https://keras.io/api/layers/recurrent_layers/time_distributed/
    Example: {input: [5, 10], layers: [{TimeDistributed: {layer: {Dense: 8}}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layer",)
    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    layer: Sublayer

    def infer(self, x: Shape) -> Inferred:
        """Infer the layer on one step; its weights count once, its arithmetic at every step."""
        check_min_rank(x, 3)
        inner = on_one_input(self.layer, (x[0], *x[2:]))
        output = single(inner)
        macs = tuple((("time steps", x[1]), *factors) for factors in inner.macs)
        return Inferred((output[0], x[1], *output[1:]), inner.weights, macs, inner.dtype)


class SpectralNormalization(Layer, frozen=True):
    """Divides the kernel of a layer by an estimate of its largest singular value.

    The estimate lives in a vector that training updates without a gradient.

    Shapes: those of the layer
    Formula: that of the layer + last axis of its kernel (not trainable)
    Source: Miyato et al. 2018, arXiv:1802.05957
    Example: {input: [32, 32, 3], layers: [{SpectralNormalization: {layer: {Conv2D: [8, 3]}}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layer",)

    layer: Sublayer
    power_iterations: Positive = 1

    def infer(self, x: Shape) -> Inferred:
        """The layer itself, and `vector_u` next to its kernel, where Keras lists it."""
        inner = on_one_input(self.layer, x)
        at = self.kernel_index(inner.weights)
        columns = inner.weights[at].shape[-1]
        vector = Weight("vector_u", (1, columns), (("kernel columns", columns),), "statistic", False)
        others = tuple(weight for index, weight in enumerate(inner.weights) if index != at)
        return Inferred(inner.output, (inner.weights[at], vector, *others), inner.macs, inner.dtype)

    def kernel_index(self, weights: tuple[Weight, ...]) -> int:
        """Return the index of the weight that is normalised: the layer's own kernel or embeddings."""
        inner, prefix = self.layer, self.layer.name
        while isinstance(inner.layer, SpectralNormalization):
            inner = inner.layer.layer
            prefix += f"/{inner.name}"
        # A recurrent layer's kernel belongs to its cell, which Keras does not look into here.
        if not isinstance(inner.layer, Recurrent):
            for index, weight in enumerate(weights):
                if weight.name in (f"{prefix}/kernel", f"{prefix}/embeddings"):
                    if weight.dtype is not None:
                        raise LayerError(
                            f"needs a kernel that is not quantized; that of {inner.type} is {weight.dtype}"
                        )
                    return index
        raise LayerError(f"needs a layer with a kernel or embeddings, such as Dense; {inner.type} has none")


class Bidirectional(Layer, frozen=True):
    """Runs a recurrent layer forwards and a second one backwards, and merges their outputs.

    Shapes: (batch, time, features) → (batch, 2 × units); other merge modes than concat keep (batch, units)
    Formula: 2 × that of the layer
    Source: https://keras.io/api/layers/recurrent_layers/bidirectional/
    Example: {input: [5, 10], layers: [{Bidirectional: {layer: {LSTM: 32}}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layer", "backward_layer")
    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    layer: Sublayer
    merge_mode: Literal["sum", "mul", "concat", "ave"] | None = "concat"
    weights: Any = None
    backward_layer: Sublayer | None = None

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """Both directions; the first half of the initial states is the forward layer's."""
        forward, backward = self.directions()
        half = len(initial_state) // 2
        ahead = forward.infer(x, *initial_state[:half])
        back = backward.infer(x, *initial_state[half:])
        outputs = self.outputs(ahead.shapes, back.shapes)
        return Inferred(
            outputs[0] if len(outputs) == 1 else outputs,
            (*copies(ahead.weights), *(copies(back.weights) if self.backward_layer is None else back.weights)),
            (*ahead.macs, *back.macs),
        )

    def directions(self) -> tuple[Sublayer, Sublayer]:
        """The forward and the backward layer, with the names Keras gives them."""
        inner = self.layer
        other = self.backward_layer or inner
        for each in (inner, other):
            if not isinstance(each.layer, Recurrent):
                raise LayerError(f"needs a recurrent layer, such as LSTM, not {each.type}")
        check_directions(inner, self.backward_layer)
        plain = inner.name.removeprefix("forward_")
        forward = inner.renamed(f"forward_{plain}")
        if self.backward_layer is not None:
            return forward, self.backward_layer
        return forward, inner.renamed(f"backward_{inner.name.removeprefix('backward_')}")

    def outputs(self, ahead: list[Shape], back: list[Shape]) -> list[Shape]:
        """Return the merged outputs and both layers' states; Keras assumes that both have the same shapes."""
        return [*self.merged(ahead[0], ahead[0]), *ahead[1:], *ahead[1:]]

    def merged(self, y: Shape, other: Shape) -> list[Shape]:
        """Return the outputs of both directions, merged or separate."""
        if self.merge_mode is None:
            return [y, other]
        if self.merge_mode != "concat":
            return [y]
        if y[-1] is None or other[-1] is None:
            raise LayerError(f"cannot join outputs of the shape {format_shape(y)}: the last axis is unknown")
        return [(*y[:-1], y[-1] + other[-1])]


def copies(weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights of a copy of a layer: Keras makes the forward layer anew, so nothing else has its tensors."""
    if all(weight.origin is None for weight in weights):
        return weights
    return tuple([replace(weight, origin=None) for weight in weights])


def check_directions(forward: Sublayer, backward: Sublayer | None) -> None:
    """Refuse two layers that do not run in opposite directions or do not return the same things."""
    ahead: Any = forward.layer
    if ahead.stateful and ahead.return_state:
        raise LayerError("its layer cannot have both stateful and return_state: Keras fails to build that")
    if backward is None:
        if ahead.go_backwards:
            raise LayerError("its layer must run forwards, but has go_backwards: true")
        return
    back: Any = backward.layer
    if ahead.go_backwards == back.go_backwards:
        raise LayerError("layer and backward_layer must differ in go_backwards")
    for name in ("stateful", "return_sequences", "return_state"):
        if getattr(ahead, name) != getattr(back, name):
            raise LayerError(f"layer and backward_layer must have the same {name}")
