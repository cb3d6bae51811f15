"""Reads a parsed spec into a Model: keys, inputs, outputs and ties; parser and expander handle the layers."""

from collections import ChainMap
from collections.abc import Mapping
from os.path import basename, splitext
from typing import TYPE_CHECKING, Any

from paramcalc.errors import DocPath, Key, did_you_mean, echo, nearest, unknown_keys
from paramcalc.formats.native.assumed import AssumedClasses, read_assume
from paramcalc.formats.native.expand import Expander
from paramcalc.formats.native.names import Reference, Scope, TensorName, check_name
from paramcalc.formats.native.parser import Parser
from paramcalc.formats.native.problems import Problems, SpecError, is_meant
from paramcalc.formats.native.values import check_policy, first_of, value_in_scope
from paramcalc.layers.registry import FRAMEWORKS, Registry
from paramcalc.limits import Allowance
from paramcalc.model import Input, Model, Output, Ref, label_of, reachable
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK, Shape
from paramcalc.units import DTYPE_BITS

if TYPE_CHECKING:
    from paramcalc.formats.native.ties import Tie

KEYS = (
    *("name", "framework", "vars", "input", "inputs", "dtype", "blocks", "layers", "outputs", "tied"),
    *("budget", "assume"),
)
INPUT_DTYPES = (*DTYPE_BITS, "string")
"""The dtypes of inputs: those of layers, and text."""
MAX_WARNINGS = 5


