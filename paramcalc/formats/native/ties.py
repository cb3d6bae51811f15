"""Reads the `tied` of a spec or a block, groups of weights that are one tensor, into pairs of paths."""

from typing import Any

from paramcalc.errors import DocPath, echo
from paramcalc.formats.native.entry_facts import size_of
from paramcalc.formats.native.expanded_size import expanded_size
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.names import Scope
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.formats.native.values import value_in_scope
from paramcalc.limits import MAX_EXPANDED_NODES

Tie = tuple[str, str, DocPath]
"""The weight that owns the tensor, one tied to it, and the place in the document that ties them."""


def read_ties(raw: Any, scope: Scope, where: DocPath, problems: Problems) -> list[Tie]:
    """Pairs of tied weights, the first of its group and another; names are those in `scope`, here with whole paths."""
    if raw is None:
        return []
    try:
        groups = value_in_scope(raw, scope, where)
        expanded_size(groups, max(MAX_EXPANDED_NODES, size_of(raw)))
    except SpecError as error:
        problems.add(str(error), error.where)
        return []
    except ExpressionError as error:
        problems.add(f"tied: {error}", where)
        return []
    if not isinstance(groups, list):
        problems.add("tied: expected a list of lists of weights, such as [[embed.embeddings, head.kernel]]", where)
        return []
    return [
        tie
        for index, item in enumerate(groups)
        for group in (item if of_groups(item) else [item])
        for tie in read_group(group, scope, (*where, index), problems)
    ]


def of_groups(item: Any) -> bool:
    """Whether an item is a list of groups, which an expression can return."""
    return isinstance(item, list) and all(isinstance(group, list) for group in item)


def read_group(group: Any, scope: Scope, where: DocPath, problems: Problems) -> list[Tie]:
    """The pairs of one group: a list of weights, or `{weights: […], when: …}`."""
    if isinstance(group, dict) and group.keys() == {"weights", "when"}:
        if not isinstance(group["when"], bool):
            problems.add(f"when: expected true or false, got {echo(group['when'])}", (*where, "when"))
        if group["when"] is not True:
            return []
        where, group = (*where, "weights"), group["weights"]
    if not isinstance(group, list) or len(group) < 2 or not all(isinstance(name, str) for name in group):
        problems.add(f"tied: expected two or more weights, got {echo(group)}", where)
        return []
    first, *others = [scope.prefix + name for name in group]
    return [(first, other, (*where, number)) for number, other in enumerate(others, start=1)]
