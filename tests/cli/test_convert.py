"""`paramcalc convert` writes files that paramcalc reads."""

import json
from pathlib import Path

import pytest

from paramcalc import load
from paramcalc.cli import run
from paramcalc.formats.convert import facts

SPEC = Path(__file__).parents[2] / "specs/mlp.yaml"


def test_a_spec_goes_to_keras_and_back(tmp_path):
    keras, back = tmp_path / "model.json", tmp_path / "model.yaml"
    assert run(["convert", str(SPEC), "--to", "keras", "-o", str(keras)]) == 0
    assert json.loads(keras.read_text())["class_name"] == "Functional"
    assert run(["convert", str(keras), "-o", str(back)]) == 0
    assert list(facts(load(back))) == list(facts(load(SPEC)))


def test_what_cannot_be_said_is_bad_input_and_writes_nothing(tmp_path, capsys):
    spec, target = tmp_path / "spec.yaml", tmp_path / "model.json"
    spec.write_text("input: [4]\nlayers: [{Custom: {}}]\n")
    assert run(["convert", str(spec), "--to", "keras", "-o", str(target)]) == 2
    assert "layer 'custom' (Custom) is not in keras.layers" in capsys.readouterr().err
    assert not target.exists()


def test_vars_are_filled_in(tmp_path, capsys):
    spec = tmp_path / "spec.yaml"
    spec.write_text("vars: {d: 4}\ninput: [4]\nlayers: [Dense: $d]\n")
    assert run(["convert", str(spec), "--set", "d=9"]) == 0
    assert "  - Dense: 9\n" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["spec", "keras"])
def test_as_many_layers_as_the_user_allows_are_also_read_back(monkeypatch, tmp_path, target):
    monkeypatch.setattr("paramcalc.limits.MAX_LAYERS", 2)
    spec = tmp_path / "spec.yaml"
    spec.write_text("input: [4]\nlayers: [{repeat: 3, layers: [ReLU]}]\n")
    command = ["convert", str(spec), "--to", target, "-o", str(tmp_path / "out")]
    assert run(command) == 2
    assert run([*command, "--max-layers", "3"]) == 0


CALLS = """input: [4]
blocks: {b: {layers: [{Dense: 4, name: d}, ReLU]}}
layers:
  - {Dense: 4, name: a}
  - {call: a, name: second}
  - call: second
  - {b: {}, name: x}
  - {call: x, name: w}
  - {Add: {}, inputs: [second, w, "a#2", w/d]}
"""


def test_a_call_keeps_the_name_that_it_has(tmp_path, capsys):
    (tmp_path / "calls.yaml").write_text(CALLS)
    assert run(["convert", str(tmp_path / "calls.yaml")]) == 0
    written = capsys.readouterr().out
    assert "{call: a, name: second}" in written
    assert "{call: x, name: w" in written
    assert [node.path for node in load(written.encode()).nodes] == [
        *("a", "second", "a#2", "x/d", "x/re_lu", "w/d", "w/re_lu", "add")
    ]


def test_a_call_of_a_layer_in_another_block_cannot_be_written(tmp_path, capsys):
    """A spec can say it; what is written is flat lists of blocks, and has no way to."""
    spec = "{input: [4], layers: [{Dense: 4, name: d}, {b: null}], blocks: {b: {layers: [{call: d, name: own}]}}}"
    (tmp_path / "spec.yaml").write_text(spec)
    assert run(["convert", str(tmp_path / "spec.yaml")]) == 2
    assert "layer 'b/own' is a further call of one that is inside another block" in capsys.readouterr().err
