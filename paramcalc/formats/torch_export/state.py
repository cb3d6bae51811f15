"""The state_dict in archives of PyTorch 2.5 to 2.8: a file of `torch.save` inside the archive.

The program's JSON does not say which weights are tied, and leaves out unused ones; the pickle of the state_dict has
both. As with any checkpoint, its opcodes are interpreted: nothing is unpickled, and no weight is read.
"""

from typing import Any

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.archive import Archive, RefusedError, SpanFile, open_archive
from paramcalc.formats.torch_export.program import DTYPES, Payload, Size, TensorMeta
from paramcalc.limits import MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES, max_program
from paramcalc.shapes import MAX_RANK

STATE = "serialized_state_dict.pt"
NOWHERE = ""
"""The storage of a weight without data, on the device "meta"."""
_NUMBERS = {name: number for number, name in DTYPES.items()}


def read_state(archive: Archive, name: str) -> dict[str, Payload] | None:
    """Where each weight is stored, by its key in the state_dict.

    Args:
        archive: the archive of the exported program.
        name: the name of the file for errors.

    Returns:
        None if the state_dict was removed from the archive: PyTorch always writes one.

    Raises:
        RefusedError: when the state_dict is broken, or contains anything but weights.
        InputError: when it is not an archive.
    """
    if STATE not in archive.names or STATE in archive.empty():
        return None
    from paramcalc.formats.torch_checkpoint.files import read_zip
    from paramcalc.formats.torch_checkpoint.values import BrokenError, Mapping

    file: Any = SpanFile(archive.open(STATE, max_program(archive.size)))
    with open_archive(file, f"{name}: {STATE}", MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES) as inner:
        try:
            saved = read_zip(inner)
        except BrokenError as error:
            raise RefusedError(str(error)) from None
    if type(saved.value) is not Mapping:
        raise RefusedError(f"{STATE} is no state_dict")
    return {key_of(key): payload_of(key, value) for key, value in saved.value.pairs}


def key_of(key: Any) -> str:
    """A key of the state_dict as text."""
    if type(key) is not str:
        raise RefusedError(f"{STATE} has a key that is no text")
    return key


def payload_of(key: str, value: Any) -> Payload:
    """A tensor of the pickle, in the form of the tables that PyTorch 2.9 and later write.

    Raises:
        RefusedError: for anything but an ordinary tensor.
    """
    from paramcalc.formats.torch_checkpoint.values import View

    name = key[:MAX_ECHO]
    if type(value) is not View or value.layout or len(value.shape) > MAX_RANK:
        raise RefusedError(f"{STATE}: '{name}' is no ordinary tensor")
    number = _NUMBERS.get(value.dtype.name)
    if number is None:
        raise RefusedError(f"{STATE}: '{name}' has the type {value.dtype.name}, which exported programs do not have")
    meta = TensorMeta(
        number,
        [Size(size) for size in value.shape],
        value.requires_grad,
        [Size(stride) for stride in value.stride],
        Size(value.first),
    )
    return Payload(value.storage.key if value.storage else NOWHERE, meta, value.parameter)
