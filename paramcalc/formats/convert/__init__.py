"""A Model → the same model in another format.

structure.py  the flat graph → layers and nested models again, from the paths
repeats.py    nested models that are equal, one after the other → a repeat
arguments.py  a layer → its fields, defaults left out
to_spec.py    paramcalc's own spec language, as plain values
yaml_text.py  these values → text, an entry a line
to_keras.py   Keras 3 JSON; keras_modules.py knows where Keras keeps its classes
same.py       what was read back and what it was written from: the same?
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from paramcalc.collector import gc_paused
from paramcalc.limits import MAX_CONVERTED

if TYPE_CHECKING:
    from paramcalc.model import Model

READ_BACK = 100
"""How many times the layers the reader may take: what was written of a model that is not too large is not either."""


@gc_paused()
def convert(model: "Model", target: str = "spec", max_layers: int | None = None) -> str:
    """The model in another format, read back and compared.

    Args:
        model: what `load` returned.
        target: "spec" or "keras".
        max_layers: how many layers it may have, `MAX_CONVERTED` if nothing is said.

    Raises:
        InputError: for a model that cannot be computed.
        ConvertError: naming what the other format cannot say, or for a model that is too large.
    """
    from paramcalc.analysis.summarize import summarize
    from paramcalc.formats import load
    from paramcalc.formats.convert.problems import ConvertError
    from paramcalc.formats.convert.same import same_models

    if target == "keras":
        from paramcalc.formats.keras.writer import to_keras as write

        said = counts
    else:
        from paramcalc.formats.native.writer import to_spec as write

        said = facts
    most = max_layers or MAX_CONVERTED
    if len(model.nodes) > most:
        raise ConvertError(f"convert takes up to {most:,} layers, this model has more (--max-layers allows more)")
    text = write(model)
    again = load(text.encode(), name=model.source, max_layers=READ_BACK * most)
    if same_models(model, again, names=target == "spec"):
        del again
        summarize(model)
    elif not all(ours == theirs for ours, theirs in zip_longest(said(model), said(again))):
        raise ConvertError(f"--to {target} cannot say this model: what was written gives another summary")
    return text


def facts(model: "Model") -> Iterator[Any]:
    """What the summary says of a model, but not where it was read from, nor the reader's warnings."""
    from msgspec.structs import asdict

    from paramcalc.analysis.summarize import summarize

    fields = asdict(summarize(model))
    yield from fields.pop("layers")
    yield {key: value for key, value in fields.items() if key not in ("source", "format", "warnings")}


def counts(model: "Model") -> Iterator[Any]:
    """What the summary says of each call and of the whole, by no name: Keras' names hold no paths."""
    from paramcalc.analysis.summarize import summarize

    summary = summarize(model)
    for row in summary.layers:
        yield row.type, row.dtype, row.output_shape, row.params, row.trainable_params, row.macs, len(row.weights)
    yield [(item.shape, item.dtype) for item in summary.inputs], [item.shape for item in summary.outputs]
