"""From a file and the given options to a model and its summary: one path for all commands and the gate."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import asdict, replace

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
        assume: assumptions about such layers, by path, class, or a glob of either.
        max_layers: how many layers a model may have; None for the usual limit.
        weights: the path of a checkpoint to compare the architecture with.
        lora: an adapter to add: a rank, with or without target layers, or the path of an adapter.
        memory: measure memory too.
        optimizer: measure what training with it takes.
        context: how many tokens there are in sequences whose length the file leaves open.
        kv_dtype: the dtype of a decoder's cache.
        checkpointing: train with the blocks of a stack recomputed.
        master_weights: train with float32 copies of the weights.
        spread: the devices: tensor, pipeline and data parallel degrees, and the stage of ZeRO.
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
    """The question that a command's options ask; a command need not have all of them."""
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
    """The model in a file, on standard input (`-`), or in the given content, which errors call `name`."""
    from paramcalc.formats import load

    sets = asked.sets or None
    return load(source, name=name, sets=sets, max_layers=asked.max_layers, weights=asked.weights, lora=asked.lora)


def answer(source: str | bytes, asked: Question, name: str | None = None) -> Summary:
    """The summary of the model in a file, as `read` finds it."""
    return summary_of(read(source, asked, name), asked)


def weights_named_by(architecture: str, weights: str, asked: Question) -> Summary | None:
    """The summary of a checkpoint with its tensors renamed and merged to match an architecture.

    Returns None if the two cannot be compared by name.
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

    return summarize(model, **shapes_for(model, asked), dtype=asked.dtype, **asdict(memory_options(asked)))


def memory_options(asked: Question) -> "MemoryOptions":
    """The part of a question that is about memory."""
    from paramcalc.analysis.memory_options import MemoryOptions, Spread

    trained = asked.optimizer, asked.kv_dtype, asked.checkpointing, asked.master_weights
    return MemoryOptions(asked.memory, *trained, Spread(*asked.spread))


def summary_explained(model: Model, asked: Question) -> "tuple[Summary, dict[str, LayerExplained]]":
    """The summary of a model, and by path the explanation of each layer's counts."""
    from paramcalc.analysis.explain import explain
    from paramcalc.analysis.summarize import summarize_with_memory

    evaluation = evaluation_of(model, asked)
    summary = summarize_with_memory(evaluation, asked.dtype, memory_options(asked))
    return summary, dict(explain(evaluation))


def warnings_of(model: Model, summary: Summary) -> list[Problem]:
    """The warnings, which change no number, each with its place if it has one."""
    found = [Problem(text, model.places.get(text)) for text in summary.warnings or ()]
    return [located(problem, model.locate) for problem in found]


def evaluation_of(model: Model, asked: Question) -> "Evaluation":
    """Every call of a model with its shapes, for commands that need more detail than a summary."""
    from paramcalc.analysis.evaluate import evaluate

    return evaluate(model, **shapes_for(model, asked))


def shapes_for(model: Model, asked: Question) -> dict[str, Any]:
    """The arguments of `evaluate` about shapes; shapes from the user get the batch of the model's inputs."""
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
    """The assumptions, with a batch before every shape."""
    from paramcalc.analysis.assumptions import with_batch

    return {name: with_batch(said, batch) for name, said in assume.items()}
