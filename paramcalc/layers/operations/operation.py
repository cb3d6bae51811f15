"""Operations in a graph (`x + y`, `x[:, -1]`, `keras.ops.…`), whose output shapes follow from their arguments.

Operations have no weights. An operation that is not in the table is refused: a shape is never guessed.
Shape rules: https://keras.io/api/ops/ (NumPy's). TensorFlow's names are mapped onto the same rules.
"""

from typing import Any, ClassVar, Literal, NamedTuple

from msgspec import field

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.operations.arguments import Rule, check_options
from paramcalc.layers.operations.content import MAX_CONTENT, Content
from paramcalc.layers.operations.rules import BOOLEAN, INTEGER, REDUCTIONS, RULES, SAME_SHAPE
from paramcalc.shapes import Shape


class Slot(NamedTuple):
    """Placeholder for a tensor among the arguments: the index of one of the node's inputs."""

    number: int


class TensorArgument(NamedTuple):
    """An argument that is a tensor or a constant array, of which only the shape is known."""

    shape: Shape


class Operation(Layer, frozen=True):
    """One operation on tensors, such as `x + y` or `x[:, 0]`, with its arguments.

    Fields: `function` is the class in keras.ops, or TensorFlow's name; `framework` says which of the two;
    `config` holds the operation's own settings (axis, newshape, …), `args` and `kwargs` the arguments of its call,
    `{input: 0}` for the first tensor it reads. Without arguments, those are its inputs in their order.

    Shapes: as in keras.ops
    Formula: no weights
    Source: https://keras.io/api/ops/
    Example: {input: [5, 10], layers: [{Operation: Negative}, {Operation: {function: Max, config: {axis: 1}}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    function: str
    framework: Literal["keras", "tensorflow"] = "keras"
    config: dict[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        """The type shown in the summary."""
        return self.function

    def infer(self, *inputs: Shape) -> Inferred:
        """The shape of the result.

        Raises:
            LayerError: when the operation is not known, or the shape does not follow from the arguments.
        """
        args = [filled(value, inputs) for value in self.args]
        if not self.args and not self.kwargs:
            args = [TensorArgument(shape) for shape in inputs]
        kwargs = self.config | {key: filled(value, inputs) for key, value in self.kwargs.items()}
        name = self.function
        if self.framework == "tensorflow":
            name, args, kwargs = from_tensorflow(name, args, kwargs)
        else:
            check_options(kwargs)
        rule = find_rule(name)
        if rule is None:
            raise LayerError(f"operation '{self.function[:60]}' is not known, so its output shape is not")
        try:
            result = rule(args, kwargs)
            check_dimensions(result.output)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError) as error:
            raise LayerError(f"operation '{self.function[:60]}' cannot take these arguments") from error
        return Inferred(result.output, (), result.macs, result.dtype or result_dtype(name, kwargs))


def find_rule(name: str) -> Rule | None:
    """The rule for a class in keras.ops; None if there is none."""
    if name in SAME_SHAPE:
        return RULES["Identity"]
    if name in REDUCTIONS:
        return RULES["Sum"]
    found = RULES.get(name)
    if found is not None:
        return found
    if name.startswith("tf."):
        from paramcalc.layers.operations.tensorflow import TENSORFLOW_RULES

        return TENSORFLOW_RULES.get(name)
    from paramcalc.layers.operations.arrays import RARE  # few files have any

    return RARE.get(name)


def check_dimensions(output: Shape | list[Shape]) -> None:
    """Check that a result consists of sizes, as an argument used as a size may be any value."""
    for shape in set(output) if isinstance(output, list) else [output]:
        for dim in shape:
            if dim is not None and (type(dim) is not int or dim < 0):
                raise ValueError(f"{str(dim)[:20]} is not a size")


def result_dtype(name: str, kwargs: dict[str, Any]) -> str | None:
    """The output dtype of an operation; None if it keeps that of its input."""
    if name in BOOLEAN:
        return "bool"
    if name in INTEGER:
        return "int32"
    given = kwargs.get("dtype") if name in ("Cast", "SaturateCast") else None
    return given if isinstance(given, str) else None


def filled(value: Any, inputs: tuple[Shape, ...]) -> Any:
    """An argument with its slots replaced by the shapes of this call's inputs."""
    if isinstance(value, dict) and list(value) == ["input"]:
        value = Slot(value["input"])
    if isinstance(value, Slot):
        if type(value.number) is not int or not 0 <= value.number < len(inputs):
            raise LayerError(f"an argument names input {str(value.number)[:20]}, but it has {len(inputs)}")
        return TensorArgument(inputs[value.number])
    if isinstance(value, (list, tuple)):
        return [filled(item, inputs) for item in value]
    if isinstance(value, dict) and value.get("class_name") in ("__tensor__", "__numpy__"):
        config = value.get("config")
        return TensorArgument(constant_shape(config.get("value") if isinstance(config, dict) else None))
    if isinstance(value, dict) and value.keys() == {"start", "stop", "step"}:
        return {key: filled(item, inputs) for key, item in value.items()}
    return value


def constant_shape(value: Any) -> Shape:
    """The shape of a constant, with its numbers if it could itself be a shape."""
    if type(value) is int:
        return Content([value], scalar=True)
    if isinstance(value, list) and len(value) <= MAX_CONTENT and all(type(item) is int for item in value):
        return Content(value)
    return shape_of(value)


def shape_of(value: Any) -> Shape:
    """The shape of a constant written as nested lists."""
    shape: list[int | None] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def from_tensorflow(name: str, args: list[Any], kwargs: dict[str, Any]) -> tuple[str, list[Any], dict[str, Any]]:
    """TensorFlow's function and argument names → keras.ops'."""
    from paramcalc.layers.operations.names import DEFAULTS, TAKE_A_LIST, TENSORFLOW

    base = name.removeprefix("tf.").removeprefix("compat.v1.")
    last = base.rpartition(".")[2]
    found = TENSORFLOW.get(base) or TENSORFLOW.get(last)
    if found is None:
        raise LayerError(f"TensorFlow's '{name[:60]}' is not known, so its output shape is not")
    target, renames = found
    if last in TAKE_A_LIST and args and not isinstance(args[0], (list, str)):
        args = [args]
    fields: dict[str, Any] = dict(DEFAULTS.get(last, {}))
    for key, value in kwargs.items():
        if value is None or key in ("name", "out_type", "stop_gradient"):
            continue
        key = renames.get(key, key)
        if key.isdigit():
            while len(args) <= int(key):
                args.append(None)
            args[int(key)] = value
        else:
            fields[key] = value
    return target, args, fields
