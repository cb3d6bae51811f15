"""What is said of a file, sentence by sentence, the same in every format."""

from collections.abc import Iterable, Iterator, Mapping

from paramcalc.check.budgets import Finding
from paramcalc.check.outcome import FileReport
from paramcalc.errors import InputError
from paramcalc.render.text import sanitise


class Name(str):
    """A part of a sentence that a file, not paramcalc, chose the words of."""

    __slots__ = ()


Sentence = tuple[str, ...]
"""Its parts; those that are a `Name` are shown as such where a format can."""


def plain(sentence: Sentence) -> str:
    """The sentence as one harmless line."""
    return sanitise("".join(sentence))


def summary_line(number: Mapping[str, int]) -> str:
    """`3 passed, 1 over budget, 0 broken`."""
    return f"{number['passed']:,} passed, {number['failed']:,} over budget, {number['broken']:,} broken"


def sentences(report: FileReport) -> list[Sentence]:
    """Why a file is not passed, then what helps to understand it; nothing for one that is."""
    lines = InputError(report.source, list(report.problems)).lines() if report.problems else []
    problems = [(Name(line.removeprefix(f"{report.source}: ")),) for line in lines]
    return [*problems, *map(finding, report.bad), *context(report)]


def finding(item: Finding) -> Sentence:
    """One limit, and whose it is."""
    layer = ("layer '", Name(item.layer), "': ") if item.layer else ()
    check = (" (check '", Name(item.check), "')") if item.check else ()
    whose = (f" ({item.whose})",) if item.whose else ()
    return (*layer, item.message, *check, *whose)


def context(report: FileReport) -> Iterator[Sentence]:
    """Which layers hold the most, what changed, and what the project has to say of it."""
    if report.largest:
        yield ("the largest layers: ", *listed((path, f" {params:,}") for path, params in report.largest))
    if report.grown:
        changes = ((item.path, f" {item.delta:+,} ({item.kind})") for item in report.grown)
        yield ("since the baseline: ", *listed(changes))
    yield from ((hint,) for hint in report.hints)


def listed(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Names, each with what is said of it, commas between."""
    for index, (name, said) in enumerate(items):
        yield from ((", ",) if index else ())
        yield from (Name(name), said)
