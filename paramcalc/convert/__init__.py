"""A Model → the same model in another format.

structure.py  the flat graph → layers and nested models again, from the paths
arguments.py  a layer → its fields, defaults left out
to_spec.py    paramcalc's own spec language, as plain values
yaml_text.py  these values → text, an entry a line
to_keras.py   Keras 3 JSON
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
    from paramcalc.readers import load

    if target == "keras":
        from paramcalc.convert.to_keras import to_keras

        return to_keras(model)
    from paramcalc.convert.problems import ConvertError
    from paramcalc.convert.to_spec import to_spec

    text = to_spec(model)
    if facts(load(text.encode(), name=model.source)) != facts(model):
        raise ConvertError("this model has no equal in the spec language: what was written gives another summary")
    return text


def facts(model: "Model") -> dict[str, Any]:
    """What the summary says of a model, but not where it was read from, nor the reader's warnings."""
    import msgspec

    from paramcalc.summarize import summarize

    data: dict[str, Any] = msgspec.to_builtins(summarize(model))
    return {key: value for key, value in data.items() if key not in ("source", "format", "warnings")}
