"""paramcalc: model.summary() without the framework.

Read a model from a file, whatever wrote it, or from the text of a spec:

    >>> import paramcalc
    >>> spec = b"{vars: {d: 64}, input: [5, 10], layers: [{SimpleRNN: $d}, {Dense: 10, name: head}]}"
    >>> model = paramcalc.load(spec, name="tiny")  # or load("model.yaml"), load("model.keras"), load("model.pt2")

Ask what it comes to:

    >>> summary = paramcalc.summarize(model)
    >>> summary.totals.params, summary.totals.macs, summary.totals.size_bytes
    (5450, 24320, 21800)
    >>> for layer in summary.layers:
    ...     print(layer.path, layer.type, layer.output_shape, layer.params)
    simple_rnn SimpleRNN (None, 64) 4800
    head Dense (None, 10) 650

Shapes are tuples with the batch first, None where a dimension is unknown. Every weight has its name, shape and dtype:

    >>> [(weight.name, weight.shape, weight.trainable) for weight in summary.layers[1].weights]
    [('kernel', (64, 10), True), ('bias', (10,), True)]

Other variables, another batch, other inputs, other dtypes; and memory:

    >>> wide = paramcalc.load(spec, name="wide", sets={"d": 128})
    >>> paramcalc.summarize(wide).totals.params
    19082
    >>> paramcalc.summarize(model, batch_size=32, dtype="float16").totals.size_bytes
    10900
    >>> paramcalc.summarize(model, input_shapes={"input": (8, 5, 10)}, memory=True).memory.weights_bytes
    21800

Whatever is refused is a ParamcalcError; InputError lists every problem of a file with its place:

    >>> try:
    ...     paramcalc.load(b"{input: [4], layers: [{Dens: 3}]}", name="typo")
    ... except paramcalc.InputError as error:
    ...     print(error)
    typo:1:24: there is no layer type 'Dens'; did you mean 'Dense'?

A summary is plain data: `msgspec.json.encode(summary)` is what `paramcalc summary --format json` prints. The public
API is what `__all__` names, which `dir(paramcalc)` lists; everything is imported when it is first used.
"""

from importlib import import_module

__version__ = "0.2.0"

TYPE_CHECKING = False  # type checkers take it for true, as that of `typing`, which would be most of what is loaded here
if TYPE_CHECKING:
    from typing import Any

    from paramcalc.analysis.summarize import summarize
    from paramcalc.errors import InputError, LayerError, ParamcalcError
    from paramcalc.formats import load
    from paramcalc.model import Model
    from paramcalc.summary import LayerSummary, Summary, WeightSummary

__all__ = [
    "InputError",
    "LayerError",
    "LayerSummary",
    "Model",
    "ParamcalcError",
    "Summary",
    "WeightSummary",
    "load",
    "summarize",
]

_HOMES = {
    "InputError": "errors",
    "LayerError": "errors",
    "LayerSummary": "summary",
    "Model": "model",
    "ParamcalcError": "errors",
    "Summary": "summary",
    "WeightSummary": "summary",
    "load": "formats",
    "summarize": "analysis.summarize",
}


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'paramcalc' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"paramcalc.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    """The public API, for those who explore it."""
    return [*__all__, "__version__", "__doc__"]
