"""Regular expressions from untrusted files, matched in time linear in the text.

Python's own engine backtracks, and a pattern in a file could keep it busy for ever. Here all alternatives are followed
at once (Thompson 1968, https://swtch.com/~rsc/regexp/regexp1.html), and the sets of states are cached. Supported is
what module names are matched with: letters, classes, groups, `|`, repeats, `^`, `$`, and lookahead at the very
beginning. Anything else is refused by name.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from paramcalc.errors import MAX_ECHO

MAX_PATTERN = 1_000
"""The longest pattern in characters; a list of every module by name may have hundreds."""
MAX_STATES = 4_000
"""The most states of a pattern: a counted repeat copies what it repeats."""
MAX_REPEAT = 1_000
MAX_DEPTH = 50

CLASSES = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S"}
ESCAPES = {"t": "\t", "n": "\n"}
EVERY = "[^\n]"
REPEAT = re.compile(r"[*+?]|\{(?!,?\})([0-9]{0,4})(,?)([0-9]{0,4})\}")


class PatternError(ValueError):
    """A pattern is invalid, or uses what is not supported; the message is for the user."""


Test = Callable[[str], bool]
"""A test of whether a step accepts a character."""


class Piece(NamedTuple):
    """A part of the automaton: its first and its last state."""

    start: int
    end: int


class Pattern:
    """One pattern.

    Raises:
        PatternError: if it is invalid, too large, or uses what is not supported.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise PatternError(f"a pattern of {len(text):,} characters, more than {MAX_PATTERN:,}, the limit")
        self.text = text
        self.at = 0
        self.steps: list[tuple[Test | str, int] | None] = []
        self.jumps: list[list[int]] = []
        self.looks: list[tuple[bool, Pattern]] = []
        self.known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self.look()
        piece = self.either(0)
        if self.at < len(text):
            raise self.wrong("an unbalanced parenthesis")
        self.first, self.last = piece.start, piece.end

    def wrong(self, what: str) -> PatternError:
        """The error for something in the pattern."""
        return PatternError(f"{what} in the pattern '{self.text[:MAX_ECHO]}'")

    # -- the text of the pattern → states ------------------------------------------------------------

    def look(self) -> None:
        """Lookaheads at the beginning: each is a pattern that the name must, or must not, begin with."""
        mark = self.at
        self.at += self.text.startswith("^")
        while self.text.startswith(("(?!", "(?="), self.at):
            end = self.closing(self.at)
            inner = self.text[self.at + 3 : end]
            self.looks.append((self.text[self.at + 2] == "=", Pattern(inner)))
            self.at = mark = end + 1
        self.at = mark

    def closing(self, start: int) -> int:
        """The end of the group that begins there."""
        depth, at = 0, start
        while at < len(self.text):
            letter = self.text[at]
            if letter == "\\":
                at += 1
            elif letter == "[":
                at = self.class_end(at)
            elif letter in "()":
                depth += 1 if letter == "(" else -1
                if not depth:
                    return at
            at += 1
        raise self.wrong("an unbalanced parenthesis")

    def class_end(self, start: int) -> int:
        """The end of a class in brackets."""
        at = start + 1 + self.text.startswith("^", start + 1)
        at += self.text.startswith("]", at)
        while at < len(self.text) and self.text[at] != "]":
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            raise self.wrong("a class without its end")
        return at

    def state(self) -> int:
        """A new state."""
        if len(self.steps) >= MAX_STATES:
            raise self.wrong("too many repeats")
        self.steps.append(None)
        self.jumps.append([])
        return len(self.steps) - 1

    def either(self, depth: int) -> Piece:
        """Alternatives, with `|` between them."""
        if depth > MAX_DEPTH:
            raise self.wrong("groups nested too deep")
        ways = [self.sequence(depth)]
        while self.text.startswith("|", self.at):
            self.at += 1
            ways.append(self.sequence(depth))
        if len(ways) == 1:
            return ways[0]
        start, end = self.state(), self.state()
        for way in ways:
            self.jumps[start].append(way.start)
            self.jumps[way.end].append(end)
        return Piece(start, end)

    def sequence(self, depth: int) -> Piece:
        """Items one after another."""
        start = end = self.state()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            piece = self.repeated(depth)
            self.jumps[end].append(piece.start)
            end = piece.end
        return Piece(start, end)

    def repeated(self, depth: int) -> Piece:
        """One item with its repeat; greedy or lazy makes no difference for a full match."""
        begin = self.at
        piece = self.item(depth)
        item = self.text[begin : self.at]
        least, most = self.repeats()
        if self.at > begin + len(item) and (item in ("^", "$", r"\A", r"\Z") or self.is_repeat()):
            raise self.wrong("a repeat of a repeat, or of nothing,")
        if (least, most) == (1, 1):
            return piece
        start = end = self.state()
        for number in range(max(least, 1) if most is None else most):
            if number:  # a copy of the item: its text is parsed again
                resume, self.at = self.at, begin
                piece = self.item(depth)
                self.at = resume
            self.jumps[end].append(piece.start)
            if number >= least:
                self.jumps[end].append(piece.end)
            end = piece.end
        if most is None:
            self.jumps[piece.end].append(piece.start)
            if least == 0:
                self.jumps[start].append(end)
        return Piece(start, end)

    def is_repeat(self) -> bool:
        """Whether another repeat follows."""
        return REPEAT.match(self.text, self.at) is not None

    def repeats(self) -> tuple[int, int | None]:
        """The least and the most times that an item is repeated."""
        found = REPEAT.match(self.text, self.at)
        if found is None:
            return 1, 1
        self.at = found.end()
        self.at += self.text.startswith("?", self.at)
        if self.text.startswith("+", self.at):
            raise self.wrong("a possessive repeat")
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[0])
        if simple is not None:
            return simple
        least = int(found[1] or 0)
        most = int(found[3]) if found[3] else None if found[2] else least
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise self.wrong(f"the repeat {found[0]}")
        return least, most

    def item(self, depth: int) -> Piece:
        """A character, a class, a group, or the beginning or end of the name."""
        letter = self.text[self.at]
        if letter == "(":
            return self.group(depth)
        if letter in "*+?":
            raise self.wrong("a repeat of nothing")
        start, end = self.state(), self.state()
        if letter == "[":
            stop = self.class_end(self.at)
            self.steps[start] = self.tester(self.text[self.at : stop + 1]), end
            self.at = stop + 1
        elif letter == "\\":
            self.steps[start] = self.escape(), end
        elif letter in "^$":
            self.steps[start] = letter, end
            self.at += 1
        else:
            self.steps[start] = self.tester(EVERY if letter == "." else re.escape(letter)), end
            self.at += 1
        return Piece(start, end)

    def group(self, depth: int) -> Piece:
        """The content of parentheses."""
        opening = re.compile(r"\((?:\?:|\?P<\w+>)?(?!\?)").match(self.text, self.at)
        if opening is None:
            raise self.wrong(f"'{self.text[self.at : self.at + 3]}', which is read only at the beginning,")
        self.at = opening.end()
        piece = self.either(depth + 1)
        if not self.text.startswith(")", self.at):
            raise self.wrong("an unbalanced parenthesis")
        self.at += 1
        return piece

    def escape(self) -> Test | str:
        """The meaning of a backslash with the next character."""
        letter = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if letter in CLASSES:
            return self.tester(CLASSES[letter])
        if letter in ("A", "Z"):
            return "^" if letter == "A" else "$"
        if not letter or (letter.isalnum() and letter not in ESCAPES):
            raise self.wrong(f"'\\{letter}', which is not read,")
        return self.tester(re.escape(ESCAPES.get(letter, letter)))

    def tester(self, single: str) -> Test:
        """A test of one character by Python's own engine, which is fast for a single character."""
        try:
            compiled = re.compile(single)
        except re.error:
            raise self.wrong(f"the class {single[:20]}") from None
        return lambda letter: compiled.match(letter) is not None

    # -- a name through the states -------------------------------------------------------------------

    def fullmatch(self, name: str) -> bool:
        """Whether the pattern matches a whole name."""
        return self.last in self.run(name) and self.looks_right(name)

    def matches(self, name: str) -> bool:
        """Whether the pattern matches the beginning of a name."""
        states = self.closure([self.first], True, not name)
        for place, letter in enumerate(name):
            if self.last in states:
                return self.looks_right(name)
            states = self.step(states, letter, place + 1 == len(name))
        return self.last in states and self.looks_right(name)

    def looks_right(self, name: str) -> bool:
        """Whether the lookaheads hold."""
        return all(inner.matches(name) == wanted for wanted, inner in self.looks)

    def run(self, name: str) -> frozenset[int]:
        """The states after a whole name."""
        states = self.closure([self.first], True, not name)
        for place, letter in enumerate(name):
            states = self.step(states, letter, place + 1 == len(name))
        return states

    def step(self, states: frozenset[int], letter: str, last: bool) -> frozenset[int]:
        """The states after one more character."""
        key = states, letter + "$" if last else letter
        found = self.known.get(key)
        if found is None:
            reached = []
            for state in states:
                step = self.steps[state]
                if step is not None and not isinstance(step[0], str) and step[0](letter):
                    reached.append(step[1])
            found = self.known[key] = self.closure(reached, False, last)
        return found

    def closure(self, states: Iterable[int], first: bool, last: bool) -> frozenset[int]:
        """These states, and all that are reached from them without consuming a character."""
        found: set[int] = set()
        stack = list(states)
        while stack:
            state = stack.pop()
            if state in found:
                continue
            found.add(state)
            stack += self.jumps[state]
            step = self.steps[state]
            if step is not None and ((step[0] == "^" and first) or (step[0] == "$" and last)):
                stack.append(step[1])
        return frozenset(found)
