"""A Model → the same model in another format.

structure.py  the flat graph → layers and nested models again, from the paths
arguments.py  a layer → its fields, defaults left out
to_spec.py    paramcalc's own spec language, as plain values
yaml_text.py  these values → text, an entry a line
to_keras.py   Keras 3 JSON; keras_modules.py knows where Keras keeps its classes
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramcalc.model import Model


def convert(model: "Model", target: str = "spec") -> str:
    """The model in another format, read back and compared.

    Args:
        model: what `load` returned.
        target: "spec" or "keras".

    Raises:
        InputError: for a model that cannot be computed.
        ConvertError: naming what the other format cannot say.
    """
    from paramcalc.convert.problems import ConvertError
    from paramcalc.readers import load

    if target == "keras":
        from paramcalc.convert.to_keras import to_keras

        text = to_keras(model)
        same = counts(load(text.encode(), name=model.source)) == counts(model)
    else:
        from paramcalc.convert.to_spec import to_spec

        text = to_spec(model)
        same = facts(load(text.encode(), name=model.source)) == facts(model)
    if not same:
        raise ConvertError(f"--to {target} cannot say this model: what was written gives another summary")
    return text


def facts(model: "Model") -> dict[str, Any]:
    """What the summary says of a model, but not where it was read from, nor the reader's warnings."""
    import msgspec

    from paramcalc.summarize import summarize

    data: dict[str, Any] = msgspec.to_builtins(summarize(model))
    return {key: value for key, value in data.items() if key not in ("source", "format", "warnings")}


def counts(model: "Model") -> list[Any]:
    """What the summary says of each call and of the whole, by no name: Keras' names hold no paths."""
    from paramcalc.summarize import summarize

    summary = summarize(model)
    rows = [
        (row.type, row.dtype, row.output_shape, row.params, row.trainable_params, row.macs, len(row.weights))
        for row in summary.layers
    ]
    return [[(item.shape, item.dtype) for item in summary.inputs], rows, [item.shape for item in summary.outputs]]
