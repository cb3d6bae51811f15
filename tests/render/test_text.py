"""Nothing of a file drives a terminal, a CI log, or the layout."""

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.render.text import cut_middle, sanitise, width_of
from tests.each import each


@each(
    "hostile, shown",
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]8;;http://x\x07link", r"\x1b]8;;http://x\x07link"),
        ("a\nb\rc\td", r"a\x0ab\x0dc\x09d"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028\u0085", r"\u2028\x85"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("\ud800", r"\ud800"),
        ("fill\u3164er", r"fill\u3164er"),
        ("e\u0301", "e\u0301"),
        ("z\u0300\u0300\u0300", "z\u0300\u0300" + r"\u0300"),
        ("::error::x", r":\x3aerror:\x3ax"),
        (":::", r":\x3a\x3a"),
        ("##vso[task]", r"#\x23vso[task]"),
        ("##[group]", r"#\x23[group]"),
        ("conv_1/kernel:0", "conv_1/kernel:0"),
        ("层 [bold] :skull:", "层 [bold] :skull:"),
    ],
)
def test_hostile_text_is_shown_as_numbers(hostile, shown):
    assert sanitise(hostile) == shown


@given(st.text())
def test_sanitised_text_is_printable_and_no_ci_command(text):
    shown = sanitise(text)
    assert shown.isprintable()
    assert "::" not in shown
    assert "##" not in shown


@given(st.text())
def test_ascii_terminals_get_ascii(text):
    assert sanitise(text, ascii_only=True).isascii()


@given(st.text(alphabet="abc层é", max_size=30), st.integers(4, 40))
def test_a_cut_text_fits_and_keeps_both_ends(text, width):
    cut = cut_middle(text, width, "…")
    assert width_of(cut) <= width
    if width_of(text) <= width:
        assert cut == text
    else:
        assert cut[0] == text[0]
        assert "…" in cut
