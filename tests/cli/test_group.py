"""The command line as a whole: its commands, its help, its completion."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import paramcalc.cli
from paramcalc import __version__
from paramcalc.cli import COMMANDS, cli, run


def test_the_table_names_every_command_there_is():
    modules = [module.name for module in pkgutil.iter_modules(paramcalc.cli.__path__)]
    assert sorted(COMMANDS) == sorted(name.removesuffix("_command") for name in modules if "_command" in name)


@pytest.mark.parametrize("name", COMMANDS)
def test_completion_says_of_each_command_what_the_table_says(name):
    assert cli.get_command(None, name).get_short_help_str(200) == COMMANDS[name]


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_is_help(capsys, command, option):
    assert run([*command, option]) == 0
    assert "Usage: paramcalc" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_the_package_s(capsys, option):
    assert run([option]) == 0
    assert capsys.readouterr().out == f"paramcalc {__version__}\n"


def test_an_unknown_command_is_bad_usage(capsys):
    assert run(["zzz"]) == 2
    assert capsys.readouterr().err.endswith("No such command 'zzz'\n")


def test_the_command_that_is_meant_is_named(capsys):
    """The nearest one; `summary` where a file was given instead."""
    run(["sumary"])
    assert "No such command 'sumary'; did you mean 'summary'?" in capsys.readouterr().err
    run([__file__])
    assert f"did you mean 'paramcalc summary {__file__}'?" in capsys.readouterr().err


def test_module_and_main_end_in_the_exit_code():
    done = subprocess.run([sys.executable, "-m", "paramcalc", "nothing"], capture_output=True, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("words", "code"), [("--version", 0), ("summary missing.yaml", 2)])
def test_the_exit_code_is_the_same_where_nobody_listens(closed, words, code):
    """Streams that were closed before the start, or that lead to a full disk, are no bug and no other outcome."""
    command = f'"{sys.executable}" -m paramcalc {words} {closed}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


@pytest.mark.parametrize("words", [None, ("x", None), ("x", "y")])
@pytest.mark.parametrize("instruction", ["bash_complete", "zsh_complete", "nonsense", "bash_nonsense"])
def test_a_completion_that_no_shell_asks_for_is_bad_usage(monkeypatch, capsys, instruction, words):
    """Not 1, which is over budget, and no traceback."""
    monkeypatch.setenv("_PARAMCALC_COMPLETE", instruction)
    for name, value in zip(("COMP_WORDS", "COMP_CWORD"), words or (None, None), strict=True):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert run([]) == 2
    assert "_PARAMCALC_COMPLETE" in capsys.readouterr().err


def complete(words, monkeypatch, capsys):
    monkeypatch.setenv("_PARAMCALC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    run([])
    return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["paramcalc", "summ"], ["summary"]),
        (["paramcalc", "summary", "net"], ["net.json"]),
        (["paramcalc", "summary", "--columns", "name,out"], ["name,output_shape", "name,output_bytes"]),
        (["paramcalc", "summary", "--sort", "mac"], ["macs", "macs_share"]),
        (["paramcalc", "summary", "net.json", "--assume", "de"], ["dense=", "dense_1="]),
        (["paramcalc", "summary", "net.json", "--input", ""], ["input="]),
        (["paramcalc", "explain", "net.json", "dense_"], ["dense_1"]),
        (["paramcalc", "explain", "missing.json", "dense_"], []),
    ],
)
def test_completion_knows_commands_files_columns_and_layers(tmp_path, monkeypatch, capsys, words, offered):
    monkeypatch.chdir(tmp_path)
    Path("net.json").write_text('{"input": [3], "layers": [{"Dense": 4}, {"Dense": 5}]}')
    Path("net.txt").write_text("")
    assert complete(words, monkeypatch, capsys) == offered
