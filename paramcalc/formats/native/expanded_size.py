"""A value → its size once expanded: a list that several others refer to counts in each of them.

A few lines of `vars` can make lists of lists of lists that are small as objects, and would take years to walk.
"""

from typing import Any

from paramcalc.formats.native.entry_facts import size_of
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.limits import MAX_DEPTH, MAX_EXPANDED_NODES, MAX_EXPANSION


def expanded_size(value: Any, most: int, named: int | None = None) -> int:
    """How many values a list or mapping holds, counting itself and everything in it; 1 for any other value.

    Raises:
        ExpressionError: when there are more than `most` (`named` in the message), or they are nested too deep.
    """
    count, depth = 1, 0
    level = [value]
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                item = item.values()
            elif type(item) is not list:
                continue
            count += len(item)
            if count > most:
                raise ExpressionError(f"written out, lists hold more than {named or most:,} values")
            below += item
        if below and depth > MAX_DEPTH:
            raise ExpressionError(f"written out, lists are nested more than {MAX_DEPTH} deep")
        level = below
    return count


class SizeBudget:
    """What the variables of a spec may hold together once they are expanded."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.most = self.left = max(MAX_EXPANDED_NODES, MAX_EXPANSION * size_of(raw))

    def take(self, value: Any) -> None:
        """Subtract a variable.

        Raises:
            ExpressionError: when it is too much.
        """
        self.left -= expanded_size(value, self.left, self.most)
