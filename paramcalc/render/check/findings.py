"""A report as single findings with a place each, for systems that annotate lines."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.check.outcome import FileReport
from paramcalc.errors import Position
from paramcalc.render.check.words import context, finding, plain

START = Position(1, 1)
"""Where what has no place of its own is shown."""


class Annotation(NamedTuple):
    """One thing to show on a line."""

    rule: str
    title: str
    message: str
    place: Position


def annotations(report: FileReport) -> Iterator[Annotation]:
    """Each problem and each finding that is not passed; the first finding has with it what helps to understand it."""
    for problem in report.problems:
        title = f"layer {problem.layer}" if problem.layer else "paramcalc"
        yield Annotation("input", title, plain((problem.message,)), problem.position or START)
    helping = [plain(sentence) for sentence in context(report)]
    for item in report.bad:
        title = f"layer {item.layer}" if item.layer else "paramcalc"
        yield Annotation(item.metric, title, "\n".join([plain(finding(item)), *helping]), item.place or START)
        helping = []


def from_workspace(source: str) -> str:
    """A path as the CI system names it: from the top of the checkout, wherever paramcalc was run."""
    top = os.environ.get("GITHUB_WORKSPACE")
    if not top:
        return source
    name = os.path.relpath(os.path.realpath(source), os.path.realpath(top))
    return source if name.startswith("..") else name
