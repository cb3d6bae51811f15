"""What it takes to train a model: weights, gradients, the optimizer, and the peak of a step.

In: an evaluation, and the rows of its summary. Out: `Training`.
"""

from paramcalc.analysis.backward import training_peak
from paramcalc.analysis.calls import Evaluation
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.errors import InputError, Problem, listed
from paramcalc.layers.optimizers import Optimizer, TrainedWeight, optimizers_of
from paramcalc.layers.programs import Program, program_of
from paramcalc.model import Model
from paramcalc.summary import LayerSummary, Training, WeightSummary
from paramcalc.units import STORED_BITS, size_of

MASTER = 4
"""Bytes of an element of a master weight, and of its gradient: float32."""


def measure_training(
    evaluation: Evaluation, rows: list[LayerSummary], activations: int | None, dtype: str | None, options: MemoryOptions
) -> Training:
    """What training takes.

    Args:
        evaluation: the graph with its shapes.
        rows: the same as a summary has it.
        activations: bytes of all inputs and outputs: kept for the backward pass, where the program is not known.
        dtype: takes the place of the dtypes in the file.
        options: how it is trained.

    Raises:
        InputError: for an optimizer that the model's framework does not have.
    """
    optimizer = optimizer_of(evaluation.model, options.optimizer or "")
    trained = [[weight for weight in row.weights if is_trained(weight)] for row in rows]
    gradients = [sum([gradient_bytes(weight) for weight in each]) for each in trained]
    tensors = [tensor_of(weight, options) for each in trained for weight in each]
    master = MASTER * sum([weight.params for each in trained for weight in each]) if options.master_weights else 0
    state = optimizer.state_bytes(tensors)
    temporary = optimizer.temporary_bytes(tensors) + master  # which takes gradients in float32
    program = program_of(evaluation.model.framework, evaluation.model.program, evaluation.model.name)
    kept, size = activations, plus(activations, sum(gradients))
    if program is not None and program.known:
        kept, size = passes(evaluation, rows, program, dtype, gradients, options.checkpointing)
    weights = sum(row.size_bytes for row in rows)
    constant = weights + master + state + (2 * program.workspace if program is not None else 0)
    return Training(
        optimizer=options.optimizer or "",
        weights_bytes=weights,
        gradient_bytes=sum(gradients),
        optimizer_bytes=state,
        activation_bytes=kept,
        total_bytes=plus(kept, weights + master + sum(gradients) + state),
        master_bytes=master,
        temporary_bytes=temporary,
        checkpointing=options.checkpointing,
        peak_bytes=None if size is None else constant + max(size, sum(gradients) + temporary),
    )


def plus(known: int | None, more: int) -> int | None:
    """The sum; None where one part of it is not known."""
    return None if known is None else known + more


def optimizer_of(model: Model, name: str) -> Optimizer:
    """The optimizer of this name, of the model's framework; of a file of weights alone, PyTorch's.

    Raises:
        InputError: where that framework does not have it.
    """
    known = optimizers_of(model.framework)
    if name not in known:
        has = f"it has: {listed(list(known))}" if known else "none of its optimizers is known"
        message = f"{name} is no optimizer of this model's framework; {has}"
        raise InputError(model.source, [Problem(message)])
    return known[name]


def is_trained(weight: WeightSummary) -> bool:
    """Whether a gradient changes the weight, and it is counted here."""
    return weight.trainable and weight.params > 0


def gradient_bytes(weight: WeightSummary) -> int:
    """The bytes of a weight's gradient, in its own type."""
    return size_of(weight.params, weight.dtype)


def tensor_of(weight: WeightSummary, options: MemoryOptions) -> TrainedWeight:
    """A weight as the optimizer sees it."""
    return weight.shape, MASTER if options.master_weights else max(1, STORED_BITS.get(weight.dtype, 32) // 8)


def passes(
    evaluation: Evaluation,
    rows: list[LayerSummary],
    program: Program,
    dtype: str | None,
    gradients: list[int],
    checkpointing: bool,
) -> tuple[int | None, int | None]:
    """What is kept for the backward pass, and the peak of both passes; None where a size is not known."""
    found = training_peak(evaluation, program, dtype, gradients, checkpointing, tied_bytes(rows))
    return (None, None) if found is None else (found.activations, found.size)


def tied_bytes(rows: list[LayerSummary]) -> int:
    """The bytes of the largest gradient that comes from two layers: it is added up out of place."""
    owners = {weight.tied_to for row in rows for weight in row.weights if weight.tied_to and weight.trainable}
    if not owners:
        return 0
    named = [(f"{row.path}.{weight.name}", weight) for row in rows for weight in row.weights]
    return max([gradient_bytes(weight) for name, weight in named if name in owners], default=0)
