"""paramcalc's own spec language, in YAML or JSON: a parsed document → a Model, and back.

spec.py      the keys of the whole spec: its inputs, outputs and ties
parser.py    raw entries → entries with a kind and a type, each checked once
expand.py    entries → nodes: variables filled in, blocks, repeats and branches unrolled
draft.py     the nodes while they read names → nodes that read tensors, in execution order
writing/     a Model → the text of a spec
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paramcalc.errors import InputError, Position, Problem, located
from paramcalc.model import Model

if TYPE_CHECKING:
    from paramcalc.formats.source import Options, Source
    from paramcalc.formats.text.document import Document


def read(source: "Source", options: "Options") -> Model:
    """Read a document that is in no other format as a spec.

    Raises:
        InputError: with every independent problem, in the order they stand in the file.
    """
    return read_spec(source.document, source.name, options.sets, max_layers=options.max_layers)


def read_spec(
    document: "Document", name: str, sets: Mapping[str, Any] | None = None, max_layers: int | None = None
) -> Model:
    """Read a spec.

    Args:
        document: the parsed text.
        name: the file, as the user gave it.
        sets: values that replace those of the spec's `vars`.
        max_layers: refuse specs that make more layers than this.

    Raises:
        InputError: with every independent problem, in the order they stand in the file.
    """
    from paramcalc.formats.native.spec import SpecReader
    from paramcalc.limits import MAX_LAYERS

    if not isinstance(document.value, dict):
        raise InputError(name, [Problem("a spec is a mapping with input and layers", ())])
    reader = SpecReader(name, sets or {}, max_layers or MAX_LAYERS)
    try:
        model = reader.read(document.value)
        model.locate = document.locate
        if not reader.problems.found:
            return model
        problems = reader.problems.found + (shape_problems(model) if reader.shapes_known else [])
    except InputError as error:
        problems = error.problems
    raise InputError(name, in_order_of_text([located(problem, document.locate) for problem in problems]))


def shape_problems(model: Model) -> list[Problem]:
    """Problems with the shapes of the layers that could be read, so that one run reports everything."""
    from paramcalc.analysis.evaluate import evaluate

    try:
        evaluate(model, allow_unknown=True)
    except InputError as error:
        return error.problems
    return []


def in_order_of_text(problems: list[Problem]) -> list[Problem]:
    """The problems in the order of their places in the file, after those that have none."""
    return sorted(problems, key=lambda problem: problem.position or Position(0, 0))