class SpecReader:
    """Reads one spec; every problem is noted in `problems`."""

    def __init__(self, source: str, sets: Mapping[str, Any], max_layers: int) -> None:
        self.source = source
        self.sets = sets
        self.max_layers = max_layers
        self.problems = Problems()
        self.shapes_known = True

    def read(self, raw: dict[str, Any]) -> Model:
        """The model, as far as it could be read: it is only complete if there are no problems."""
        for key, near in unknown_keys(raw, KEYS):
            if key != "$schema":
                self.problems.add(f"unknown key '{key[:80]}'{near}", (Key(key),))
        framework = self.framework(raw)
        assumed = AssumedClasses(self.guard(lambda: read_assume(raw.get("assume")), {}))
        parser = Parser(Registry(framework), self.problems, assumed)
        env = self.variables(parser, raw)
        scope = Scope("", env)
        inputs = self.inputs(raw, scope)
        scope.dtype = self.guard(lambda: self.dtype(raw, scope), "float32")
        blocks = parser.blocks(raw.get("blocks"), ("blocks",), ChainMap())
        self.check_layers(raw)
        entries = parser.entries(raw.get("layers", []), ("layers",), blocks)
        allowance = Allowance(self.max_layers)
        expander = Expander(self.source, self.problems, inputs, env, allowance)
        least = expander.minimum.of(entries)
        if least > self.max_layers:
            allowance.layers = least
            expander.too_large(("layers",))
        last = first_of(expander.chain(entries, scope, Ref(0)))
        named = self.outputs(raw, scope)
        nodes, results = expander.draft.finish([tensor for _, tensor in named] or [last])
        names = [name for name, _ in named]
        if not names:
            paths = [item.name for item in inputs] + [node.path for node in nodes]
            names = [paths[ref.producer] for ref in results]
        outputs = [Output(name, ref, ("outputs",)) for name, ref in zip(names, results, strict=False)]
        model = Model(self.name(raw, scope), "paramcalc", self.source, inputs, nodes, outputs)
        model.framework = framework
        model.tied = self.ties(raw, scope) + expander.ties
        model.budget = self.guard(lambda: checked_budget(raw.get("budget")), None)
        model.max_different = allowance.max_different + parser.entries_read
        model.assumed = assumed.kept()
        model.places = unreachable(model) | assumed.unused()
        model.warnings = list(model.places)
        return model

    def variables(self, parser: Parser, raw: dict[str, Any]) -> dict[str, Any]:
        """The value of each variable of the spec."""
        if "vars" not in raw and not self.sets:
            return {}
        from paramcalc.formats.native.variables import spec_variables

        return spec_variables(parser.vars(raw.get("vars"), ("vars",)), self.sets, ("vars",), self.problems)

    def ties(self, raw: dict[str, Any], scope: Scope) -> "list[Tie]":
        """The ties of the spec's weights."""
        if "tied" not in raw:
            return []
        from paramcalc.formats.native.ties import read_ties

        return read_ties(raw["tied"], scope, ("tied",), self.problems)

    def check_layers(self, raw: dict[str, Any]) -> None:
        """Report missing layers, unless a misspelt key is reported already."""
        if "layers" not in raw and not is_meant("layers", raw, KEYS):
            self.problems.add("a spec needs layers", ())
        if raw.get("layers") == []:
            self.problems.add("the spec has no layers", ("layers",))

    def guard(self, read: Any, default: Any) -> Any:
        """What `read` returns; if it fails, the problem is noted and the default is returned."""
        try:
            return read()
        except SpecError as error:
            self.problems.add(str(error), error.where)
            return default

    def name(self, raw: dict[str, Any], scope: Scope) -> str:
        """The spec's name, else that of the file; "model" if it is not from a file, but from `<stdin>`, say."""
        if "name" in raw:
            return str(
                self.guard(lambda: check_name(value_in_scope(raw["name"], scope, ("name",)), ("name",)), "model")
            )
        return "model" if self.source.startswith("<") else splitext(basename(self.source))[0]

    def framework(self, raw: dict[str, Any]) -> str:
        """The framework that unqualified names of layers belong to."""
        found = raw.get("framework", FRAMEWORKS[0])
        if isinstance(found, str) and found in FRAMEWORKS:
            return found
        message = f"framework: expected {' or '.join(FRAMEWORKS)}, got {echo(found)}"
        near = nearest(str(found), FRAMEWORKS)
        self.problems.add(message + did_you_mean(str(found), FRAMEWORKS), ("framework",))
        return near or FRAMEWORKS[0]  # its layers are read as those of the nearest framework

    def dtype(self, raw: dict[str, Any], scope: Scope) -> str:
        """The dtype policy of layers that name none."""
        if "dtype" not in raw:
            return "float32"
        return check_policy(value_in_scope(raw["dtype"], scope, ("dtype",)), ("dtype",))

    # -- inputs ----------------------------------------------------------------------------------------

    def inputs(self, raw: dict[str, Any], scope: Scope) -> list[Input]:
        """The inputs; a placeholder if they are missing or wrong, so that the layers can still be read."""
        if "input" in raw and "inputs" in raw:
            self.problems.add("a spec has either input or inputs, not both", ("inputs",))
            return self.in_place_of("input")
        if "input" in raw:
            one = self.guard(lambda: self.input("input", raw["input"], scope, ("input",)), None)
            return [one] if one else self.in_place_of("input")
        if not isinstance(raw.get("inputs"), dict) or not raw["inputs"]:
            message = "inputs: expected a mapping of names to shapes" if "inputs" in raw else "a spec needs an input"
            if not is_meant("input", raw, KEYS) and not is_meant("inputs", raw, KEYS):
                self.problems.add(f"{message}, such as input: [224, 224, 3]", ("inputs",) if "inputs" in raw else ())
            return self.in_place_of("input")
        found: list[Input] = []
        for name, value in raw["inputs"].items():
            where = ("inputs", name)
            if isinstance(value, dict) and "when" in value:
                if not self.guard(lambda v=value, w=where: self.is_wanted(v["when"], scope, (*w, "when")), True):
                    continue
                value = {key: item for key, item in value.items() if key != "when"}
            one = self.guard(lambda n=name, v=value, w=where: self.input(check_name(n, w), v, scope, w), None)
            found += [one] if one else self.in_place_of(str(name))
        return found or self.in_place_of("input")

    def in_place_of(self, name: str) -> list[Input]:
        """A placeholder for a missing or wrong input, which makes its name known but has no shape."""
        self.shapes_known = False
        return [Input(name, (None,))]

    def is_wanted(self, raw: Any, scope: Scope, where: DocPath) -> bool:
        """Whether the `when` of an input holds."""
        value = value_in_scope(raw, scope, where)
        if not isinstance(value, bool):
            raise SpecError(f"when: expected true or false, got {echo(value)}", where)
        return value

    def input(self, name: str, raw: Any, scope: Scope, where: DocPath) -> Input:
        """`[224, 224, 3]`, or `{shape: [null], dtype: int32}`."""
        value = value_in_scope(raw, scope, where)
        dtype = "float32"
        if isinstance(value, dict):
            for key, near in unknown_keys(value, ("shape", "dtype", "batch")):
                raise SpecError(f"an input takes shape, dtype and batch, not '{key[:80]}'{near}", (*where, Key(key)))
            if "shape" not in value:
                raise SpecError("an input needs a shape", where)
            dtype = value.get("dtype", dtype)
            if not isinstance(dtype, str) or dtype not in INPUT_DTYPES:
                near = did_you_mean(str(dtype), INPUT_DTYPES)
                raise SpecError(f"dtype: {echo(dtype)} is not a dtype{near}", (*where, "dtype"))
            (batch,) = read_dims([value.get("batch")], (*where, "batch"))
            return Input(name, (batch, *read_dims(value["shape"], (*where, "shape"))), dtype)
        return Input(name, (None, *read_dims(value, where)), dtype)

    # -- outputs and ties ------------------------------------------------------------------------------

    def outputs(self, raw: dict[str, Any], scope: Scope) -> list[tuple[str, Reference]]:
        """The outputs by name; an empty list, or null by an expression, if the output is the last entry."""
        if "outputs" not in raw:
            return []
        value = self.guard(lambda: value_in_scope(raw["outputs"], scope, ("outputs",)), None)
        if value is None and raw["outputs"] is not None:
            return []
        names = [value] if isinstance(value, str) else value
        pairs = [named_output(item) for item in names] if isinstance(names, list) else []
        if not pairs or None in pairs:
            self.problems.add(f"outputs: expected a list of names, got {echo(value)}", ("outputs",))
            return []
        places = [("outputs", index) for index in range(len(pairs))]
        return [(p[0], TensorName(scope, p[1], where)) for p, where in zip(pairs, places, strict=True) if p]


