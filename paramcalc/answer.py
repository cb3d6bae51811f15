"""From a file and the options that were given to a model and its summary: one way for all commands and the gate."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from paramcalc.errors import Problem, located
from paramcalc.model import Model
from paramcalc.shapes import Shape
from paramcalc.summary import Summary

if TYPE_CHECKING:
    from paramcalc.analysis.assumptions import Assumption
    from paramcalc.analysis.calls import Evaluation
    from paramcalc.analysis.explain import LayerExplained
    from paramcalc.analysis.memory_options import MemoryOptions


class Question(Struct, frozen=True):
    """The options that change what is computed; shapes are without the batch.

    Attributes:
        sets: values for the spec's vars, as text.
        batch_size: the batch to compute for.
        input_shapes: other shapes of inputs, by name.
        dtype: takes the place of the dtypes in the file.
        allow_unknown: go on past layers that cannot be known.
        assume: what is said of such layers, by path, class, or a glob.
        max_layers: how many layers a model may have; None for the usual limit.
        weights: the path of a checkpoint to compare the architecture with.
        lora: an adapter to add: a rank, with layers or without, or the path of one.
        memory: measure memory too.
        optimizer: measure what training with it takes.
        context: how many tokens there are in sequences whose length the file leaves open.
        kv_dtype: what a decoder's cache is stored as.
        checkpointing: train with the parts of a stack computed again.
        master_weights: train with float32 copies of the weights.
        spread: over how many devices: tensor, pipeline and data parallel, and what ZeRO divides.
    """

    sets: dict[str, str] = field(default_factory=dict)
    batch_size: int | None = None
    input_shapes: dict[str, Shape] = field(default_factory=dict)
    dtype: str | None = None
    allow_unknown: bool = False
    assume: "dict[str, Assumption]" = field(default_factory=dict)
    max_layers: int | None = None
    weights: str | None = None
    lora: str | None = None
    memory: bool = False
    optimizer: str | None = None
    context: int | None = None
    kv_dtype: str | None = None
    checkpointing: bool = False
    master_weights: bool = False
    spread: tuple[int, int, int, int] = (1, 1, 1, 0)


def question(given: dict[str, Any]) -> Question:
    """The options as they were given; a command need not have all of them."""
    return Question(
        sets=dict(given.get("sets", ())),
        batch_size=given.get("batch_size"),
        input_shapes=dict(given.get("input_shapes", ())),
        dtype=given.get("dtype"),
        allow_unknown=given.get("allow_unknown", False),
        assume=dict(given.get("assumed", ())),
        max_layers=given.get("max_layers"),
        weights=given.get("weights"),
        lora=given.get("lora"),
        memory=bool(given.get("memory")),
        optimizer=given.get("optimizer"),
        context=given.get("context"),
        kv_dtype=given.get("kv_dtype"),
        checkpointing=bool(given.get("checkpointing")),
        master_weights=bool(given.get("master_weights")),
        spread=(given.get("tp") or 1, given.get("pp") or 1, given.get("dp") or 1, given.get("zero") or 0),
    )


def read(source: str | bytes, asked: Question, name: str | None = None) -> Model:
    """The model in a file, in standard input (`-`), or in a content that is called `name`."""
    from paramcalc.formats import load

    sets = asked.sets or None
    return load(source, name=name, sets=sets, max_layers=asked.max_layers, weights=asked.weights, lora=asked.lora)


def answer(source: str | bytes, asked: Question, name: str | None = None) -> Summary:
    """The summary of the model in a file, as `read` finds it."""
    return summary_of(read(source, asked, name), asked)


def weights_named_by(architecture: str, weights: str, asked: Question) -> Summary | None:
    """The summary of a checkpoint, its tensors renamed and merged as an architecture has them.

    Returns None where they are not compared by their names.
    """
    from paramcalc.errors import InputError
    from paramcalc.formats.beside import renamed

    try:
        model = renamed(read(architecture, replace(asked, weights=weights)), weights)
    except InputError:
        return None
    return None if model is None else summary_of(model, asked)


def summary_of(model: Model, asked: Question) -> Summary:
    """The summary of a model."""
    from paramcalc.analysis.summarize import summarize

    return summarize(model, **shapes_for(model, asked), dtype=asked.dtype, **memory_options(asked)._asdict())


def memory_options(asked: Question) -> "MemoryOptions":
    """What is asked of the memory."""
    from paramcalc.analysis.memory_options import MemoryOptions, Spread

    trained = asked.optimizer, asked.kv_dtype, asked.checkpointing, asked.master_weights
    return MemoryOptions(asked.memory, *trained, Spread(*asked.spread))


def summary_explained(model: Model, asked: Question) -> "tuple[Summary, dict[str, LayerExplained]]":
    """The summary of a model, and by path why the counts of each layer are what they are."""
    from paramcalc.analysis.explain import explain
    from paramcalc.analysis.summarize import summarize_with_memory

    evaluation = evaluation_of(model, asked)
    summary = summarize_with_memory(evaluation, asked.dtype, memory_options(asked))
    return summary, dict(explain(evaluation))


def warnings_of(model: Model, summary: Summary) -> list[Problem]:
    """What was noticed that changes no number, each with its place where it has one."""
    found = [Problem(text, model.places.get(text)) for text in summary.warnings or ()]
    return [located(problem, model.locate) for problem in found]


def evaluation_of(model: Model, asked: Question) -> "Evaluation":
    """Every call of a model with its shapes, for commands that look closer than its summary."""
    from paramcalc.analysis.evaluate import evaluate

    return evaluate(model, **shapes_for(model, asked))


def shapes_for(model: Model, asked: Question) -> dict[str, Any]:
    """What `evaluate` and `summarize` are told of shapes: given ones get the batch that the model's inputs have."""
    batches = {item.name: item.shape[:1] for item in model.inputs}
    first = next(iter(batches.values()), (None,))
    if asked.batch_size is not None:
        first = (asked.batch_size,)
    return {
        "batch_size": asked.batch_size,
        "context": asked.context,
        "input_shapes": {name: (*batches.get(name, (None,)), *dims) for name, dims in asked.input_shapes.items()},
        "allow_unknown": asked.allow_unknown,
        "assume": with_batches(asked.assume, first) if asked.assume else {},
    }


def with_batches(assume: "dict[str, Assumption]", batch: Shape) -> "dict[str, Assumption]":
    """What is said of layers, every shape with a batch."""
    from paramcalc.analysis.assumptions import with_batch

    return {name: with_batch(said, batch) for name, said in assume.items()}
