"""The page as a file: one, with nothing from elsewhere, small, and with no name in it as markup."""

import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.render import Shown
from paramcalc.render.html.facts import MAX_EXACT, facts
from paramcalc.render.html.page import SCRIPTS, asset, digest, page
from paramcalc.render.html.summary import summary_page
from paramcalc.render.rows import folded_tree
from tests.hostile_text import NAMES, assert_harmless
from tests.render.build import dense, layer, summary, transformer

MAX_PAGE = 150_000
"""What a page may take beside its data."""

DRAWN = {"article", "h1", "h2", "h3", "p", "dl", "dt", "dd", "div", "section", "span", "svg", "rect"}
DRAWN |= {"table", "thead", "tbody", "tr", "th", "td"}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the JSON that it carries."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.json = []
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.inside = dict(attrs).get("type")
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "application/json":
            self.json.append(json.loads(data))


def html(*models, depth=None):
    return "".join(summary_page([Shown(model, {}) for model in models], depth))


def test_the_frame_is_small_and_names_nothing_from_elsewhere():
    frame = "".join(page("title", []))
    assert len(frame.encode()) < MAX_PAGE
    assert [
        value for _, attrs in Elements(frame).found for name, value in attrs.items() if name in ("src", "href")
    ] == [
        "data:,",
        "#content",
    ]
    assert set(re.findall(r"https?://[\w./]+", frame)) == {"http://www.w3.org/2000/svg"}


def test_the_policy_allows_the_page_s_own_style_and_script_alone():
    frame = "".join(page("title", []))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', frame)
    (style,) = re.findall(r"<style>(.*?)</style>", frame, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", frame, re.DOTALL)
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src '{digest(script)}'" in policy
    assert f"style-src '{digest(style)}'" in policy
    assert "unsafe" not in policy


def test_no_script_parses_text_as_markup_or_runs_it():
    for name in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", asset(f"{name}.js")
        )


def test_no_name_becomes_markup_or_is_invisible():
    rows = [layer(f"{name}/{name}", name, (None, n)) for n, name in enumerate(NAMES, start=1)]
    text = html(*[summary(rows, name=name, source=name) for name in NAMES[:3]])
    frame = {tag for tag, _ in Elements("".join(page("", []))).found}
    assert {tag for tag, _ in Elements(text).found} <= frame | DRAWN
    assert_harmless(text.replace(asset("page.css"), "").replace(script(), ""))


def script():
    return "".join(asset(f"{name}.js") for name in SCRIPTS)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_any_name_is_in_the_facts_and_ends_nothing(name):
    (data,) = Elements(html(summary([dense(name, 1, 1)], name=name))).json
    assert len(data["paths"]) == 1


def test_equal_layers_share_one_entry_so_that_96_blocks_take_little():
    model = transformer(96)
    tree, depth, _ = folded_tree(model)
    data = facts(model, tree, depth, {})
    assert len(data["kinds"]) == 5
    assert len(data["paths"]) == len(model.layers) == 290
    assert len(json.dumps(data)) < 16_000


def test_the_facts_say_what_the_summary_says():
    model = transformer(4)
    tree, depth, _ = folded_tree(model)
    data = facts(model, tree, depth, {})
    kinds = [data["kinds"][number] for number in data["kind"]]
    assert sum(kind["params"] for kind in kinds) == model.totals.params
    assert [kind["out"] for kind in kinds] == [str(item.output_shape) for item in model.layers]
    assert data["reads"] == [[0]] * len(model.layers)


def ranges(nodes, start, end):
    """Every node and the range of layers that its children must fill."""
    for label, repeats, first, last, *children in nodes:
        assert start <= first < last <= end, label
        start = last
        if children:
            assert (last - first) == repeats * (children[0][-1][3] - first), "each repeat has as many layers"
            ranges(children[0], first, last)


def test_the_tree_of_the_facts_has_every_layer_once_and_equal_repeats():
    """Four equal layers, another, then five: that is no sequence of two that repeats."""
    uneven = [*[dense(f"dense_{n}", 8, 8) for n in range(4)], dense("mid", 8, 8, shared="x")]
    uneven += [*[dense(f"dense_{n}", 8, 8) for n in range(5, 10)], dense("mid_1", 8, 8, shared="x")]
    filler = [layer(f"odd{n}x", "Dense", (None, n + 1)) for n in range(60)]
    for model in (transformer(4), transformer(60), summary([*uneven, *filler])):
        tree, depth, _ = folded_tree(model)
        data = facts(model, tree, depth, {})
        assert data["tree"][-1][3] == len(model.layers)
        ranges(data["tree"], 0, len(model.layers))


def test_a_count_that_javascript_would_round_is_text():
    model = summary([dense("a", 2**27, 2**27)])
    tree, depth, _ = folded_tree(model)
    data = facts(model, tree, depth, {})
    assert data["big"]
    assert data["totals"][0] == str(model.totals.params)
    assert int(data["totals"][0]) > MAX_EXACT
