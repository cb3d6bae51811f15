"""Cells under one another, in any width: numbers whole, names cut, columns left out by name."""

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.render.grid import GridColumn, Row, grid_lines
from paramcalc.render.layout import UNICODE
from paramcalc.render.text import width_of

COLUMNS = [
    GridColumn("Name", gives_way=8, needed=True),
    GridColumn("Type", gives_way=8),
    GridColumn("Params", number=True, needed=True),
    GridColumn("Change", number=True),
]
ROWS = [Row(["encoder/block/0/attention", "Dense", "1,234,567", "+12.5%"]), Row(["层" * 20, "", "7", ""])]


def drawn(width, columns=COLUMNS, rows=ROWS):
    lines = grid_lines(columns, rows, width, UNICODE)
    text = []
    try:
        while True:
            text.append("".join(span.text for span in next(lines)))
    except StopIteration as end:
        return text, end.value


@given(st.integers(20, 100))
def test_every_line_keeps_to_the_width_and_no_number_is_cut(width):
    text, left_out = drawn(width)
    assert max(map(width_of, text)) <= width
    assert "1,234,567" in text[1]
    assert ("+12.5%" in text[1]) != ("Change" in left_out)


def test_with_room_nothing_is_cut():
    text, left_out = drawn(None)
    assert left_out == []
    assert text[1] == "encoder/block/0/attention                 Dense  1,234,567  +12.5%"


def test_a_column_that_is_empty_takes_no_room():
    text, _ = drawn(None, [*COLUMNS[:2], GridColumn("")], [Row(["a", "b", ""])])
    assert text == ["Name  Type", "a     b"]
