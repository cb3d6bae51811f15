"""Layers of other packages in Keras files, against the packages themselves; see tests/oracle/freeze_packages.py."""

import gzip
import json
from pathlib import Path

import paramcalc
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.summarize import summarize
from tests.each import each

DATA = Path(__file__).resolve().parents[2] / "data" / "keras"

OUTER = ("SinePositionEncoding", "RotaryEmbedding")
"""Their graphs have products in which nothing is summed, in KerasHub others than in KerasNLP: elementwise work."""


def cases():
    for path in sorted(DATA.glob("packages_*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            case = json.loads(line)
            for number, form in enumerate(case["forms"]):
                yield f"{case['package']}: {case['case']}, {number}", case, form


def last(name):
    return name.rpartition("/")[2]


@each("title, case, form", cases(), lambda title, *_: title)
def test_the_package_itself_has_these_weights_shapes_and_products(title, case, form):
    model = paramcalc.load(json.dumps(form).encode())
    calls = {call.node.path: call for call in evaluate(model).calls}
    for name, truth in case["layers"].items():
        if name not in calls:
            continue
        call = calls[name]
        held = sorted((list(weight.shape), weight.trainable) for weight in call.weights)
        assert held == sorted((shape, trained) for _, shape, trained in truth["weights"]), name
        assert [list(shape) for shape in call.outputs] == truth["output"], name
    totals = summarize(model).totals
    assert totals.params == case["params"]
    assert totals.macs == (0 if case["case"].startswith(OUTER) else case["macs"])
