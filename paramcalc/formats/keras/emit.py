"""Emits nodes for definitions: one per call of a layer, and a full copy of its nodes per call of a nested model."""

from paramcalc.errors import LayerError
from paramcalc.formats.keras.call_arguments import sorted_arguments
from paramcalc.formats.keras.definition import Definition, Member, PlacedError, member_label
from paramcalc.formats.keras.inbound import History, KerasCall, histories_in
from paramcalc.layers.base import called_again, layers_within
from paramcalc.limits import INPUTS_PER_STEP, PATH_PER_STEP, Allowance
from paramcalc.model import DeclaredInput, Node, Ref


class Emitter:
    """Unrolls definitions into a single list of nodes."""

    def __init__(self, first: int, allowance: Allowance, legacy: bool) -> None:
        self.first = first  # index of the first node: the model's inputs come before it
        self.legacy = legacy
        self.declared: list[DeclaredInput] = []
        self.allowance = allowance
        self.nodes: list[Node] = []
        self.paths: set[str] = set()
        self.calls: dict[str, int] = {}  # number of calls by path, for paths that occur more than once

    def emit(self, definition: Definition, arguments: list[Ref], prefix: str, again: bool = False) -> list[Ref]:
        """Append the nodes of one call of a definition, and return the model's outputs.

        Args:
            definition: the model.
            arguments: the tensors that it is called with, one for each input.
            prefix: the prefix of its layers' paths.
            again: whether this is not the first call.
        """
        if len(arguments) != len(definition.inputs):
            raise LayerError(
                f"model '{definition.name}' takes {len(definition.inputs)} inputs, but is called with {len(arguments)}"
            )
        find = Finder(definition.slots)
        for member, ref in zip(definition.input_members, arguments, strict=True):
            find.tensors[member.first] = [ref]
        for member, call in definition.order:
            try:
                self.emit_call(member, call, find, prefix, again or call > 0)
            except PlacedError:
                raise
            except LayerError as error:
                where = (*member.where, "inbound_nodes", call)
                raise PlacedError(str(error), where, member_label(member, prefix)) from None
        return [find(tensor) for tensor in definition.outputs]

    def emit_call(self, member: Member, call: int, find: "Finder", prefix: str, again: bool) -> None:
        """Append one call of a member: a node, or all nodes of a nested model."""
        part = member.part
        if part is None:
            return
        allowance = self.allowance
        arguments = member.calls[call]
        path = self.unique(prefix + member.name)
        # Even a nested model without layers is a step: models that contain each other twice double with every level.
        allowance.steps += 1 + len(path) // PATH_PER_STEP + len(arguments.reads) // INPUTS_PER_STEP
        if isinstance(part, Definition):
            self.check_allowance()
            refs = model_arguments(part, arguments, find)
            label = member_label(member, prefix)
            self.declared += [
                DeclaredInput(ref, item.shape, not self.legacy, member.where, label)
                for ref, item in zip(refs, part.inputs, strict=False)
                if item is not None
            ]
            find.tensors[member.first + call] = self.emit(part, refs, path + "/", again)
            return
        allowance.layers += 1
        if again:
            allowance.steps += called_again(part.layer, allowance)
        if part.layer.sublayers:
            allowance.steps += layers_within(part.layer)
        self.check_allowance()
        inputs, options, ignored = sorted_arguments(part.layer, arguments, find)
        find.nodes[member.first + call] = self.first + len(self.nodes)
        self.nodes.append(Node(path, part, inputs, options, member.where, (), ignored))

    def check_allowance(self) -> None:
        """Refuse a model that exceeds its allowance."""
        if self.allowance.exceeded():
            raise LayerError(self.allowance.explain("model"))

    def unique(self, path: str) -> str:
        """A unique path for a call: repeated calls end in "#2" and so on, even if some layer has such a name."""
        while path in self.paths:
            count = self.calls[path] = self.calls.get(path, 1) + 1
            path = f"{path}#{count}"
        self.paths.add(path)
        return path


class Finder:
    """Maps a tensor's history to a Ref to what has been emitted.

    Attributes:
        nodes: the index of the node for each slot; 0, the index of an input, where there is none. They are stored as
            plain numbers: a shared int object would cost a memory access each time a Ref to it is read.
        tensors: the tensors of an input, or the outputs of a nested model, by slot.
    """

    __slots__ = ("nodes", "tensors")

    def __init__(self, slots: int) -> None:
        self.nodes = memoryview(bytearray(8 * slots)).cast("q")
        self.tensors: dict[int, list[Ref]] = {}

    def __call__(self, tensor: History) -> Ref:
        """The Ref of a tensor's producer."""
        producer, index = self.nodes[tensor.slot], tensor.output
        if producer:
            return Ref(producer, index)
        found = self.tensors.get(tensor.slot)
        if found is None:
            raise LayerError(f"reads from '{tensor.layer[:80]}', which is not an input of the model")
        if not -len(found) <= index < len(found):
            raise LayerError(f"reads output {index} of '{tensor.layer[:80]}', which has {len(found)}")
        return found[index]


def model_arguments(definition: Definition, call: KerasCall, find: Finder) -> list[Ref]:
    """The tensors that a nested model is called with, in the order of its inputs."""
    args = call.args or [call.kwargs.get("inputs")]
    value = args[0] if len(args) == 1 else args
    if isinstance(value, dict):
        keys = definition.input_names or [member.name for member in definition.input_members]
        if all(key in value for key in keys):
            value = [value[key] for key in keys]
    return [find(tensor) for tensor in histories_in(value)]
