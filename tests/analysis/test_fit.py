"""Whether a model fits: each answer against the peaks of `summary`, and the search against counting up."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import load, summarize
from paramcalc.analysis.cards import CARDS
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.fit import Asked, fit, largest
from paramcalc.analysis.memory import measure_memory
from paramcalc.analysis.memory_options import MemoryOptions, Spread
from paramcalc.analysis.summarize import summarize_evaluation
from paramcalc.cli import cli
from paramcalc.errors import InputError
from tests.small_models import LLAMA

MIB = 2**20


def model(config=LLAMA):
    return load(json.dumps(config).encode())


def peak(context, batch=1, dtype=None, **options):
    found = summarize(model(), context=context, batch_size=batch, dtype=dtype, memory=True, **options).memory
    return found.training.peak_bytes if options else found.inference_bytes


@given(st.integers(1, 10), st.integers(0, 50), st.integers(0, 3), st.integers(0, 10**5), st.integers(1, 500))
def test_the_search_finds_the_largest(slope, fixed, power, memory, most):
    def need(number):
        return fixed + slope * number + power * number * number // 7

    counted = max([number for number in range(1, most + 1) if need(number) <= memory], default=0)
    assert largest(need, memory, most) == counted


def test_a_search_takes_few_steps_where_the_need_is_a_line():
    asked = []
    assert largest(lambda number: asked.append(number) or 10**9 + 12345 * number, 24 * 10**9, 10**7) == 1_863_102
    assert len(asked) < 12


@pytest.mark.parametrize("memory", [40 * MIB, 64 * MIB, 100 * MIB])
def test_the_answers_are_where_the_peaks_of_summary_cross_the_memory(memory):
    found = fit(model(), Asked(memory, context=256))
    assert [row.dtype for row in found.rows] == ["float32", "bfloat16", "int8", "int4"]
    for row, dtype in zip(found.rows, (None, "bfloat16"), strict=False):
        assert row.needed_bytes == peak(256, dtype=dtype)
        assert row.fits is (row.needed_bytes <= memory)
        if 0 < row.max_context < 4096:
            assert peak(row.max_context, dtype=dtype) <= memory < peak(row.max_context + 1, dtype=dtype)
        if row.max_sequences:
            several = [peak(256, row.max_sequences + more, dtype=dtype) for more in (0, 1)]
            assert several[0] <= memory < several[1]


def test_no_text_is_longer_than_the_model_was_made_for():
    row = fit(model(), Asked(10**12)).rows[1]
    assert (row.max_context, row.longest) == (4096, True)


def test_matrices_in_int8_and_int4_by_hand():
    """4 layers: 2 × 64 × 64 and 2 × 64 × 32 of attention, 3 × 64 × 160; embedding, head and norms in two bytes."""
    rows = {row.dtype: row.weights_bytes for row in fit(model(), Asked(10**9, context=16)).rows}
    matrices = 4 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 160)
    outputs = 4 * (64 + 64 + 32 + 32 + 160 + 160 + 64)
    rest = 2 * (2 * 1000 * 64 + 9 * 64)
    assert rows["bfloat16"] == 2 * matrices + rest
    assert rows["int8"] == matrices + 4 * outputs + rest
    assert rows["int4"] == matrices // 2 + 4 * matrices // 64 + rest


def test_training_is_in_types_that_can_be_trained():
    asked = Asked(200 * MIB, context=64, options=MemoryOptions(memory=True, optimizer="adamw"))
    found = fit(model(), asked)
    assert [row.dtype for row in found.rows] == ["float32", "bfloat16"]
    assert found.rows[1].needed_bytes == peak(64, dtype="bfloat16", optimizer="adamw")


def test_more_devices_need_less_each():
    one, two = (
        fit(model(), Asked(10**9, context=64, options=MemoryOptions(memory=True, spread=Spread(tensor=tensor))))
        for tensor in (1, 2)
    )
    assert [two.devices, one.devices] == [2, 1]
    assert all(a.needed_bytes < b.needed_bytes for a, b in zip(two.rows, one.rows, strict=True))


def test_a_model_of_images_has_no_context():
    text = b"{framework: torch, input: [3, 8, 8], layers: [{Conv2d: [4, 3]}, Flatten, {Linear: 10}]}"
    found = fit(load(text), Asked(40 * MIB))
    assert found.context is None
    assert found.rows[0].max_context is None
    assert found.rows[0].max_sequences > 100


def test_a_file_of_weights_is_its_weights(tmp_path):
    header = {"a.weight": {"dtype": "F16", "shape": [10, 10], "data_offsets": [0, 200]}}
    text = json.dumps(header).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(200))
    row = fit(load(path), Asked(1000)).rows[0]
    assert (row.dtype, row.weights_bytes, row.needed_bytes, row.fits) == ("float16", 200, 200, True)
    assert fit(load(path), Asked(1000)).assumptions[0].startswith("the file holds weights alone")


def test_what_is_a_part_or_only_stated_is_refused(tmp_path):
    index = {"metadata": {"total_size": 4, "total_parameters": 1}, "weight_map": {"a": "b.safetensors"}}
    with pytest.raises(InputError, match="cannot be known, and so what it needs is not"):
        fit(load(json.dumps(index).encode()), Asked(10**9))


def test_what_is_not_known_is_refused():
    text = b"{input: [null, null, 3], layers: [{Conv2D: [4, 3]}]}"
    with pytest.raises(InputError, match="its memory is not known"):
        fit(load(text), Asked(10**9))


def test_what_a_module_keeps_may_not_be_known():
    text = b"{framework: torch, input: [10, 64], layers: [{TransformerEncoderLayer: {nhead: 4, dim_feedforward: 9}}]}"
    assert fit(load(text), Asked(10**9)).fits
    with pytest.raises(InputError, match="what a module of its own keeps for the backward pass is not"):
        fit(load(text), Asked(10**9, options=MemoryOptions(memory=True, optimizer="adamw")))


# -- the command ---------------------------------------------------------------------------------------


def run(path, *options):
    return CliRunner().invoke(cli, ["fit", str(path), *options], standalone_mode=False)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    return path


@pytest.mark.parametrize(("options", "code"), [(["--memory", "1GiB"], 0), (["--memory", "33MiB"], 1)])
def test_it_is_a_gate(config, options, code):
    assert run(config, *options).return_value == code


def test_a_single_type_is_a_gate_of_its_own(config):
    """33 MiB hold the weights in two bytes, and not in four."""
    assert run(config, "--memory", "33MiB", "--context", "8").return_value == 0
    assert run(config, "--memory", "33MiB", "--context", "8", "--dtype", "float32").return_value == 1


def test_the_json_has_whole_numbers(config):
    found = json.loads(run(config, "--gpu", "H100", "--context", "100", "--format", "json").output)
    assert found["memory_bytes"] == CARDS["h100"].memory == 81559 * MIB
    assert found["gpu"] == "NVIDIA H100 80GB"
    assert found["rows"][1]["per_token_bytes"] == 4 * 2 * 2 * 16 * 2
    assert found["fits"] is True


def test_more_may_fit_than_was_tried(tmp_path):
    """A million samples is where the search ends, which is not to look like an answer."""
    path = tmp_path / "small.yaml"
    path.write_text("{input: [4], layers: [Dense: 2]}")
    assert " 1,000,000 or more\n" in run(path, "--gpu", "h100").output
    assert "or more" not in run(path, "--memory", "1MiB").output


def test_the_table(config):
    text = run(config, "--memory", "1GiB", "--context", "100", "--batch-size", "3", "--tp", "2").output
    assert "1.0 GiB on each of 2 devices; run with 3 × 100 tokens" in text
    assert "Sequences of 100" in text
    assert "4,096 (all)" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "say what there is: --memory 24GiB, or --gpu h100"),
        (["--memory", "1GiB", "--gpu", "h100"], "leave it or --memory out"),
        (["--memory", "24"], "has no unit"),
        (["--gpu", "h10"], "there is no card 'h10'; did you mean"),
        (["--memory", "1GiB", "--checkpointing"], "--checkpointing is about training; --train asks for that"),
        (["--memory", "1GiB", "--zero", "1"], "--zero divides over the devices of --dp N"),
    ],
)
def test_what_would_be_ignored_is_refused(config, options, message):
    assert message in str(run(config, *options).exception.format_message())


def test_types_computed_alike_share_what_their_searches_found():
    asked = []
    assert largest(lambda number: 10**6 + 1000 * number, 2 * 10**6, 10**6, asked) == 1000
    before = len(asked)
    assert largest(lambda number: 10**6 + 1000 * number, 21 * 10**5, 10**6, asked) == 1100
    assert before < 10
    assert len(asked) - before < 5


@pytest.mark.parametrize("optimizer", [None, "adamw"])
def test_brief_memory_has_the_same_peaks(optimizer):
    evaluation = evaluate(model(), batch_size=3, context=50)
    rows = summarize_evaluation(evaluation).layers
    options = MemoryOptions(memory=True, optimizer=optimizer)
    brief, whole = [measure_memory(evaluation, rows, None, options, brief=each) for each in (True, False)]
    assert brief.inference_bytes == whole.inference_bytes
    assert brief.training == whole.training


def test_a_deep_model_is_evaluated_a_few_times_a_type(monkeypatch):
    """Each type takes four or five peaks, and int8 and int4, which are computed as bfloat16 is, two more."""
    counted = []
    monkeypatch.setattr("paramcalc.analysis.fit.evaluate", lambda *a, **k: counted.append(k) or evaluate(*a, **k))
    fit(load(b'{"model_type": "modernbert", "num_hidden_layers": 3, "max_position_embeddings": 64}'), Asked(2**32))
    assert len(counted) <= 24


def test_a_model_of_too_many_layers_is_refused_unless_more_are_allowed(tmp_path):
    """A configuration of 300 bytes can have 60,000, and each peak takes as long as a summary."""
    path = tmp_path / "net.yaml"
    path.write_text("{framework: torch, input: [8], layers: [{repeat: 5001, layers: [ReLU]}]}")
    refused = run(path, "--memory", "1GiB").exception
    assert "at most 5,000 calls of layers, this has 5,001 (--max-layers allows more)" in str(refused)
    assert run(path, "--memory", "1GiB", "--max-layers", "6000").exit_code == 0


def test_what_is_assumed_of_an_unknown_layer_counts_here_as_in_a_summary(tmp_path):
    """Its weights and its output, whose batch is the one that is tried."""
    layers = [["InputLayer", {"batch_shape": [None, 8], "name": "in"}], ["Dense", {"name": "d", "units": 4}]]
    layers += [["MyThing", {"name": "m"}], ["Dense", {"name": "e", "units": 2}]]
    entries = [
        {"module": "my" if name == "MyThing" else "keras.layers", "class_name": name, "config": config}
        for name, config in layers
    ]
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"class_name": "Sequential", "module": "keras", "config": {"layers": entries}}))
    assert isinstance(run(path, "--memory", "1GiB").exception, InputError)
    found = run(path, "--memory", "1GiB", "--batch-size", "3", "--assume", "MyThing=4:10", "--format", "json")
    weights, activations = 4 * (8 * 4 + 4 + 10 + 4 * 2 + 2), 4 * 3 * (8 + 4)
    assert json.loads(found.output)["rows"][0]["needed_bytes"] == weights + activations
