"""A framework's rules for mapping the names in a checkpoint to those of an architecture, as data.

A rule renames a tensor, combines several into one weight (the experts of a mixture, stacked), or splits one into
several.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from paramcalc.shapes import format_shape

Dims = tuple[int, ...]

MAX_RENAMED = 256
"""The longest name that the rules are tried on; the longest in use have about 150 characters."""

NUMBER = r"(?:[0-9]+)\."
"""The meaning of `*.` in a pattern: a numbered module of a list."""


EACH = ("each",)
DEAL = ("deal",)
RENAMING = frozenset(("each", "halve", "plus"))
"""Operations of rules that rename (see `Rule`): they leave the shape alone."""


class Rule(NamedTuple):
    """What to do with a name in which a pattern is found.

    Attributes:
        pattern: one group per source, "g0", "g1", … targets: the replacement of the match; several for a tensor that is
        split.
        operations: how the shapes change: ("stack", axis), ("join", axis), ("chunk", axis), ("split", axis),
            ("transpose", axis, axis), and ("turn", axis, axis) for the same if the weight's shape requires it;
            ("turn_one", source, axis, axis) for the tensors of one source; ("merge", axis) merges an axis with the
            next; ("fold", axis, size) splits an axis in two, the second of that size; ("insert", axes, axis) adds an
            axis of size 1 that may have been left out. On its own, ("any",) says that the shape changes in an unknown
            way; ("each",) that each source has its own target; ("deal",), as the first, that the tensors of each source
            are dealt out to the targets in equal runs, by their numbers; ("halve",) and ("plus", number) how the number
            in the name changes.
        scope: the prefix of the names that the rule applies to, and what must follow it; None for all names.
    """

    pattern: re.Pattern[str]
    targets: tuple[str, ...]
    operations: tuple[tuple[str | int, ...], ...] = ()
    scope: tuple[str, ...] | None = None

    @property
    def renames(self) -> bool:
        """Whether the rule only renames: one tensor stays one, with the same shape."""
        if self.operations:
            return all(each[0] in RENAMING for each in self.operations)
        return len(self.targets) == 1

    def rename(self, name: str) -> tuple[str, int] | None:
        """The new name, and the source that was found; None if none was."""
        before = ""
        if self.scope is not None:
            scope = next((each for each in self.scope if name.startswith(each)), None)
            if scope is None:
                return None
            before, name = scope, name[len(scope) :]
        match = self.pattern.search(name)
        if match is None or match.lastgroup is None:
            return None
        source = int(match.lastgroup[1:])
        target = self.targets[source if EACH in self.operations else 0]
        if "\\1" in target:
            inner = match[self.pattern.groupindex[match.lastgroup] + 1]
            target = target.replace("\\1", renumbered(inner, self.operations))
        return before + name.replace(match[0], target, 1), source


def renumbered(text: str, operations: Iterable[tuple[str | int, ...]]) -> str:
    """The block number in a name after a rule's arithmetic."""
    for name, *rest in operations:
        if name == "halve":
            text = str(int(text) // 2)
        elif name == "plus":
            text = str(int(text) + int(rest[0]))
    return text


def rule(
    sources: Sequence[str],
    targets: Sequence[str],
    operations: Sequence[Sequence[str | int]],
    scope: Sequence[str] | None,
) -> Rule:
    """Make a rule from its data; the sources are regular expressions in which `*.` is the number of a module."""
    branches = []
    for index, source in sorted(enumerate(sources), key=lambda item: -len(item[1])):
        pattern = source.replace("*.", NUMBER)
        end = r"(?!\w)" if re.search("[a-zA-Z0-9]$", pattern) else ""  # the name ends there
        branches.append(f"(?P<g{index}>{pattern}{end})")
    return Rule(
        re.compile("|".join(branches)),
        tuple(targets),
        tuple([tuple(each) for each in operations]),
        None if scope is None else tuple(scope),
    )


class Naming(NamedTuple):
    """All rules for one architecture.

    Attributes:
        renames: rules that are all applied, one after another.
        converters: rules of which at most one is applied.
        base: the name of the base model within the model with a head: a checkpoint of either fits the other.
        ignored: patterns of tensors that a checkpoint may have although the model does not.
        expected: the weights that every checkpoint has; None for all.
    """

    renames: Sequence[Rule] = ()
    converters: Sequence[Rule] = ()
    base: str = ""
    ignored: re.Pattern[str] | None = None
    expected: frozenset[str] | None = None

    def target(self, name: str, distance: Callable[[str], int | None]) -> tuple[str, Rule | None, int]:
        """The architecture's name, the converter that applies, and which of its sources this is.

        Args:
            name: the name in the checkpoint.
            distance: how many parts of a name follow the path of its layer; None if there is no such layer.
        """
        converter, source, given = None, 0, name
        if len(name) <= MAX_RENAMED:
            for each in self.renames:
                name = (each.rename(name) or (name, 0))[0]
            for each in self.converters:
                found = each.rename(name)
                if found is not None:
                    (name, source), converter = found, each
                    break
        if name.rpartition(".")[2] == given.rpartition(".")[2] and nearer(distance(given), distance(name)):
            # the rule is for another layer: this is already the name of a weight
            name, converter, source = given, None, 0
        return placed(name, self.base, distance), converter, source

    def ignores(self, name: str) -> bool:
        """Whether the framework lets a tensor pass that is in no layer."""
        return self.ignored is not None and self.ignored.search(name) is not None


def placed(name: str, base: str, distance: Callable[[str], int | None]) -> str:
    """The name with or without the prefix of the base model, whichever is in a layer."""
    if not base:
        return name
    inner, outer = name.removeprefix(f"{base}."), f"{base}.{name}"
    here = distance(name)
    if inner != name and nearer(distance(inner), here):
        return inner
    return outer if nearer(distance(outer), here) else name


def nearer(distance: int | None, than: int | None) -> bool:
    """Whether one name is closer to a layer than another."""
    return distance is not None and (than is None or distance < than)


class ShapeError(ValueError):
    """Tensors that cannot be combined into one weight; the message is for the user."""


def combined(shapes: Iterable[Sequence[Dims]], operations: Iterable[tuple[str | int, ...]], parts: int) -> Dims:
    """The shape of one weight.

    Args:
        shapes: the shapes of its tensors, for each source of the rule.
        operations: the operations of the rule.
        parts: how many weights a tensor is split into.

    Raises:
        ShapeError: when they do not fit together.
    """
    groups = [list(group) for group in shapes]
    for name, *axes in operations:
        if name == "stack":
            groups = [[stacked(group, int(axes[0]))] for group in groups]
        elif name == "join":
            groups = [[joined([shape for group in groups for shape in group], int(axes[0]))]]
        elif name == "transpose":
            groups = [[transposed(shape, int(axes[0]), int(axes[1])) for shape in group] for group in groups]
        elif name == "turn_one":
            for group in groups[int(axes[0]) : int(axes[0]) + 1]:
                group[:] = [transposed(shape, int(axes[1]), int(axes[2])) for shape in group]
        elif name == "fold":
            groups = [[folded(shape, int(axes[0]), int(axes[1])) for shape in group] for group in groups]
        elif name == "merge":
            groups = [[merged(shape, int(axes[0])) for shape in group] for group in groups]
        elif name == "insert":
            groups = [[inserted(shape, int(axes[0]), int(axes[1])) for shape in group] for group in groups]
        elif name == "chunk":
            groups = [[chunked(shape, int(axes[0]), parts) for shape in group] for group in groups]
    found = [shape for group in groups for shape in group]
    if len(found) != 1:
        raise ShapeError(f"are {len(found)} tensors where one is needed")
    return found[0]


def stacked(shapes: Sequence[Dims], axis: int) -> Dims:
    """Equal shapes with a new axis."""
    odd = next((shape for shape in shapes if shape != shapes[0]), None)
    if odd is not None:
        raise ShapeError(f"are {format_shape(shapes[0])} and {format_shape(odd)}")
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


def joined(shapes: Sequence[Dims], axis: int) -> Dims:
    """Concatenated shapes, which are equal except for one axis."""
    first = shapes[0]
    for shape in shapes:
        if len(shape) <= axis or (shape[:axis], shape[axis + 1 :]) != (first[:axis], first[axis + 1 :]):
            raise ShapeError(f"are {format_shape(first)} and {format_shape(shape)}")
    return (*first[:axis], sum([shape[axis] for shape in shapes]), *first[axis + 1 :])


def transposed(shape: Dims, first: int, second: int) -> Dims:
    """The shape with two axes exchanged."""
    dims = list(shape)
    if max(first, second) >= len(dims):
        raise ShapeError(f"have {len(dims)} axes")
    dims[first], dims[second] = dims[second], dims[first]
    return tuple(dims)


def merged(shape: Dims, axis: int) -> Dims:
    """The shape with an axis merged with the next; unchanged if there is no next."""
    if axis + 1 >= len(shape):
        return shape
    return (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])


def folded(shape: Dims, axis: int, size: int) -> Dims:
    """The shape with an axis split in two, the second of a given size."""
    if axis >= len(shape) or shape[axis] % size:
        raise ShapeError(f"are {format_shape(shape)}, which is no multiple of {size}")
    return (*shape[:axis], shape[axis] // size, size, *shape[axis + 1 :])


def inserted(shape: Dims, axes: int, axis: int) -> Dims:
    """The shape with an axis of size 1 inserted, if it has fewer axes than it should."""
    return shape if len(shape) >= axes else (*shape[:axis], 1, *shape[axis:])


def chunked(shape: Dims, axis: int, parts: int) -> Dims:
    """One of several equal parts along an axis."""
    if axis >= len(shape) or shape[axis] % parts:
        raise ShapeError(f"are {format_shape(shape)}, which is not {parts} equal parts")
    return (*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])
