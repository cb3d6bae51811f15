"""The page of a summary in Chromium: what a person does with it, and what a hostile name cannot do."""

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.analysis.summarize import summarize_evaluation
from paramcalc.render import Shown
from paramcalc.render.html.summary import summary_page
from tests.bench import architecture
from tests.hostile_text import NAMES, TOO_LONG
from tests.render.build import dense, layer, summary, transformer

keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

SPEC = b"""
name: tower
input: [16, 16, 3]
layers:
  - {Conv2D: {filters: 8, kernel_size: 3, padding: same}, name: stem}
  - repeat: 3
    name: stage
    layers:
      - {Conv2D: {filters: 8, kernel_size: 3, padding: same}, name: conv}
      - {BatchNormalization: {}, name: norm}
      - {Add: {}, inputs: [norm, previous]}
  - GlobalAveragePooling2D
  - {Dense: 10, name: head}
"""


def entry_of(data):
    evaluation = evaluate(load(data))
    return Shown(summarize_evaluation(evaluation), dict(explain(evaluation)))


def tower():
    spec = SPEC.replace(b"[norm, previous]", b"[norm, norm]")
    return summary_page([entry_of(spec)])


def plain(*models, **more):
    return summary_page([Shown(model, {}) for model in models], **more)


def details(browser):
    return browser.one("aside.details")


def test_a_click_on_a_layer_shows_its_weights_and_the_formula_with_its_numbers(browser):
    browser.open(tower())
    browser.one(".layers-view tr.layer").click()
    said = details(browser).text
    assert "stem" in said
    assert "3 × 3 × 3 × 8 = 216" in said
    assert "8 × (3 × 3 × 3 + 1) = 224" in said
    assert "(None, 16, 16, 8)" in said
    assert browser.driver.switch_to.active_element.text == "stem"
    browser.press(keys.ESCAPE)
    assert not details(browser).is_displayed()
    assert "stem" in browser.driver.switch_to.active_element.text, "the focus is where it was"


def test_blocks_of_the_table_open_and_close(browser):
    browser.open(plain(transformer(12), depth=1))
    assert browser.rows() == ["embed", "decoder/0 … 11", "head"]
    assert browser.one(".layers-view .block").get_attribute("aria-expanded") == "false"
    browser.one(".layers-view .block .label").click()
    assert browser.rows() == ["embed", "decoder/0 … 11", "attention", "up", "down", "head"]
    assert browser.one(".layers-view .block").get_attribute("aria-expanded") == "true"
    browser.one(".layers-view .block .label").click()
    assert browser.rows() == ["embed", "decoder/0 … 11", "head"]


def test_the_search_finds_every_layer_also_those_in_folded_blocks(browser):
    browser.open(plain(transformer(12)))
    search = browser.one("input[type=search]")
    search.send_keys("11/ Dense")
    browser.until(lambda: len(browser.rows()) == 3)
    assert browser.rows() == ["decoder/11/attention", "decoder/11/up", "decoder/11/down"]
    assert browser.one(".layers-view [role=status]").text == "3 of 38 layers"
    search.send_keys(keys.BACK_SPACE * 9)
    browser.until(lambda: len(browser.rows()) == 6)


def test_the_filter_shows_layers_of_one_type(browser):
    browser.open(tower())
    browser.run(
        "const s = arguments[0]; s.value = 'Dense'; s.dispatchEvent(new Event('change'))", browser.one("select")
    )
    assert browser.rows() == ["head"]


def test_a_click_on_a_heading_sorts_by_it_then_the_other_way_then_not(browser):
    sizes = {"a": 10, "b": 30, "c": 20}
    browser.open(plain(summary([dense(name, 10, size) for name, size in sizes.items()])))
    head = browser.one(".layers-view th.of-params")
    seen = []
    for _ in range(3):
        head.find_element("css selector", "button").click()
        seen.append((head.get_attribute("aria-sort"), "".join(browser.rows())))
    assert seen == [("descending", "bca"), ("ascending", "acb"), (None, "abc")]


def test_the_keyboard_alone_reaches_everything_of_the_table(browser):
    browser.open(plain(transformer(3), depth=1))
    browser.run("document.querySelector('.layers-view tbody tr').focus()")

    def here():
        return browser.run("return document.activeElement.querySelector('.label').textContent")

    browser.press(keys.ARROW_DOWN)
    assert here() == "decoder/0 … 2"
    browser.press(keys.ARROW_RIGHT)
    assert len(browser.rows()) == 6
    browser.press(keys.ARROW_RIGHT)
    assert here() == "attention"
    browser.press(keys.ARROW_LEFT)
    assert here() == "decoder/0 … 2"
    browser.press(keys.ARROW_LEFT)
    assert len(browser.rows()) == 3
    browser.press(keys.END)
    assert here() == "head"
    browser.press(keys.ENTER)
    assert details(browser).is_displayed()
    assert browser.all(".layers-view tr[tabindex='0']") == [browser.one(".layers-view tbody tr:last-child")]


