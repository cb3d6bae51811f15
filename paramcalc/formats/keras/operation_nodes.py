"""The entry of an operation in a Keras graph (`x + y`, `keras.ops.…`, TFOpLambda) → an Operation layer."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.formats.keras.inbound import History, KerasCall, is_slice
from paramcalc.layers.operations.operation import Operation, Slot


def operation_layer(entry: dict[str, Any], call: KerasCall) -> tuple[Operation, list[History]]:
    """The operation with its arguments, and the tensors that it reads, in slot order."""
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise LayerError("an operation needs a class_name and a config")
    tensors: list[History] = []
    args = tuple(slotted(value, tensors) for value in call.args)
    kwargs = {key: slotted(value, tensors) for key, value in call.kwargs.items()}
    if class_name == "TensorFlowOpLayer" and "node_def" in config:
        from paramcalc.formats.keras.graph_operations import function_call

        function, inputs, named = function_call(config, list(args))
        return Operation(function, "tensorflow", {}, tuple(inputs), named), tensors
    if class_name in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"):
        function = str(config.get("function") or config.get("name"))
        return Operation(function, "tensorflow", {}, args, kwargs), tensors
    # A `dtype` given as a string is an argument of the operation (Cast); an object is a policy, which is not.
    options = {key: item for key, item in config.items() if key != "name" and (key != "dtype" or type(item) is str)}
    return Operation(class_name, "keras", options, args, kwargs), tensors


def slotted(value: Any, tensors: list[History]) -> Any:
    """An argument with each tensor replaced by its slot."""
    if isinstance(value, History):
        tensors.append(value)
        return Slot(len(tensors) - 1)
    if isinstance(value, list):
        return [slotted(item, tensors) for item in value]
    if is_slice(value):
        return {key: slotted(item, tensors) for key, item in value.items()}
    if isinstance(value, dict):
        return {key: slotted(item, tensors) for key, item in value.items()}
    return value
