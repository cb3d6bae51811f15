"""GGUF files: metadata and the descriptions of the tensors, which are never read.

header.py    a file → its tensors and metadata
stream.py    numbers and texts, each checked against the length of the file
types.py     the types of ggml
details.py   the metadata → facts about the file
lora.py      the pairs of tensors in an adapter
folder.py    a model together with the other GGUF files in its folder
"""

from paramcalc.formats.checkpoint import model_of
from paramcalc.formats.gguf.header import contents, read_header
from paramcalc.formats.shards import with_siblings
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model

__all__ = ["contents", "read", "read_header"]


def read(source: Source, options: Options) -> Model:
    """Read the model in a file; for the first of several parts, the model that all parts make up.

    Raises:
        InputError: for a file that is broken or of an unsupported version, or if another part is missing.
    """
    found = contents(source)
    if found.part == 0:
        found = with_siblings(found, source)
    return model_of(found, source.name, options.max_layers)
