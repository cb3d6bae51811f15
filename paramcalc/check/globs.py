"""Globs over folders: `*`, `?` and `[…]` within a name, `**` for any number of folders.

`**` enters neither hidden folders nor links to folders, as a link to a folder above would never end. Skipped folders
that may contain matches are reported: a gate must not pass because it did not look. Matching keeps a set of states,
each a number of parts matched so far, so that a folder is read once, whatever the pattern.
"""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile

from paramcalc.errors import why
from paramcalc.limits import MAX_LINKED_FOLDERS

MAGIC = frozenset("*?[")


def parts_of(pattern: str) -> list[str]:
    """The parts of a path or a pattern; a final `**` means every file below."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return [*parts, "*"] if parts and parts[-1] == "**" else parts


class Search:
    """The search for one pattern, from a folder on.

    Attributes:
        faults: folders that could not be searched although they may contain matches, as paths from `root`, and why.
    """

    def __init__(self, pattern: str, root: str) -> None:
        parts = parts_of(pattern)
        plain = list(takewhile(MAGIC.isdisjoint, parts))
        self.root = root
        self.start = ("/" if pattern.startswith("/") else "") + "/".join(plain)
        self.wanted = parts[len(plain) :]
        self.faults: dict[str, str] = {}
        self._behind_links = 0

    def files(self) -> Iterator[str]:
        """The matches of the pattern, as paths from `root`, sorted by name.

        Anything but folders: broken links and pipes are reported by whoever reads them.
        """
        if not self.wanted:
            place = os.path.join(self.root, self.start)
            if os.path.lexists(place) and not os.path.isdir(place):
                yield self.start
            return
        # Not recursive: folders may be nested thousands deep.
        stack = [(self.start, reach({0}, self.wanted), self._read(self.start), False)]
        while stack:
            folder, states, entries, behind = stack[-1]
            entry = next(entries, None)
            if entry is None:
                stack.pop()
                continue
            path = os.path.join(folder, entry.name)
            after, is_folder = self._step(states, entry, path)
            if not is_folder and len(self.wanted) in after:
                yield path
            elif is_folder and self._leads_on(after):
                behind = behind or entry.is_symlink()
                if not (behind and self._is_endless(path)):
                    stack.append((path, after, self._read(path), behind))

    def _step(self, states: set[int], entry: "os.DirEntry[str]", path: str) -> tuple[set[int], bool]:
        """The states after an entry, and whether the entry is a folder."""
        after = step(states, entry.name, self.wanted)
        if not after:
            return after, False
        try:
            is_folder = entry.is_dir()
        except OSError as error:  # a link to something that may not be inspected
            is_folder = False
            if self._leads_on(after):
                self.faults[path] = f"the folder cannot be searched: {why(error)}"
        if is_folder and entry.is_symlink():
            followed = step(states, entry.name, self.wanted, through=False)
            if not self._is_elsewhere(path, after - followed):
                self.faults[path] = f"a link to a folder, which ** does not follow: name {path}/** too, or exclude it"
            after = followed
        return after, is_folder

    def _leads_on(self, states: set[int]) -> bool:
        """Whether anything in a folder may match."""
        return any(state < len(self.wanted) for state in states)

    def _is_elsewhere(self, path: str, states: set[int]) -> bool:
        """Whether the pattern finds the content of a linked folder at its real place: the link is not followed."""
        states = states - {len(self.wanted)}
        top, own = (os.path.realpath(os.path.join(self.root, place)) for place in (self.start, path))
        if not states or os.path.commonpath([top, own]) != top:
            return not states
        found = reach({0}, self.wanted)
        for name in os.path.relpath(own, top).split(os.sep) if own != top else ():
            found = step(found, name, self.wanted)
        return states <= found

    def _is_endless(self, path: str) -> bool:
        """Whether there are so many folders behind links that the links must form a cycle."""
        self._behind_links += 1
        if self._behind_links > MAX_LINKED_FOLDERS:
            self.faults[self.start or os.curdir] = f"more than {MAX_LINKED_FOLDERS:,} folders are behind links in it"
        return self._behind_links > MAX_LINKED_FOLDERS

    def _read(self, folder: str) -> "Iterator[os.DirEntry[str]]":
        """The entries of a folder, sorted by name."""
        try:
            return iter(sorted(os.scandir(os.path.join(self.root, folder)), key=lambda entry: entry.name))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            self.faults[folder] = f"the folder cannot be searched: {why(error)}"
        return iter(())


def step(states: set[int], name: str, wanted: Sequence[str], through: bool = True) -> set[int]:
    """The states after another name; `through` says whether `**` may match it."""
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
    """The states and those after a `**`, which may match no folder at all."""
    for at, part in enumerate(wanted):
        if at in states and part == "**":
            states.add(at + 1)
    return states


def fits(name: str, part: str) -> bool:
    """Whether a name matches one part; hidden names only if the part begins with a dot."""
    return fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))


def begins(pattern: str, folder: str) -> bool:
    """Whether a pattern begins with the name of a folder."""
    parts = parts_of(folder)
    return parts_of(pattern)[: len(parts)] == parts


def names(pattern: str, file: str, within: bool = False) -> bool:
    """Whether a pattern matches a file (or, if `within`, a folder around it); both paths start from the same folder."""
    wanted = parts_of(pattern)
    states = reach({0}, wanted)
    for name in parts_of(file):
        states = step(states, name, wanted)
        if within and len(wanted) in states:
            return True
    return len(wanted) in states
