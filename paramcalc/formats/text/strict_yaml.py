"""YAML text → plain values, straight from libyaml's event stream.

Without a composer or recursion: libyaml's composer crashes on 100,000 brackets and merges in exponential time, its
event stream does neither. Depth, aliases, duplicate keys and tags are checked while the values are built.

Why PyYAML: parsers in Rust or C++ (yaml-rs, ryaml, fastyaml-rs, py-yaml12, libfyaml) read 2,000 layers in 5 to 12 ms;
this takes 33, CSafeLoader 66, ruamel.yaml 173. But each of them applies tags or reads `010` as 10, most take the last
of duplicate keys or the first of two documents, and none gives the position of a value, which every error here
includes.
"""

import re
from itertools import islice
from typing import Any, NoReturn

import yaml

from paramcalc.errors import MAX_PROBLEMS, InputError, Position, Problem, echo
from paramcalc.formats.text import SECOND
from paramcalc.formats.text.scalars import FIRST, HugeIntegerError, resolve
from paramcalc.limits import (
    EVENTS_PER_CHARACTER,
    MAX_DEPTH,
    MAX_DIRECTIVES,
    MAX_EVENTS,
    MAX_EXPANDED_NODES,
    MAX_EXPANSION,
    MAX_INTEGER_DIGITS,
    MAX_TEXT,
)

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader, or PyYAML's own, as strict but ten times slower, if PyYAML was built without libyaml."""

_NUMBERS = frozenset(f"tag:yaml.org,2002:python/{name}" for name in ("long", "int", "float", "bool", "none"))
_WRAPPED = r"tag:yaml\.org,2002:python/object/apply:[\w.]+\.ListWrapper"
"""How tf.keras before 2.6 wrote a tracked list: `!!python/object/apply:….ListWrapper [[1]]` for `[1]`."""
_PYTHON = {
    "tag:yaml.org,2002:python/tuple": yaml.SequenceStartEvent,
    "tag:yaml.org,2002:python/unicode": yaml.ScalarEvent,
    "tag:yaml.org,2002:python/str": yaml.ScalarEvent,
    **dict.fromkeys(_NUMBERS, yaml.ScalarEvent),
}
"""Tags accepted on these kinds of values, and only in Keras files: Keras 1 and 2 wrote them (`to_yaml`).

The values are what they look like: a list, and text (quoted by Python 2, for which it was of another type).
"""
_MERGE = object()
_UNFINISHED = object()
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
_FORBIDDEN = rf"[{_CONTROL}\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
_FORBIDDEN_ASCII = f"[{_CONTROL}]"
"""The same for ASCII text, which takes a tenth of the time to compile."""
_ADVICE = {
    "exceeded maximum nesting depth": f"lists and mappings are nested more than {MAX_DEPTH} deep",  # of libyaml 0.2.6
    "found character '\\t' that cannot start any token": "a tab cannot indent YAML: use spaces",
    "found character that cannot start any token": "no YAML value can start with this character: quote it",
    "mapping values are not allowed in this context": "there is one ':' too many on this line, or its "
    "indentation does not fit the lines above",
    "could not find expected ':'": "this is not 'key: value': the ':' is missing",
    "found undefined alias": "no anchor (&name) comes before this alias",
}


def parse_yaml(text: str, name: str) -> tuple[Any, bool]:
    """The value of a YAML document (None if it is empty), and whether it contains infinities or NaN.

    Raises:
        InputError: with every problem up to the one that ends parsing.
    """
    bad = re.search(_FORBIDDEN_ASCII if text.isascii() else _FORBIDDEN, text)
    if bad:
        raise InputError(name, [_forbidden(text, bad.start())])
    check_directives(text, name)
    reader = _Reader(name)
    try:
        reader.run(text)
    except yaml.YAMLError as error:
        reader.problems.append(_syntax(error, text))
    value = reader.root[0] if reader.root else None
    if not (isinstance(value, dict) and "class_name" in value):
        for event in reader.tagged:
            reader.refuse_tag(event)
    if reader.problems:
        raise InputError(name, reader.problems)
    return value, reader.non_finite


def check_directives(text: str, name: str) -> None:
    """Refuse many directives: libyaml compares each `%TAG` with all before it, and a document has two or three.

    Raises:
        InputError: at the first one beyond the limit.
    """
    found = next(islice(re.finditer(r"^%", text, re.MULTILINE), MAX_DIRECTIVES, None), None) if "%" in text else None
    if found:
        place = Position(text.count("\n", 0, found.start()) + 1, 1)
        message = "the file has more directives (%TAG …) than any document needs"
        raise InputError(name, [Problem(message, position=place)])


