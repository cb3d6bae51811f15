"""An equal use of a block is copied: nobody can tell a copy from an expansion."""

import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.native.copies import Copies

ROOT = Path(__file__).parents[3]
SPECS = sorted(ROOT.glob("specs/**/*.yaml"))
CONFIGS = sorted((ROOT / "tests" / "data" / "huggingface").glob("*.jsonl"))[::8]

ODD = {
    "a block in a block, with names, several results and a result of the block before": """
        inputs: {a: [8], b: [8]}
        blocks:
          inner:
            inputs: [x, y]
            layers: [{Add: {}, inputs: [x, y], name: sum}, {Dense: 8}, {Dense: 8}]
            outputs: [dense, sum]
          outer:
            inputs: [x, y]
            vars: {n: 8}
            layers:
              - {Dense: $n, inputs: y}
              - {Dense: 8, name: first}
              - {inner: {}, name: two, inputs: [first, x]}
              - {inner: {}, inputs: ["two[1]", two]}
              - {repeat: 2, layers: [{inner: {}, inputs: [previous, first]}]}
        layers:
          - {outer: {}, inputs: [a, b], name: head}
          - {repeat: 3, name: body, layers: [{outer: {}, inputs: [previous, a], name: step}]}
          - {outer: {n: 9}, inputs: [a, b], name: other}
          - {Concatenate: {}, inputs: [body/2/step, "head/two[1]", other/first]}
        """,
    "further calls, of what is inside a block and of a block": """
        input: [8]
        blocks:
          twice: {layers: [{Dense: 8, name: d}, {call: d}]}
          once: {layers: [Dense: 8]}
        layers:
          - {repeat: 3, layers: [twice]}
          - {once: {}, name: one}
          - {once: {}, name: two}
          - call: two
          - {call: one, name: three}
        """,
    "ties, masks, flags and sizes that are equal but of another type": """
        input: [4, 8]
        blocks:
          tied: {vars: {s: 1}, layers: [{Dense: 8, name: a}, {Dense: 8, name: b}], tied: [[a.kernel, b.kernel]]}
          masked:
            inputs: x
            layers:
              - {MultiHeadAttention: {num_heads: 2, key_dim: 4}, options: {attention_mask: x}, inputs: [x, x]}
          flagged: {vars: {s: 1}, layers: [{Dropout: 0.5}, {Dense: {units: 8, use_bias: $(s == 1)}}]}
        layers:
          - {repeat: 2, layers: [tied]}
          - {repeat: 2, layers: [{masked: {}}]}
          - {repeat: 2, layers: [{flagged: {}, trainable: $(i == 0)}]}
          - {repeat: 2, layers: [{flagged: {s: "$([1, true][i])"}, dtype: float16}]}
          - {flagged: {s: 1.0}}
        """,
}


def expanded(document, monkeypatch, copies):
    """The summary, with or without copies, and how many copies there were."""
    made = []

    def copied(self, *arguments):
        found = original(self, *arguments) if copies else None
        made.append(found is not None)
        return found

    with monkeypatch.context() as patch:
        original = Copies.copied
        patch.setattr(Copies, "copied", copied)
        model = load(document)
        return msgspec.json.encode(summarize(model)), [node.where for node in model.nodes], sum(made)


def same_either_way(document, monkeypatch):
    """Whether copies change nothing; returns how many there were."""
    *ours, count = expanded(document, monkeypatch, copies=True)
    *theirs, none = expanded(document, monkeypatch, copies=False)
    assert none == 0
    assert ours == theirs
    return count


def test_every_spec_is_the_same_with_and_without_copies(monkeypatch):
    """In names, shapes, weights, ties, costs and places."""
    counts = [same_either_way(path, monkeypatch) for path in SPECS]
    assert sum(map(bool, counts)) > 5


def test_configurations_of_templates_are_the_same_with_and_without_copies(monkeypatch):
    counts = []
    for path in CONFIGS:
        config = json.loads(path.read_text().splitlines()[0])["config"]
        counts.append(same_either_way(json.dumps(config).encode(), monkeypatch))
    assert sum(map(bool, counts)) > len(CONFIGS) // 3


@pytest.mark.parametrize("spec", ODD.values(), ids=ODD)
def test_what_cannot_be_copied_is_expanded(spec, monkeypatch):
    same_either_way(spec.encode(), monkeypatch)


def test_a_copy_has_weights_of_its_own():
    """Two uses of a block are two layers; only `call` shares one."""
    spec = "input: [8]\nblocks: {b: {layers: [Dense: 8]}}\nlayers: [{repeat: 3, layers: [b]}]\n"
    model = load(spec.encode())
    assert all(one.instance is not other.instance for one, other in pairwise(model.nodes))
    assert summarize(model).totals.params == 3 * (8 * 8 + 8)


def test_limits_count_copies():
    """A million layers by copies of a block are refused where they were before."""
    spec = "input: [8]\nblocks: {b: {layers: [Dense: 8]}}\nlayers: [{repeat: 1000, layers: [b]}]\n"
    assert len(load(spec.encode(), max_layers=1000).nodes) == 1000
    with pytest.raises(InputError, match="more than 999 layers"):
        load(spec.encode(), max_layers=999)
