"""How the program that computes a model runs it: the memory needs of its calls, and what it reserves.

The types are here; the rules of a framework's programs are in the module `programs` of its package, if it has one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from paramcalc.layers.base import Layer
from paramcalc.layers.registry import facts_of
from paramcalc.shapes import Shape, volume

ALL = 99
"""All inputs of a call."""


class Needs(NamedTuple):
    """What one call needs of memory beside its inputs and its output.

    Attributes:
        inputs: how many of its inputs the backward pass keeps, the first ones.
        output: whether it keeps the output.
        extra: bytes of other tensors that it keeps.
        scratch: bytes that are alive at once inside the call, and gone after it.
        view: whether the output is a part of the first input, or the whole of it, and takes nothing.
    """

    inputs: int = 0
    output: bool = False
    extra: int = 0
    scratch: int = 0
    view: bool = False


class SizedCall(NamedTuple):
    """One call, with all sizes known.

    Attributes:
        inputs: the shapes of the tensors it reads.
        outputs: those of its outputs.
        item: bytes of an element.
    """

    layer: Layer
    inputs: list[Shape]
    outputs: list[Shape]
    item: int

    @property
    def out(self) -> int:
        """The elements of the first output."""
        return volume(self.outputs[0]) or 0

    @property
    def read(self) -> int:
        """The elements of the first input."""
        return (volume(self.inputs[0]) or 0) if self.inputs else 0

    def field(self, name: str, default: Any = None) -> Any:
        """A field of the layer, where it has one."""
        return getattr(self.layer, name, default)


Rule = Needs | Callable[[SizedCall], Needs]

NOTHING, INPUT, OUTPUT, BOTH, VIEW = Needs(), Needs(1), Needs(output=True), Needs(ALL), Needs(view=True)


class Program(NamedTuple):
    """How the program that computes a model runs it.

    Attributes:
        rules: the needs of a call of each type.
        frozen: the needs of a call with weights of which none is trained, if they differ.
        stacks: types whose needs are unknown although they hold weights.
        norms: rules for normalisations that are in no table, by the end of their type's name.
        language_model: whether embeddings stay to the end, and training takes the cross-entropy of the logits in
            float32.
        last_logits: whether only the last token of a prompt gets logits.
        capped: whether a hyperbolic tangent bounds the logits, and is kept.
        known: whether the rules say what is kept for a backward pass, and how long tensors live.
        workspace: bytes that the library of matrix products reserves for each thread.
    """

    rules: Mapping[str, Rule] = {}
    frozen: Mapping[str, Rule] = {}
    stacks: frozenset[str] = frozenset()
    norms: Mapping[str, Rule] = {}
    language_model: bool = False
    last_logits: bool = False
    known: bool = True
    capped: bool = False
    workspace: int = 0

    def needs(self, type_: str, call: SizedCall, holds_weights: bool, trained: bool = True) -> Needs | None:
        """The needs of a call; None if they are unknown.

        A type that is in no table keeps its output. If it has weights it is somebody's own module, with more in it than
        one operation, and its needs are unknown, unless its name says that it is a norm.
        """
        if type_ in self.stacks:
            return None
        name = type_.partition(".")[0]
        rule = self.rules.get(name)
        if holds_weights and not trained:
            rule = self.frozen.get(name, rule)
        if rule is None and self.known and holds_weights:
            ending = next((each for each in self.norms if name.endswith(each)), None)
            if ending is None:
                return None
            rule = self.norms[ending]
        rule = OUTPUT if rule is None else rule
        if isinstance(rule, Needs):
            return rule
        try:
            return rule(call)
        except IndexError:  # a file may record shapes that no such module can have
            return None


def program_of(framework: str | None, program: str | None, name: str) -> Program | None:
    """The program of a model by its framework, the program's name if it has one, and the model's name.

    Returns None for a file of weights alone, which nothing computes.
    """
    if framework is None:
        return None
    facts = facts_of(framework, "programs")
    found: Program = UNKNOWN if facts is None else facts.program(program, name)
    return found


UNKNOWN = Program(known=False)
"""A program of which only the order of calls is known."""
