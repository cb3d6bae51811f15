"""Every file of specs/ gives the number its comment promises."""

import gzip
import json
import re
from pathlib import Path

import pytest

from paramcalc.analysis.summarize import summarize
from paramcalc.formats import load
from tests.each import each

ROOT = Path(__file__).parent.parent / "specs"
SPECS = sorted(ROOT.rglob("*.yaml"))
PROMISE = re.compile(r"^# (params|macs): ([\d,]+)((?: --set \S+)*) — \S", re.MULTILINE)


def name(path):
    return str(path.relative_to(ROOT).with_suffix(""))


def promises():
    for path in SPECS:
        for what, number, sets in PROMISE.findall(path.read_text(encoding="utf-8")):
            given = dict(word.split("=") for word in sets.split() if word != "--set")
            yield pytest.param(path, what, int(number.replace(",", "")), given, id=f"{name(path)}-{what}{sets}")


@pytest.mark.parametrize(("path", "what", "number", "sets"), list(promises()))
def test_spec_gives_the_number_in_its_comment(path, what, number, sets):
    totals = summarize(load(path, sets=sets)).totals
    assert getattr(totals, what) == number


@each("path", SPECS, name)
def test_spec_promises_a_number_and_names_its_source(path):
    assert any(what == "params" for what, *_ in PROMISE.findall(path.read_text(encoding="utf-8")))


@each("path", SPECS, name)
def test_spec_has_no_loose_ends(path):
    assert load(path).warnings == []


def test_resnet50_fits_on_a_page():
    assert len((ROOT / "resnet50.yaml").read_text(encoding="utf-8").splitlines()) <= 45


TORCH = json.loads(gzip.decompress((Path(__file__).parent / "data" / "torch" / "models.json.gz").read_bytes()))


@pytest.mark.parametrize("path", sorted((ROOT / "torch").glob("*.yaml")), ids=name)
def test_a_spec_of_pytorch_has_the_keys_shapes_and_macs_of_the_real_network(path):
    """`python -m tests.oracle.freeze_torch_models` asked torchvision, and the authors' code."""
    summary, truth = summarize(load(path), batch_size=1), TORCH[path.stem]
    weights = {
        ".".join(filter(None, (row.path.replace("/", "."), weight.name))): weight
        for row in summary.layers
        for weight in row.weights
    }
    assert {key: list(weight.shape) for key, weight in weights.items()} == truth["weights"]
    assert sorted(key for key, weight in weights.items() if weight.kind == "buffer") == truth["buffers"]
    assert (summary.totals.params, summary.totals.macs) == (truth["params"], truth["macs"])
    assert list(summary.outputs[0].shape) == truth["output"]
