"""A Model → the JSON of a Functional that Keras 3 can load; Keras itself is never imported.

Nested models are flattened, with "." for "/" in paths, since a name in Keras cannot contain "/".
"""

import json
from typing import Any

from msgspec import Struct, field

from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.nested import NestedModel
from paramcalc.formats.convert import ConvertError
from paramcalc.formats.keras.layer_config import COMPOSITES
from paramcalc.formats.keras.modules import APPLICATIONS, module_of_layer, module_of_operation
from paramcalc.formats.text.fields import fields_of
from paramcalc.formats.unique import unique_name
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.keras.versions import is_gone
from paramcalc.layers.operations.operation import Operation, Slot
from paramcalc.layers.registry import Registry, framework_of
from paramcalc.layers.signature import signature_of
from paramcalc.model import Model, Node, Ref, reachable
from paramcalc.shapes import Shape

NOT_IN_KERAS = ("custom", "plugin")
"""Families of layers that no version of Keras has."""
ALWAYS_WRITTEN = {"Rescaling": ("offset",), "TextVectorization": ("standardize", "split", "ngrams")}
"""Class → fields that Keras' from_config requires although they have defaults."""
TENSOR = "tensor"
"""A placeholder for a tensor in the arguments of a call …"""
SHOWN = json.dumps(TENSOR)
"""… and in their JSON."""
REGISTRY = Registry()

Json = dict[str, Any]
AroundName = tuple[str, str]
"""The text of an entry before and after its name."""


def to_keras(model: Model) -> str:
    """The model as Keras' `to_json` would write it, without defaults.

    Raises:
        ConvertError: naming what Keras cannot load, or would count differently.
        InputError: for a model that cannot be computed.
    """
    if model.tied:
        raise ConvertError("Keras' JSON cannot say that weights are tied")
    return KerasWriter(model).functional(model.name.replace("/", "."))


class WrittenLayer(Struct):
    """An entry of `layers` as text: for a large model, dictionaries would take several times the memory.

    Attributes:
        name: the layer's name.
        text: the entry up to its calls, which come last.
        calls: the arguments of each call.
    """

    name: str
    text: str
    calls: list[str] = field(default_factory=list)


