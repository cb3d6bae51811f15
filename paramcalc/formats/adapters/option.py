"""`--lora` on the command line: a model with the adapter that it says."""

from paramcalc.formats import read_source
from paramcalc.formats.adapters.folder import adapter_option, add_adapter
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model


def read(source: Source, options: Options, text: str) -> Model:
    """The adapted model, compared with the adapter's file where there is one.

    Raises:
        AdapterError: when the text is neither a rank nor a path.
        InputError: for a broken model or adapter, or two that are not for each other.
    """
    adapter, contents = adapter_option(text)
    model = read_source(source, options._replace(adapter=adapter))
    if contents is not None:
        add_adapter(model, adapter, contents)
    return model
