"""One row a model: `--totals`, and the head of the summary of several files."""

import csv
import json
import re

import pytest

from paramcalc import load, summarize
from paramcalc.cli import run
from paramcalc.render import overview
from paramcalc.render.layout import ASCII, UNICODE

SPECS = {
    "a long name of a model.yaml": "{input: [4], layers: [{Dense: 3}]}",
    "b.yaml": "{input: [null, 4], layers: [{LSTM: 3}]}",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in SPECS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def table(width, glyphs=UNICODE, **options):
    summaries = [summarize(load(text.encode(), name=name), **options) for name, text in SPECS.items()]
    return ["".join(span.text for span in line) for line in overview.table_lines(summaries, width, glyphs)]


def test_each_model_has_a_row_and_what_is_unknown_is_a_question_mark():
    assert table(None)[0].split() == ["Model", "Params", "Trainable", "MACs", "Size"]
    assert table(None)[-1].split() == ["b.yaml", "96", "96", "?", "384", "bytes"]


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 80])
def test_a_narrow_terminal_cuts_names_and_no_number(width):
    lines = table(width, ASCII)
    assert max(map(len, lines)) <= width
    rows = [line for line in lines[2:] if line[0] != " " and not line.startswith("no room for")]
    assert all(" 15" in line or " 96" in line for line in rows)
    assert ("no room for" in "".join(lines)) == ("Trainable" not in lines[0])


def test_memory_is_a_column_when_it_was_asked_for():
    assert "Inference" in table(None, memory=True)[0]
    assert "Inference" not in table(None)[0]


def test_the_numbers_are_the_same_in_every_format(folder, capsys):
    assert run(["summary", "--totals", "--format", "jsonl", *SPECS]) == 0
    objects = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert run(["summary", "--totals", "--format", "csv", *SPECS]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [item["totals"]["params"] for item in objects] == [int(row["params"]) for row in rows] == [15, 96]
    assert [row["macs"] for row in rows] == ["12", ""]
    assert run(["summary", "--totals", "--format", "markdown", *SPECS]) == 0
    assert "| 15 | 15 | 12 | 60 bytes |" in capsys.readouterr().out


@pytest.mark.parametrize(("form", "row"), [("html", 'scope="row"'), ("mermaid", " params"), ("dot", " params")])
def test_pages_and_graphs_have_a_row_or_a_box_a_model(form, row, folder, capsys):
    assert run(["summary", "--totals", "--format", form, *SPECS]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if row in line]
    for name, count, line in zip(SPECS, ("15", "96"), rows, strict=True):
        assert name in line
        assert re.search(rf"(\b|n){count}\b", line)  # after a line break, as dot writes it


def test_options_about_layers_are_refused(folder, capsys):
    assert run(["summary", "--totals", "--depth", "1", *SPECS]) == 2
    assert "--totals shows no layers; --depth is about them" in capsys.readouterr().err


def test_the_json_has_no_layers(folder, capsys):
    assert run(["summary", "--totals", "--format", "json", "b.yaml"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {
        "schema_version",
        "name",
        "source",
        "format",
        "framework",
        "totals",
    }


def test_a_broken_file_is_an_error_and_the_others_still_have_their_rows(folder, capsys):
    assert run(["summary", "--totals", "b.yaml", "nosuch.yaml"]) == 2
    out, err = capsys.readouterr()
    assert "b.yaml" in out
    assert "nosuch.yaml" in err
