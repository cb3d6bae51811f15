"""`paramcalc sweep`: the rows are what `summary --set` says of each combination."""

import csv
import json
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from paramcalc.cli import cli, run

SPEC = """
vars: {width: 8, depth: 2, sizes: [4]}
input: [6]
layers:
  - {repeat: $depth, layers: [Dense: $width]}
  - {repeat: $(len(sizes)), layers: [{Dense: "$(sizes[i])"}]}
"""
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 96,
    "vocab_size": 100,
}


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(SPEC)
    return str(path)


def said(*arguments):
    """The result of a command line."""
    return CliRunner().invoke(cli, ["sweep", *arguments], standalone_mode=False)


def totals(path, sets, *more):
    """What `summary` says."""
    options = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
    found = CliRunner().invoke(cli, ["summary", path, *options, "--format", "json", *more], standalone_mode=False)
    return json.loads(found.stdout)


def test_each_row_is_what_summary_says_of_the_combination(spec):
    """In the order of the command line, the last variable changing first."""
    rows = json.loads(said(spec, "--set", "width=8,16", "--set", "depth=1,3", "--format", "json").stdout)["rows"]
    assert [row["set"] for row in rows] == [
        {"width": width, "depth": depth} for width in ("8", "16") for depth in ("1", "3")
    ]
    for row in rows:
        assert row["totals"] == totals(spec, row["set"])["totals"]


def test_the_commas_of_a_list_do_not_divide(spec):
    found = json.loads(said(spec, "--set", "sizes=[4,5],[6]", "--format", "json").stdout)
    assert [row["set"]["sizes"] for row in found["rows"]] == ["[4,5]", "[6]"]


def test_the_fields_of_a_configuration_are_variables(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    rows = json.loads(
        said(str(path), "--set", "num_hidden_layers=1,2", "--memory", "--context", "32", "--format", "json").stdout
    )["rows"]
    for row in rows:
        expected = totals(str(path), row["set"], "--memory", "--context", "32")
        assert (row["totals"], row["memory"]) == (expected["totals"], expected["memory"])


def test_the_formats_have_the_same_numbers(spec):
    """A table, Markdown and CSV; the bars are as long as the numbers are large."""
    asked = (spec, "--set", "width=8,16,32")
    params = [row["totals"]["params"] for row in json.loads(said(*asked, "--format", "json").stdout)["rows"]]
    assert [int(row["params"]) for row in csv.DictReader(said(*asked, "--format", "csv").stdout.splitlines())] == params
    for form in ("table", "markdown"):
        assert [f"{count:,}" in said(*asked, "--format", form).stdout for count in params] == [True] * 3
    picture = ET.fromstring(said(*asked, "--format", "svg").stdout)
    bars = [float(each.get("width")) for each in picture.findall(".//{*}rect") if each.get("fill") == "#4a78e0"]
    assert bars == pytest.approx([260 * count / params[-1] for count in params], abs=0.1)


def test_a_narrow_table_keeps_the_variables_and_the_parameters(spec):
    lines = said(spec, "--set", "width=8,16", "--width", "24").stdout.splitlines()
    assert max(map(len, lines)) <= 24
    assert lines[0].split()[:2] == ["width", "Params"]
    assert any(line.startswith("no room for") for line in lines)


def test_what_is_refused_is_reported_and_the_others_come(spec, capfd):
    """The code is that of a broken file."""
    assert run(["sweep", spec, "--set", "width=0,8,-1"]) == 2
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 2
    assert "refused with width=0" in err
    assert "expected an integer >= 1, got 0" in err
    assert "2 combinations were refused" in err


def test_what_has_nothing_to_do_with_the_values_is_said_once(spec, capfd):
    assert run(["sweep", "none.yaml", "--set", "width=4,8"]) == 2
    assert capfd.readouterr().err == "none.yaml: there is no such file\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "--set", "a=1"], "can be read only once"),
        (["x.yaml", "--set", "a=1", "--set", "a=2"], "write its values with commas: a=256,512"),
        (["x.yaml", "--set", "a=1,,2"], "write the values with a comma between two"),
        (["x.yaml"], "Missing option '--set'"),
        (["x.yaml", "--set", "a=" + ",".join("1" * 40), "--set", "b=" + ",".join("1" * 40)], "at most 1,000"),
        (["x.yaml", "--set", "a=1", "--bars", "macs"], "does nothing for --format table"),
        (["x.yaml", "--set", "a=1", "--format", "svg", "--bars", "inference_bytes"], "needs --memory"),
        (["x.yaml", "--set", "a=1", "--checkpointing"], "--optimizer NAME asks for that"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message, capfd):
    assert run(["sweep", *arguments]) == 2
    assert message in capfd.readouterr().err


def test_names_and_values_of_a_command_line_are_harmless(spec):
    """No control character gets out."""
    found = said(spec, "--set", "sizes=[4],\x1b[31m", "--format", "table")
    assert "\x1b" not in found.output
