"""How the program that a model is of runs it: what its calls need, and what it reserves."""

from collections.abc import Mapping
from typing import NamedTuple

from paramcalc.layers.needs import (
    FROZEN,
    MODULES,
    OUTPUT,
    STACKS,
    Asked,
    Needs,
    Rule,
    normalised,
    normalised_channels,
)
from paramcalc.layers.written_out import CAPPED, FULL_LOGITS, WRITTEN_OUT, frozen_norm, rules_of_class, written_norm

WORKSPACE = 32 * 2**20
"""Bytes that the library of matrix products reserves on an H100 for each thread that uses it, cuBLAS' default there; on
other cards it is 8 MiB (https://docs.pytorch.org/docs/2.13/notes/cuda.html#cublas-workspaces)."""


class Program(NamedTuple):
    """How the program that a model is of runs it.

    Attributes:
        rules: what a call of each type needs.
        frozen: the same where it holds weights and none is trained, if that is another.
        language_model: whether it is transformers': embeddings stay to the end, and training takes the cross-entropy of
            the logits in float32.
        last_logits: whether a prompt's last token alone gets logits.
        capped: whether a hyperbolic tangent bounds the logits, and is kept.
        known: whether the rules say what is kept for a backward pass, and how long tensors live.
        workspace: bytes that the library of matrix products reserves for each thread.
    """

    rules: Mapping[str, Rule]
    frozen: Mapping[str, Rule] = {}
    language_model: bool = False
    last_logits: bool = False
    known: bool = True
    capped: bool = False
    workspace: int = WORKSPACE

    def needs(self, type_: str, asked: Asked, holds_weights: bool, trained: bool = True) -> Needs | None:
        """What a call needs.

        One that is in no table keeps its output; where it holds weights it is a module of somebody's own, with more in
        it than one operation, and what that keeps is not known. Norms are called after what they are.
        """
        if type_ in STACKS:
            return None
        name = type_.partition(".")[0]
        rule = self.rules.get(name)
        if holds_weights and not trained:
            rule = self.frozen.get(name, rule)
        if rule is None and self.known and holds_weights:
            ending = next((each for each in NORMS if name.endswith(each)), None)
            if ending is None:
                return None
            rule = NORMS[ending]
        rule = OUTPUT if rule is None else rule
        if isinstance(rule, Needs):
            return rule
        try:
            return rule(asked)
        except IndexError:  # a file can record such shapes of a module, and no module has them
            return None


NORMS: dict[str, Rule] = {"RMSNorm": written_norm, "LayerNorm": normalised, "Norm2d": normalised_channels}
"""What the classes of norms end with that are in no table."""


def program_of(framework: str | None, format_: str, name: str) -> Program | None:
    """The program of a model by its framework, format and name; None where it is not known how it runs."""
    if framework is None:
        return None
    if framework != "torch":
        return Program({}, known=False, workspace=0)
    if format_ != "huggingface":
        return Program(MODULES, FROZEN)
    rules = {**MODULES, **WRITTEN_OUT, **rules_of_class(name)}
    return Program(
        rules, {**FROZEN, "RMSNorm": frozen_norm}, True, name not in FULL_LOGITS, capped=name.startswith(CAPPED)
    )
