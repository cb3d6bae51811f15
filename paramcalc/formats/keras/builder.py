"""Builds a flat Model from the JSON of a Keras model: each nested model is parsed once, then emitted for every call."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from paramcalc.errors import DocPath, LayerError, Position
from paramcalc.formats.keras.build_config import shapes_of
from paramcalc.formats.keras.classes import KerasClasses
from paramcalc.formats.keras.definition import (
    Definition,
    Member,
    PlacedError,
    as_history,
    flatten_histories,
    freeze,
    history_places,
    mark_shared,
    set_offsets,
)
from paramcalc.formats.keras.emit import Emitter
from paramcalc.formats.keras.entries import (
    MODELS,
    LayerNames,
    entry_name,
    foreign_name,
    is_foreign,
    is_input,
    is_model,
    is_operation,
    label,
    no_model,
)
from paramcalc.formats.keras.graph import Graph
from paramcalc.formats.keras.inbound import History, KerasCall, keras_call, parse_calls, writes_keras3_calls
from paramcalc.formats.keras.input_layers import named_inputs
from paramcalc.formats.keras.inputs import built_input, input_of, sequential_input
from paramcalc.formats.keras.layer_config import (
    can_be_shared,
    custom_class,
    is_frozen,
    make_layer,
    trainable_applies,
)
from paramcalc.formats.keras.lazy_layers import Entry, LazyLayers
from paramcalc.formats.keras.legacy import with_reset_after
from paramcalc.formats.keras.origin import Origin
from paramcalc.formats.keras.problems import Problems
from paramcalc.formats.text.fields import FieldsError
from paramcalc.formats.unique import unique_name
from paramcalc.layers.base import Layer
from paramcalc.layers.registry import snake_case
from paramcalc.limits import MAX_NESTED, Allowance
from paramcalc.model import Claims, Input, Instance, Model, Output, Ref

PAIRS = ("Attention", "AdditiveAttention")
"""Classes that are called with at least two tensors."""


class Builder:
    """Reads one file, collecting problems so that all of them are reported together.

    Args:
        source: the file, as the user gave it.
        locate: finds the position of a place in the document, for errors.
        origin: what is known about the program that wrote the file.
        allowance: limits the size of the model; a model inside a wrapper draws on the same one.
        shared_objects: whether entries with the same `shared_object_id` are one layer.
        outer: the Builder of the enclosing model, for a model inside a wrapper.

    Attributes:
        registry: the classes that the file may name.
        assumed: Keras 1 classes whose layers omit the channel order, each with the place of the first.
        problems: the problems found so far.
    """

    def __init__(
        self,
        source: str,
        locate: Callable[[DocPath], Position | None],
        origin: Origin,
        allowance: Allowance,
        shared_objects: bool = False,
        outer: "Builder | None" = None,
    ) -> None:
        self.source = source
        self.locate = locate
        self.origin = origin
        self.allowance = allowance
        self.registry: KerasClasses = outer.registry if outer else KerasClasses(origin, shared_objects)
        self.assumed: dict[str, DocPath] = outer.assumed if outer else {}
        self.problems = Problems(source, locate)

    # -- from the architecture to a Model ------------------------------------------------------------

    def read(self, architecture: dict[str, Any], where: DocPath) -> Model:
        """Read the whole file.

        Raises:
            InputError: with every problem found.
        """
        try:
            definition = self.definition(architecture, where, 0)
            self.problems.stop()
            model = self.emit_model(definition)
            self.warn_of_assumptions(model)
            return model
        except PlacedError as error:
            self.problems.found.append(error.problem)
        except LayerError as error:
            self.problems.add(str(error), where)
        raise self.problems.error()

    def warn_of_assumptions(self, model: Model) -> None:
        """Warn about what the file omits and was assumed."""
        if self.assumed:
            from paramcalc.formats.keras.keras1_ordering import warning

            model.warn(warning(self.assumed), next(iter(self.assumed.values())))

    def emit_model(self, definition: Definition) -> Model:
        """Emit the nodes of the outermost model, including those of nested models."""
        inputs = []
        for item in definition.inputs:
            if item is None:
                message = "the model was never built: no layer has an input shape, so nothing can be computed"
                raise PlacedError(message, (*definition.where, "config", "layers", 0))
            inputs.append(item)
        emitter = Emitter(len(inputs), self.allowance, self.origin.legacy)
        results = emitter.emit(definition, [Ref(index) for index in range(len(inputs))], "")
        names = [tensor.layer for tensor in definition.outputs]
        outputs = [
            Output(name, ref, place) for name, ref, place in zip(names, results, definition.output_places, strict=True)
        ]
        dialect = self.origin.dialect
        model = Model(definition.name, dialect, self.source, inputs, emitter.nodes, outputs, locate=self.locate)
        model.framework = "keras"
        model.shares = bool(self.registry.objects)
        # Only Keras 3 creates weights from the build_config; earlier loaders ignore it.
        model.claims = Claims("build_config" if dialect == "keras3" else None, emitter.declared)
        return model

    # -- parsing -------------------------------------------------------------------------------------

    def definition(self, entry: dict[str, Any], where: DocPath, depth: int) -> Definition:
        """Parse a model; `depth` counts the models around it."""
        if depth > MAX_NESTED:
            raise LayerError(f"models are nested more than {MAX_NESTED} deep")
        config = entry.get("config")
        if is_foreign(entry):
            message = f"the model is of class '{foreign_name(entry)}', which is not Keras' own: only its code says more"
            raise PlacedError(message, (*where, "class_name"))
        kind = entry.get("class_name")
        if kind == "Sequential":
            made = self.sequential(config, where, depth)
            made.inputs = [built_input(entry)] if made.inputs == [None] else made.inputs
            return made
        if config is None:
            raise PlacedError("the config has no layers", (*where, "config"))
        layers = config.get("layers") if isinstance(config, dict) else None
        if kind not in MODELS or not isinstance(layers, (list, LazyLayers)):
            message = no_model(str(kind)[:80], self.registry.family(str(kind)) != "plugin", config)
            raise PlacedError(message, (*where, "class_name"))
        legacy = self.origin.is_legacy(entry) and not writes_keras3_calls(config["layers"])
        names = LayerNames(config["layers"])
        try:
            # Only Keras 3 applies this when loading, and only to the outermost model; null is the default.
            trainable = config.get("trainable") is None or not is_frozen(config)
        except FieldsError as error:
            raise PlacedError(str(error), (*where, "config", "trainable")) from None
        members: dict[str, Member] = {}
        for number, item in enumerate(layers.entries() if isinstance(layers, LazyLayers) else layers):
            place = (*where, "config", "layers", number)
            member = self.problems.guard(item, place, self.member, item, place, names, depth)
            if member is None:
                continue
            if member.name in members:
                self.problems.add(f"two layers have the name '{member.name[:80]}'", place, label(item))
            members[member.name] = member
        definition = self.functional(config, members, legacy, where)
        if depth == 0 and not trainable and not legacy:
            freeze(definition)
        return definition

    def member(self, item: Any, where: DocPath, names: LayerNames, depth: int) -> Member:
        """Parse one entry of a Functional's `layers`."""
        if item.__class__ is Entry:
            return self.entry(item, where, names, depth)
        if not isinstance(item, dict) or not isinstance(item.get("config"), (dict, list)):
            raise LayerError("a layer needs a class_name and a config")
        # Keras 3 uses the name beside the config; earlier versions also use the one inside.
        name = entry_name(item) if self.origin.is_legacy(item) else item.get("name")
        if not isinstance(name, str):
            raise LayerError("a layer needs a name beside its config")
        if is_input(item):
            return Member(name, None, [], where)
        try:
            calls = parse_calls(item, names)
        except LayerError as error:
            raise PlacedError(str(error), (*where, "inbound_nodes"), label(item)) from None
        if is_operation(item):
            return self.operation(name, item, calls, where)
        if not calls and self.origin.keeps_unreachable:
            raise LayerError("is never called, so nothing says what it holds")
        return self.checked(Member(name, self.part(name, item, where, depth), calls, where), item)

    def entry(self, item: Entry, where: DocPath, names: LayerNames, depth: int) -> Member:
        """Convert an entry of the common form; entries that are alike share the layer of the first."""
        first = item.alike.made
        if first is None:
            whole = item.whole()
            member = self.member(whole, where, names, depth)
            # What an operation computes depends on its call, not on its config.
            if isinstance(member.part, Instance) and can_be_shared(member.part.layer) and not is_operation(whole):
                item.alike.made = member.part
            return member
        if not item.calls and self.origin.keeps_unreachable:
            raise LayerError("is never called, so nothing says what it holds")
        instance = Instance(first.layer, item.name, first.type, first.trainable, first.dtype, item.built)
        return Member(item.name, instance, item.calls, where)

    def checked(self, member: Member, item: dict[str, Any]) -> Member:
        """The member, made unknown if it is an Attention of one tensor: Keras' takes two, so its class is custom."""
        part = member.part
        if not isinstance(part, Instance) or part.type not in PAIRS:
            return member
        if "module" in item or not self.origin.is_legacy(item):
            return member
        if any(len(call.reads) == 1 for call in member.calls):
            part.layer = custom_class(f"Keras' {part.type} takes two tensors, so this is another one")
        return member

    def operation(self, name: str, item: dict[str, Any], calls: list[KerasCall], where: DocPath) -> Member:
        """A bare operation in the graph (`x + y`) as a layer without weights."""
        from paramcalc.formats.keras.operation_nodes import operation_layer

        if len(calls) != 1:
            raise LayerError("an operation is called exactly once")
        layer, tensors = operation_layer(item, calls[0])
        instance = Instance(layer, name, layer.type_name)
        return Member(name, instance, [keras_call(list(tensors), {})], where)

    def part(self, name: str, item: dict[str, Any], where: DocPath, depth: int) -> Instance | Definition:
        """The layer or nested model of an entry; entries with the same `shared_object_id` give the same object."""
        part: Instance | Definition | None = self.registry.shared_part(item)
        if part is None:
            part = self.definition(item, where, depth + 1) if is_model(item) else self.instance(name, item, where)
            self.share(item, part)
        return part

    def share(self, item: dict[str, Any], part: Instance | Definition) -> None:
        """Register a layer or model by its `shared_object_id`, if it has one, and mark its weights with it."""
        known_by = self.registry.shared_id(item)
        if known_by is None:
            return
        self.registry.share(item, part)
        if isinstance(part, Definition):
            mark_shared(part, known_by)
        elif part.shared is None:
            part.shared = (known_by, "")

    def instance(self, name: str, item: dict[str, Any], where: DocPath) -> Instance:
        """A layer with its name and dtype, and whether it is trainable."""
        if self.origin.channels_first:
            from paramcalc.formats.keras.keras1_ordering import with_channels_first

            item = with_channels_first(item, self.assumed, where)
        legacy = self.origin.is_legacy(item)
        if legacy and self.origin.gru_resets_after:
            item = with_reset_after(item)
        config = item["config"]
        made = make_layer(self.registry, item, legacy, self, where)
        trained = not (is_frozen(config) and trainable_applies(made, legacy))
        built = shapes_of(item["build_config"]) if "build_config" in item else ()
        return Instance(made.layer, name, made.type, trained, made.dtype, built)

    def model_inside(self, entry: dict[str, Any], where: DocPath) -> Definition:
        """Parse a model inside a wrapper, such as TimeDistributed of a Sequential."""
        inner = Builder(self.source, self.locate, self.origin, self.allowance, outer=self)
        definition = inner.definition(entry, where, 1)
        inner.problems.stop()
        return definition

    def as_layer(self, definition: Definition) -> Layer:
        """Turn a model into the single layer of a wrapper."""
        from paramcalc.analysis.nested import as_layer

        inputs = [item or Input("input", ()) for item in definition.inputs]
        return as_layer(self.emit_model(replace(definition, inputs=inputs)))

    def functional(
        self, config: dict[str, Any], by_name: dict[str, Member], legacy: bool, where: DocPath
    ) -> Definition:
        """The definition of a Functional whose layers are parsed: its inputs, its outputs and its execution order."""
        ends, starts = (*where, "config", "output_layers"), (*where, "config", "input_layers")
        outputs = flatten_histories(config.get("output_layers"), ends)
        places = history_places(config.get("output_layers"), ends, len(outputs))
        members = list(by_name.values())
        set_offsets(members, outputs, legacy)
        if not legacy:
            outputs = [as_history(tensor, by_name) for tensor in outputs]
        inputs, input_members = named_inputs(config, by_name, starts, self.problems)
        mapping = config.get("input_layers")
        graph = Graph(members, by_name, self.origin.keeps_unreachable)
        return Definition(
            str(config.get("name") or "model"),
            members,
            inputs,
            input_members,
            outputs,
            [] if self.problems.found else graph.execution_order(outputs, places),
            graph.slots,
            False,
            where,
            places,
            sorted(mapping) if isinstance(mapping, dict) else None,
        )

    def sequential(self, config: Any, where: DocPath, depth: int) -> Definition:
        """Parse a Sequential: each layer reads the one before it."""
        bare = isinstance(config, list)
        layers = config if bare else config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, (list, LazyLayers)) or all(is_input(item) for item in layers):
            raise PlacedError("the config has no layers", (*where, "config"))
        root = (*where, "config") if bare else (*where, "config", "layers")
        members, first = self.chain(layers, root, depth)
        fields = config if isinstance(config, dict) else {}
        name = str(fields.get("name") or "sequential")
        if members and isinstance(layers[0], dict) and layers[0].get("class_name") == "Merge":
            from paramcalc.formats.keras.keras1_merge import merged_members, merged_models

            models, heads, inputs = merged_models(layers[0], (*root, 0), depth, self.definition)
            return self.in_a_row(name, [*merged_members(models, members), *heads], inputs, heads, where)
        if first is None:
            first = self.problems.guard(
                layers[0], (*root, 0), sequential_input, layers, fields, members, self.origin.legacy
            )
        head = Member(first.name if first is not None else "input", None, [], where)
        if any(member.name == head.name for member in members):
            head.name = f"{head.name}_input"
        if members:
            members[0].calls = [keras_call([History(head.name, 0, 0)], {})]
        return self.in_a_row(name, [*members, head], [first], [head], where)

    def in_a_row(
        self, name: str, members: list[Member], inputs: list[Input | None], heads: list[Member], where: DocPath
    ) -> Definition:
        """The definition of a Sequential whose last members, `heads`, are its inputs; its output is the last layer."""
        graph = Graph(members, {member.name: member for member in members})
        outputs = [History(members[max(len(members) - len(heads) - 1, 0)].name, 0, 0)]
        order = [] if self.problems.found else graph.execution_order(outputs, [where])
        return Definition(name, members, inputs, heads, outputs, order, graph.slots, True, where, [where])

    def chain(self, layers: list[Any] | LazyLayers, root: DocPath, depth: int) -> tuple[list[Member], Input | None]:
        """Parse the layers of a Sequential, and its input if it has an InputLayer."""
        members: list[Member] = []
        taken: set[str] = set()
        numbers: dict[str, int] = {}
        first: Input | None = None
        for number, item in enumerate(layers):
            place = (*root, number)
            if is_input(item):
                if number:
                    self.problems.add("an InputLayer stands first in a Sequential", place, label(item))
                first = self.problems.guard(item, place, input_of, item, str(entry_name(item) or "input"))
                continue
            member = self.problems.guard(item, place, self.chain_member, item, place, members, taken, numbers, depth)
            if member is None:
                continue
            if member.name in taken:
                self.problems.add(f"two layers have the name '{member.name[:80]}'", place, label(item))
            taken.add(member.name)
            members.append(member)
        return members, first

    def chain_member(
        self,
        item: Any,
        where: DocPath,
        before: list[Member],
        taken: set[str],
        numbers: dict[str, int],
        depth: int,
    ) -> Member:
        """Parse one entry of a Sequential. `taken` contains the names before it; for `numbers`, see `unique_name`."""
        if not isinstance(item, dict) or not isinstance(item.get("config"), (dict, list)):
            raise LayerError("a layer needs a class_name and a config")
        config = item["config"]
        name = config.get("name") if isinstance(config, dict) else None
        name = name or item.get("name")
        if not name:  # Keras numbers it
            name = unique_name(snake_case(str(item.get("class_name"))), taken.__contains__, numbers)
        calls = [keras_call([History(before[-1].name, 0, 0)], {})] if before else [keras_call([], {})]
        return self.checked(Member(str(name), self.part(str(name), item, where, depth), calls, where), item)
