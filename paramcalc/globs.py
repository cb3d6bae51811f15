"""Globs over folders: `*`, `?`, `[…]` within a name, `**` for any number of folders.

`**` enters neither hidden folders nor links to folders: a link to a folder above would never end. Matching
keeps a set of states, each a number of parts already matched: a folder is read once, whatever the pattern.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile

MAGIC = frozenset("*?[")


def parts_of(pattern: str) -> list[str]:
    """The parts of a path or a pattern; what ends in `**` means every file below."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return [*parts, "*"] if parts and parts[-1] == "**" else parts


def find(pattern: str, root: str) -> Iterator[str]:
    """The files that a pattern names, as paths from `root`, in the order of their names."""
    parts = parts_of(pattern)
    plain = list(takewhile(MAGIC.isdisjoint, parts))
    start = ("/" if pattern.startswith("/") else "") + "/".join(plain)
    if len(plain) < len(parts):
        wanted = parts[len(plain) :]
        yield from walk(root, start, reach({0}, wanted), wanted)
    elif os.path.isfile(os.path.join(root, start)):
        yield start


def walk(root: str, folder: str, states: set[int], wanted: Sequence[str]) -> Iterator[str]:
    """The files below a folder that the rest of the pattern, from any of the states on, matches."""
    stack = [(folder, states, read(root, folder))]  # not recursion: folders may be nested thousands deep
    while stack:
        folder, states, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
            continue
        after = step(states, entry.name, wanted, through=not entry.is_symlink())
        path = os.path.join(folder, entry.name)
        if after and leads_to(entry.is_dir):
            stack.append((path, after, read(root, path)))
        elif len(wanted) in after and leads_to(entry.is_file):
            yield path


def read(root: str, folder: str) -> "Iterator[os.DirEntry[str]]":
    """The entries of a folder, sorted by name; none where it is not a folder or cannot be read."""
    try:
        return iter(sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name))
    except OSError:
        return iter(())


def leads_to(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; False where a link leads to something that we may not look at."""
    try:
        return kind()
    except OSError:
        return False


def step(states: set[int], name: str, wanted: Sequence[str], through: bool = True) -> set[int]:
    """The states after one more name; `through` says whether `**` may match it."""
    after = set()
    for at in states:
        if at == len(wanted):
            continue
        if wanted[at] != "**":
            if fits(name, wanted[at]):
                after.add(at + 1)
        elif through and not name.startswith("."):
            after.add(at)
    return reach(after, wanted)


def reach(states: set[int], wanted: Sequence[str]) -> set[int]:
    """The states, and those behind a `**`, which may match no folder at all."""
    for at, part in enumerate(wanted):
        if at in states and part == "**":
            states.add(at + 1)
    return states


def fits(name: str, part: str) -> bool:
    """Whether a name fits one part; hidden ones only when the part says so."""
    return fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))


def names(pattern: str, file: str, within: bool = False) -> bool:
    """Whether a pattern names a file (or, `within`, a folder that it is in); both are paths from the same folder."""
    wanted = parts_of(pattern)
    states = reach({0}, wanted)
    for name in parts_of(file):
        states = step(states, name, wanted)
        if within and len(wanted) in states:
            return True
    return len(wanted) in states
