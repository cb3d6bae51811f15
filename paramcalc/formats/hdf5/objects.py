"""Groups and datasets: the interface of the HDF5 reader."""

from functools import cached_property
from typing import BinaryIO, NamedTuple

from paramcalc.errors import MAX_ECHO, InputError
from paramcalc.formats.hdf5.access import Access, Cursor, as_text
from paramcalc.formats.hdf5.attributes import Attribute, Texts, read_attributes
from paramcalc.formats.hdf5.datatype import Datatype, elements, read_datatype, read_shape
from paramcalc.formats.hdf5.groups import GROUP_KINDS, read_members
from paramcalc.formats.hdf5.object_header import DATASPACE, DATATYPE, LAYOUT, read_messages
from paramcalc.formats.hdf5.superblock import read_superblock
from paramcalc.limits import MAX_HDF5_PATH

_CONTIGUOUS = 1


class Dataset(NamedTuple):
    """The description of a dataset, without its data.

    Attributes:
        shape: its dimensions; None for a null dataspace, which has no elements, not even a scalar.
        datatype: the type of its elements.
    """

    shape: tuple[int, ...] | None
    datatype: Datatype


class Object:
    """A group or a dataset; its attributes and members are read on demand.

    Attributes:
        path: its path in the file, such as "model_weights/dense"; empty for the root.
    """

    def __init__(self, access: Access, texts: Texts, address: int, path: str) -> None:
        self.path = path
        self._access = access
        self._texts = texts
        self._messages = read_messages(access, address)
        self._members: dict[str, Object] = {}

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """All attributes by name."""
        return read_attributes(self._access, self._messages)

    @cached_property
    def names(self) -> dict[str, int | None]:
        """The names of all members; the value is None for a link that is not a hard link."""
        return read_members(self._access, self._messages)

    @property
    def is_group(self) -> bool:
        """Whether this is a group, which can have members."""
        return any(message.kind in GROUP_KINDS for message in self._messages)

    @property
    def is_dataset(self) -> bool:
        """Whether this is a dataset, which has a shape and elements."""
        return {DATASPACE, DATATYPE} <= {message.kind for message in self._messages}

    def text(self, name: str) -> bytes | None:
        """The value of an attribute with a single string; None if there is no such attribute.

        Raises:
            InputError: when its value is anything else.
        """
        if name not in self.attributes:
            return None
        shape, texts = self._texts.read(self.attributes[name])
        if shape not in ((), (1,)) or not texts:
            raise self._access.unexpected(f"the attribute {name} is not a single text")
        return texts[0]

    def texts(self, name: str) -> list[str] | None:
        """The strings of a one-dimensional attribute; None if there is no such attribute.

        Raises:
            InputError: when its value is anything else.
        """
        if name not in self.attributes:
            return None
        shape, texts = self._texts.read(self.attributes[name])
        if len(shape) != 1:
            raise self._access.unexpected(f"the attribute {name} is not a list of texts")
        return [as_text(self._access, text, f"the attribute {name}") for text in texts]

    def member(self, name: str) -> "Object":
        """The member with this name.

        Raises:
            InputError: when it does not exist, is broken, or is a symbolic or external link.
        """
        if name not in self._members:
            path = f"{self.path}/{name}" if self.path else name
            if len(path) > MAX_HDF5_PATH:
                raise self._access.broken(f"a path in it is longer than {MAX_HDF5_PATH:,} characters")
            if name not in self.names:
                raise self.broken(f"there is no member {name[:MAX_ECHO]!r}")
            address = self.names[name]
            if address is None:
                raise self._access.unsupported(f"a symbolic or external link, {path[:MAX_ECHO]!r}")
            self._members[name] = Object(self._access, self._texts, address, path)
        return self._members[name]

    def find(self, path: str) -> "Object":
        """The object at a path of names separated by slashes."""
        found = self
        for name in path.split("/"):
            if name:
                found = found.member(name)
        return found

    def dataset(self) -> Dataset:
        """The shape and the element type of a dataset.

        Raises:
            InputError: when this is not a dataset, or the size of its data does not match.
        """
        bodies = {kind: self._body(kind) for kind in (DATASPACE, DATATYPE)}
        found = Dataset(read_shape(bodies[DATASPACE]), read_datatype(bodies[DATATYPE]))
        stored = self._stored()
        if stored is not None and stored != elements(found.shape) * found.datatype.size:
            raise self.broken(f"its data take {stored:,} bytes, which is not what its shape and type need")
        return found

    def _body(self, kind: int) -> Cursor:
        """The data of the message of this kind, which must occur once."""
        messages = [message for message in self._messages if message.kind == kind]
        if len(messages) != 1:
            raise self.broken("is not a dataset")
        if messages[0].shared:
            raise self._access.unsupported("a datatype that objects share")
        return Cursor(self._access, messages[0].data, "what says what a dataset is")

    def _stored(self) -> int | None:
        """The bytes of the data, if they are contiguous and the layout gives their size."""
        for message in self._messages:
            if (
                message.kind == LAYOUT
                and message.data[:1] in (b"\3", b"\4")
                and message.data[1:2] == bytes([_CONTIGUOUS])
            ):
                cursor = Cursor(self._access, message.data[2:], "a layout message")
                address, size = cursor.address(), cursor.length()
                if address is None:
                    return None  # no data were written
                if address + size > self._access.size:
                    raise self.broken("its data are past the end of the file")
                return size
        return None

    def broken(self, message: str) -> InputError:
        """The error for an invalid object."""
        return self._access.broken(f"{self.path[:MAX_ECHO]!r}: {message}" if self.path else message)


def open_hdf5(file: BinaryIO, name: str, start: int = 0, size: int | None = None) -> Object:
    """The root group of an HDF5 file.

    Args:
        file: a seekable file, at any position.
        name: the file, as the user gave it.
        start: the offset of the HDF5 data in it.
        size: the number of bytes of HDF5 data; by default, up to the end.

    Raises:
        InputError: for a broken or truncated file; the methods of the returned object raise it too.
    """
    access = Access(file, name, start, size)
    return Object(access, Texts(access), read_superblock(access), "")
