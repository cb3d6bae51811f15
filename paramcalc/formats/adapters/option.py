"""`--lora` on the command line: reads a model and adds the adapter that the option describes."""

from msgspec.structs import replace

from paramcalc.formats import read_source
from paramcalc.formats.adapters.folder import adapter_option, add_adapter
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model


def read(source: Source, options: Options, text: str) -> Model:
    """The adapted model, compared with the adapter's file if there is one.

    Raises:
        AdapterError: if the text is neither a rank nor a path.
        InputError: if the model or the adapter is broken, or they do not belong together.
    """
    from paramcalc.formats.adapters import llama_cpp

    if llama_cpp.is_file(text):
        added = llama_cpp.adapter_at(text)
        model = llama_cpp.with_base(source, options, added)
        return read_source(source, replace(options, adapter=added)) if model is None else model
    adapter, contents = adapter_option(text)
    model = read_source(source, replace(options, adapter=adapter))
    if contents is not None:
        add_adapter(model, adapter, contents)
    return model
