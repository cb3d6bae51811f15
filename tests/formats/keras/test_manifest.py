"""TensorFlow.js' weights manifests alone, and beside a graph: read as checkpoints."""

import json

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.cli import run

GROUPS = [
    {
        "paths": ["group1-shard1of1.bin"],
        "weights": [
            {"name": "dense/kernel", "shape": [4, 3], "dtype": "float32"},
            {"name": "dense/bias", "shape": [3], "dtype": "float32"},
        ],
    },
    {
        "paths": ["group2-shard1of1.bin"],
        "weights": [
            {
                "name": "conv/kernel",
                "shape": [3, 3, 1, 8],
                "dtype": "float32",
                "quantization": {"dtype": "uint8", "min": -1.0, "scale": 0.01},
            },
            {"name": "flatten/Const", "shape": [2], "dtype": "int32"},
            {"name": "labels", "shape": [1], "dtype": "string"},
        ],
    },
]
GRAPH = {"format": "graph-model", "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]}}


@pytest.mark.parametrize(
    "document",
    [GROUPS, {"weightsManifest": GROUPS}, {**GRAPH, "weightsManifest": GROUPS}],
    ids=["weights_manifest.json", "without a topology", "a graph model"],
)
def test_the_weights_of_a_manifest_are_counted(document):
    """Quantised ones as the bytes that they take; a graph's constants are no parameters."""
    model = load(json.dumps(document).encode())
    summary = summarize(model)
    assert {row.path: row.params for row in summary.layers} == {"dense": 15, "conv": 72, "flatten": 0}
    assert (summary.totals.params, summary.totals.size_bytes) == (87, 15 * 4 + 72 + 2 * 4)
    assert summary.totals.buffers == 2
    assert model.warnings == ["labels: no numbers, and not counted"]


def test_the_size_of_a_manifest_can_be_a_budget(tmp_path):
    path = tmp_path / "weights_manifest.json"
    path.write_text(json.dumps(GROUPS))
    assert run(["check", str(path), "--max-size", "139 B"]) == 1
    assert run(["check", str(path), "--max-size", "140 B"]) == 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"paths": [], "weights": []}], "without a weight"),
        ([{"paths": [], "weights": [{"shape": [2]}]}], "an entry that has no name, or no shape"),
        ({"weightsManifest": 3}, "an entry that has no name, or no shape"),
    ],
)
def test_what_is_no_list_of_weights_is_refused(document, message):
    with pytest.raises(InputError, match=message):
        load(json.dumps(document).encode())