def test_the_treemap_and_the_bars_go_into_blocks_and_out_again(browser):
    browser.open(plain(transformer(12)))

    def click(text, selector="button"):
        next(each for each in browser.all(selector) if each.text.startswith(text)).click()

    assert len(browser.all(".treemap .cell")) >= 5
    click("decoder", ".cell")
    assert browser.one(".way").text == "The whole model / decoder/0 … 11 ×12"
    click("Bars", ".choice button")
    shares = [(each.text.splitlines()[0], each.text.splitlines()[-1]) for each in browser.all(".bar-row")]
    assert shares == [("up", "3.2%"), ("down", "3.2%"), ("attention", "0.8%")], "of the whole: 16,640 of 512,680"
    click("The whole model", ".way button")
    click("MACs", ".choice button")
    assert [each.text.splitlines()[0] for each in browser.all(".bar-row")][-1] == "embed"
    assert browser.one(".choice [aria-checked=true]").text == "MACs"


def test_parts_of_the_bars_sum_to_the_total(browser):
    browser.open(tower())
    browser.one(".shares-view .choice:last-of-type button:last-child").click()
    labels = [each.get_attribute("title") for each in browser.all(".bar-row")]
    counts = [int(label.split(": ")[1].split(" (")[0].replace(",", "")) for label in labels]
    spec = SPEC.replace(b"[norm, previous]", b"[norm, norm]")
    assert sum(counts) == summarize(load(spec)).totals.params


def test_blocks_of_the_graph_open_and_close_and_a_layer_shows_its_details(browser):
    browser.open(tower())
    browser.run("document.querySelector('.graph').scrollIntoView()")
    browser.until(lambda: browser.all(".graph .node"))
    names = browser.texts(".graph .node .label")
    assert names[0] == "input"
    assert any("×3" in name for name in names)
    cluster = browser.one(".graph [aria-expanded=true]")
    browser.run("arguments[0].focus()", cluster)
    browser.press(keys.ENTER)
    assert browser.all(".graph [aria-expanded=true]") == []
    assert browser.run("return document.activeElement.getAttribute('aria-expanded')") == "false"
    browser.press(keys.ARROW_DOWN, keys.ENTER)
    assert details(browser).is_displayed()
    browser.press(keys.ESCAPE)


def test_the_graph_zooms_and_moves(browser):
    browser.open(tower())
    browser.run("document.querySelector('.graph').scrollIntoView()")
    browser.until(lambda: browser.all(".graph .node"))

    def transform():
        return browser.one(".graph > g").get_attribute("transform")

    seen = [transform()]
    browser.one("[aria-label='Zoom in']").click()
    seen.append(transform())
    browser.run("document.querySelector('.graph [tabindex=\"0\"]').focus()")
    browser.press("-")
    seen.append(transform())
    from selenium.webdriver import ActionChains

    ActionChains(browser.driver).move_to_element_with_offset(
        browser.one(".graph"), -300, 40
    ).click_and_hold().move_by_offset(60, 30).release().perform()
    seen.append(transform())
    assert len({*seen}) >= 3
    assert seen[3] not in seen[:3]


