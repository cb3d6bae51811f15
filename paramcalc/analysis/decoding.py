"""Models that generate text token by token: which inputs are the text, and what one more token costs.

In: an evaluation for a whole prompt. Out: its length, and each call's products for one more token. The graph is
evaluated once more for that token, with a single token as input and the caches full; what does not depend on the text,
such as an encoder's output, has been computed already and costs nothing.
"""

from typing import Any

from msgspec import Struct

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.inference import Answer, answer_of, option_shapes
from paramcalc.errors import InputError, LayerError, Problem
from paramcalc.layers.base import Factors
from paramcalc.layers.signature import signature_of
from paramcalc.model import Input, Ref, formula_refs
from paramcalc.shapes import Shape, format_shape

Products = tuple[Factors, ...] | None
"""Multiply-accumulates of a call as a sum of products; None where they are not known."""


def has_tokens(shape: Shape) -> bool:
    """Whether an input can be a sequence: ids (batch, tokens) or vectors (batch, tokens, features)."""
    return len(shape) in (2, 3)


def with_context(source: str, inputs: list[Input], tokens: int) -> list[Input]:
    """The inputs, with every sequence of unknown length set to `context` tokens.

    Raises:
        InputError: when there is none, and none is that long already.
    """
    found = []
    for item in inputs:
        if has_tokens(item.shape) and item.shape[1] is None:
            item = Input(item.name, (item.shape[0], tokens, *item.shape[2:]), item.dtype)
        found.append(item)
    if not any(has_tokens(item.shape) and item.shape[1] == tokens for item in found):
        shown = ", ".join(f"'{item.name[:80]}' is {format_shape(item.shape)}" for item in inputs[:3])
        message = f"a context of {tokens:,} is for an input of any number of tokens, and there is none: {shown}"
        raise InputError(source, [Problem(message)])
    return found


class Text(Struct, frozen=True):
    """The text that a model reads and continues.

    Attributes:
        inputs: the producers that are the text: inputs of the model.
        written: for each producer, whether it depends on the text.
        tokens: how long it is; None where that is not known.
    """

    inputs: frozenset[int]
    written: list[bool]
    tokens: int | None


def find_text(evaluation: Evaluation) -> Text | None:
    """The text of a model in which some layer keeps state between tokens; None for any other model.

    An input that reaches attention only as its keys is a source, such as an encoder's input, and not the text.
    """
    if "text" not in evaluation.known:
        evaluation.known["text"] = look_for_text(evaluation)
    text: Text | None = evaluation.known["text"]
    return text


def look_for_text(evaluation: Evaluation) -> Text | None:
    """The same, computed anew."""
    if not any(call.cache for call in evaluation.calls):
        return None
    first = len(evaluation.inputs)
    reads = depends_on(evaluation)
    sources = 0
    for call in evaluation.calls:
        refs = call.node.inputs
        if takes_past(call) and len(refs) > 1 and refs[0] is not None and refs[1] is not None:
            query, key = reads[refs[0].producer], reads[refs[1].producer]
            if query & ~key:
                sources |= key
    whole = (1 << first) - 1
    text = whole & ~sources or whole
    inputs = frozenset(index for index in range(first) if text >> index & 1)
    shapes = [evaluation.inputs[index].shape for index in sorted(inputs)]
    tokens = next((shape[1] for shape in shapes if has_tokens(shape)), None)
    return Text(inputs, [bool(each & text) for each in reads], tokens)


def depends_on(evaluation: Evaluation) -> list[int]:
    """For each producer, the inputs that it depends on, as bits."""
    found = [1 << index for index in range(len(evaluation.inputs))]
    for call in evaluation.calls:
        bits = 0
        for ref in formula_refs(call.node):
            bits |= found[ref.producer]
        found.append(bits)
    return found


def takes_past(call: Call) -> bool:
    """Whether a layer's formula takes the number of tokens that came before."""
    return "past" in signature_of(type(call.node.instance.layer).infer).options


class Step:
    """Evaluates one more token after a prompt; used once.

    Attributes:
        shapes: the output shapes of every producer in that step; None where they are not known.
    """

    def __init__(self, evaluation: Evaluation, text: Text) -> None:
        self.text = text
        self.inputs = len(evaluation.inputs)
        self.shapes: list[list[Shape] | None] = []
        for index, item in enumerate(evaluation.inputs):
            one = index in text.inputs and has_tokens(item.shape)
            self.shapes.append([(item.shape[0], 1, *item.shape[2:]) if one else item.shape])
        self.known: dict[tuple[Any, ...], Answer | None] = {}

    def call(self, call: Call) -> Products:
        """The products of one call; its output shape is recorded in `shapes`."""
        if not self.text.written[len(self.shapes)]:
            self.shapes.append(call.outputs)
            return ()
        answer = self.answer(call)
        self.shapes.append(None if answer is None else answer.outputs)
        return None if answer is None else answer.macs

    def answer(self, call: Call) -> Answer | None:
        """The formula's answer for one token; None where it has none, such as a reshape to a fixed length."""
        node = call.node
        if call.macs is None or any(self.shapes[ref.producer] is None for ref in formula_refs(node)):
            return None
        shapes = [None if ref is None else self.shape(ref) for ref in node.inputs]
        options = option_shapes(node, self.shape) if node.options else {}
        if takes_past(call) and self.keeps_text(call):
            options["past"] = self.text.tokens
        layer = node.instance.layer
        key = id(layer), tuple(shapes), repr(options) if options else ""
        if key not in self.known:
            self.known[key] = self.ask(layer, shapes, options)
        return self.known[key]

    def ask(self, layer: Any, shapes: list[Any], options: dict[str, Any]) -> Answer | None:
        """The formula's answer."""
        try:
            return answer_of(layer.infer(*shapes, **options))
        except LayerError:
            return None

    def keeps_text(self, call: Call) -> bool:
        """Whether the keys of attention, or what is kept, come from the text: an encoder's are complete already."""
        refs = call.node.inputs
        ref = refs[1] if len(refs) > 1 and refs[1] is not None else refs[0]
        return ref is not None and self.text.written[ref.producer]

    def shape(self, ref: Ref) -> Shape:
        """The shape of a tensor."""
        outputs = self.shapes[ref.producer]
        if outputs is None:
            raise LayerError("its input is not known")
        return outputs[ref.output]


def decode_products(evaluation: Evaluation) -> list[Products] | None:
    """The products of each call for one more token; None where nothing is kept, or the text's length is unknown.

    Nothing is raised: where a layer cannot be called with one token, everything after it is unknown.
    """
    text = find_text(evaluation)
    if text is None or text.tokens is None:
        return None
    step = Step(evaluation, text)
    return [step.call(call) for call in evaluation.calls]
