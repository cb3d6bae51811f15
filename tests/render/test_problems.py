"""Errors on a terminal: the message, the line, the caret, the help."""

import pytest

from paramcalc.errors import MAX_LINES, InputError, Position, Problem
from paramcalc.render.problems import excerpt, problem_lines

TEXT = "input: [4]\nlayers:\n\t- {Dense: {unit: 3}}\n"


def shown(problems, source, width=80):
    return ["".join(part.text for part in line).rstrip() for line in problem_lines(InputError(source, problems), width)]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(TEXT)
    return str(path)


def test_the_line_stands_below_the_message_with_a_caret_under_the_place(source):
    note = ("the block is used here", Position(2, 1))
    problem = Problem(
        "unknown field 'unit'; did you mean 'units'?", layer="Dense", position=Position(3, 13), notes=(note,)
    )
    assert shown([problem], source) == [
        "error: layer Dense: unknown field 'unit'",
        f" --> {source}:3:13",
        "3 |  - {Dense: {unit: 3}}",
        "  |             ^^^^",
        f"  = note: {source}:2:1: the block is used here",
        "  = help: did you mean 'units'?",
        "",
    ]


@pytest.mark.parametrize("name", ["-", "nosuch.yaml", "\0"])
def test_without_a_file_to_read_there_is_no_line(name):
    assert not any("|" in line for line in shown([Problem("wrong", position=Position(1, 1))], name))


def test_a_line_that_a_file_does_not_have_is_left_out(source):
    assert not any("|" in line for line in shown([Problem("wrong", position=Position(99, 1))], source))


@pytest.mark.parametrize("count", [1, 3, 4, 20, 500])
def test_an_error_is_one_screen(source, count):
    lines = shown([Problem(f"wrong {index}", position=Position(1, 1)) for index in range(count)], source)
    assert len(lines) <= MAX_LINES
    assert count <= 20 or lines[-1].endswith(f"and {count - 20:,} more")


@pytest.mark.parametrize("column", [1, 500, 999])
def test_a_long_line_is_cut_around_the_place(column):
    line = "".join(chr(97 + index % 26) + " " for index in range(500))
    text, before, marked = excerpt(line, column, 60)
    assert len(text) <= 60
    assert text[before : before + marked] == line[column - 1 : column - 1 + marked]


def test_nothing_of_the_line_drives_the_terminal(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"a: \x1b[2J ::error::x\n")
    lines = shown([Problem("wrong", position=Position(1, 1))], str(path))
    assert any(r"\x1b[2J :\x3aerror" in line for line in lines)