def named_output(item: Any) -> tuple[str, str] | None:
    """An output as name and tensor: `head`, or `{probabilities: head}` if its name is another."""
    if isinstance(item, str):
        return item, item
    if isinstance(item, dict) and len(item) == 1:
        [(name, source)] = item.items()
        return (name, source) if isinstance(source, str) else None
    return None


def read_dims(value: Any, where: DocPath) -> Shape:
    """A shape without the batch.

    Raises:
        SpecError: for anything but a list of positive integers and nulls.
    """
    if not isinstance(value, list):
        from paramcalc.formats.text.scalars import from_python

        meant = f"[{value}]" if type(value) is int else from_python(str(value)) if isinstance(value, str) else None
        hint = f"; write {meant}" if meant else ""
        raise SpecError(f"a shape is a list of dimensions without the batch, got {echo(value)}{hint}", where)
    if len(value) >= MAX_RANK:
        raise SpecError(f"a shape has at most {MAX_RANK - 1} dimensions, this one has {len(value)}", where)
    for index, dim in enumerate(value):
        if dim is not None and (type(dim) is not int or not 1 <= dim <= MAX_DIMENSION):
            message = f"a dimension is a positive integer, or null where it is unknown, got {echo(dim)}"
            message += "; write null" if dim == "None" else ""
            raise SpecError(message, (*where, index))
    return tuple(value)


def unreachable(model: Model) -> dict[str, DocPath | None]:
    """Warnings about layers and inputs that no output depends on, with their places; they are counted nevertheless."""
    first, found = len(model.inputs), reachable(model)
    nodes = [node for number, node in enumerate(model.nodes, start=first) if number not in found]
    warnings = {f"no output depends on layer {label_of(node)}": node.where for node in nodes[:MAX_WARNINGS]}
    if len(nodes) > MAX_WARNINGS:
        warnings[f"nor on {len(nodes) - MAX_WARNINGS} more layers"] = None
    unread = [item.name for number, item in enumerate(model.inputs) if number not in found]
    return warnings | {f"nothing reads input '{name}'": ("inputs", Key(name)) for name in unread}


def checked_budget(raw: Any) -> Any:
    """The `budget:` as written; a mistake in it is an error in every command, not only in those that check it.

    Raises:
        SpecError: for a budget that makes no sense.
    """
    if raw is None:
        return None
    from paramcalc.budget import BudgetError, parse_budget  # most specs have none

    try:
        parse_budget(raw)
    except BudgetError as error:
        raise SpecError(str(error), ("budget", *error.where)) from None
    return raw
