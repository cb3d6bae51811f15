"""GGUF files: metadata and the descriptions of the tensors, which are never read.

header.py    a file → its tensors and metadata
stream.py    numbers and texts, each checked against the length of the file
types.py     the types of ggml
details.py   the metadata → what the file says of itself
lora.py      the pairs of tensors in an adapter
folder.py    a model with what stands beside it
"""

from paramcalc.formats.checkpoint import model_of
from paramcalc.formats.gguf.header import contents, read_header
from paramcalc.formats.shards import with_siblings
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model

__all__ = ["contents", "read", "read_header"]


def read(source: Source, options: Options) -> Model:
    """The model of a file; of the first of several, the model that all of them hold.

    Raises:
        InputError: for a file that is broken, or of another version, or that lacks one of those it belongs to.
    """
    found = contents(source)
    if found.part == 0:
        found = with_siblings(found, source)
    return model_of(found, source.name, options.max_layers)
