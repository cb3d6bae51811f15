"""JSON, CSV, Markdown and SVG say the same as the summary, and each escapes what its format obeys."""

import csv
import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import render
from paramcalc.render.csv_format import header, summary_csv
from paramcalc.render.json_format import summary_json, summary_jsonl
from paramcalc.render.markdown import summary_markdown
from paramcalc.render.table import Options
from tests.render.build import dense, layer, summary, transformer

HOSTILE = [
    "\x1b[2J\x9b",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "a|b",
    "::error::",
    "##vso[x]",
    "<img src=x>",
    "\u202e",
    "](x)",
]


def hostile():
    return summary([dense(name, 10, 10) for name in HOSTILE], name=HOSTILE[0], source="\udc80.yaml")


def rows_of(model, columns=None, **options):
    text = header(columns, False) + "".join(summary_csv(model, columns, **options))
    return list(csv.DictReader(StringIO(text)))


@pytest.mark.parametrize(
    "encode", [lambda summary: b"".join(summary_json(summary)), lambda summary: b"".join(summary_jsonl(summary))]
)
def test_json_names_are_exact_and_drive_no_terminal(encode):
    encoded = encode(hostile()).decode()
    assert [item["path"] for item in json.loads(encoded)["layers"]] == HOSTILE
    assert all(char.isprintable() or char == "\n" for char in encoded)
    assert "::" not in encoded
    assert "##" not in encoded


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_json_gives_any_name_back(name):
    model = summary([dense("a", 1, 1)], name=name)
    assert (
        json.loads(b"".join(summary_json(model)))["name"] == json.loads(b"".join(summary_jsonl(model)))["name"] == name
    )


def test_json_says_first_what_it_is_and_both_forms_are_equal():
    data = json.loads(b"".join(summary_json(transformer(2))))
    assert list(data)[:4] == ["schema_version", "name", "source", "format"]
    assert data == json.loads(b"".join(summary_jsonl(transformer(2))))
    assert b"".join(summary_jsonl(transformer(2))).count(b"\n") == 1
    assert "partial" not in data


def test_json_has_a_layer_a_line():
    lines = b"".join(summary_json(transformer(2))).decode().splitlines()
    assert sum('"path": ' in line or '"path":' in line for line in lines) == len(transformer(2).layers)


def test_csv_is_one_row_a_layer_and_adds_up():
    model = transformer(3)
    rows = rows_of(model)
    assert len(rows) == len(model.layers)
    assert sum(int(row["params"]) for row in rows) == model.totals.params


def test_no_csv_cell_is_a_formula_or_a_control():
    text = "".join(summary_csv(hostile(), None))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert not [row for row in rows_of(hostile()) if row["path"].startswith(("=", "+", "-", "@"))]


def test_csv_leaves_what_is_unknown_empty():
    model = summary([layer("odd", "Lambda", None, macs=None)], partial=True, unknown=["odd"])
    assert rows_of(model, ["params", "macs"]) == [{"params": "", "macs": ""}]


def test_markdown_is_as_written(golden):
    golden("transformer.md", "".join(summary_markdown(transformer(2), Options())))


def test_no_name_ends_a_markdown_cell_or_begins_markup():
    lines = "".join(summary_markdown(hostile(), Options())).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {6}
    assert "<img" not in "".join(lines)
    assert "](x)" not in "".join(lines)


def test_a_long_list_of_layers_is_the_same_line_in_pieces():
    """A large model is not written at once: that would take its memory again."""
    spec = b"input: [3]\nlayers: [{repeat: 2500, layers: [{Dense: 3}]}]"
    summary = paramcalc.summarize(paramcalc.load(spec, name="m"))
    pieces = list(summary_jsonl(summary))
    assert len(pieces) == 4
    assert json.loads(b"".join(pieces)) == json.loads(b"".join(summary_json(summary)))
    assert b"".join(pieces).count(b"\n") == 1


TABLES = {name: table for name, table in vars(render).items() if isinstance(table, dict) and name.isupper() and table}


@pytest.mark.parametrize("name", TABLES)
def test_every_line_of_a_table_of_formats_names_functions_that_there_are(name):
    """A format is a module and a line; the line is only looked up when somebody asks for the format."""
    assert len(TABLES) >= 7
    for form in TABLES[name].values():
        for place in filter(None, (form.writer, form.totals)):
            assert callable(render.function_of(place)), place
