"""`paramcalc explain`: the options that change what is computed are those of `summary`, and mean the same."""

import json

import pytest
from click.testing import CliRunner

from paramcalc.cli import cli
from paramcalc.cli import run as run_paramcalc

SPEC = "{inputs: {image: {shape: [8, 8, 3], batch: 2}}, vars: {d: 4}, layers: [{Conv2D: [$d, 3]}, {Dense: 2}]}"
UNKNOWN = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {"class_name": "Dense", "config": {"name": "dense", "units": 4, "batch_input_shape": [3, 8]}},
            {"class_name": "Own", "config": {"name": "own"}},
            {"class_name": "Dense", "config": {"name": "last", "units": 2}},
        ],
    },
    "keras_version": "2.10.0",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(SPEC)
    (tmp_path / "unknown.json").write_text(json.dumps(UNKNOWN))


def run(*arguments):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shapes(command, *arguments):
    """(input shapes, output shape) of each layer."""
    key = {"summary": ("input_shapes", "output_shape"), "explain": ("inputs", "output")}[command]
    return [tuple(row[name] for name in key) for row in run(command, *arguments, "--format", "json")["layers"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["m.yaml"],
        ["m.yaml", "--input", "image=16,16,3"],
        ["m.yaml", "--input", "image=?,16,3"],
        ["m.yaml", "--input", "image=16,16,3", "--batch-size", "5"],
        ["m.yaml", "--batch-size", "5"],
        ["m.yaml", "--set", "d=7"],
        ["unknown.json", "--allow-unknown"],
        ["unknown.json", "--assume", "own=6"],
        ["unknown.json", "--assume", "own=same", "--batch-size", "5"],
    ],
)
def test_the_shapes_are_those_of_summary(arguments):
    """Whatever is asked for."""
    assert shapes("explain", *arguments) == shapes("summary", *arguments)


def test_another_shape_of_an_input_keeps_the_batch_of_the_file():
    """Which the file says; it was lost."""
    assert shapes("explain", "m.yaml", "--input", "image=16,16,3")[0] == ([[2, 16, 16, 3]], [2, 14, 14, 4])


def test_a_limit_on_layers_is_kept(capsys):
    """As everywhere."""
    assert run_paramcalc(["explain", "m.yaml", "--max-layers", "1"]) == 2
    assert "--max-layers" in capsys.readouterr().err
