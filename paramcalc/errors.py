"""Errors are values with a location until the command line prints them.

Formulas raise `LayerError`: they know nothing of files. Readers and `summarize` collect
`Problem`s, each with the place in the document it is about, and raise them together as one
`InputError`. Each class knows the exit code it ends in.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

MAX_PROBLEMS = 20
"""An error fills one screen: problems past this many are only counted."""

MAX_LINES = 24
"""A screen has this many lines."""

MAX_ECHO = 80
"""An echoed value is cut at this many characters."""

MAX_MESSAGE = 1_000
"""A message is cut at this many characters: a list of a million sizes helps nobody."""

MAX_LISTED = 20
"""How many names a message lists."""

MAX_CANDIDATES = 500
"""How many names are compared with a misspelt one …"""

MAX_COMPARED = 64
"""… comparing this many of their first characters."""

MIN_RATIO = 0.6
"""How similar a name must be: the share of letters that both have in common."""

DocPath = tuple[str | int, ...]
"""Where in a document: `("layers", 3, "Conv2D", "filters")`."""


class Key(str):
    """The last step of a place, where the key itself is wrong and not its value."""

    __slots__ = ()


def at_key(where: DocPath) -> DocPath:
    """The place of the key itself."""
    return (*where[:-1], Key(where[-1])) if where and isinstance(where[-1], str) else where


class Position(NamedTuple):
    """A place in a text file, both numbers counted from 1."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing that is wrong with an input.

    Attributes:
        message: what is wrong and what would be right.
        where: the place in the document, if known.
        layer: the layer it is about, as `'conv2' (Conv2D)`.
        position: line and column, looked up when the error is about to be shown.
        notes: further places that help, such as where a block was used.
    """

    message: str
    where: DocPath | None = None
    layer: str | None = None
    position: Position | None = None
    notes: tuple[tuple[str, DocPath | Position], ...] = ()


class ParamcalcError(Exception):
    """Anything paramcalc refuses; `exit_code` is what the command line ends in.

    A message is cut at `MAX_MESSAGE` characters, whatever it quotes.
    """

    exit_code = 2

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*[clipped(item) if isinstance(item, str) else item for item in arguments])

    def lines(self) -> list[str]:
        """What to print, a line each; a line break inside a message does not make another."""
        return [str(self)]


class LayerError(ParamcalcError):
    """A layer cannot take these inputs or these fields; raised by formulas, located by callers."""


class UnknownDimensionError(LayerError):
    """A weight needs a dimension that is unknown; `axis` says which one of the first input."""

    def __init__(self, message: str, axis: int) -> None:
        super().__init__(message)
        self.axis = axis


class InputError(ParamcalcError):
    """All the problems of one input, in the order of the file.

    Attributes:
        source: the name of the file, as the user gave it.
        problems: what is wrong; never empty.
    """

    def __init__(self, source: str, problems: list[Problem]) -> None:
        super().__init__(source, problems)
        self.source = source
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """At most `MAX_PROBLEMS` problems on at most `MAX_LINES` lines."""
        lines: list[str] = []
        for index, problem in enumerate(self.problems):
            found = problem_lines(self.source, problem)
            if index == MAX_PROBLEMS or len(lines) + len(found) >= MAX_LINES:
                lines += found[: MAX_LINES - 1] if not lines else []
                lines.append(f"{self.source}: and {len(self.problems) - max(index, 1):,} more")
                break
            lines += found
        return lines


def located(problem: Problem, locate: Callable[[DocPath], Position | None]) -> Problem:
    """The problem with line and column, as for its notes; only called when it is about to be shown."""
    position = problem.position
    if position is None and problem.where is not None:
        position = locate(problem.where)
    notes = [(note, place if isinstance(place, Position) else locate(place) or place) for note, place in problem.notes]
    return problem._replace(position=position, notes=tuple(notes))


def problem_lines(source: str, problem: Problem) -> list[str]:
    """`model.yaml:12:15: layer 'conv2' (Conv2D): kernel_size 7 is larger than …`, then its notes."""
    place = source
    if problem.position is not None:
        place += f":{problem.position.line}:{problem.position.column}"
    layer = f"layer {problem.layer}: " if problem.layer else ""
    notes = [
        f"  {source}:{position.line}:{position.column}: {note}"
        for note, position in problem.notes
        if isinstance(position, Position)
    ]
    return [f"{place}: {layer}{problem.message}", *notes]


def echo(value: object) -> str:
    """A value as an error message shows it: one line, at most `MAX_ECHO` characters, constants spelt as in files."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = "".join(islice(repr_parts(value), MAX_ECHO + 1))
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def repr_parts(value: object) -> Iterator[str]:
    """The `repr` of a value piece by piece, so that of a long list only the beginning is ever built."""
    if type(value) is str:
        yield repr(value[: MAX_ECHO + 1])
    elif type(value) is list:
        for index, item in enumerate(value):
            yield ", " if index else "["
            yield from repr_parts(item)
        yield "]" if value else "[]"
    elif type(value) is dict:
        for index, (key, item) in enumerate(value.items()):
            yield ", " if index else "{"
            yield f"{''.join(repr_parts(key))}: "
            yield from repr_parts(item)
        yield "}" if value else "{}"
    else:
        yield repr(value)


def why(error: OSError) -> str:
    """The reason the operating system gives, as a part of a sentence."""
    return (error.strerror or type(error).__name__).lower()


def clipped(message: str) -> str:
    """The message, or its beginning."""
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def listed(names: Collection[str]) -> str:
    """`a, b, c`, and the number of those left out."""
    shown = ", ".join([name[:MAX_ECHO] for name in islice(names, MAX_LISTED)])
    return shown if len(names) <= MAX_LISTED else f"{shown} and {len(names) - MAX_LISTED:,} more"


def unknown_keys(given: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The unknown keys of a mapping, each with the suggestion of `did_you_mean`."""
    return ((key, did_you_mean(str(key), known)) for key in given if key not in known)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'filters'?`, or nothing when no known name is similar."""
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near is not None else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to a wrong one; None if none is similar."""
    from difflib import SequenceMatcher  # only loaded once something is wrong

    wanted = name[:MAX_COMPARED].lower()
    if isinstance(known, set | frozenset):  # a set has no order: the last in the alphabet wins, as in difflib
        known = sorted(known, reverse=True)
    lowered = {candidate[:MAX_COMPARED].lower(): candidate for candidate in islice(known, MAX_CANDIDATES)}
    ratios = {candidate: SequenceMatcher(None, candidate, wanted).ratio() for candidate in likely(wanted, lowered)}
    near = max(ratios, key=ratios.__getitem__, default=None)  # of equally similar ones, the first
    return lowered[near] if near is not None and ratios[near] >= MIN_RATIO else None


def likely(name: str, candidates: Iterable[str]) -> list[str]:
    """The names that share most pairs of letters with `name`: a full comparison with all of them is too slow."""
    pairs = letter_pairs(name)

    def alike(candidate: str) -> float:
        others = letter_pairs(candidate)
        return len(pairs & others) / (len(pairs) + len(others))

    return sorted(candidates, key=alike, reverse=True)[:4]


def letter_pairs(word: str) -> set[str]:
    """`{" u", "un", "ni", "it", "ts", "s "}` for `units`."""
    word = f" {word} "
    return {word[at : at + 2] for at in range(len(word) - 1)}
