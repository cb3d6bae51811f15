"""Nothing that a file says or is called drives a terminal, a CI log, a spreadsheet or a browser."""

import csv
import json
import os
import re
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import paramcalc
from paramcalc.cli import run
from tests.hostile_text import NAMES, TOO_LONG, assert_harmless

CHECKS = ("text", "json", "github", "junit", "sarif", "markdown", "html")
SUMMARIES = ("table", "json", "jsonl", "csv", "markdown", "svg", "html", "mermaid", "dot")
COMMANDS = [
    *[f"summary {{}} --allow-unknown --format {format_}" for format_ in SUMMARIES],
    "summary {} --allow-unknown --color always",
    "summary {} --allow-unknown --columns path,name,type,inputs,shared --sort path --width 40",
    *[f"check {{}} --max-layer-params 1 --format {format_}" for format_ in CHECKS],
    *[f"diff {{}} other.json --format {format_}" for format_ in ("table", "json", "markdown", "html")],
    "diff {} other.json --format markdown --graph",
    "diff other.json {} --color always",
    *[f"explain {{}} --format {format_}" for format_ in ("text", "json", "markdown")],
    "convert {}",
    "convert {} --to keras",
]
OTHER = '{"input": [4], "layers": [{"Dense": 3}]}'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where a model to compare with is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("other.json").write_text(OTHER)


def spec_layers(name):
    """The name wherever a layer of a spec may put one."""
    return [
        {"Dense": 3, "name": f"{name} a", "inputs": name},
        {"Custom": {"weights": {name: [3, 2]}, "output_shape": [2]}, "name": f"{name}b"},
    ]


def is_spec(name):
    """Whether a spec takes the name; most hostile ones it refuses."""
    spec = {"inputs": {name: [4]}, "layers": spec_layers(name)}
    try:
        return bool(paramcalc.load(json.dumps(spec).encode()))
    except paramcalc.InputError:
        return False


def spec():
    """All names that a spec takes."""
    names = [name for name in NAMES if is_spec(name)]
    assert len(names) > 5
    layers = [layer for name in names for layer in spec_layers(name)]
    return {"name": names[0], "inputs": {name: [4] for name in names}, "layers": layers,
            "budget": {"layers": {f"{name}*": {"params": 5} for name in names}}}  # fmt: skip


def broken_spec(name):
    """The name in what errors echo."""
    return {
        "name": name,
        "vars": {name: 1},
        "inputs": {name: [4]},
        "layers": [{name: 3}, {"Dense": {"units": name}}, {"Dense": {name: 3}}, {"Dense": 3, "inputs": f"x{name}"},
                   {"Dense": f"$({name})"}, {"type": "Dense", "units": 3, "dtype": name}, {"call": name}],
        "outputs": [f"{name}?"],
        name: 3,
    }  # fmt: skip


def keras():
    """All names, of layers and of classes that nobody knows."""
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": NAMES[0] + "i", "dtype": "float32"}}
    ]
    for name in NAMES:
        layers += [
            {"class_name": "Dense", "config": {"name": name, "units": 3}},
            {"class_name": name, "module": name, "registered_name": name, "config": {"name": f"{name}c"}},
        ]
    return {"class_name": "Sequential", "config": {"name": NAMES[1], "layers": layers}, "keras_version": NAMES[0]}


def outputs(capsys, *args):
    """What one command prints; no name is a bug of ours."""
    code = run(list(args))
    captured = capsys.readouterr()
    assert code in (0, 1, 2), captured.err
    return captured.out, captured.err


def check_output(capsys, command, file):
    """One command with everything it prints."""
    words = [file if word == "{}" else word for word in command.split()]
    out, err = outputs(capsys, *words)
    assert_harmless(err)
    if "--color" in words:
        out = re.sub(r"\x1b\[[0-9;]{1,5}m", "", out)
    assert_harmless(out, commands="github" in words)
    if out and words[-1] == "svg":
        assert_picture(out)
    elif words[-1] == "csv":
        assert_table(out)
    elif out and words[-1] in ("json", "jsonl", "sarif"):
        json.loads(out)
    return out


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("model", [spec, keras])
def test_no_name_in_a_file_is_obeyed(capsys, command, model):
    """By any command, in any format."""
    Path("m.json").write_text(json.dumps(model()))
    out = check_output(capsys, command, "m.json")
    # Layers that nobody knows are neither explained nor converted, and Keras has no `Custom`.
    assert out or model is keras or "keras" in command


