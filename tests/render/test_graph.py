"""Graphs in Mermaid and for Graphviz: what they show, and that the real programs draw them so."""

import os
import re
import subprocess
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import load, summarize
from paramcalc.analysis.diff import compare
from paramcalc.render.diff_report import markdown, shown
from paramcalc.render.dot import dot
from paramcalc.render.graph import changed_graph, every, graph_of
from paramcalc.render.mermaid import fenced, mermaid, text, too_large
from paramcalc.render.text import sanitise
from tests.hostile_text import NAMES
from tests.render.build import dense, layer, summary

NEEDS = {"dot": "apt-get install graphviz", "MERMAID_JS": "npm install mermaid, and the path of its mermaid.min.js"}


def required(what, found):
    """Skip a test that needs a program which is not here; where all tests must run, fail."""
    if not found:
        missing = f"needs {what}: {NEEDS[what]}"
        pytest.fail(missing) if os.environ.get("PARAMCALC_BROWSER") == "required" else pytest.skip(missing)
    return found


def chain(*layers):
    """A model in which each layer reads the one before."""
    before = ["input", *[each.path for each in layers]]
    rows = [dense(each.path, 64, 64, inputs=(name,)) for each, name in zip(layers, before, strict=False)]
    return summary(rows)


def blocks(count):
    paths = ["embed", *[f"h/{n}/{part}" for n in range(count) for part in ("attention", "up", "down")], "head"]
    return chain(*[dense(path, 64, 64) for path in paths])


def arrows(graph):
    labels = {box.key: box.label for box in every(graph.boxes)} | {each.key: each.label for each in graph.inputs}
    return [(labels[arrow.tail], labels[arrow.head]) for arrow in graph.arrows]


def test_an_arrow_joins_each_layer_to_what_it_reads():
    rows = [
        dense("a", 10, 10),
        dense("b", 10, 10, inputs=("a",)),
        layer("sum", "Add", (None, 10), inputs=("a", "b"), shapes=((None, 10), (None, 10))),
    ]
    graph = graph_of(summary(rows))
    assert arrows(graph) == [("input", "a"), ("a", "b"), ("a", "sum"), ("b", "sum")]
    assert {arrow.shape for arrow in graph.arrows} == {"(None, 10)"}


def test_of_equal_blocks_one_is_drawn_with_what_comes_in_and_what_goes_out():
    graph = graph_of(blocks(96))
    assert [(box.label, box.repeats) for box in graph.boxes] == [("embed", 1), ("h/0 … 95", 96), ("head", 1)]
    assert arrows(graph) == [
        ("input", "embed"),
        ("embed", "attention"),
        ("attention", "up"),
        ("up", "down"),
        ("down", "head"),
    ]


def test_a_closed_block_is_one_box_with_the_sum_of_its_layers():
    graph = graph_of(blocks(3), depth=1)
    assert arrows(graph) == [("input", "embed"), ("embed", "h/0 … 2"), ("h/0 … 2", "head")]
    assert graph.boxes[1].params == 9 * (64 * 64 + 64)
    assert graph.boxes[1].type == "9 layers"


def test_every_parameter_is_in_one_box():
    for count in (1, 4, 60):
        graph = graph_of(blocks(count))
        assert sum(box.params for box in graph.boxes) == blocks(count).totals.params
        open_ = [box for box in every(graph.boxes) if box.children]
        assert all(sum(part.params for part in box.children) * box.repeats == box.params for box in open_)


def test_mermaid_is_as_written(golden):
    golden("transformer.mmd", "".join(mermaid(graph_of(blocks(4)))))


def test_dot_is_as_written(golden):
    golden("transformer.dot", "".join(dot(graph_of(blocks(4)))))


def hostile():
    rows, before = [], "input"
    for number, name in enumerate([*NAMES, "1. list", "- item", "end", "# head", "`code`", "%% comment"]):
        path = f"{name}/{name}{number}" if number % 3 == 0 else f"{name}{number}"
        rows.append(layer(path, name, (None, number + 1), inputs=(before,)))
        before = path
    return graph_of(summary(rows, name=NAMES[20]), 9)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_mermaid_has_no_character_to_obey(name):
    assert re.fullmatch(r"(?:[\w .,()/+×·…-]|#\d+;)*", text(name))


def test_graphviz_draws_every_name_as_text():
    program = required("dot", which("dot"))
    graph = hostile()
    drawn = subprocess.run([program, "-Tsvg"], input="".join(dot(graph)), capture_output=True, text=True, check=True)
    texts = [each.text for each in ET.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}text")]
    assert {sanitise(box.label) for box in every(graph.boxes)} <= {each.replace("\xa0", " ") for each in texts}


