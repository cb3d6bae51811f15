"""The two layouts of `torch.save`: a zip archive, and before PyTorch 1.6 several pickles in sequence."""

from typing import Any, BinaryIO, NamedTuple

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.archive import Archive
from paramcalc.formats.torch_checkpoint.builders import build
from paramcalc.formats.torch_checkpoint.dtypes import storage_dtype
from paramcalc.formats.torch_checkpoint.machine import Machine
from paramcalc.formats.torch_checkpoint.opcodes import run
from paramcalc.formats.torch_checkpoint.script import Declared, declared_in
from paramcalc.formats.torch_checkpoint.values import BrokenError, Dtype, Mapping, Storage
from paramcalc.limits import MAX_PICKLE_BYTES, MAX_SMALL_PICKLE, max_bytes

PICKLE = "data.pkl"
MAGIC = 0x1950A86A20F9469CFC6C
"""The magic number of the old layout, which is a pickle of its own."""
PROTOCOL = 1001
_FIRST = 4 << 20
"""How much of an old file is read at first, in bytes: most files have shorter pickles."""


class Saved(NamedTuple):
    """The content of a file of `torch.save`.

    Attributes:
        value: the saved value, as descriptions.
        storages: by their names, each once, however many views it has.
        size: bytes of the pickle.
        declared: for a TorchScript program, which attributes of its classes are parameters; otherwise None.
    """

    value: Any
    storages: dict[str, Storage]
    size: int
    declared: Declared | None = None


class Storages:
    """The storages that a pickle names.

    Attributes:
        found: by name.
    """

    def __init__(self) -> None:
        self.found: dict[str, Storage] = {}

    def of(self, identity: Any) -> Any:
        """Resolve a persistent id: ("storage", class, name, device, elements), since 0.4 with a view.

        Raises:
            BrokenError: for anything else.
        """
        if type(identity) is not tuple or not identity or len(identity) > 6 or identity[0] not in ("storage", "module"):
            raise BrokenError("the pickle names something outside it that is no storage")
        if identity[0] == "module":  # ("module", class, its source file, its source): only the class matters
            return identity[1]
        _, kind, key, _, count, *view = identity
        if type(count) is not int or count < 0 or not isinstance(key, (str, int)):
            raise BrokenError("a storage without a name, or without a size")
        dtype, key = storage_dtype(kind), str(key)
        whole = Storage(key, dtype, bytes_of(count, dtype))
        known = self.found.setdefault(key, whole)
        if known.size != whole.size:
            raise BrokenError(
                f"storage {key[:MAX_ECHO]} has {whole.size:,} bytes at one place, {known.size:,} at another"
            )
        return part_of(whole, view[0]) if view and view[0] is not None else whole


def bytes_of(count: int, dtype: Dtype | None) -> int:
    """The bytes of a storage; an untyped storage, or one that packs several numbers into each byte, counts bytes."""
    return count if dtype is None else count * max(dtype.bits, 8) // 8


def part_of(whole: Storage, view: Any) -> Storage:
    """A view in the old layout, which is a part of a storage: (name, first element, number of elements)."""
    _, first, count = view
    if type(first) is not int or type(count) is not int or first < 0 or count < 0:
        raise BrokenError("a view of a storage without a place, or without a size")
    start, size = bytes_of(first, whole.dtype), bytes_of(count, whole.dtype)
    if start + size > whole.size:
        raise BrokenError(f"a view of storage {whole.key[:MAX_ECHO]} ends behind it")
    return Storage(whole.key, whole.dtype, size, start)


def read_zip(archive: Archive) -> Saved:
    """Read an archive: the pickle, and the files of the storages, of which only the sizes are used.

    Raises:
        BrokenError: if a storage is missing, or has another size than the pickle says.
        RefusedError: for a pickle that is compressed in an unusual way.
    """
    name = pickle_in(archive.names)
    folder = name.removesuffix(PICKLE)
    storages = Storages()
    machine = Machine(archive.read(name, max_pickle(archive.size)), 0, build, storages.of)
    value = run(machine)
    sizes = archive.sizes_of([f"{folder}data/{key}" for key in storages.found])
    for storage in storages.found.values():
        size = sizes.get(f"{folder}data/{storage.key}")
        if size is None:
            raise BrokenError(f"the archive lacks {folder}data/{storage.key[:MAX_ECHO]}: it is not complete")
        if size != storage.size:
            message = f"storage {storage.key[:MAX_ECHO]} has {size:,} bytes, where the pickle says {storage.size:,}"
            raise BrokenError(message)
    declared = declared_in(archive, folder) if f"{folder}constants.pkl" in archive.names else None
    return Saved(value, storages.found, len(machine.data), declared)


def max_pickle(archive: int) -> int:
    """The limit on the pickle in an archive of so many bytes."""
    return max_bytes(min(max(MAX_SMALL_PICKLE, 2 * archive), MAX_PICKLE_BYTES))


def pickle_in(names: list[str]) -> str:
    """The entry with the pickle, in the only folder at the top.

    Raises:
        BrokenError: unless there is exactly one.
    """
    found = [name for name in names if name.endswith(f"/{PICKLE}") and name.count("/") == 1]
    if len(found) != 1:
        raise BrokenError(f"the archive has {len(found)} files {PICKLE} where PyTorch writes one")
    return found[0]


def read_old(file: BinaryIO, length: int) -> Saved:
    """Read a file of the old layout.

    It consists of five pickles: a magic number, the version of the layout, the sizes of C's types, the saved value, and
    the names of the storages. The storages follow, each after the number of its elements.

    Raises:
        BrokenError: if the layout is unknown, or the file incomplete.
    """
    most = min(length, max_bytes(MAX_PICKLE_BYTES))
    size = min(_FIRST, most)
    while True:
        file.seek(0)
        storages = Storages()
        try:
            values, end = pickles(file.read(size), storages)
            break
        except BrokenError:
            if size == most:
                raise
            size = min(16 * size, most)  # the pickles may be longer than the part that was read
    magic, protocol, system, value, keys = values
    if magic != MAGIC or protocol != PROTOCOL:
        raise BrokenError("this is no file of torch.save, or one of a version that is not known")
    if type(system) is Mapping and system.get("little_endian") is False:
        raise BrokenError("it was written on a machine of the other byte order, which PyTorch does not read either")
    check_storages(keys, storages.found, file, end, length)
    return Saved(value, storages.found, end)


def pickles(data: bytes, storages: Storages) -> tuple[list[Any], int]:
    """The five pickles at the beginning, and where they end."""
    at = 0
    values = []
    for _ in range(5):
        machine = Machine(data, at, build, storages.of)
        values.append(run(machine))
        at = machine.at
    return values, at


def check_storages(keys: Any, storages: dict[str, Storage], file: BinaryIO, at: int, length: int) -> None:
    """Check that the storages fit in the file one after another; only their lengths are read."""
    plain = type(keys) is list and all(isinstance(key, (str, int)) for key in keys)
    if not plain or {str(key) for key in keys} != set(storages):
        raise BrokenError("the list of storages is not that of the tensors'")
    for key in keys:
        storage = storages[str(key)]
        file.seek(at)
        count = int.from_bytes(file.read(8), "little")
        at += 8 + storage.size
        if at > length:
            raise BrokenError(f"the file ends in the middle of storage {storage.key[:MAX_ECHO]}: it is cut off")
        if bytes_of(count, storage.dtype) != storage.size:
            message = f"storage {storage.key[:MAX_ECHO]} has {count:,} elements, where the pickle says otherwise"
            raise BrokenError(message)
