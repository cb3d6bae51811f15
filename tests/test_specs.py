"""Every file of specs/ gives the number its comment promises."""

import re
from pathlib import Path

import pytest

from paramcalc.analysis.summarize import summarize
from paramcalc.formats import load

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
PROMISE = re.compile(r"^# (params|macs): ([\d,]+)((?: --set \S+)*) — \S", re.MULTILINE)


def promises():
    for path in SPECS:
        for what, number, sets in PROMISE.findall(path.read_text(encoding="utf-8")):
            given = dict(word.split("=") for word in sets.split() if word != "--set")
            yield pytest.param(path, what, int(number.replace(",", "")), given, id=f"{path.stem}-{what}{sets}")


@pytest.mark.parametrize(("path", "what", "number", "sets"), list(promises()))
def test_spec_gives_the_number_in_its_comment(path, what, number, sets):
    totals = summarize(load(path, sets=sets)).totals
    assert getattr(totals, what) == number


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_promises_a_number_and_names_its_source(path):
    assert any(what == "params" for what, *_ in PROMISE.findall(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_has_no_loose_ends(path):
    assert load(path).warnings == []


def test_resnet50_fits_on_a_page():
    assert len((SPECS[0].parent / "resnet50.yaml").read_text(encoding="utf-8").splitlines()) <= 45