class _Reader:
    """Builds the values from the events.

    Attributes:
        starts: for each open list or mapping, the number of nodes before it.
        heights: for each open one, the number of levels below it so far.
        sizes: anchor → the number of nodes and levels of its value, with aliases expanded.
        wrapped: the levels of those open lists that wrap the actual list.
        tagged: the first values with a tag that only a Keras file may have.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: list[Any] = []
        self.problems: list[Problem] = []
        self.tagged: list[Any] = []
        self.non_finite = False
        self.count = 0
        self.extra = 0
        self.documents = 0
        self.starts: list[int] = []
        self.heights: list[int] = [0]
        self.open_anchors: list[str | None] = []
        self.wrapped: set[int] = set()
        self.anchors: dict[str, Any] = {}
        self.sizes: dict[str, tuple[int, int]] = {}

    def run(self, text: str) -> None:
        """Process the events in one pass; `keys` is None while a list is being filled."""
        stack: list[tuple[Any, Any, Any]] = [(self.root, None, None)]
        container, keys, key = stack.pop()
        most = max(MAX_EVENTS, int(EVENTS_PER_CHARACTER * len(text)))
        for self.count, event in enumerate(iter(LOADER(text).get_event, None)):
            kind = event.__class__
            if self.count > most:
                self.fail(event, f"up to here, the file is made of {most:,} brackets and values, which no model's is")
            if kind is yaml.ScalarEvent:
                if keys is not None and key is None:
                    key = self.key(event, keys)
                    continue
                value = event.value
                if (event.implicit[0] and value[:1] in FIRST) or event.tag in _NUMBERS:
                    value = self.plain(event)
                elif len(value) > MAX_TEXT:
                    self.fail(event, f"a string is longer than {MAX_TEXT:,} characters")
                if event.tag is not None or event.anchor is not None:
                    self.mark(event, value)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self.open(event, keys is not None and key is None)
                stack.append((container, keys, key))
                container, keys = ({}, {}) if kind is yaml.MappingStartEvent else ([], None)
                key = None
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                value = self.close(container, keys)
                container, keys, key = stack.pop()
            elif kind is yaml.AliasEvent:
                value = self.alias(event, keys is not None and key is None)
            else:
                self.document(event)
                continue
            if keys is None:
                container.append(value)
            else:
                container[key] = value
                key = None

    def key(self, event: Any, keys: dict[Any, Any]) -> Any:
        """The next key of a mapping; a duplicate replaces the first and is reported as a problem."""
        key: Any = event.value
        if event.tag is not None or event.anchor is not None:
            self.mark(event, key)
        if event.implicit[0]:
            if key == "<<":
                key = _MERGE
            elif key[:1] in FIRST and not isinstance(self.plain(event), str):
                self.problem(event, f"a key must be text: quote it, '{key[:80]}'")
        if len(event.value) > MAX_TEXT:
            self.fail(event, f"a key is longer than {MAX_TEXT:,} characters")
        if key in keys:
            if "class_name" in keys and key == next(iter(keys)) and len(self.starts) == 1:
                self.fail(event, f"a second model {SECOND}")
            first = position(keys[key])
            self.problem(event, f"duplicate key {echo(event.value)}", (("first used here", first),))
        else:
            keys[key] = event
        return key

    def plain(self, event: Any) -> Any:
        """The value of an unquoted word."""
        try:
            value = resolve(event.value)
        except HugeIntegerError:
            digits = len(event.value.lstrip("+-"))
            self.problem(event, f"an integer of {digits:,} digits: at most {MAX_INTEGER_DIGITS} are read")
            return 0
        if isinstance(value, float) and not abs(value) < float("inf"):
            self.non_finite = True
        return value

    def refuse_tag(self, event: Any) -> None:
        """Report a tag, which is never applied."""
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self.problem(event, f"tags are not read: remove {tag[:80]}")

    def mark(self, event: Any, value: Any) -> None:
        """Register the tag and the anchor of a value; most tags are refused."""
        if event.tag is not None and (_PYTHON.get(event.tag) is event.__class__ or is_wrapped(event)):
            self.tagged += [event] if len(self.tagged) < MAX_PROBLEMS else []
        elif event.tag is not None:
            self.refuse_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
            self.sizes[event.anchor] = (1, 0)

    def open(self, event: Any, as_key: bool) -> None:
        """Begin a list or mapping."""
        if as_key:
            self.fail(event, "a key must be text, not a list or a mapping; braces that are text want quotes")
        if event.tag is not None or event.anchor is not None:
            self.mark(event, _UNFINISHED)
        self.starts.append(self.count + self.extra)
        self.heights.append(0)
        self.open_anchors.append(event.anchor)
        if event.tag is not None and is_wrapped(event):
            self.wrapped.add(len(self.starts))
        if len(self.starts) > MAX_DEPTH:
            self.fail(event, f"lists and mappings are nested more than {MAX_DEPTH} deep")

    def close(self, container: Any, keys: dict[Any, Any] | None) -> Any:
        """Finish a list or mapping."""
        height = self.heights.pop() + 1
        self.heights[-1] = max(self.heights[-1], height)
        start = self.starts.pop()
        anchor = self.open_anchors.pop()
        if len(self.starts) + 1 in self.wrapped:
            self.wrapped.remove(len(self.starts) + 1)
            container = container[0] if len(container) == 1 and isinstance(container[0], list) else container
        if keys and _MERGE in keys:
            container = self.merged(container, keys)
        if anchor is not None:
            self.anchors[anchor] = container
            self.sizes[anchor] = (self.count + self.extra - start, height)
        return container

    def merged(self, container: dict[Any, Any], keys: dict[Any, Any]) -> dict[Any, Any]:
        """Apply `<<`: the keys of other mappings come first, but its own and those of earlier mappings win."""
        others = container.pop(_MERGE)
        others = others if isinstance(others, list) else [others]
        result: dict[Any, Any] = {}
        for other in reversed(others):
            if not isinstance(other, dict):
                self.problem(keys[_MERGE], "<< merges a mapping, or a list of mappings")
                return container
            result |= other
        return result | container

    def alias(self, event: Any, as_key: bool) -> Any:
        """The value of an anchor: the same object, but counted as if written out."""
        if as_key:
            self.fail(event, f"a key must be text, not the alias *{event.anchor[:80]}")
        value = self.anchors.get(event.anchor, None)
        if event.anchor not in self.anchors:
            self.fail(event, f"there is no anchor &{event.anchor[:80]} before this alias")
        if value is _UNFINISHED:
            self.fail(event, f"the alias *{event.anchor[:80]} stands inside what it names: it would never end")
        size, height = self.sizes[event.anchor]
        self.extra += size
        self.heights[-1] = max(self.heights[-1], height)
        if len(self.starts) + height > MAX_DEPTH:
            self.fail(event, f"lists and mappings are nested more than {MAX_DEPTH} deep through this alias")
        if self.count + self.extra > max(MAX_EXPANDED_NODES, MAX_EXPANSION * self.count):
            self.fail(event, f"the aliases make the file larger than {MAX_EXPANDED_NODES:,} nodes")
        return value

    def document(self, event: Any) -> None:
        """Check that the file has only one document."""
        if event.__class__ is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                first = self.root[0] if self.root else None
                is_keras = isinstance(first, dict) and "class_name" in first
                advice = "; of several, Keras itself reads the last: keep that" if is_keras else ""
                self.fail(event, f"a second document begins here ('---'): a file holds one{advice}")

    def problem(self, event: Any, message: str, notes: Any = ()) -> None:
        """Add a problem and continue, until there are too many to show."""
        self.problems.append(Problem(message, None, None, position(event), notes))
        if len(self.problems) >= MAX_PROBLEMS:
            raise InputError(self.name, self.problems)

    def fail(self, event: Any, message: str) -> NoReturn:
        """Stop parsing with a problem."""
        self.problems.append(Problem(message, position=position(event)))
        raise InputError(self.name, self.problems)


def is_wrapped(event: Any) -> bool:
    """Whether an event begins a list that is a wrapper around the actual list."""
    if event.__class__ is not yaml.SequenceStartEvent or not event.tag:
        return False
    return re.fullmatch(_WRAPPED, event.tag) is not None


def position(event: Any) -> Position:
    """The position where an event, or a node, starts."""
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    """PyYAML's error with a position, and with advice for common mistakes."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = getattr(error, "problem", None) or "not readable as YAML"
    context = getattr(error, "context", None)
    message = _ADVICE.get(words)
    if message is None:
        message = f"not valid YAML: {words}" + (f" {context}" if context else "")
    if mark is None:
        return Problem(message)
    place = Position(mark.line + 1, mark.column + 1)
    lines = text.split("\n", place.line)
    if place.line <= len(lines) and lines[place.line - 1][place.column - 1 : place.column] == "\t":
        return Problem(_ADVICE["found character '\\t' that cannot start any token"], position=place)
    from paramcalc.formats.text.pitfalls import advise  # loaded only once a file is refused

    opening = getattr(error, "context_mark", None)
    if context == "while scanning a quoted scalar" and words == "found unexpected end of stream" and opening:
        return Problem("this quote is not closed", position=Position(opening.line + 1, opening.column + 1))
    if words.startswith(("exceeded", "found")):
        return Problem(message, position=place)
    flow = " flow " in (context or "")
    start = (getattr(error, "context_mark", None) if flow else None) or mark
    json = text.lstrip()[:1] in ("{", "[")  # the JSON reader explains what is wrong with it
    advice = None if json else advise(text, Position(start.line + 1, start.column + 1), place, flow, words)
    return Problem(advice.message, position=advice.place) if advice else Problem(message, position=place)


def _forbidden(text: str, at: int) -> Problem:
    """The problem of a character that YAML does not allow, or that ends a comment invisibly."""
    character = text[at]
    line = text.count("\n", 0, at) + 1
    place = Position(line, at - text.rfind("\n", 0, at))
    if character == "\x00":
        return Problem("a NUL character: this is not text, or it is UTF-16 without a byte order mark", position=place)
    code = f"U+{ord(character):04X}"
    if character in "\x85\u2028\u2029":
        return Problem(f"the character {code} ends a line, and a comment, invisibly: remove it", position=place)
    return Problem(f"the control character {code} is not allowed in YAML", position=place)
