"""`.keras` archives: the `config.json` in a zip is read, nothing else is."""

from paramcalc.formats.archive import open_archive
from paramcalc.formats.keras.embedded import read_embedded
from paramcalc.formats.source import Options, Source
from paramcalc.limits import MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES, max_unpacked
from paramcalc.model import Model

CONFIG = "config.json"


def read(source: Source, options: Options) -> Model:
    """The model of an archive that has a `config.json`.

    Raises:
        InputError: when there are two, or the archive is broken, encrypted, or a bomb, or holds no model.
    """
    with open_archive(source.file, source.name, MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES) as archive:
        data = archive.read(CONFIG, max_unpacked(archive.size), ", as Keras writes it")
    what = f"the archive's {CONFIG}"
    return read_embedded(data, source.name, options, what, shared_objects=True)
