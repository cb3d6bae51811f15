"""The table as a picture: the same words as the table, in SVG that needs nothing and is drawn alike everywhere."""

import os
import re
import subprocess
from html import unescape
from shutil import which
from xml.etree import ElementTree as ET

import pytest

from paramcalc.cli import run
from paramcalc.render.svg import MAX_ROWS, SIZE, THEMES, overview_svg, summary_svg, text_width
from paramcalc.render.table import Options
from tests.hostile_text import NAMES, TOO_LONG
from tests.render.build import dense, layer, summary, transformer

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn):
    return ["".join(each.itertext()) for each in ET.fromstring(drawn).iter(f"{SVG}text")]


def hostile():
    rows = [dense(name, 10, 10 + n) for n, name in enumerate([*NAMES, TOO_LONG])]
    return summary(rows, name=NAMES[20], source="\udc80.yaml")


def test_it_is_well_formed_and_loads_nothing():
    drawn = summary_svg(hostile(), Options())
    root = ET.fromstring(drawn)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "g", "rect", "text"}
    assert not re.search(r"url\(|href|@import|<style|<script", drawn)
    assert drawn == summary_svg(hostile(), Options())


def test_it_says_what_the_table_says():
    found = texts(summary_svg(transformer(96), Options()))
    assert found[:2] == ["transformer", "model.yaml"]
    assert {"Layer", "Output shape", "Params", "Share"} <= set(found)
    assert "decoder/0 … 95×96" in found
    assert f"{transformer(96).totals.params:,}" in found
    assert "×N: N in a row; the numbers are their sum, and one of them is shown below" in found


def test_a_picture_of_thousands_of_rows_is_cut_but_for_its_totals():
    rows = [layer(f"odd{n}x", "Dense", (None, n + 1)) for n in range(5_000)]
    found = texts(summary_svg(summary(rows), Options()))
    assert f"… {5_001 - MAX_ROWS:,} more rows" in found
    assert "odd499x" not in found
    assert "Total params" in found


@pytest.mark.parametrize("theme", THEMES)
def test_the_page_is_as_bright_as_its_theme(theme):
    drawn = summary_svg(transformer(2), Options(), theme)
    brightness = sum(bytes.fromhex(ET.fromstring(drawn).find(f"{SVG}rect").get("fill").removeprefix("#")))
    assert (brightness > 384) == (theme == "light")


def test_it_is_light_unless_another_theme_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text("input: [3]\nlayers: [{Dense: 4}]\n")
    assert run(["summary", "m.yaml", "--format", "svg"]) == 0
    assert THEMES["light"].page in capsys.readouterr().out
    assert run(["summary", "m.yaml", "--format", "svg", "--theme", "dark"]) == 0
    assert THEMES["dark"].page in capsys.readouterr().out
    assert run(["summary", "m.yaml", "--theme", "dark"]) == 2
    assert "--theme does nothing for --format table" in capsys.readouterr().err


def test_in_a_narrow_picture_names_give_way_and_numbers_do_not():
    model = summary([dense("a_layer_with_quite_a_long_name_as_they_come", 1_000, 1_000)])
    wide, narrow = (ET.fromstring(summary_svg(model, Options(width=width))) for width in (None, 80))
    assert int(narrow.get("width")) < int(wide.get("width"))
    found = texts(ET.tostring(narrow))
    assert "1,001,000" in found
    assert not any("quite_a_long" in each for each in found[2:])


def test_a_bar_is_as_long_as_its_share():
    model = summary([dense("a", 9, 30), dense("b", 9, 10)])
    found = list(ET.fromstring(summary_svg(model, Options())).iter(f"{SVG}rect"))
    bars = [float(each.get("width")) for each in found if each.get("fill") == THEMES["light"].bar]
    assert bars == [72.0, 24.0]


def test_several_models_have_a_row_each():
    found = texts(overview_svg([transformer(1), transformer(2)], None))
    assert found[0] == "2 models"
    assert f"{transformer(2).totals.params:,}" in found


def test_columns_have_room_for_their_text_in_a_wide_font(browser):
    """Chromium measures the text as it draws it: none is wider than was reckoned."""
    drawn = summary_svg(transformer(96), Options())
    browser.open(f"<!doctype html><meta charset=utf-8>{drawn}")
    measured = browser.run(
        "return [...document.querySelectorAll('text')].map(t => [t.textContent, t.getComputedTextLength(), "
        "Number(t.getAttribute('font-size') || 13), t.getAttribute('font-weight') === '600'])"
    )
    wide = [(text, width) for text, width, size, bold in measured if width > text_width(text, size, bold) + SIZE]
    assert wide == []


def test_librsvg_draws_it():
    program = which("rsvg-convert")
    if program is None:
        required = os.environ.get("PARAMCALC_BROWSER") == "required"
        pytest.fail("needs librsvg2-bin") if required else pytest.skip("needs rsvg-convert")
    drawn = summary_svg(hostile(), Options())
    done = subprocess.run([program, "--format", "svg"], input=drawn.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout.startswith(b"<?xml")
    assert "</text><script>" in unescape(drawn)
