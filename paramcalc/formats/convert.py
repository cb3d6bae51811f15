"""Writes a model in another format: the table of writers, and `convert`, which uses it.

The result is read back and compared, so that what a format cannot express is an error and never a different model. A
writer is a function in its format's package that takes a model and returns the text; it is imported when it is chosen.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.collector import gc_paused
from paramcalc.errors import MAX_ECHO, ParamcalcError
from paramcalc.layers.base import Layer
from paramcalc.limits import MAX_CONVERTED
from paramcalc.model import Instance, Model, Node

if TYPE_CHECKING:
    from paramcalc.summary import LayerSummary, Summary

READ_BACK = 100
"""The factor on the reader's limit of layers, so that the text of an allowed model is allowed as well."""


class ConvertError(ParamcalcError):
    """The other format cannot express this; a model is never changed silently."""


class Writer(NamedTuple):
    """A line of the table.

    Attributes:
        function: the writer's place in this package: "keras.writer.to_keras".
        keeps_names: whether the format can express every name and path, so that they must come back unchanged.
    """

    function: str
    keeps_names: bool

    def write(self, model: Model) -> str:
        """The text of the model in this format.

        Raises:
            InputError: for a model that cannot be computed.
            ConvertError: naming what the format cannot express.
        """
        module, _, function = self.function.rpartition(".")
        write: Callable[[Model], str] = getattr(import_module(f"paramcalc.formats.{module}"), function)
        return write(model)


WRITERS = {
    "spec": Writer("native.writing.spec.to_spec", keeps_names=True),
    "keras": Writer("keras.writer.to_keras", keeps_names=False),
}
"""The formats that can be written, by their names in `convert --to`."""


@gc_paused()
def convert(model: Model, target: str = "spec", max_layers: int | None = None) -> str:
    """The model in another format, read back and compared.

    Args:
        model: what `load` returned.
        target: a key of `WRITERS`.
        max_layers: the most layers that are allowed; by default `MAX_CONVERTED`.

    Raises:
        InputError: for a model that cannot be computed.
        ConvertError: naming what the other format cannot express, or for a model that is too large.
    """
    from paramcalc.analysis.summarize import summarize
    from paramcalc.formats import load

    writer = WRITERS[target]
    most = max_layers or MAX_CONVERTED
    if len(model.nodes) > most:
        raise ConvertError(f"convert takes up to {most:,} layers, this model has more (--max-layers allows more)")
    written = model if model.layers is None else model.layers()
    check_written(written)
    text = writer.write(written)
    again = load(text.encode(), name=model.source, max_layers=READ_BACK * most)
    if model.layers is not None and not same_records(model, again):
        raise ConvertError(f"--to {target} cannot say this model: what was written is not what the file records")
    model = written
    if same_models(model, again, names=writer.keeps_names):
        del again
        summarize(model)  # both compute the same; whether they compute at all has not been checked yet
        return text
    compared = facts if writer.keeps_names else counts
    if not all(ours == theirs for ours, theirs in zip_longest(compared(model), compared(again))):
        raise ConvertError(f"--to {target} cannot say this model: what was written gives another summary")
    return text


def check_written(model: Model) -> None:
    """Refuse a model whose file records the layers' shapes and weights, but not their fields.

    Raises:
        ConvertError: naming the first such layer.
    """
    from paramcalc.layers.recorded import Recorded, RecordedCalls

    if model.framework is None and not model.nodes:
        raise ConvertError("the file holds no weights: there is nothing to write")
    for node in model.nodes:
        if isinstance(node.instance.layer, (Recorded, RecordedCalls)):
            label = f"'{node.path[:MAX_ECHO]}' ({node.instance.type[:MAX_ECHO]})"
            message = (
                f"layer {label}: the file says what it holds, not what it was made with, which convert would write"
            )
            raise ConvertError(message)


def facts(model: Model) -> Iterator[Any]:
    """The summary of a model without its source and the reader's warnings."""
    from msgspec.structs import asdict

    from paramcalc.analysis.summarize import summarize

    fields = asdict(summarize(model))
    yield from fields.pop("layers")
    yield {key: value for key, value in fields.items() if key not in ("source", "format", "warnings")}


