"""The public API: what `import paramcalc` gives."""

import subprocess
import sys

import paramcalc


def test_every_public_name_is_there():
    assert all(getattr(paramcalc, name) is not None for name in paramcalc.__all__)


def test_summarize_is_the_function_even_after_its_module_was_imported():
    code = "import paramcalc.summary; from paramcalc.analysis.summarize import summarize as s\n"
    code += "assert paramcalc.summarize is s"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_examples_of_the_docstrings_hold():
    half = paramcalc.load("specs/bert_base.yaml", sets={"layers": 6})
    assert paramcalc.summarize(half, batch_size=32).totals.params < 80_000_000
    tiny = paramcalc.load(b"{input: [784], layers: [Dense: 10]}", name="tiny")
    assert paramcalc.summarize(tiny, input_shapes={"input": (8, 784)}, memory=True).memory.peak_bytes == 8 * 794 * 4


def test_the_examples_of_the_package_hold():
    """`help(paramcalc)` is a page of them."""
    import doctest

    results = doctest.testmod(paramcalc, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted >= 10
    assert results.failed == 0


def test_what_python_lists_of_the_package_is_its_public_api():
    assert set(dir(paramcalc)) == {*paramcalc.__all__, "__version__", "__doc__"}
