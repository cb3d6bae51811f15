"""What each path through the program may load: start-up time, held without a clock."""

import subprocess
import sys

import pytest

from paramcalc.layers.keras.names import FAMILIES

SPEC = '{"input": [3], "layers": [{"Dense": 4}]}'
SLOW = {"yaml", "rich", "json", "importlib.metadata", "zipfile", "tempfile", "hashlib", "h5py", "difflib", "argparse"}


def modules_of(statement, tmp_path):
    """The modules loaded when Python ends after this statement."""
    code = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{statement}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    return set(done.stderr.split())


def loaded_by(args, tmp_path):
    return modules_of(f"from paramcalc.cli import run\nassert run({args!r}) == 0", tmp_path)


POSTPONED = {"inspect", "textwrap", "msgspec.inspect"}
LOADED_BY_THEM = {"ast", "dis", "opcode", "tokenize", "linecache", "msgspec._typing_utils", "typing_extensions"}
COMMANDS = {
    "summary": ["net.json"],
    "summary of YAML": ["net.yaml"],
    "summary as JSON": ["net.json", "--format", "json"],
    "check": ["net.json", "--max-params", "1M"],
    "diff": ["net.json", "net.yaml"],
    "explain": ["net.json", "dense"],
    "convert": ["net.json"],
}
"""A usual run of each command: what to call it, beginning with the command → its arguments."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.json").write_text(SPEC)
    (tmp_path / "net.yaml").write_text(SPEC)
    return tmp_path


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_click_and_the_command_line_only(folder, option):
    click = modules_of("import click", folder)
    own = {name for name in loaded_by([option], folder) - click if name.startswith("paramcalc")}
    assert own == {
        "paramcalc",
        "paramcalc.cli",
        *("paramcalc.cli.declare", "paramcalc.cli.postponed", "paramcalc.collector"),
    }
    assert not (loaded_by([option], folder) - click) & (SLOW | {"msgspec", "dataclasses", "shutil"})


def test_json_to_json_loads_neither_rich_nor_yaml(folder):
    allowed = modules_of("import click, msgspec", folder)
    extra = loaded_by(["summary", "net.json", "--format", "json"], folder) - allowed
    assert not extra & (SLOW | {"dataclasses", "csv", "shutil"})
    assert {name for name in extra if name.startswith("paramcalc.render")} == {
        "paramcalc.render",
        "paramcalc.render.json_format",
    }


def test_only_the_families_that_a_model_uses_are_loaded(folder):
    loaded = loaded_by(["summary", "net.json", "--format", "json"], folder)
    assert {family for family in FAMILIES if f"paramcalc.layers.keras.{family}" in loaded} == {"core"}


def test_a_table_of_one_model_loads_what_draws_tables_and_nothing_else(folder):
    loaded = loaded_by(["summary", "net.json"], folder)
    assert not loaded & {"csv", "paramcalc.analysis.diff", "paramcalc.check", "paramcalc.render.markdown"}


def test_a_table_without_colour_needs_no_rich(folder):
    assert "rich" not in loaded_by(["summary", "net.json"], folder)
    assert "rich" in loaded_by(["summary", "net.json", "--color", "always"], folder)


def test_a_picture_is_loaded_for_its_own_format_alone(folder):
    pictures = {f"paramcalc.render.{name}" for name in ("html", "html.page", "svg", "graph", "mermaid", "dot")}
    for format_ in ("table", "json", "csv", "markdown"):
        assert not loaded_by(["summary", "net.json", "--format", format_], folder) & pictures
    assert not loaded_by(["summary", "net.json", "--format", "html"], folder) & {"rich", "paramcalc.render.svg"}


@pytest.mark.parametrize("format_", ["csv", "markdown"])
def test_csv_and_markdown_need_no_rich(folder, format_):
    assert "rich" not in loaded_by(["summary", "net.json", "--format", format_], folder)


def test_importing_the_library_loads_no_command_line(folder):
    loaded = modules_of("import paramcalc; paramcalc.summarize(paramcalc.load('net.json'))", folder)
    assert not loaded & {"click", "rich", "yaml", "paramcalc.cli"}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_usual_run_needs_what_is_postponed(folder, name):
    assert unpostponed([name.split()[0], *COMMANDS[name]], folder) == set()


def unpostponed(args, folder):
    """What ran of the postponed modules, and which modules are loaded that only they, and translations, would load."""
    code = f"import sys\nfrom paramcalc.cli import run\nassert run({args!r}) == 0\n"
    code += "ran = [name for name in sys.argv[1:] if type(sys.modules.get(name)).__name__ == 'module']\n"
    code += "print(*ran, file=sys.stderr)"
    names = sorted(POSTPONED | LOADED_BY_THEM | {"locale"})
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True, cwd=folder)
    return set(done.stderr.split())


def test_typing_extensions_is_kept_from_msgspec_and_from_nobody_else(folder):
    (folder / "typing_extensions.py").write_text("mark = 1")
    code = "from paramcalc.cli import run\nassert run(['summary', 'net.json']) == 0\n"
    assert "typing_extensions" not in modules_of(code, folder)
    assert "typing_extensions" in modules_of(f"{code}import typing_extensions\nassert typing_extensions.mark", folder)