@pytest.mark.parametrize("name", [*NAMES, TOO_LONG], ids=range(len(NAMES) + 1))
def test_no_error_echoes_what_would_be_obeyed(capsys, name):
    """A name where it is wrong, or too long."""
    Path("m.json").write_text(json.dumps(broken_spec(name)))
    for command in ("summary {}", "check {} --format github", "check {} --format sarif", "check {} --format markdown"):
        out = check_output(capsys, command, "m.json")
        assert len(out) < 60_000


def assert_picture(out):
    """Text alone: nothing that is run or loaded."""
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(out).iter()}
    assert tags <= {"svg", "g", "text", "rect", "circle", "path", "defs", "clipPath", "style", "line", "title", "tspan"}


def assert_table(out):
    """No cell is a formula."""
    for row in csv.reader(StringIO(out)):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], row


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name], ids=ascii)
def test_no_name_of_a_file_is_obeyed(capsys, name):
    """A path is whatever its owner likes; what is typed on a command line is echoed, too."""
    Path(name).write_text(OTHER)
    source = f"./{name}" if name.startswith("-") else name
    for command in COMMANDS[:1] + COMMANDS[2:6] + COMMANDS[8:17:2]:
        check_output(capsys, command, source)
    for args in (["summary", f"{source}?"], ["check", f"{source}!"], ["diff", f"{source}:x", "other.json"],
                 ["explain", "other.json", source], ["layers", name], ["summary", "other.json", "--set", f"{name}=1"],
                 ["summary", "other.json", "--input", f"{name}=1"], ["check", "other.json", "--against", name],
                 ["check", "other.json", "--max-params", name], ["summary", "other.json", "--columns", name],
                 ["check", "other.json", "-o", f"no/{name}"], ["convert", "other.json", "--to", name]):  # fmt: skip
        out, err = outputs(capsys, *args)
        assert_harmless(out + err)


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are text there")
def test_a_file_name_that_is_no_text_is_shown_as_its_bytes(capsys):
    """Where a format can hold text only, too; in every message that names the file."""
    name = os.fsdecode(b"m\x80.json")
    Path(name).write_text(OTHER)
    for command in COMMANDS:
        assert check_output(capsys, command, name) or "convert" in command  # which refuses it
    for format_ in CHECKS:
        assert "udc80" in check_output(capsys, f"check {{}} --against . --max-increase 0 --format {format_}", name)
        assert "%80" in check_output(capsys, "check {} --against . --max-increase 0 --format sarif", name)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_in_a_configuration_is_obeyed(capsys, name):
    """The name and the message of a check, its files, and its keys."""
    good = {"files": "other.json", "params": 1, "name": name, "message": name}
    for checks in ([good], [good | {"files": ["other.json", name]}], [good | {name: 1}], [good | {"size": name}]):
        Path("paramcalc.yaml").write_text(json.dumps({"checks": checks}))
        for format_ in CHECKS[::2] if checks[0] == good else CHECKS[:1]:
            check_output(capsys, f"check --format {format_}", "")


def test_completion_offers_no_name_that_is_obeyed(monkeypatch, capsys):
    """A shell prints what it is offered, and takes a line for an item."""
    Path("m.json").write_text(json.dumps(spec()))
    monkeypatch.setenv("_PARAMCALC_COMPLETE", "bash_complete")
    Path("h").mkdir()
    for name in NAMES:
        with suppress(OSError, ValueError):  # a name that no file can have
            Path("h", f"{name}.yaml").write_text("")
    for words in ("explain m.json ", "summary h/", "summary m.json --assume ", "summary m.json --input "):
        monkeypatch.setenv("COMP_WORDS", f"paramcalc {words}")
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ") + 1))
        run([])
        out = capsys.readouterr().out
        assert out
        assert_harmless(out)
