"""How the names in a checkpoint become those of an architecture: rules that a framework has for that, as data.

A rule renames a tensor, or makes one weight of several (the experts of a mixture, stacked), or several of one.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from paramcalc.shapes import format_shape

Dims = tuple[int, ...]

MAX_RENAMED = 256
"""Characters of a name that the rules are tried on; the longest in use have about 150."""

NUMBER = r"(?:[0-9]+)\."
"""What `*.` in a pattern stands for: a module of a list, by its number."""


EACH = ("each",)
RENAMING = frozenset(("each", "halve", "plus"))
"""Operations of rules that rename (see `Rule`): they leave the shape alone."""


class Rule(NamedTuple):
    """What becomes of a name that a pattern is found in.

    Attributes:
        pattern: one group a source, "g0", "g1", …
        targets: what takes the place of what was found; several for a tensor that is cut.
        operations: what becomes of the shapes: ("stack", axis), ("join", axis), ("chunk", axis), ("split", axis),
            ("transpose", axis, axis), and ("turn", axis, axis) for the same where the shape needs it; ("turn_one",
            source, axis, axis) for the tensors of one source; ("merge", axis) makes an axis and the next one; ("fold",
            axis, size) makes two of one, the second of that size; ("insert", axes, axis) adds an axis of one that may
            have been left out. Alone, ("any",) says that the shape is another in a way that is not known; ("each",)
            that each source has its own target; ("halve",) and ("plus", number) what becomes of the number in it.
        scope: the rule is for names that begin so, and what comes after; None for all.
    """

    pattern: re.Pattern[str]
    targets: tuple[str, ...]
    operations: tuple[tuple[str | int, ...], ...] = ()
    scope: tuple[str, ...] | None = None

    @property
    def renames(self) -> bool:
        """Whether one tensor stays one, of the same shape."""
        if self.operations:
            return all(each[0] in RENAMING for each in self.operations)
        return len(self.targets) == 1

    def rename(self, name: str) -> tuple[str, int] | None:
        """The new name, and which source was found; None where none was."""
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
    """What a rule makes of the number of a block in a name."""
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
    """A rule of its data; the sources are regular expressions in which `*.` is the number of a module."""
    branches = []
    for index, source in sorted(enumerate(sources), key=lambda item: -len(item[1])):
        pattern = source.replace("*.", NUMBER)
        end = r"(?!\w)" if re.search("[a-zA-Z0-9]$", pattern) else ""  # a name ends there
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
        renames: all of them are applied, one after the other.
        converters: at most one is.
        base: the name that the model without its head has in the one with it: a checkpoint of either fits the other.
        ignored: what a checkpoint may hold though the model does not.
        expected: the weights that every checkpoint has; None for all.
    """

    renames: Sequence[Rule] = ()
    converters: Sequence[Rule] = ()
    base: str = ""
    ignored: re.Pattern[str] | None = None
    expected: frozenset[str] | None = None

    def target(self, name: str, distance: Callable[[str], int | None]) -> tuple[str, Rule | None, int]:
        """The architecture's name, the converter that it comes from, and which of its sources it is.

        Args:
            name: the name in the checkpoint.
            distance: how many parts of a name are those of a weight, behind that of the layer; None where there is
                no layer.
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
            name, converter, source = given, None, 0  # a rule for another layer: this is a weight of that name
        return placed(name, self.base, distance), converter, source

    def ignores(self, name: str) -> bool:
        """Whether the framework lets a tensor pass that is in no layer."""
        return self.ignored is not None and self.ignored.search(name) is not None


def placed(name: str, base: str, distance: Callable[[str], int | None]) -> str:
    """The name with the base model's before it, or without, whichever is that of a layer."""
    if not base:
        return name
    inner, outer = name.removeprefix(f"{base}."), f"{base}.{name}"
    here = distance(name)
    if inner != name and nearer(distance(inner), here):
        return inner
    return outer if nearer(distance(outer), here) else name


def nearer(distance: int | None, than: int | None) -> bool:
    """Whether a name is closer to a layer than another is."""
    return distance is not None and (than is None or distance < than)


class ShapeError(ValueError):
    """Tensors that do not make one weight together; in words for the user."""


def combined(shapes: Iterable[Sequence[Dims]], operations: Iterable[tuple[str | int, ...]], parts: int) -> Dims:
    """The shape of one weight.

    Args:
        shapes: those of the tensors that it is made from, for each source of the rule.
        operations: what the rule does with them.
        parts: how many weights a tensor is cut into.

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
    """Shapes that are equal but for one axis, one after the other along it."""
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
    """The shape with an axis and the next as one; as it is where there is no next."""
    if axis + 1 >= len(shape):
        return shape
    return (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])


def folded(shape: Dims, axis: int, size: int) -> Dims:
    """The shape with an axis as two, the second of a given size."""
    if axis >= len(shape) or shape[axis] % size:
        raise ShapeError(f"are {format_shape(shape)}, which is no multiple of {size}")
    return (*shape[:axis], shape[axis] // size, size, *shape[axis + 1 :])


def inserted(shape: Dims, axes: int, axis: int) -> Dims:
    """The shape with as many axes as it should have, one of them of size 1."""
    return shape if len(shape) >= axes else (*shape[:axis], 1, *shape[axis:])


def chunked(shape: Dims, axis: int, parts: int) -> Dims:
    """One of several equal parts along an axis."""
    if axis >= len(shape) or shape[axis] % parts:
        raise ShapeError(f"are {format_shape(shape)}, which is not {parts} equal parts")
    return (*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])