class KerasWriter:
    """Writes one graph."""

    def __init__(self, model: Model) -> None:
        self.model = model
        evaluation = evaluate(model)
        self.shapes: list[list[Shape]] = [[item.shape] for item in evaluation.inputs]
        self.shapes += [call.outputs or [] for call in evaluation.calls]
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}
        self.producers: list[tuple[str, int]] = [(self.unique(item.name), 0) for item in model.inputs]
        self.entries: dict[int, WrittenLayer] = {}
        self.known: dict[tuple[int, str, bool, str], AroundName] = {}
        self.around_tensors: dict[tuple[type[Layer], str, int], list[str]] = {}
        self.before_history: dict[Shape, str] = {}

    def functional(self, model_name: str) -> str:
        """The JSON of the model."""
        model = self.model
        self.refuse_unreachable()
        layers = []
        for item, (name, _) in zip(model.inputs, self.producers, strict=True):
            before, after = around("InputLayer", {"batch_shape": list(item.shape), "dtype": item.dtype}, {})
            layers.append(WrittenLayer(name, with_name(name, before, after)))
        for node in model.nodes:
            self.call(node)
        outputs = [self.history(output.ref) for output in model.outputs]
        ends = {
            "input_layers": [[name, 0, 0] for name, _ in self.producers[: len(model.inputs)]],
            "output_layers": outputs[0] if len(outputs) == 1 else outputs,
        }
        layers += self.entries.values()
        written = ", ".join([f"{entry.text}[{', '.join(entry.calls)}]}}" for entry in layers])
        return (
            '{"module": "keras.src.models.functional", "class_name": "Functional", "config": '
            f'{{"name": {json.dumps(model_name)}, "trainable": true, "layers": [{written}], {json.dumps(ends)[1:]}, '
            '"registered_name": "Functional"}'
        )

    def refuse_unreachable(self) -> None:
        """Refuse layers that no output depends on: Keras would drop them, and count less."""
        found = reachable(self.model)
        first = len(self.model.inputs)
        lost = [node for number, node in enumerate(self.model.nodes, start=first) if number not in found]
        if lost:  # the last one is probably where an output was forgotten
            raise ConvertError(f"no output depends on layer '{lost[-1].path}': Keras would leave it out")

    def unique(self, path: str) -> str:
        """A unique name that Keras accepts, made from a path."""
        name = unique_name(path.replace("/", "."), self.taken.__contains__, self.numbers)
        self.taken.add(name)
        return name

    # -- calls -----------------------------------------------------------------------------------------

    def call(self, node: Node) -> None:
        """Add a call to the entry of its layer, creating the entry on the first call."""
        instance = node.instance
        found = self.entries.get(id(instance))
        if found is None:
            name = self.unique(node.path)
            found = self.entries[id(instance)] = WrittenLayer(name, with_name(name, *self.around(node, name)))
        self.producers.append((found.name, len(found.calls)))
        found.calls.append(self.call_text(node))

    def around(self, node: Node, name: str) -> AroundName:
        """The text around a layer's name, cached by layer object, as readers make equal layers one object."""
        instance = node.instance
        what = id(instance.layer), instance.type, instance.trainable, instance.dtype
        if what not in self.known:
            if isinstance(instance.layer, Operation):
                self.known[what] = around_operation(instance.layer, name)
            else:
                config = layer_config(instance.layer, node.path, instance.trainable)
                dtype = {} if instance.dtype == "float32" else {"dtype": instance.dtype}
                self.known[what] = around(instance.type, config, dtype)
        return self.known[what]

    def call_text(self, node: Node) -> str:
        """The arguments of a call as text; the parts around the tensors are cached by class."""
        instance = node.instance
        if node.options or node.ignored or None in node.inputs or isinstance(instance.layer, Operation):
            return json.dumps(self.arguments(node, [None if ref is None else self.tensor(ref) for ref in node.inputs]))
        what = type(instance.layer), instance.type, len(node.inputs)
        if what not in self.around_tensors:
            self.around_tensors[what] = json.dumps(self.arguments(node, [TENSOR for _ in node.inputs])).split(SHOWN)
        first, *others = self.around_tensors[what]
        tensors = [self.tensor_text(ref) for ref in node.inputs if ref is not None]
        return first + "".join([part for pair in zip(tensors, others, strict=True) for part in pair])

    def arguments(self, node: Node, tensors: list[Any]) -> Json:
        """The arguments of a call in the form that Keras' `call` takes: by position, as one list, or by name."""
        layer = node.instance.layer
        kwargs = {name: self.option(value) for name, value in (node.options or {}).items()}
        kwargs |= {name: self.option(value) for name, value in (node.ignored or {}).items()}
        if isinstance(layer, Operation):
            args = [with_tensors(value, tensors) for value in layer.args]
            kwargs = {name: with_tensors(value, tensors) for name, value in layer.kwargs.items()}
            return {"args": args if args or kwargs else tensors, "kwargs": kwargs}
        takes = signature_of(type(layer).infer)
        if takes.variadic and (not takes.inputs or node.instance.type == "CustomScaleLayer"):
            return {"args": [tensors], "kwargs": kwargs}
        if takes.variadic == "initial_state" and len(tensors) > 1:
            return {"args": tensors[:1], "kwargs": kwargs | {"initial_state": tensors[1:]}}
        return {"args": tensors, "kwargs": kwargs}

    def tensor_text(self, ref: Ref) -> str:
        """A tensor argument as text."""
        shape = self.shapes[ref.producer][ref.output]
        if shape not in self.before_history:
            self.before_history[shape] = json.dumps(keras_tensor(shape, [])).removesuffix("]}}")
        name, call = self.producers[ref.producer]
        return f"{self.before_history[shape]}{json.dumps(name)}, {call}, {ref.output}]}}}}"

    def option(self, value: Any) -> Any:
        """A call argument as JSON, including its tensors."""
        if isinstance(value, Ref):
            return self.tensor(value)
        return [self.option(item) for item in value] if isinstance(value, list) else value

    def history(self, ref: Ref) -> list[Any]:
        """The history of a tensor: the name of its layer, the index of the call, and that of the output."""
        return [*self.producers[ref.producer], ref.output]

    def tensor(self, ref: Ref) -> Json:
        """A tensor argument as JSON."""
        return keras_tensor(self.shapes[ref.producer][ref.output], self.history(ref))


