"""paramcalc: model.summary() without the framework.

    import paramcalc

    model = paramcalc.load("model.yaml")  # or what Keras, PyTorch or Hugging Face wrote
    summary = paramcalc.summarize(model, batch_size=32)
    summary.totals.params  # 19082
    for layer in summary.layers:
        print(layer.path, layer.output_shape, layer.params, layer.macs)

Shapes are tuples with the batch first, `None` where a dimension is unknown. Whatever is refused is a
`ParamcalcError`; `InputError` lists every problem of a file with its place.

The public API is what `__all__` names; everything is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'paramcalc' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"paramcalc.{_HOMES[name]}"), name)
    return value
