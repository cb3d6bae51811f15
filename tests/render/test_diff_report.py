"""What changed, as people read it: aligned, within the terminal, with what did not change in one line."""

import pytest

from paramcalc.analysis.diff import compare
from paramcalc.render.diff_report import MANY, Options, lines, markdown
from paramcalc.render.table import plain
from paramcalc.render.text import width_of
from tests.render.build import dense, layer, summary


def long(index):
    return f"encoder/stage{index}/block/attention/self/projection"


def models():
    """Layers that stay, grow, go, come, and have another name, shape or type."""
    base = [
        dense("stem", 10, 64),
        *[dense(long(i), 64, 64) for i in range(3)],
        dense("old", 64, 9),
        dense("gone", 64, 2),
    ]
    head = [
        dense("stem", 10, 64),
        *[dense(long(i), 64, 64 + 32 * i) for i in range(3)],
        dense("新しい", 64, 9),
        layer("lambda", "Lambda", (None, 3), macs=None),
    ]
    return summary(base, source="old.yaml"), summary(head, source="new.yaml")


def test_a_diff_is_as_written(golden):
    golden("diff.txt", "".join(plain(lines(compare(*models()), None))))


def test_a_diff_in_markdown_is_as_written(golden):
    golden("diff.md", "".join(markdown(compare(*models()))))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_names_give_way_to_the_width_and_numbers_do_not(width):
    """Columns for which there is no room are left out and named."""
    wide, narrow = ("".join(plain(lines(compare(*models()), Options(room)))).splitlines() for room in (None, width))
    assert max(map(width_of, narrow)) <= width
    assert any("no room for" in line for line in narrow) == (width < 80)
    for number in ("+2,080", "+4,160", "-130", "+24,440"):
        assert sum(number in line for line in narrow) == sum(number in line for line in wide)


def test_columns_are_aligned_whatever_the_names():
    """Wide characters count twice."""
    table = "".join(plain(lines(compare(*models()), None))).splitlines()[3:8]
    assert len({width_of(line[: line.index("(None")]) for line in table}) == 1


@pytest.mark.parametrize("count", [MANY, MANY + 1])
def test_names_alone_are_folded_when_they_are_many(count):
    """Across formats every layer has another."""
    base, head = (summary([dense(f"{side}{i}", 4, i + 1) for i in range(count)]) for side in "ab")
    out = "".join(plain(lines(compare(base, head), None)))
    assert ("→ b0" in out) == (count == MANY)
    assert (f"0 layers unchanged, {count} only renamed" in out) == (count > MANY)
