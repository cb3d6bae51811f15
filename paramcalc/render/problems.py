"""Errors as a terminal shows them: the message, the line of the file with the place marked, what to write instead.

In: an `InputError`. Out: lines of styled spans. A pipe gets `InputError.lines()`, a line an error, instead.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.errors import MAX_LINES, MAX_PROBLEMS, InputError, Position, Problem
from paramcalc.render.text import sanitise, width_of

MAX_SCANNED = 16 * 2**20
"""How much of a file is read to find a line in it; further down an error is shown without its line."""

FRAME = 5
"""Lines that a problem takes beside its message, when its line of the file is shown."""

MIN_EXCERPT = 20
_HELP = re.compile(r"; (did you mean .*|write .*|use .*|leave it out.*)$", re.DOTALL)
_TOKEN = re.compile(r"\$?\([^)]*\)|\"[^\"]*\"|'[^']*'|[\w.$/%-]+|.", re.ASCII)


class Part(NamedTuple):
    """A piece of a line in one style: "error", "warning", "bold", "mark", "help" or "" for none."""

    text: str
    style: str = ""


Line = list[Part]


def problem_lines(error: InputError, width: int, severity: str = "error") -> Iterator[Line]:
    """The problems of an error, at most a screen of them; the first ones with their lines where all fit.

    Args:
        error: what was refused.
        width: terminal cells; lines of the file are cut around the place to fit, messages are not.
        severity: "error" or "warning".
    """
    problems = error.problems[:MAX_PROBLEMS]
    framed = max(MAX_LINES - 1 - len(problems), 0) // (FRAME + 1)
    for index, problem in enumerate(problems):
        if index < framed:
            yield from framed_problem(error.source, problem, width, severity)
        else:
            message = Part(f": {sanitise(said(problem))}", "bold")
            yield [Part(severity, severity), message, *place(error.source, problem)]
    more = len(error.problems) - len(problems)
    if more:
        yield [Part(f"{sanitise(error.source)}: and {more:,} more")]


def said(problem: Problem) -> str:
    """The message with the layer it is about."""
    return f"layer {problem.layer}: {problem.message}" if problem.layer else problem.message


def place(source: str, problem: Problem) -> Line:
    """Where a problem without a frame is."""
    return [Part(f"  ({sanitise(spot(source, problem.position))})")]


def spot(source: str, position: Position | None) -> str:
    """`model.yaml:12:15`."""
    return source if position is None else f"{source}:{position.line}:{position.column}"


def framed_problem(source: str, problem: Problem, width: int, severity: str) -> Iterator[Line]:
    """One problem: message, place, line, caret, help, notes."""
    message = said(problem)
    help_ = _HELP.search(message)
    if help_:
        message = message[: help_.start()]
    position = problem.position
    line = None if position is None else source_line(source, position.line)
    gutter = " " * len(str(position.line if position is not None and line is not None else ""))
    yield [Part(severity, severity), Part(f": {sanitise(message)}", "bold")]
    yield [Part(f"{gutter}--> ", "mark"), Part(sanitise(spot(source, position)))]
    if position is not None and line is not None:
        text, before, marked = excerpt(line, position.column, width - len(gutter) - 4)
        yield [Part(f"{position.line} | ", "mark"), Part(text)]
        yield [Part(f"{gutter} | ", "mark"), Part(" " * before), Part("^" * marked, severity)]
    for note, at in problem.notes:
        if isinstance(at, Position):
            yield [Part(f"{gutter} = ", "mark"), Part("note: ", "bold"), Part(sanitise(f"{spot(source, at)}: {note}"))]
    if help_:
        yield [Part(f"{gutter} = ", "mark"), Part("help: ", "help"), Part(sanitise(help_.group(1)))]
    yield []


def source_line(source: str, number: int) -> str | None:
    """A line of a text file; None where there is none, such as in standard input, an archive or git."""
    try:
        with open(source, "rb") as file:
            left = MAX_SCANNED
            for _ in range(number - 1):
                left -= len(file.readline(left))
                if left <= 0:
                    return None
            line = file.readline(left)
    except (OSError, ValueError):
        return None
    if not line or b"\0" in line:
        return None
    return line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n").replace("\t", " ")


def excerpt(line: str, column: int, width: int) -> tuple[str, int, int]:
    """What of a line is shown, the cells before the marked place, and the cells that are marked.

    The whole line where it fits, else the part around the column.
    """
    at = min(max(column - 1, 0), len(line))
    width = max(width, MIN_EXCERPT)
    start = 0 if len(line) <= width else max(min(at - width // 3, len(line) - width + 2), 0)
    shown = line[start : start + width - 2] if len(line) > width else line
    before, after = shown[: at - start], shown[at - start :]
    token = _TOKEN.match(after)
    lead, tail = ("…" if start else ""), ("…" if start + len(shown) < len(line) else "")
    marked = sanitise(token.group()) if token else " "
    text = lead + sanitise(before) + sanitise(after) + tail
    return text, width_of(lead + sanitise(before)), max(width_of(marked), 1)
