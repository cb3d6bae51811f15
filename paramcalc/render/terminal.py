"""Results as tables for a terminal or a pipe, with or without colour."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from paramcalc.render import Look, Shown
from paramcalc.render.layout import ASCII, UNICODE, Line
from paramcalc.render.table import coloured, options_of, plain, summary_lines
from paramcalc.render.text import pieces
from paramcalc.summary import Summary

if TYPE_CHECKING:
    from paramcalc.analysis.diff import Diff


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[str]:
    """A table for each model.

    Several models on a terminal begin with a row for each: the eye finds there which one to look at.
    """
    if look.several and look.terminal:
        shown = list(shown)
        yield from overview_of([each.summary for each in shown], look)
        yield "\n"
    for index, each in enumerate(shown):
        yield from ("\n",) if index else ()
        yield from drawn(summary_lines(each.summary, options_of(each.summary, look)), look)


def totals(shown: Iterable[Shown], look: Look) -> Iterator[str]:
    """One row a model."""
    return overview_of([each.summary for each in shown], look)


def overview_of(found: Sequence[Summary], look: Look) -> Iterator[str]:
    """One row a model; nothing where no file could be read."""
    from paramcalc.render import overview  # a single model has none

    glyphs = ASCII if look.ascii_only else UNICODE
    return drawn(overview.table_lines(found, look.width, glyphs) if found else iter(()), look)


def diff(found: "Diff", explained: object, look: Look) -> Iterator[str]:
    """What changed, then the totals."""
    from paramcalc.render import diff_report  # which loads the analysis of differences

    glyphs = ASCII if look.ascii_only else UNICODE
    return drawn(diff_report.lines(found, diff_report.Options(look.width, look.columns, look.depth, glyphs)), look)


def drawn(lines: Iterator[Line], look: Look) -> Iterator[str]:
    """The lines as text with or without colour."""
    return pieces(coloured(lines) if look.colour else plain(lines))
