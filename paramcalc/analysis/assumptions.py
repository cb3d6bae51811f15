"""What the user says of layers whose code is not in the file: `LAYER=SHAPE` or `LAYER=SHAPE:PARAMETERS`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.errors import LayerError, ParamcalcError, Problem, echo
from paramcalc.layers.unknown import Unknown
from paramcalc.limits import MAX_GLOB, MAX_GLOB_WORK, MAX_GLOBS
from paramcalc.model import Model, Node
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK, Shape
from paramcalc.units import parse_count

if TYPE_CHECKING:
    from paramcalc.layers.custom import Custom

MAGIC = "*?["
"""What makes a name a glob."""


class Assumption(Struct, frozen=True):
    """What is assumed about one layer, or about all layers of a class.

    Attributes:
        output: the output shape, batch first; "same" for that of the first input; None if not given.
        params: how many parameters it has; None if not given.
        optional: whether it may match no layer of a model, as when one assumption is given for many files.
    """

    output: Shape | str | None = None
    params: int | None = None
    optional: bool = False


def parse_assumption(value: Any) -> Assumption:
    """`same`, `7,7,64`, `[7, 7, 64]`, `same:0`, `128:1.2M`, `:0`; shapes are without the batch, which is left out here.

    Raises:
        ParamcalcError: for anything else.
    """
    if isinstance(value, list):
        return Assumption(dims_of([str(dim) if dim is not None else "?" for dim in value], value))
    if not isinstance(value, str):
        raise ParamcalcError(f"expected a shape such as 7,7,64, or same, got {echo(value)}")
    shape, colon, count = value.partition(":")
    params = parse_count(count.strip()) if colon else None
    if params is not None and params > MAX_DIMENSION:
        raise ParamcalcError(f"a layer holds at most {MAX_DIMENSION:,} assumed parameters, got {echo(count)}")
    shape = shape.strip()
    if shape == "same" or (not shape and colon):
        return Assumption(shape or None, params)
    return Assumption(dims_of(shape.split(","), value), params)


def dims_of(parts: Sequence[str], value: Any) -> Shape:
    """The sizes of a shape as they are written; `?` is an unknown one."""
    dims = [part.strip() for part in parts]
    sizes = [None if dim == "?" else size_of(dim) for dim in dims]
    if not 0 < len(sizes) < MAX_RANK or any(size is not None and not 0 < size <= MAX_DIMENSION for size in sizes):
        raise ParamcalcError(f"expected a shape such as 7,7,64 or 3,?,64, or same, got {echo(value)}")
    return tuple(sizes)


def size_of(text: str) -> int:
    """The integer that a text spells; 0 if it is none, or too large for a size."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0


def parse_assumptions(value: Any, optional: bool = False) -> dict[str, Assumption]:
    """A mapping of layers to what is assumed of them, as a configuration writes it.

    Raises:
        ParamcalcError: for anything else.
    """
    if not isinstance(value, dict) or len(value) > MAX_GLOBS:
        raise ParamcalcError(
            "assume is a mapping of layers, or globs of them, to what they output: {FixedDropout: same}"
        )
    found = {}
    for name, item in value.items():
        if not isinstance(name, str) or not 0 < len(name) <= MAX_GLOB:
            raise ParamcalcError(f"assume: expected the name of a layer or a class, got {echo(name)}")
        try:
            assumption = parse_assumption(item)
        except ParamcalcError as error:
            raise ParamcalcError(f"assume: {name[:60]}: {error}") from None
        found[name] = Assumption(assumption.output, assumption.params, optional)
    return found


def named(name: str, said: Mapping[str, Any]) -> str | None:
    """The key of the assumption about a class: its name, or the first glob that matches it; None if there is none."""
    if name in said:
        return name
    return next((glob for glob in said if not set(glob).isdisjoint(MAGIC) and fits(name, glob)), None)


