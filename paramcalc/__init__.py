"""paramcalc: model.summary() without the framework.

    import paramcalc
    summary = paramcalc.summarize(paramcalc.load("model.yaml"))
    summary.totals.params

The public API is what `__all__` names; everything is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from paramcalc.errors import InputError, LayerError, ParamcalcError
    from paramcalc.model import Model
    from paramcalc.readers import load
    from paramcalc.summarize import summarize
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
    "load": "readers",
    "summarize": "summarize",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'paramcalc' has no attribute '{name}'")
    module = import_module(f"paramcalc.{_HOMES[name]}")
    # `paramcalc.summarize` is a submodule too: importing it has just set that attribute.
    value = globals()[name] = getattr(module, name)
    return value
