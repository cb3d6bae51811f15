"""Modules that stand-ins take the place of: from the first attribute on, they are as if imported."""

import subprocess
import sys

import pytest


def says(code, tmp_path):
    """What a process prints that begins with the command line imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"import paramcalc.cli\n{code}"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


USES = {
    "an attribute": "import inspect; print(inspect.cleandoc('  a'))",
    "a name of it": "from inspect import cleandoc; print(cleandoc('  a'))",
    "all names of it": "from inspect import *; print(cleandoc('  a'))",
    "whoever imported it before": "print(paramcalc.cli.click.core.inspect.cleandoc('  a'))",
    "the names that it has": "import inspect; print('a' if 'cleandoc' in dir(inspect) else '')",
    "a private name": "import inspect; print('a' if inspect._empty else '')",
    "its file": "import inspect; print('a' if inspect.__file__.endswith('inspect.py') else '')",
    "its spec": "from importlib.util import find_spec; print('a' if find_spec('inspect').origin else '')",
    "a patch": "from unittest.mock import patch\nimport inspect\n"
    "with patch('inspect.cleandoc', str.strip): print(inspect.cleandoc(' a'))",
    "its source": "import inspect; print('a' if 'def cleandoc' in inspect.getsource(inspect) else '')",
    "reloading it": "import inspect, importlib; print(importlib.reload(inspect).cleandoc(' a'))",
    "pickling a function of it": "import pickle, inspect; print(pickle.loads(pickle.dumps(inspect.cleandoc))('  a'))",
    "dataclasses, which use it": "from dataclasses import make_dataclass; print(make_dataclass('C', ['x'])('a').x)",
    "a traceback": "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError: print(traceback.format_exc() and 'a')",
    "msgspec's schemas": "import msgspec.json; print('a' if msgspec.json.schema(int) == {'type': 'integer'} else '')",
}


@pytest.mark.parametrize("use", USES)
def test_whoever_needs_a_postponed_module_has_it(use, tmp_path):
    assert says(USES[use], tmp_path) == "a"


def test_after_the_first_use_it_is_a_module_like_any_other(tmp_path):
    code = "import sys; early = sys.modules['inspect']; early.cleandoc\nimport inspect\n"
    assert says(f"{code}print(type(early).__name__, inspect is early, inspect)", tmp_path).startswith(
        "module True <module 'inspect' from "
    )


def test_a_module_that_is_loaded_already_is_left_alone(tmp_path):
    code = "import inspect, sys, paramcalc.cli; print(type(inspect).__name__, sys.modules['inspect'] is inspect)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["module", "True"]


def test_schemas_are_written_in_full(tmp_path):
    code = "import sys; from paramcalc.cli import run; run(['schema', 'summary'])"
    assert '"$defs"' in says(code, tmp_path)


def test_the_help_of_a_command_is_tidied_up(tmp_path):
    code = "from paramcalc.cli import run; run(['schema', '--help'])"
    assert "\n  Print the JSON Schema of specs, for editors, or of the JSON that summary\n  prints.\n" in says(
        code, tmp_path
    )


def test_documentation_can_be_read(tmp_path):
    command = [sys.executable, "-m", "pydoc", "paramcalc.cli"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "class LazyGroup" in done.stdout
