"""`assume:` of a spec: what layers of classes that paramcalc does not know give and hold, in every command."""

import json

import pytest
from click.testing import CliRunner

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from paramcalc.cli import cli
from paramcalc.cli import run as cli_run

SPEC = """
input: [10, 32]
assume: {Mine: same:4224, "Pool*": "64:1.2k"}
layers:
  - Dense: 32
  - Mine: {heads: $(2), whatever: [1, x]}
  - Pool2
  - {type: PoolMax, name: again, size: 3}
  - Dense: 1
"""
PARAMS = 1056 + 4224 + 1200 + 1200 + 65


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SPEC)
    return str(path)


def read(text):
    return paramcalc.load(text.encode(), name="spec")


def run(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_a_class_and_a_glob_say_shape_and_parameters():
    summary = summarize(read(SPEC))
    assert summary.totals.params == PARAMS
    assert [row.output_shape for row in summary.layers][1:4] == [(None, 10, 32), (None, 64), (None, 64)]
    assert not summary.partial


@pytest.mark.parametrize("batch", [None, 7])
def test_an_assumed_shape_gets_the_batch_of_the_inputs(batch):
    assert summarize(read(SPEC), batch_size=batch).layers[-1].output_shape == (batch, 1)


@pytest.mark.parametrize(
    "command",
    [
        ("check", "--max-params", str(PARAMS)),
        ("explain",),
        ("fit", "--memory", "1 GiB"),
        ("convert",),
        ("summary", "--format", "html"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_goes_by_it(command, spec):
    result = run(*command, spec)
    assert result.exit_code == 0, result.output


def test_a_gate_counts_what_is_assumed(spec):
    assert cli_run(["check", "--max-params", str(PARAMS - 1), spec]) == 1


def test_each_side_of_a_diff_goes_by_its_own(spec, tmp_path):
    other = tmp_path / "b.yaml"
    other.write_text(SPEC.replace("same:4224", "same:4000"))
    found = json.loads(run("diff", "--format", "json", spec, str(other)).output)
    assert found["totals"]["params"]["delta"] == -224


def test_what_is_converted_says_it_itself(spec):
    again = read(run("convert", spec).output)
    assert summarize(again).totals.params == PARAMS
    assert not again.assumed


def test_the_user_says_otherwise(spec):
    found = json.loads(run("summary", "--format", "json", "--assume", "Mine=same:0", spec).output)
    assert found["totals"]["params"] == PARAMS - 4224


def test_a_class_of_which_nothing_is_said_is_an_error():
    with pytest.raises(InputError, match="there is no layer type 'Other'"):
        read(SPEC.replace("Pool2", "Other"))


def test_inside_another_layer_it_is_refused():
    """Nothing says what the layer around it makes of that."""
    with pytest.raises(InputError, match="'Mine', and what assume says of it is for a layer by itself"):
        summarize(read("{input: [5, 8], assume: {Mine: same:0}, layers: [{TimeDistributed: {layer: Mine}}]}"))


def test_what_is_assumed_of_no_layer_is_a_warning():
    model = read("{input: [8], assume: {Mien: same:0, Dense: same:0}, layers: [Dense: 8]}")
    assert summarize(model).totals.params == 72
    assert [text for text in model.warnings if text.startswith("assume: no unknown layer is of class")] == [
        "assume: no unknown layer is of class 'Mien'",
        "assume: no unknown layer is of class 'Dense'",
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[Mine]", "assume is a mapping"),
        ("{Mine: 7}", "expected a shape such as 7,7,64, or same"),
        ("{Mine: 'same:x'}", "Mine"),
    ],
)
def test_a_mistake_in_it_is_an_error_with_its_place(value, message):
    with pytest.raises(InputError, match=message) as caught:
        read(f"input: [8]\nassume: {value}\nlayers: [Dense: 8]")
    assert caught.value.problems[0].position.line == 2


def test_a_block_may_use_such_a_class_in_each_of_its_uses():
    text = "{input: [8], assume: {Mine: same:5}, blocks: {b: {layers: [Mine]}}, layers: [{repeat: 3, layers: [b]}]}"
    assert summarize(read(text)).totals.params == 15


def test_many_globs_for_many_classes_are_refused_before_they_take_seconds():
    """Of 14,000 classes they took 31 s: each class was compared with each glob."""
    globs = ", ".join(f'"Z{number}*[ab]*x{number}": same:0' for number in range(900))
    text = f'{{input: [8], assume: {{{globs}, "*": same:0}}, layers: [{", ".join(f"A{n}" for n in range(3_000))}]}}'
    with pytest.raises(InputError, match="assume has too many globs"):
        read(text)


def test_many_globs_for_many_layers_of_a_keras_file_are_refused_too(monkeypatch):
    monkeypatch.setattr("paramcalc.analysis.assumptions.MAX_GLOB_WORK", 10_000)
    layers = [{"class_name": f"A{number}", "config": {"name": f"a{number}"}} for number in range(60)]
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 8], "name": "i"}}
    document = {"class_name": "Sequential", "config": {"name": "m", "layers": [first, *layers]}}
    said = {f"Z{number}*": "same" for number in range(450)}
    model = read(json.dumps(document))
    assert summarize(model, assume={"*": "same"}).layers
    with pytest.raises(InputError, match="too many globs are assumed"):
        summarize(model, assume={**said, "*": "same"})