def same_records(model: Model, written: Model) -> bool:
    """Whether layers with fields give what the file records of them, in which functions have no class.

    The file also lacks outputs that nothing reads, such as the last states of an LSTM.
    """
    from paramcalc.analysis.summarize import summarize

    ours, theirs = summarize(model), summarize(written)
    for a, b in zip_longest(ours.layers, theirs.layers):
        if a is None or b is None or record(a) != record(b):
            return False
        if a.output_shape != b.output_shape and not set(shapes_in(a.output_shape)) <= set(shapes_in(b.output_shape)):
            return False
    return ours.totals == theirs.totals and ends_of(ours) == ends_of(theirs)


def record(row: "LayerSummary") -> tuple[Any, ...]:
    """The facts of a call that both have."""
    weights = [(w.name, w.shape, w.dtype, w.trainable, w.tied_to) for w in row.weights]
    return row.path, row.params, row.trainable_params, row.buffers, row.macs, weights


def shapes_in(shape: Any) -> list[Any]:
    """The shapes of one output or of several."""
    return shape if isinstance(shape, list) else [shape]


def ends_of(summary: "Summary") -> tuple[Any, ...]:
    """The shapes of inputs and outputs; their names may differ."""
    return [(item.shape, item.dtype) for item in summary.inputs], [item.shape for item in summary.outputs]


def counts(model: Model) -> Iterator[Any]:
    """The counts of each call and of the whole, without names: Keras' names cannot hold paths."""
    from paramcalc.analysis.summarize import summarize

    summary = summarize(model)
    for row in summary.layers:
        yield row.type, row.dtype, row.output_shape, row.params, row.trainable_params, row.macs, len(row.weights)
    yield [(item.shape, item.dtype) for item in summary.inputs], [item.shape for item in summary.outputs]


def same_models(one: Model, other: Model, *, names: bool) -> bool:
    """Whether two models are equal call by call: then everything computed from them is equal as well.

    False proves less: a field may have two spellings that mean the same. The shapes that a file says its weights were
    made for are not compared: they can make a model invalid, but change no number.

    Args:
        one: a model.
        other: another.
        names: whether names and paths count.
    """
    if len(one.nodes) != len(other.nodes) or list(ends(one, names)) != list(ends(other, names)):
        return False
    partners: dict[int, Instance] = {}
    known: set[tuple[int, int]] = set()  # readers mostly use one object for equal layers
    for a, b in zip(one.nodes, other.nodes, strict=True):
        if names and a.path != b.path:
            return False
        partner = partners.get(id(a.instance))
        if partner is None:
            if not same_instances(a.instance, b.instance, names, known):
                return False
            partners[id(a.instance)] = b.instance
        elif partner is not b.instance:
            return False
        if a.inputs != b.inputs or not same_options(a, b):
            return False
    # Both must have as many layers, or one shared layer here could be two layers there.
    return len({id(partner) for partner in partners.values()}) == len(partners)


def ends(model: Model, names: bool) -> Iterator[Any]:
    """What a model has besides its calls."""
    yield [(item.shape, item.dtype) for item in model.inputs]
    yield [output.ref for output in model.outputs]
    yield [pair[:2] for pair in model.tied]
    if names:
        yield model.name, [item.name for item in model.inputs], [output.name for output in model.outputs]


def same_instances(one: Instance, other: Instance, names: bool, known: set[tuple[int, int]]) -> bool:
    """Whether two layers are equal in fields and flags; `known` holds pairs known to be equal."""
    if one.type != other.type or one.trainable != other.trainable or one.dtype != other.dtype:
        return False
    if names and one.name != other.name:
        return False
    pair = id(one.layer), id(other.layer)
    if pair not in known:
        if not same_layers(one.layer, other.layer):
            return False
        known.add(pair)
    return True


def same_layers(one: Layer, other: Layer) -> bool:
    """Whether all fields are equal, and 1 is not true; False for a layer that contains others."""
    if one is other:
        return True
    return type(one) is type(other) and not one.sublayers and one == other and repr(one) == repr(other)


def same_options(one: Node, other: Node) -> bool:
    """Whether two calls have the same arguments apart from their inputs."""
    if one.ignored != other.ignored:
        return False
    if not one.options and not other.options:
        return True
    return one.options == other.options and repr(one.options) == repr(other.options)