def test_mermaid_draws_every_name_as_text(browser):
    """The real library, of which GitHub runs a copy, in a real browser."""
    library = Path(required("MERMAID_JS", os.environ.get("MERMAID_JS"))).as_uri()
    browser.open(f'<!doctype html><meta charset="utf-8"><script src="{library}"></script><div id="out"></div>')
    graph = hostile()
    drawn = browser.driver.execute_async_script(DRAW, "".join(mermaid(graph)))
    assert drawn == [sanitise(box.label) for box in every(graph.boxes)], drawn
    assert browser.run("return document.querySelectorAll('#out img, #out script, #out a').length") == 0
    browser.driver.get_log("performance")  # the library itself is loaded from elsewhere


DRAW = """
const [source, done] = arguments;
mermaid.initialize({startOnLoad: false});
mermaid.render('graph', source).then(({svg}) => {
  document.querySelector('#out').innerHTML = svg;
  const of = new Map();
  for (const node of document.querySelectorAll('#out .node, #out .cluster')) {
    const lines = node.querySelector('.nodeLabel').innerHTML.split(/<br ?\\/?>/);
    const parsed = new DOMParser().parseFromString(lines[0], 'text/html').body.textContent;
    const key = node.id.replace(/^.*flowchart-/, '').replace(/^graph-/, '').replace(/-\\d+$/, '');
    of.set(key, parsed);
  }
  const keys = [...source.matchAll(/^ +(?:subgraph )?(n[\\d_]+)\\[/gm)].map((match) => match[1]);
  done(keys.map((key) => of.get(key)));
}, (error) => done(String(error)));
"""

BASE = b"name: net\ninput: [8]\nlayers: [{Dense: 16}, {Dense: 16, name: gone}, {Dense: 16}, {Dense: 16}, {Dense: 4}]\n"
HEAD = b"name: net\ninput: [8]\nlayers: [{Dense: 16}, {Dense: 16}, ReLU, {Dense: 16}, {Dense: 5}]\n"


def changes(base, head):
    return compare(summarize(load(base)), summarize(load(head)))


def drawn(diff):
    return changed_graph(diff, shown(diff))


def test_the_graph_of_changes_has_what_changed_and_what_is_next_to_it():
    graph = drawn(changes(BASE, HEAD))
    assert {(box.label, box.status) for box in graph.boxes} == {
        ("dense", ""),
        ("dense_1", ""),
        ("dense_2", ""),
        ("re_lu", "added"),
        ("dense_3", "changed"),
        ("gone", "removed"),
    }
    assert ("re_lu", "dense_2") in arrows(graph)
    assert ("dense", "gone") in arrows(graph)


def test_what_did_not_change_is_not_drawn():
    graph = drawn(changes(BASE, BASE))
    assert (graph.boxes, graph.arrows) == ([], [])
    assert fenced(graph) == ""


def test_only_blocks_with_a_change_are_open():
    before = blocks(4)
    rows = [dense(row.path, 64, 65) if row.path == "h/2/up" else row for row in before.layers]
    graph = drawn(compare(before, summary(rows)))
    assert [box.label for box in every(graph.boxes) if box.status] == ["up"]
    assert len(list(every(graph.boxes))) < 8


def test_a_change_in_any_of_equal_blocks_is_drawn_in_the_one_that_stands_for_them():
    """The second block was another once: now that all four are equal they are one box, and it says that it changed."""
    after = blocks(4)
    rows = [dense(row.path, 64, 65) if row.path == "h/1/up" else row for row in after.layers]
    extra = dense("h/1/gone", 64, 64, inputs=("h/1/up",))
    graph = drawn(compare(summary([*rows, extra]), after))
    assert {(box.label, box.status) for box in every(graph.boxes) if box.status} == {
        ("up", "changed"),
        ("h/1/gone", "removed"),
    }
    assert ("up", "h/1/gone") in arrows(graph)


def test_a_longer_repeat_is_one_box_that_changed_and_a_new_block_one_that_was_added():
    before, after = blocks(4), blocks(6)
    graph = drawn(compare(before, after))
    assert [(box.label, box.status) for box in graph.boxes if box.status] == [("h/0 … 5", "changed")]
    assert not any(box.children for box in graph.boxes)
    inner = [dense(f"new/{name}", 64, 64, inputs=("head",)) for name in ("a", "b")]
    graph = drawn(compare(before, summary([*before.layers, *inner])))
    assert [(box.label, box.status) for box in graph.boxes if box.status] == [("new", "added")]


def test_markdown_has_the_graph_only_where_it_is_wanted():
    diff = changes(BASE, HEAD)
    assert "```mermaid\nflowchart TD\n" in "".join(markdown(diff, graph=True))
    assert "mermaid" not in "".join(markdown(diff))


def test_a_graph_that_github_would_refuse_is_left_out():
    assert too_large("x" * 50_001)
    assert too_large('a -->|"s"| b\n' * 501)
    assert not too_large('a -->|"s"| b\n' * 500)