class Assumptions:
    """All assumptions, by path, class name, or a glob of either.

    A path goes before a class, and a class before globs, of which the first counts.
    """

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = {name: as_assumption(value) for name, value in said.items()}
        self.globs = [name for name in said if not set(name).isdisjoint(MAGIC)]
        self.compared = 0

    def of(self, node: Node) -> Assumption | None:
        """The assumption about a layer.

        Raises:
            LayerError: when too many layers were compared with too many globs.
        """
        if not self.said:
            return None
        path, kind = node.path, node.instance.type
        found = self.said.get(path) or self.said.get(kind)
        if found is None and self.globs:
            self.compared += len(self.globs)
            if self.compared > MAX_GLOB_WORK:
                raise LayerError("too many globs are assumed of so many layers: name classes without * or ?")
            found = next((self.said[glob] for glob in self.globs if matches(glob, path, kind)), None)
        return found

    def unused(self, model: Model) -> list[Problem]:
        """A problem for each name that matches no layer of the model, which must be a mistake."""
        names = [name for name, item in self.said.items() if not item.optional]
        known = {name for node in model.nodes for name in (node.path, node.instance.type)} if names else set()
        return [
            Problem(f"--assume names '{name}', but there is no such layer, nor a class of layers")
            for name in names
            if name not in known and not (name in self.globs and any(fits(item, name) for item in known))
        ]


def matches(glob: str, path: str, kind: str) -> bool:
    """Whether a glob names a layer by its path or by its class."""
    return fits(kind, glob) or fits(path, glob)


def fits(name: str, glob: str) -> bool:
    """Whether a glob matches a name."""
    from fnmatch import fnmatchcase  # loaded only where something is assumed

    return fnmatchcase(name, glob)


def with_own(model: Model, batch: Shape, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The user's assumptions together with the file's own, which apply where the user gives none.

    Args:
        model: the model.
        batch: the batch, as a shape with one axis, to put before the shapes in the file.
        said: the user's assumptions.
    """
    own = {name: with_batch(item, batch) for name, item in model.assumed.items() if named(name, said) is None}
    return {**said, **own}


def with_batch(said: Assumption, batch: Shape) -> Assumption:
    """The assumption with a batch before its shape."""
    if isinstance(said.output, str) or said.output is None:
        return said
    return replace(said, output=(*batch, *said.output))


def as_assumption(value: Any) -> Assumption:
    """An assumption as a caller of the library may give it: a shape, batch first, or "same"."""
    return value if isinstance(value, Assumption) else Assumption(value if value == "same" else tuple(value))


def settled(node: Node, said: Assumption | None, recorded: bool) -> "Custom | None":
    """A layer to use in place of an unknown one, if everything that matters about it is known; else None.

    A Lambda holds no weights in Keras; `recorded` says whether the output shape that it recorded may be used.
    """
    layer = node.instance.layer
    weightless = isinstance(layer, Unknown) and layer.weightless
    params = said.params if said is not None else None
    params = 0 if params is None and weightless else params
    output = said.output if said is not None else None
    if output is None and recorded and isinstance(layer, Unknown):
        output = layer.recorded_output
    if params is None or output is None or node.instance.stored is not None or not node.inputs:
        return None
    from paramcalc.layers.custom import Custom  # few models have such layers

    return Custom({"assumed": (params,)} if params else {}, "same" if output == "same" else tuple(output[1:]))  # type: ignore[arg-type]


def settle(model: Model, said: Mapping[str, Any], allowed: bool) -> None:
    """Replace unknown layers in a model that is to be written, so that the assumptions are written with it."""
    assumptions = Assumptions(with_own(model, (None,), said))
    found: dict[int, Any] = {}
    for node in model.nodes:
        if not isinstance(node.instance.layer, Unknown):
            continue
        layer = settled(node, assumptions.of(node), allowed)
        if layer is not None:
            key = id(node.instance)
            found.setdefault(key, (node.instance, replace(node.instance, layer=layer, type="Custom")))
            node.instance = found[key][1]