def test_an_edge_of_the_graph_joins_each_layer_to_what_it_reads(browser):
    """A chain of three with a connection around the middle: input → a → b → Add ← a."""
    rows = [
        dense("a", 10, 10),
        dense("b", 10, 10, inputs=("a",)),
        layer("sum", "Add", (None, 10), inputs=("a", "b"), shapes=((None, 10), (None, 10))),
    ]
    browser.open(plain(summary(rows)))
    browser.run("document.querySelector('.graph').scrollIntoView()")
    browser.until(lambda: browser.all(".graph .node"))
    assert len(browser.all(".graph .edge")) == 4
    assert len(browser.all(".graph .node")) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_until_somebody_chooses(browser, scheme):
    other = {"light": "dark", "dark": "light"}[scheme]
    browser.open(tower(), scheme=scheme)
    browser.run("localStorage.clear()")
    browser.driver.refresh()

    def dark():
        colour = browser.run("return getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) < 384

    assert dark() == (scheme == "dark")
    browser.scheme(other)
    assert dark() == (other == "dark")
    browser.one("#theme").click()
    assert dark() == (scheme == "dark")
    browser.driver.refresh()
    assert dark() == (scheme == "dark"), "the choice is remembered"
    browser.run("localStorage.clear()")


def test_without_scripts_the_page_can_be_read(browser):
    browser.open(plain(transformer(12), transformer(3)), scripts=False)
    try:
        said = browser.one("main").text
        assert browser.one("table.models").is_displayed()
        assert len(browser.all(".static table")) == 2
        assert "decoder/0 … 11 ×12" in said
        assert "Total params" in said
        assert not browser.one("#theme").is_displayed()
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def hostile_models():
    """Every hostile name at every place of a summary that holds one."""
    names = [*NAMES, TOO_LONG, *(f"<img src=x onerror='window.ran={n}'>{'/' * (n % 2)}x{n}" for n in range(22))]
    assert len(set(names)) >= 50
    rows = [layer(f"{name}/{name}#{n}", name, (None, n + 1), inputs=("input",)) for n, name in enumerate(names)]
    flat = [dense(name, 10, 10 + n) for n, name in enumerate(names)]
    return [
        summary(rows, name=NAMES[20], source=NAMES[18]),
        *(summary(flat, name=name, source=name) for name in names[:3]),
    ]


def test_hostile_names_are_text_wherever_they_stand(browser):
    models = hostile_models()
    browser.open(plain(*models))
    for number in range(2):
        browser.run(f"location.hash = 'm{number}'")
        browser.until(lambda number=number: browser.all(f"#m{number} .layers-view"))
        browser.run("for (const b of document.querySelectorAll('article:not([hidden]) .choice button')) b.click()")
        browser.run("document.querySelector('article:not([hidden]) .graph').scrollIntoView()")
        browser.until(lambda: browser.all("article:not([hidden]) .graph .node"))
        browser.run("for (const r of document.querySelectorAll('article:not([hidden]) tr.layer')) r.click()")
    assert browser.run("return window.ran") is None
    assert browser.all("img, iframe, object, embed, base, form, main script:not([type='application/json'])") == []
    shown = browser.one("main").text
    assert "</text><script>alert(1)</script>]]>&amp;<!--" in shown
    assert "\u202e" not in browser.run("return document.documentElement.outerHTML")


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_the_screen(browser, width):
    browser.open(plain(*hostile_models()[:1], transformer(96)), width=width)
    for number in range(2):
        browser.run(f"location.hash = 'm{number}'")
        browser.until(lambda number=number: browser.all(f"#m{number} .layers-view"))
        assert browser.run("return document.documentElement.scrollWidth") <= width


def test_a_treemap_of_many_parts_has_the_small_ones_as_one(browser):
    """The areas stay in proportion: 400 small layers, and one that is larger than all of them."""
    rows = [dense(f"l{n}", 9, 10 + n) for n in range(400)]
    browser.open(plain(summary([dense("large", 999, 1_000), *rows])))
    areas = browser.run(
        "return [...document.querySelectorAll('.cell')].map(c => [c.textContent, c.offsetWidth * c.offsetHeight])"
    )
    whole = sum(area for _, area in areas)
    total = 1_000_000 + sum(row.params for row in rows)
    assert sum(area for name, area in areas if name.startswith("large")) / whole == pytest.approx(
        1_000_000 / total, abs=0.03
    )
    assert any("smaller ones" in name for name, _ in areas)


VIEW_BOX = "return document.querySelector('.graph').getAttribute('viewBox')"


def test_on_paper_the_whole_graph_is_drawn(browser):
    browser.open(tower())
    browser.run("dispatchEvent(new Event('beforeprint'))")
    left, top, width, height = map(float, browser.run(VIEW_BOX).split())
    box = browser.run("const b = document.querySelector('.graph > g').getBBox(); return [b.x, b.y, b.width, b.height]")
    assert left <= box[0]
    assert top <= box[1]
    assert left + width >= box[0] + box[2]
    assert top + height >= box[1] + box[3]
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(VIEW_BOX) is None


def until_painted(browser, page):
    """Open a page; the seconds of CPU that its main thread takes until it is painted: other programs take no part."""
    browser.command("Performance.enable", timeDomain="threadTicks")
    browser.open(page)
    browser.until(lambda: browser.run("return performance.getEntriesByType('paint').length"))
    metrics = browser.command("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "TaskDuration")


@pytest.mark.parametrize(
    "page",
    [
        lambda: plain(transformer(96)),
        lambda: summary_page([entry_of(architecture("NASNetLarge").encode())]),
        lambda: plain(*[transformer(blocks) for blocks in range(1, 51)]),
    ],
    ids=["96 blocks", "NASNetLarge", "50 models"],
)
def test_large_models_are_painted_within_a_second(browser, page):
    assert 0 < until_painted(browser, page()) < 1
    browser.run("document.querySelector('article:not([hidden]) .graph').scrollIntoView()")
    browser.until(lambda: browser.all(".graph .node"))


def test_counts_past_what_javascript_holds_are_exact(browser):
    big = dense("big", 3_000_000_001, 3_000_000_001)
    browser.open(plain(summary([big, dense("small", 1, 1)])))
    assert "9,000,000,009,000,000,002" in browser.one(".layers-view tbody").text
