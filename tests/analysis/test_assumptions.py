"""What the user says of layers whose code is not in the file: by path, class or glob, with the parameters they hold."""

import json

import pytest

import paramcalc
from paramcalc import InputError, ParamcalcError, summarize
from paramcalc.analysis.assumptions import Assumption, parse_assumption, parse_assumptions
from paramcalc.cli import run
from tests.each import each

LAYERS = [
    ("Dense", {"name": "first", "units": 4, "batch_input_shape": [None, 8]}),
    ("FixedDropout", {"name": "drop_a", "rate": 0.5}),
    ("FixedDropout", {"name": "drop_b", "rate": 0.2}),
    ("Lambda", {"name": "code", "function": ["x", None, None]}),
    ("Dense", {"name": "last", "units": 2}),
]


def document(*layers):
    entries = [{"class_name": kind, "config": config} for kind, config in layers or LAYERS]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": entries}, "keras_version": "2.4.0"}


def summary(said, *layers, **options):
    return summarize(paramcalc.load(json.dumps(document(*layers)).encode()), assume=said, **options)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("same", Assumption("same")),
        ("same:0", Assumption("same", 0)),
        ("7, 7,64", Assumption((7, 7, 64))),
        ("3,?,64:1.2M", Assumption((3, None, 64), 1_200_000)),
        (":12", Assumption(None, 12)),
        ([7, None, 64], Assumption((7, None, 64))),
    ],
)
def test_what_can_be_said(text, meant):
    assert parse_assumption(text) == meant


@each("text", ["", "x", "7,x", "-1", "0", "same:", "same:x", "same:1.5", "1" * 12, ",", 5, None, [0], ["x"]])
def test_what_cannot(text):
    with pytest.raises(ParamcalcError):
        parse_assumption(text)


SAID = {"FixedDropout": "same:0", "Lambda": "same"}


def parsed(**said):
    return {name: parse_assumption(value) for name, value in said.items()}


@pytest.mark.parametrize(
    "said",
    [
        {"FixedDropout": "same:0", "Lambda": "same"},
        {"drop_a": "same:0", "drop_b": "same:0", "code": "same"},
        {"Fixed*": "same:0", "c[o]de": "same:0"},
        {"drop_?": "same:0", "L*": "same"},
    ],
    ids=str,
)
def test_a_model_is_complete_but_for_macs(said):
    """By class, by path, or by globs of them; a Lambda holds no weights in Keras."""
    found = summary(parsed(**said))
    assert (found.totals.params, found.totals.macs, found.partial) == (36 + 10, None, paramcalc.summary.UNSET)


def test_a_layer_may_hold_some():
    said = parsed(drop_a="same:7", Lambda="same")
    found = summary({**said, "FixedDropout": Assumption((None, 4), 5)})
    assert [row.params for row in found.layers] == [36, 7, 5, 0, 10]
    assert found.layers[1].type == "FixedDropout"


def test_without_how_much_it_is_partial():
    found = summary(parsed(FixedDropout="same", Lambda="same"))
    assert (found.totals.params, found.partial, found.unknown) == (46, True, ["drop_a", "drop_b"])


def test_a_path_goes_before_a_class_and_a_class_before_a_glob():
    found = summary(parsed(**{"*": "same:1", "FixedDropout": "same:2", "drop_b": "same:3"}))
    assert [row.params for row in found.layers] == [36, 2, 3, 1, 10]


def test_a_shape_of_a_lambda_that_the_file_recorded():
    layers = [LAYERS[0], ("Lambda", {"name": "code", "output_shape": [6]}), LAYERS[4]]
    found = summary({}, *layers, allow_unknown=True)
    assert (found.totals.params, found.partial) == (36 + 14, paramcalc.summary.UNSET)


@pytest.mark.parametrize("name", ["nope", "Drop*", "fixeddropout"])
def test_a_name_of_nothing_is_a_mistake(name):
    with pytest.raises(InputError, match=f"names '{name.replace('*', '.')}', but there is no such layer"):
        summary({**parsed(**SAID), name: "same"})


def test_a_shared_layer_is_one():
    """Its later calls hold nothing."""
    said = {"FixedDropout": Assumption("same", 9), "Lambda": Assumption("same")}
    assert summary(said).totals.params == 36 + 9 + 9 + 10


@pytest.mark.parametrize("value", [[], "same", {"a": "x"}, {5: "same"}, {"": "same"}])
def test_a_mapping_of_a_configuration_is_checked(value):
    with pytest.raises(ParamcalcError):
        parse_assumptions(value)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").write_text(json.dumps(document()))
    return tmp_path


OPTIONS = ["--assume", "FixedDropout=same:0", "--assume", "Lambda=same"]


@pytest.mark.parametrize(
    "command",
    [
        ["summary", "m.json"],
        ["explain", "m.json"],
        ["convert", "m.json"],
        ["check", "m.json", "--max-params", "46"],
        ["diff", "m.json", "m.json"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_takes_it(folder, capsys, command):
    assert run(command) == 2
    assert run([*command, *OPTIONS]) == 0


def test_a_spec_keeps_what_was_assumed(folder, capsys):
    run(["convert", "m.json", "--assume", "FixedDropout=same:3", "--assume", "Lambda=4", "-o", "s.yaml"])
    assert summarize(paramcalc.load("s.yaml")).totals.params == 36 + 3 + 3 + 10


@pytest.mark.parametrize(
    ("assume", "code"), [("{FixedDropout: same:0, Lambda: same, Other: same}", 0), ("{Lambda: same}", 2), ("{X: y}", 2)]
)
def test_a_configuration_says_it_for_its_files(folder, capsys, assume, code):
    """What one of its files does not have is no mistake there."""
    (folder / "paramcalc.yaml").write_text(f"checks:\n- {{files: m.json, params: 46, assume: {assume}}}\n")
    assert run(["check"]) == code
    assert run(["check", "m.json"]) == code


def test_a_baseline_is_read_with_the_same(folder, capsys):
    (folder / "old").mkdir()
    (folder / "old" / "m.json").write_text(json.dumps(document()))
    growth = ["--against", "old", "--max-increase", "params:0"]
    assert run(["check", "m.json", *growth, *OPTIONS]) == 0
    (folder / "paramcalc.yaml").write_text(f"checks:\n- {{files: m.json, params: 46, assume: {json.dumps(SAID)}}}\n")
    assert run(["check", *growth]) == 0
