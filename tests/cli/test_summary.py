"""`paramcalc summary` from the outside: what is printed where, and the exit code."""

import csv
import json
import os
import pty
import subprocess
import sys

import pytest

from paramcalc.cli import run

PARAMCALC = [sys.executable, "-m", "paramcalc"]
RNN = '{"name": "rnn", "input": [5, 10], "layers": [{"SimpleRNN": 128}, {"Dense": 10}]}'
MLP = '{"name": "mlp", "input": [784], "layers": [{"Dense": 64}, {"Dense": 10}]}'
BROKEN = '{"input": [5], "layers": [{"Dens": 3}]}'


@pytest.fixture
def specs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"rnn.json": RNN, "mlp.json": MLP, "broken.json": BROKEN}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_table_has_the_counts_and_the_totals(specs, capsys):
    assert run(["summary", "rnn.json"]) == 0
    out = capsys.readouterr().out
    for part in ("rnn — rnn.json", "simple_rnn", "(None, 128)", "17,792", "19,082", "74.5 KiB"):
        assert part in out


def test_json_is_one_object(specs, capsys):
    assert run(["summary", "rnn.json", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["params"] == 19_082


@pytest.mark.parametrize("format_", ["table", "jsonl", "csv", "markdown"])
def test_a_broken_file_is_an_error_and_the_others_are_still_printed(specs, capsys, format_):
    assert run(["summary", "rnn.json", "broken.json", "mlp.json", "--format", format_]) == 2
    captured = capsys.readouterr()
    assert "rnn" in captured.out
    assert "mlp" in captured.out
    assert "did you mean 'Dense'" in captured.err
    assert "broken" not in captured.out


def test_csv_of_several_files_names_them_in_one_table(specs, capsys):
    assert run(["summary", "rnn.json", "mlp.json", "--format", "csv", "--columns", "path,params"]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert rows[0] == ["source", "path", "params"]
    assert [row[0] for row in rows[1:]] == ["rnn.json", "rnn.json", "mlp.json", "mlp.json"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["rnn.json", "mlp.json", "--format", "json"], "jsonl"),
        (["rnn.json", "--format", "json", "--columns", "name"], "--columns does nothing"),
        (["rnn.json", "--format", "csv", "--depth", "1"], "--depth does nothing"),
        (["rnn.json", "--columns", "nmae"], "did you mean 'name'"),
        (["rnn.json", "--sort", "name,type"], "one column"),
        (["rnn.json", "--set", "x"], "NAME=VALUE"),
        (["rnn.json", "--input", "input=a,b"], "such as 224,224,3"),
        (["rnn.json", "--input", "image=5,10"], "the inputs are: input"),
        (["rnn.json", "--dtype", "float31"], "float32"),
        (["rnn.json", "--colour"], "--color"),
        (["missing.json"], "missing.json"),
        ([], "SPEC"),
    ],
)
def test_bad_usage_says_what_would_be_right(specs, capsys, args, why):
    assert run(["summary", *args]) == 2
    captured = capsys.readouterr()
    assert why in captured.err
    assert captured.out == ""


def test_inputs_are_given_without_the_batch(specs, capsys):
    assert run(["summary", "rnn.json", "--input", "input=?,20", "--batch-size", "4", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["inputs"][0]["shape"] == [4, None, 20]
    assert data["layers"][0]["weights"][0]["shape"] == [20, 128]


def test_dtype_changes_the_size_and_says_so(specs, capsys):
    assert run(["summary", "rnn.json", "--dtype", "int8"]) == 0
    assert "18.6 KiB  int8" in capsys.readouterr().out


def test_top_shows_the_largest_first(specs, capsys):
    assert run(["summary", "rnn.json", "--top", "1"]) == 0
    out = capsys.readouterr().out
    assert "simple_rnn" in out
    assert "dense" not in out


def test_what_a_table_is_sorted_by_is_shown(specs, capsys):
    assert run(["summary", "rnn.json", "--sort", "macs"]) == 0
    assert "88,320" in capsys.readouterr().out


def test_control_characters_in_arguments_reach_no_terminal(specs, capsys):
    assert run(["summary", "\x1b[2Jx.json", "--format", "table"]) == 2
    assert run(["summary", "--\x1b[2J"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_an_output_file_is_replaced_as_a_whole_and_keeps_its_mode(specs):
    (specs / "out.json").write_text("old")
    (specs / "out.json").chmod(0o640)
    assert run(["summary", "rnn.json", "--format", "json", "-o", "out.json"]) == 0
    assert json.loads((specs / "out.json").read_text())["name"] == "rnn"
    assert (specs / "out.json").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in specs.iterdir()) == ["broken.json", "mlp.json", "out.json", "rnn.json"]


def test_an_output_file_that_cannot_be_written_leaves_nothing(specs, capsys):
    assert run(["summary", "rnn.json", "-o", "missing/out.txt"]) == 2
    assert "cannot write missing/out.txt" in capsys.readouterr().err


def test_a_full_disk_is_an_error(specs):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PARAMCALC, "summary", "rnn.json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet(specs):
    layers = ", ".join(['{"Dense": 3}', '{"Dense": 4}'] * 9000)
    (specs / "long.json").write_text(f'{{"input": [3], "layers": [{layers}]}}')
    command = [*PARAMCALC, "summary", "long.json", "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_bug_is_named_and_its_traceback_only_for_debug(specs, capsys, monkeypatch):
    def broken(*args):
        raise KeyError("oops")

    monkeypatch.setattr("paramcalc.answer.answer", broken)
    monkeypatch.setattr("paramcalc.cli.summary_command.summary_of", broken, raising=False)
    assert run(["summary", "rnn.json"]) == 3
    assert "Traceback" not in (first := capsys.readouterr().err)
    assert "bug in paramcalc: KeyError" in first
    assert run(["--debug", "summary", "rnn.json"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_quiet(specs, capsys, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("paramcalc.cli.summary_command.summary_of", interrupted)
    assert run(["summary", "rnn.json"]) == 130
    assert capsys.readouterr() == ("", "")


def piped(*args, **env):
    done = subprocess.run([*PARAMCALC, "summary", *args], capture_output=True, env=os.environ | env, check=True)
    return done.stdout


def test_a_pipe_gets_no_colour_and_colour_can_be_had(specs):
    assert b"\x1b" not in piped("rnn.json")
    assert b"\x1b[" in piped("rnn.json", "--color", "always")


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_the_c_locale_gets_ascii_and_data_stays_utf_8(specs, locale):
    assert piped("rnn.json", LC_ALL=locale, PYTHONIOENCODING="").isascii()
    (specs / "é.json").write_text(RNN)
    assert "é.json".encode() in piped("é.json", "rnn.json", "--format", "csv", LC_ALL=locale, PYTHONIOENCODING="")


def test_an_ascii_terminal_gets_ascii(specs):
    assert piped("rnn.json", PYTHONIOENCODING="ascii").isascii()


def on_terminal(*args, **env):
    """What a terminal of 80 columns receives."""
    parent, child = pty.openpty()
    os.environ.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [*PARAMCALC, "summary", *args],
        stdout=child,
        stderr=subprocess.STDOUT,
        env=os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | env,
    )
    os.close(child)
    received = b""
    try:
        while part := os.read(parent, 65536):
            received += part
    except OSError:  # Linux reports the end of a pseudo-terminal as an error
        pass
    os.close(parent)
    assert process.wait() == 0
    return received.decode()


def test_a_terminal_gets_colour_unless_it_says_no(specs):
    assert "\x1b[" in on_terminal("rnn.json")
    assert "\x1b" not in on_terminal("rnn.json", NO_COLOR="1")
    assert "\x1b" not in on_terminal("rnn.json", TERM="dumb")
    assert "\x1b" not in on_terminal("rnn.json", "--color", "never")


UNUSED = "input: [4]\nlayers:\n  - {Dense: 3, name: unused}\n  - {Dense: 3, inputs: input}\n"


def test_a_warning_has_its_place(specs, capsys):
    (specs / "u.yaml").write_text(UNUSED)
    assert run(["summary", "u.yaml"]) == 0
    assert capsys.readouterr().err == "u.yaml:3:5: warning: no output depends on layer 'unused' (Dense)\n"


CUSTOM_BERT = """{
  "architectures": ["BertModel"],
  "model_type": "our_bert",
  "quantization_config": {
    "quant_method": "ours"
  }
}"""


def test_a_warning_of_a_configuration_has_its_line(specs, capsys):
    """On its own; of a folder no line is given, since it would be taken for one of a file called as the folder."""
    (specs / "bert").mkdir()
    (specs / "bert/config.json").write_text(CUSTOM_BERT)
    assert run(["summary", "bert/config.json", "--totals"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line[: line.index(": warning")] for line in lines] == ["bert/config.json:3:17", "bert/config.json:4:3"]
    assert run(["summary", "bert", "--totals"]) == 0
    assert [line[: line.index(": warning")] for line in capsys.readouterr().err.splitlines()] == ["bert"] * 3


def test_a_warning_is_shown_on_a_terminal_as_an_error_is(specs):
    (specs / "u.yaml").write_text(UNUSED)
    shown = on_terminal("u.yaml", NO_COLOR="1")
    assert "warning: no output depends on layer 'unused' (Dense)" in shown
    assert " --> u.yaml:3:5" in shown
    assert "3 |   - {Dense: 3, name: unused}" in shown


@pytest.mark.parametrize(
    ("name", "text"), [("model.py", "class A: pass"), ("x.txt", "import torch\n"), ("n.ipynb", "{}")]
)
def test_code_is_refused_with_what_to_write_instead(specs, capsys, name, text):
    (specs / name).write_text(text)
    assert run(["summary", name]) == 2
    assert "this is Python code, which paramcalc never runs; write what it builds" in capsys.readouterr().err


def test_a_warning_goes_to_stderr(specs, capsys, monkeypatch):
    from paramcalc import answer as models

    real = models.summary_of

    def warned(model, asked):
        summary = real(model, asked)
        summary.warnings = ["odd \x1b name"]
        return summary

    monkeypatch.setattr("paramcalc.cli.summary_command.summary_of", warned)
    assert run(["summary", "rnn.json"]) == 0
    assert capsys.readouterr().err == "rnn.json: warning: odd \\x1b name\n"
