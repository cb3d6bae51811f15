"""The public API: what `import paramcalc` gives."""

import subprocess
import sys

import paramcalc


def test_every_public_name_is_there():
    assert all(getattr(paramcalc, name) is not None for name in paramcalc.__all__)


def test_summarize_is_the_function_even_after_its_module_was_imported():
    code = "import paramcalc.summarize, paramcalc.summary; from paramcalc.summarize import summarize as s\n"
    code += "assert paramcalc.summarize is s"
    subprocess.run([sys.executable, "-c", code], check=True)
