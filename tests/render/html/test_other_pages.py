"""The pages of a comparison and of a check: what they say, and what a person does with them in Chromium."""

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.diff import compare
from paramcalc.check.budgets import Finding
from paramcalc.check.outcome import FileReport
from paramcalc.cli import run
from paramcalc.errors import Problem
from paramcalc.render import Shown
from paramcalc.render.check import render
from paramcalc.render.html.diff import diff_page
from tests.hostile_text import NAMES
from tests.render.build import dense, summary, transformer
from tests.render.html.test_page import Elements

BASE = "input: [8]\nlayers: [{Dense: 16}, {Dense: 16, name: gone}, {Dense: 16}, {Dense: 4}]\n"
HEAD = "input: [8]\nlayers: [{Dense: 16}, {Dense: 16}, ReLU, {Dense: 5}]\n"


def diff_of(base, head):
    diff = compare(base, head)
    return "".join(diff_page(diff, Shown(head, {})))


def usual_diff():
    return diff_of(summarize(load(BASE.encode())), summarize(load(HEAD.encode())))


def hostile_diff():
    before = [dense(name, 10, 10 + n) for n, name in enumerate(NAMES)]
    after = [dense(name, 10, 11 + n) for n, name in enumerate(NAMES)]
    return diff_of(summary(before, name=NAMES[20], source=NAMES[18]), summary(after, source=NAMES[20]))


def finding(status, metric, limit, actual):
    return Finding(status, metric, limit, actual, f"{metric} is what it is", hint="ask <b>the team</b>")


def usual_check(names=("fine.yaml", "fat.yaml", "lost.yaml")):
    passed = FileReport(names[0], "passed", [finding("passed", "params", 200, 100)], params=100, params_before=90)
    failed = FileReport(names[1], "failed", [finding("failed", "size", 1024, 4096)], params=1000, largest=[("a", 900)])
    broken = FileReport(names[2], "broken", problems=[Problem("there is no such file")])
    return render([passed, failed, broken], "html")


def visible_rows(browser, name):
    script = "return [...document.querySelectorAll(arguments[0])].filter(r => !r.hidden).map(r => r.cells[0].innerText)"
    return browser.run(script, f"table[data-table={name}] tbody tr")


def test_the_changes_can_be_filtered_searched_and_sorted(browser):
    browser.open(usual_diff())
    assert visible_rows(browser, "changes") == ["removed", "added", "changed"]
    kinds = {each.text: each for each in browser.all(".choice button")}
    kinds["changed"].click()
    assert visible_rows(browser, "changes") == ["changed"]
    kinds["All"].click()
    browser.one("table[data-table=changes] thead th:nth-child(6) button").click()
    assert visible_rows(browser, "changes") == ["changed", "added", "removed"], "by how much it grew"
    browser.one("input[type=search]").send_keys("gone")
    browser.until(lambda: visible_rows(browser, "changes") == ["removed"])


def test_the_new_model_is_marked_where_it_changed(browser):
    browser.open(usual_diff())
    rows = {
        each.text.split()[0]: each.get_attribute("class").split()[-1] for each in browser.all(".layers-view tr.layer")
    }
    assert rows == {"dense": "layer", "dense_1": "layer", "re_lu": "added", "dense_2": "changed"}
    browser.run("document.querySelector('.graph').scrollIntoView()")
    browser.until(lambda: browser.all(".graph .node"))
    assert len(browser.all(".graph .node.added")) == 1
    assert len(browser.all(".graph .node.changed")) == 1


def test_a_change_in_any_of_equal_blocks_shows_on_the_one_that_stands_for_them(browser):
    after = transformer(4)
    before = [dense(row.path, 64, 65) if row.path == "decoder/2/up" else row for row in after.layers]
    browser.open(diff_of(summary(before), after))
    assert browser.texts(".layers-view tr.changed .label") == ["decoder/0 … 3", "up"]


def test_without_scripts_a_comparison_can_be_read(browser):
    browser.open(usual_diff(), scripts=False)
    try:
        said = browser.one("main").text
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
    assert "gone" in said
    assert "−" in said or "-" in said
    assert "Params" in said


def test_the_page_of_a_check_says_what_is_wrong_and_can_be_filtered(browser):
    browser.open(usual_check())
    said = browser.one("main").text
    assert "1 within budget" in said
    assert "size is what it is" in said
    assert "4.0 KiB of 1.0 KiB" in said
    assert "there is no such file" in said
    assert "ask <b>the team</b>" in said
    next(each for each in browser.all(".choice button") if each.text == "over budget").click()
    assert visible_rows(browser, "check") == ["fat.yaml"]


@pytest.mark.parametrize("page", [hostile_diff, lambda: usual_check(NAMES[18:21])], ids=["diff", "check"])
@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_names_are_text_and_nothing_is_wider_than_the_screen(browser, page, width):
    browser.open(page(), width=width)
    assert browser.all("img, main script:not([type='application/json'])") == []
    assert "</text><script>alert(1)</script>]]>&amp;<!--" in browser.one("main").text
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_the_page_has_every_change_and_the_totals():
    text = usual_diff()
    (data,) = Elements(text).json
    assert data["statuses"] == {"2": "added", "3": "changed"}
    assert text.count('<tr class="') == 3
    assert "Size, bytes" in text


def test_the_commands_write_these_pages(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(BASE)
    (tmp_path / "b.yaml").write_text(HEAD)
    assert run(["diff", "a.yaml", "b.yaml", "--format", "html", "-o", "diff.html"]) == 0
    (data,) = Elements((tmp_path / "diff.html").read_text()).json
    assert any("params_formula" in kind for kind in data["kinds"])
    assert run(["check", "a.yaml", "--max-params", "10", "--format", "html"]) == 1
    assert "over budget" in capsys.readouterr().out
