"""The base of all layers: fields that are the schema, and one method that validates and computes.

A formula knows nothing of files: it raises `LayerError`, and whoever calls it adds the place.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import fields, replace

from paramcalc.errors import LayerError
from paramcalc.limits import PATH_PER_STEP, VALUES_PER_STEP, Allowance
from paramcalc.shapes import MAX_DIMENSION, Dim, Shape, check_sizes, volume

Positive = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]
NonNegative = Annotated[int, Meta(ge=0, le=MAX_DIMENSION)]
Size = Positive | tuple[Positive, ...]
"""One positive int for all spatial axes, or one for each."""
Two = Meta(min_length=2, max_length=2)
"""`Annotated[tuple[X, ...], Two]` is a list of two. A plain `tuple[X, X]` beside a bounded number
(`Positive | tuple[X, X]`) makes msgspec 0.22 read out of bounds, and crash, on a list of another length."""
Rate = Annotated[float, Meta(ge=0, le=1)]

Factors = tuple[tuple[str, Dim], ...]
"""A product whose factors have the names that readers know: (("features", 10), ("units", 128))."""
Kind = Literal["weight", "bias", "statistic", "buffer", "scale", "state"]


class Stored(Struct, frozen=True, gc=False):
    """Facts about a stored tensor beyond its shape and dtype.

    Attributes:
        size: its bytes in the file. elements: the number of parameters, if several are packed into each element; None
        for one per element.
        tied_to: the name of the tensor that holds the same bytes; then it takes none of its own.
    """

    size: int
    elements: int | None = None
    tied_to: str | None = None


class Weight(Struct, frozen=True, gc=False):
    """One tensor of a layer.

    Attributes:
        name: the framework's name for it, after that of its sublayer if there is one: "query/kernel"; empty for a bare
            parameter, which has the name of its layer.
        shape: its dimensions, all known.
        factors: the factors of its size; their product is that of the shape, or the number of parameters packed in it.
        kind: "weight", "bias", "statistic" (a parameter that is estimated from data, never by a gradient), "buffer"
            (saved with the model, but not a parameter), "scale" (decodes a quantised weight), or "state" (part of a
            training in the file, such as an optimizer's moments).
        trainable: whether it is trained while the layer is trainable.
        dtype: the dtype of its elements; None for that of the layer's dtype policy.
        active: the part of the elements that one token uses, as factors; None for all of them.
        persistent: whether a buffer is saved with the model.
        stored: further facts from the file, for a weight that was read from one.
        origin: for a weight of a layer that is used in several places, the layer and the weight's name in it: weights
            of the same origin are one tensor.
    """

    name: str
    shape: tuple[int, ...]
    factors: Factors
    kind: Kind = "weight"
    trainable: bool = True
    dtype: str | None = None
    active: Factors | None = None
    persistent: bool = True
    stored: Stored | None = None
    origin: tuple[Any, str] | None = None

    @property
    def params(self) -> int:
        """The number of parameters: its elements, or as many as are packed in them."""
        if self.stored is not None and self.stored.elements is not None:
            return self.stored.elements
        return prod(self.shape)


class Cache(Struct, frozen=True, gc=False):
    """One tensor that a layer keeps from one token to the next, such as the keys of attention.

    Attributes:
        name: its content: "keys", "values", "state".
        factors: the factors of its size for one sequence: per token, or in total if `fixed`.
        fixed: whether its size does not depend on the number of tokens.
        window: how many tokens a token attends to, itself included; one fewer is kept for it. None for all.
        dtype: the dtype of its elements; None for the dtype that the layer computes in.
        tokens: its length in tokens after this call.
        every: how many tokens one entry stands for, if they are compressed.
    """

    name: str
    factors: Factors
    fixed: bool = False
    window: int | None = None
    dtype: str | None = None
    tokens: Dim = None
    every: int = 1

    @property
    def most(self) -> int | None:
        """The most tokens that are kept; None for no limit.

        With a window of one token transformers keeps all: the slice `[-window + 1:]` begins at 0
        (transformers/cache_utils.py, DynamicSlidingWindowLayer).
        """
        return None if self.window is None or self.window < 2 else self.window - 1


class Inferred(Struct, frozen=True, gc=False):
    """A layer's answer for one call.

    Attributes:
        output: the output shape, batch first; a list of shapes for several outputs; None if the layer comes from a file
            that does not record it, such as a checkpoint.
        weights: the layer's weights, in the framework's order.
        macs: multiply-accumulates as a sum of products; an unknown factor is None, and so is the sum then.
        dtype: the output's dtype, if it is not the layer's compute dtype.
        cache: the tensors that the layer keeps between tokens.
    """

    output: Shape | list[Shape] | None
    weights: tuple[Weight, ...] = ()
    macs: tuple[Factors, ...] = ()
    dtype: str | None = None
    cache: tuple[Cache, ...] = ()

    @property
    def shapes(self) -> list[Shape]:
        """The output shapes as a list, however many there are.

        Raises:
            LayerError: if they are unknown.
        """
        if self.output is None:
            raise LayerError("its output is not known")
        return self.output if isinstance(self.output, list) else [self.output]


class Layer(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all layers. Subclasses add fields, with the framework's names and defaults, and `infer`.

    `infer` takes the shapes of the inputs in the order in which the framework's layer is called with them; its
    keyword-only parameters are the call arguments that change the result. It returns `Inferred` or raises `LayerError`.
    """

    list_argument: ClassVar[bool] = False
    """Whether the first field is itself a list, so that `Reshape: [7, 7, 64]` is one argument."""

    inferred_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that the framework requires but that may be left out, as the input determines them: `in_features`."""

    sublayers: ClassVar[tuple[str, ...]] = ()
    """Fields that hold a `Sublayer` or a list of them: readers build those first."""

    mask_arguments: ClassVar[tuple[str, ...]] = ()
    """Call arguments that take tensors and change neither a shape nor a count."""

    merges: ClassVar[bool] = False
    """Whether it is called with a list of tensors: the framework refuses a single tensor."""

    self_attends: ClassVar[bool] = False
    """Whether a single input is both the query and the value."""

    keeps_dtype: ClassVar[bool] = False
    """Whether its output has the dtype of its inputs instead of that of its own policy."""

    infer: ClassVar[Callable[..., Inferred]]

    @classmethod
    def positional(cls, count: int) -> tuple[str, ...]:
        """The fields that `count` positional values set, in the framework's order.

        With fewer values than the framework requires, `inferred_fields` are left out:
        `Linear: 64` is out_features, `Linear: [128, 64]` is in_features and out_features.
        """
        names = cls.__struct_fields__
        if not cls.inferred_fields:
            return names
        if count >= required_fields(cls) + len(cls.inferred_fields):
            return names
        return tuple([name for name in names if name not in cls.inferred_fields])


@cache
def required_fields(cls: type[Struct]) -> int:
    """How many fields of a class have no default. Cached: msgspec reads all annotations anew to find out."""
    return sum(field.required for field in fields(cls))


class Sublayer:
    """A layer inside another's field: a wrapper's `layer`, an RNN's `cell`.

    A class of its own, not a Struct: msgspec checks its type and leaves building it to the reader.

    Attributes:
        layer: the layer, or anything else with an `infer` (a nested model).
        name: its name, the prefix of its weights' names.
        type: its class name.
        trainable: False freezes its weights.
        built: the input shapes that its weights were made for, if the file records them, as they are there.
        shared: for a layer that is used in several places, its identity; see `Weight.origin`.
    """

    __slots__ = ("built", "layer", "name", "shared", "trainable", "type")

    def __init__(
        self,
        layer: Any,
        name: str,
        type: str,  # noqa: A002
        trainable: bool = True,
        built: Sequence[Any] = (),
        shared: Any = None,
    ) -> None:
        self.shared = shared
        self.built = built
        self.layer = layer
        self.name = name
        self.type = type
        self.trainable = trainable

    def infer(self, *shapes: Shape, **options: Any) -> Inferred:
        """The inner layer's answer, with its weights below the layer's own name."""
        inferred = self.ask("infer", shapes, options)
        check_sizes(inferred.shapes)
        return replace(inferred, weights=self.named(inferred.weights))

    def step(self, *shapes: Shape) -> Inferred:
        """An inner cell's answer for one time step, with its weights under their bare names."""
        return self.ask("step", shapes, {})

    def ask(self, formula: str, shapes: Sequence[Shape], options: dict[str, Any]) -> Inferred:
        """The answer of a formula of the inner layer; every call goes through here, so that it can be observed."""
        inferred: Inferred = getattr(self.layer, formula)(*shapes, **options)
        return self.owned(inferred)

    def owned(self, inferred: Inferred) -> Inferred:
        """The answer of a layer that is used in several places, with the origin of its weights."""
        if self.shared is None:
            return inferred
        weights = [with_origin(weight, (self.shared, weight.name)) for weight in inferred.weights]
        return replace(inferred, weights=tuple(weights))

    def renamed(self, name: str) -> "Sublayer":
        """A copy of the layer under another name."""
        return self.copied(name=name, shared=None)

    def copied(self, **changes: Any) -> "Sublayer":
        """A copy with other attributes."""
        from copy import copy  # only loaded for layers that are copied

        other = copy(self)
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    def named(self, weights: tuple[Weight, ...], prefix: str | None = None) -> tuple[Weight, ...]:
        """The weights under this layer's name (or `prefix`; "" for none), frozen if this layer is."""
        prefix = self.name if prefix is None else prefix
        return tuple(
            replace(
                weight,
                name=f"{prefix}/{weight.name}" if prefix else weight.name,
                trainable=weight.trainable and self.trainable,
            )
            for weight in weights
        )


def with_origin(weight: Weight, origin: tuple[Any, str] | None) -> Weight:
    """The weight with its origin, unless a layer further inside has set it already."""
    return weight if origin is None or weight.origin is not None else replace(weight, origin=origin)


def sublayers_of(layer: Any) -> list[Sublayer]:
    """The layers directly in the fields of a layer, in order."""
    found: list[Sublayer] = []
    for name in layer.sublayers:
        value = getattr(layer, name)
        found += [item for item in (value if isinstance(value, (tuple, list)) else (value,)) if item is not None]
    return found


def layers_within(layer: Any, path: int = 0) -> int:
    """How many layers are evaluated with this one: those it wraps, and those of nested models.

    The names on the way to a layer (`path` is their length so far) prefix its weights' names, so long ones count as
    well.
    """
    count: int = getattr(layer, "layers_inside", 0) * (1 + path // PATH_PER_STEP)
    for inner in sublayers_of(layer):
        way = path + len(inner.name)
        count += 1 + way // PATH_PER_STEP + layers_within(inner.layer, way)
    return count


def values_within(layer: Any) -> int:
    """How many values the fields of a layer have, including those of the layers in it."""
    count = 0
    stack = [layer]
    while stack:
        item = stack.pop()
        if isinstance(item, Layer):
            count += getattr(item, "values_inside", 0)
            stack.extend(getattr(item, field) for field in item.__struct_fields__)
        elif isinstance(item, Sublayer):
            stack.append(item.layer)
        elif isinstance(item, (list, tuple, dict)):
            count += len(item)
            stack.extend(item.values() if isinstance(item, dict) else item)
        elif isinstance(item, str):
            count += len(item) // PATH_PER_STEP
    return count


def called_again(layer: Any, allowance: Allowance) -> int:
    """The cost of a further call of a layer in steps: it is evaluated again, with all the values in its fields."""
    if id(layer) not in allowance.weighed:
        allowance.weighed[id(layer)] = values_within(layer)
    return allowance.weighed[id(layer)] // VALUES_PER_STEP


def bias(size: int, label: str, name: str = "bias") -> Weight:
    """A vector of `size` biases, one for each `label`."""
    return Weight(name, (size,), ((label, size),), "bias")


def single(inferred: Inferred) -> Shape:
    """The only output of a call.

    Raises:
        LayerError: if there are several.
    """
    if isinstance(inferred.output, list):
        raise LayerError("has several outputs where one is needed")
    return inferred.shapes[0]


def macs_at(positions: Shape, *weights: Weight) -> tuple[Factors, ...]:
    """One multiply-accumulate per element of each weight at every position (an unknown batch is 1)."""
    count = volume(positions)
    return tuple((("positions", count), *weight.factors) for weight in weights)
