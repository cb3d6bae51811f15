"""A lower bound for the number of layers that entries expand to, known before any of them is built."""

from paramcalc.formats.native.entries import BlockEntry, BranchesEntry, Entry, GroupEntry, RepeatEntry
from paramcalc.limits import MAX_NESTED


class Minimum:
    """Counts the layers of lists of entries; a repeat of unknown length counts once."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}

    def of(self, entries: list[Entry], level: int = 0) -> int:
        """How many layers these entries make at least."""
        if level > MAX_NESTED:
            return 0
        key = id(entries)
        if key not in self.known:
            self.known[key] = 0  # ends the recursion for a block that uses itself, which is refused elsewhere
            self.known[key] = sum(self.of_entry(entry, level + 1) for entry in entries if "when" not in entry.common)
        return self.known[key]

    def of_entry(self, entry: Entry, level: int) -> int:
        """How many layers an entry makes at least."""
        if isinstance(entry, RepeatEntry):
            count = entry.count if type(entry.count) is int else 1
            return max(count, 0) * self.of(entry.layers, level)
        if isinstance(entry, BranchesEntry):
            return 1 + sum(self.of(branch, level) for branch in entry.branches)
        if isinstance(entry, GroupEntry):
            return self.of(entry.layers, level)
        if not isinstance(entry, BlockEntry):
            return 1
        return self.of(entry.block.layers, level)