def keras_tensor(shape: Shape, history: list[Any]) -> Json:
    """A `__keras_tensor__`."""
    config = {"shape": list(shape), "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def around(class_name: str, config: Json, more: Json, module: str = "", registered: str | None = None) -> AroundName:
    """The text of an entry around its name, which follows the config's fields and precedes those in `more`."""
    module = json.dumps(module or module_of_layer(class_name))
    registered = json.dumps(class_name if class_name in APPLICATIONS else registered)
    fields = "".join([f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in config.items()])
    later = "".join([f", {json.dumps(key)}: {json.dumps(value)}" for key, value in more.items()])
    before = f'{{"module": {module}, "class_name": {json.dumps(class_name)}, "config": {{{fields}'
    return before, f'{later}}}, "registered_name": {registered}'


def with_name(name: str, before: str, after: str) -> str:
    """The text of an entry with its name, up to its calls."""
    shown = json.dumps(name)
    return f'{before}"name": {shown}{after}, "name": {shown}, "inbound_nodes": '


def around_operation(operation: Operation, name: str) -> AroundName:
    """`around` for an operation.

    Raises:
        ConvertError: for a TensorFlow operation.
    """
    if operation.framework != "keras":
        raise ConvertError(f"'{name}' is an operation of TensorFlow ({operation.function}), which Keras 3 cannot load")
    config = {key: value for key, value in operation.config.items() if key != "name"}
    function = operation.function
    return around(function, config, {}, module_of_operation(function), function)


def layer_config(layer: Layer, path: str, trainable: bool) -> Json:
    """The config of a layer without defaults. `trainable` also applies to its sublayers: Keras uses theirs.

    Raises:
        ConvertError: for a layer that Keras 3 does not have, or would not freeze.
    """
    name = type(layer).__name__
    foreign = framework_of(type(layer)) not in (REGISTRY.framework, None)
    if foreign or REGISTRY.family(name) in NOT_IN_KERAS or is_gone(name):
        raise ConvertError(f"layer '{path}' ({name}) is not in keras.layers")
    if not trainable and name in COMPOSITES:
        raise ConvertError(f"layer '{path}' ({name}) is frozen, which Keras does not keep when it loads such a layer")
    config: Json = {}
    for key, required, default in fields_of(type(layer)):
        value = getattr(layer, key)
        if required or value != default or key in ALWAYS_WRITTEN.get(name, ()):
            config[key] = json_value(value, path, trainable)
    return config if trainable else config | {"trainable": False}


def json_value(value: Any, path: str, trainable: bool) -> Any:
    """The value of a field as JSON."""
    if isinstance(value, Sublayer):
        return inner_layer(value, path, trainable)
    if isinstance(value, (list, tuple)):
        return [json_value(item, path, trainable) for item in value]
    return value


def inner_layer(part: Sublayer, path: str, trainable: bool) -> Json:
    """A layer or model in a field of another layer."""
    if isinstance(part.layer, NestedModel):
        model = part.layer.model
        if not trainable or not part.trainable or any(not item.shape for item in model.inputs):
            raise ConvertError(f"the model inside '{path}' cannot be written for Keras: it is frozen, or has no shape")
        written: Json = json.loads(KerasWriter(model).functional(part.name))
        return written
    config = layer_config(part.layer, f"{path}/{part.name}", trainable and part.trainable) | {"name": part.name}
    return {"module": "keras.layers", "class_name": part.type, "config": config, "registered_name": None}


def with_tensors(value: Any, tensors: list[Any]) -> Any:
    """An operation's argument with each slot replaced by its tensor."""
    if isinstance(value, dict) and list(value) == ["input"]:
        value = Slot(value["input"])
    if isinstance(value, Slot):
        return tensors[value.number]
    return [with_tensors(item, tensors) for item in value] if isinstance(value, (list, tuple)) else value
