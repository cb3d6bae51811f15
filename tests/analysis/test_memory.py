"""Memory: the peak against a simulation, the rest against sums and against what Keras reports."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from paramcalc import InputError, load, summarize
from paramcalc.analysis.memory import ASSUMPTIONS, DTYPES, peak
from paramcalc.check.budgets import BudgetError, check_budget, parse_budget
from paramcalc.check.gate import check_file
from paramcalc.cli import cli, options
from paramcalc.metrics import OPTIMIZERS
from paramcalc.model import Ref
from paramcalc.summary import Memory, Training

SPECS = Path(__file__).parents[2] / "specs"


def memory(text, **options):
    return summarize(load(text.encode(), name="spec"), memory=True, **options).memory


# -- the peak ------------------------------------------------------------------------------------------


def simulated(sizes, reads, kept, first):
    """Every step on its own: which tensors must exist in it, by definition."""
    best = (-1, 0)
    for now in range(len(reads) + 1):
        alive = 0
        for producer, outputs in enumerate(sizes):
            made = max(producer - first + 1, 0)
            for output, size in enumerate(outputs):
                ref = Ref(producer, output)
                later = any(ref in reads[step - 1] for step in range(max(now, 1), len(reads) + 1))
                if made == now or (made < now and (later or ref in kept)):
                    alive += size
        if alive > best[0]:
            best = (alive, now)
    return best


@st.composite
def graphs(draw):
    first = draw(st.integers(1, 3))
    outputs = st.lists(st.integers(0, 100), min_size=1, max_size=3)
    sizes = [[draw(st.integers(0, 100))] for _ in range(first)]
    reads = []
    for _ in range(draw(st.integers(0, 12))):
        known = [Ref(producer, output) for producer, made in enumerate(sizes) for output in range(len(made))]
        reads.append(draw(st.lists(st.sampled_from(known), max_size=4)))
        sizes.append(draw(outputs))
    known = [Ref(producer, output) for producer, made in enumerate(sizes) for output in range(len(made))]
    return sizes, reads, draw(st.lists(st.sampled_from(known), max_size=3)), first


@settings(max_examples=150)
@given(graphs())
def test_the_peak_is_that_of_a_simulation_step_by_step(graph):
    assert peak(*graph) == simulated(*graph)


@given(graphs())
def test_the_peak_is_never_less_than_any_layer_needs_nor_more_than_everything(graph):
    sizes, reads, _, first = graph
    best, _ = peak(*graph)
    assert best <= sum(map(sum, sizes))
    for tensors, made in zip(reads, sizes[first:], strict=True):
        assert best >= sum(made) + sum(sizes[ref.producer][ref.output] for ref in set(tensors))


@st.composite
def specs(draw):
    """A random graph of dense layers and sums, every tensor of 1 to 8 floats, with its simulation."""
    widths = {"input": draw(st.integers(1, 8))}
    lines, reads = [], []
    for number in range(draw(st.integers(1, 10))):
        name = f"l{number}"
        source = draw(st.sampled_from(sorted(widths)))
        alike = [other for other in sorted(widths) if other != source and widths[other] == widths[source]]
        if alike and draw(st.booleans()):
            other = draw(st.sampled_from(alike))
            lines.append(f"- {{Add: {{}}, name: {name}, inputs: [{source}, {other}]}}")
            widths[name] = widths[source]
            reads.append([source, other])
        else:
            widths[name] = draw(st.integers(1, 8))
            lines.append(f"- {{Dense: {widths[name]}, name: {name}, inputs: {source}}}")
            reads.append([source])
    names = list(widths)
    outputs = sorted({names[-1], *draw(st.lists(st.sampled_from(names), max_size=2))})
    text = f"input: [{widths['input']}]\noutputs: [{', '.join(outputs)}]\nlayers:\n" + "\n".join(lines)
    refs = [[Ref(names.index(name)) for name in sources] for sources in reads]
    return text, [[4 * width] for width in widths.values()], refs, [Ref(names.index(name)) for name in outputs]


@settings(max_examples=100, deadline=None)
@given(specs())
def test_the_peak_of_a_spec_is_that_of_a_simulation_of_its_graph(spec):
    text, sizes, reads, kept = spec
    best, step = simulated(sizes, reads, kept, 1)
    found = memory(text)
    assert found.peak_bytes == best
    assert found.peak_at == (f"l{step - 1}" if step else None)
    assert found.activation_bytes == sum(map(sum, sizes))


CHAIN = "{input: [100], layers: [{Dense: 50}, {Dense: 200}, {Dense: 10}]}"


def test_a_chain_needs_the_largest_pair_of_neighbours():
    assert memory(CHAIN).peak_bytes == 4 * (50 + 200)
    assert memory(CHAIN).peak_at == "dense_1"


def test_a_skip_connection_keeps_its_tensor_alive():
    text = "{input: [100], layers: [{branches: [[{Dense: 300}, {Dense: 100}], []], merge: Add}]}"
    assert memory(text).peak_bytes == 4 * (100 + 300 + 100)


def test_an_output_lives_to_the_end():
    text = "{input: [1], layers: [{Dense: 1000, name: a}, {Dense: 1}, {Dense: 500}], outputs: [a, dense_1]}"
    assert memory(text).peak_bytes == 4 * (1000 + 1 + 500)


def test_vgg16_peaks_between_its_two_first_convolutions():
    found = summarize(load(SPECS / "vgg16.yaml"), memory=True).memory
    assert found.peak_bytes == 2 * 224 * 224 * 64 * 4
    assert found.inference_bytes == found.peak_bytes + 138_357_544 * 4


def test_activations_grow_with_the_batch_and_weights_do_not():
    one, many = memory(CHAIN), memory(CHAIN, batch_size=32)
    assert (one.batch_size, many.batch_size) == (1, 32)
    assert many.peak_bytes == 32 * one.peak_bytes
    assert many.activation_bytes == 32 * one.activation_bytes
    assert many.weights_bytes == one.weights_bytes


def test_an_unknown_dimension_leaves_activations_unknown_and_weights_known():
    found = memory("{input: [null, 8], layers: [{LSTM: {units: 4, return_sequences: true}}]}", optimizer="adam")
    assert found.peak_bytes is found.activation_bytes is found.inference_bytes is found.training.total_bytes is None
    assert found.weights_bytes == 4 * 4 * 4 * (8 + 4 + 1)
    assert found.training.optimizer_bytes == 2 * found.weights_bytes


def test_text_has_no_known_size():
    text = "{inputs: {w: {shape: [1], dtype: string}}, layers: [{StringLookup: {vocabulary: [a, b]}}]}"
    assert memory(text).peak_bytes is None


# -- types ---------------------------------------------------------------------------------------------


def test_weights_by_type():
    found = memory("{input: [100], layers: [{Dense: 10}]}")
    assert found.weights_bytes == 4040
    sizes = {"float32": 4040, "float16": 2020, "bfloat16": 2020, "float8": 1010, "int8": 1010, "int4": 505}
    assert found.weights_as == sizes
    assert tuple(sizes) == DTYPES


def test_mixed_precision_computes_in_half_and_keeps_whole_weights():
    found = memory("{input: [100], dtype: mixed_float16, layers: [{Dense: 10}, {Dense: 6}]}")
    assert found.weights_bytes == 4 * (1010 + 66)
    assert found.activation_bytes == 4 * 100 + 2 * (10 + 6)


def test_dtype_takes_the_place_of_floats_and_leaves_indices():
    text = "{inputs: {t: {shape: [5], dtype: int32}}, layers: [{Embedding: [10, 4]}]}"
    assert memory(text, dtype="float16").activation_bytes == 4 * 5 + 2 * 20


# -- training ------------------------------------------------------------------------------------------

CNN = "{input: [8, 8, 3], layers: [{Conv2D: [5, 3]}, BatchNormalization, Flatten, {Dense: 7}]}"
KERAS_STATE = {"sgd": 0, "momentum": 1417, "adam": 2834, "adamw": 2834, "adafactor": 1676, "lion": 1417}
"""Elements of `optimizer.variables`, scalars aside, that Keras 3.15.1 has for this model after `build`."""


@pytest.mark.parametrize("optimizer", KERAS_STATE)
def test_the_state_of_an_optimizer_is_what_keras_keeps(optimizer):
    training = memory(CNN, optimizer=optimizer).training
    assert training.optimizer_bytes == 4 * KERAS_STATE[optimizer]
    assert training.gradient_bytes == 4 * 1417
    parts = (training.weights_bytes, training.gradient_bytes, training.optimizer_bytes, training.activation_bytes)
    assert training.total_bytes == sum(parts)


def test_frozen_and_tied_weights_have_no_gradient_of_their_own():
    text = "{input: [4], layers: [{Dense: 4, name: a, trainable: false}, {Dense: 4, name: b}, {Dense: 4, name: c}]"
    found = memory(text + ", tied: [[b.kernel, c.kernel]]}", optimizer="adafactor").training
    assert found.gradient_bytes == 4 * (16 + 4 + 4)
    assert found.optimizer_bytes == 4 * (16 + 4 + 4 + 8)


def test_every_optimizer_is_offered_and_known():
    choice = options.optimizer_option(lambda: None).__click_params__[0]
    assert tuple(choice.type.choices) == OPTIMIZERS


# -- where it shows ------------------------------------------------------------------------------------


def test_memory_is_only_there_when_asked_for():
    model = load(CHAIN.encode(), name="chain")
    assert not summarize(model).memory
    assert isinstance(summarize(model, optimizer="sgd").memory.training, Training)
    assert isinstance(summarize(model, memory=True).memory, Memory)


def test_every_number_states_its_assumption():
    assert set(ASSUMPTIONS) <= set(Memory.__struct_fields__)
    assert memory(CHAIN).assumptions == ASSUMPTIONS


def run(*args):
    return CliRunner().invoke(cli, ["summary", str(SPECS / "conv_pool.yaml"), *args], standalone_mode=False)


def test_the_table_shows_it_under_the_totals():
    text = run("--memory", "--optimizer", "adam", "--width", "100").output
    for label in ("Activations", "Peak memory", "Inference", "Gradients", "Optimizer", "Training", "Size in 4-bit"):
        assert f"\n{label}" in text
    assert "Peak memory" not in run().output


def test_csv_has_no_place_for_it():
    assert "does nothing for --format csv" in str(run("--memory", "--format", "csv").exception)


def test_a_budget_holds_the_peak_of_one_sample(tmp_path):
    file = tmp_path / "chain.yaml"
    for limit, status in (("1000 B", "passed"), ("999 B", "failed")):
        file.write_text(f"input: [100]\nlayers: [{{Dense: 50}}, {{Dense: 200}}]\nbudget: {{peak_memory: {limit}}}\n")
        report = check_file(str(file), [])
        assert [finding.status for finding in report.findings] == [status]
        assert "peak memory: 1,000 B" in report.findings[0].message


def test_an_unknown_peak_cannot_be_judged(tmp_path):
    file = tmp_path / "open.yaml"
    file.write_text("input: [null, 8]\nlayers: [{LSTM: 4}]\nbudget: {peak_memory: 1 MB}\n")
    assert check_file(str(file), []).status == "broken"


def test_peak_memory_is_of_the_whole_model_and_has_a_unit():
    with pytest.raises(BudgetError, match="unknown key 'peak_memory'"):
        parse_budget({"layers": {"a": {"peak_memory": "1 MB"}}})
    with pytest.raises(BudgetError, match="unit"):
        parse_budget({"peak_memory": 5})


def test_a_summary_without_memory_is_not_judged():
    summary = summarize(load(CHAIN.encode(), name="chain"))
    with pytest.raises(BudgetError, match="memory=True"):
        check_budget(summary, parse_budget({"peak_memory": "1 MB"}))


def test_an_operation_keeps_the_precision_of_what_it_reads():
    """The sum of two float16 tensors is one; of float16 and float32, float32; a comparison gives bytes."""
    text = """
    input: [8]
    layers:
      - {Dense: 4, dtype: float16, name: a}
      - {Dense: 4, inputs: input, name: b}
      - {Operation: Negative, inputs: a, name: half}
      - {Operation: Add, inputs: [half, b], name: full}
      - {Operation: Greater, inputs: [half, b], name: more}
    outputs: [full, more]
    """
    rows = {row.name: row.output_bytes for row in summarize(load(text.encode())).layers}
    assert [rows[name] for name in ("half", "full", "more")] == [8, 16, 4]
    model = load(text.encode())
    told = {row.name: row.output_bytes for row in summarize(model, dtype="float64").layers}
    assert [told[name] for name in ("half", "full", "more")] == [32, 32, 4]


def test_numbers_past_64_bits_are_refused():
    """The size in one byte a weight is not, but that in float32 and the state of an optimizer are."""
    spec = "input: [2147483647]\nlayers: [{Dense: {units: 2147483647, use_bias: false}, dtype: int8}]\n"
    model = load(spec.encode())
    assert summarize(model).totals.size_bytes == 2147483647**2
    with pytest.raises(InputError, match="a number of its memory is past 9,223,372,036,854,775,807"):
        summarize(model, memory=True)
