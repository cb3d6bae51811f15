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


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.json").write_text(SPEC)
    (tmp_path / "net.yaml").write_text(SPEC)
    return tmp_path


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_click_and_the_command_line_only(folder, option):
    click = modules_of("import click", folder)
    own = {name for name in loaded_by([option], folder) - click if name.startswith("paramcalc")}
    assert own == {"paramcalc", "paramcalc.cli"}
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
