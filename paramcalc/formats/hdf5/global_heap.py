"""The global heap: collections of objects of any length, used for variable-length strings."""

from paramcalc.formats.hdf5.access import Access, Cursor

_SIGNATURE = b"GCOL"
_WHAT = "a collection of the global heap"


class GlobalHeap:
    """The global heap, with a cache of the collections read so far, since one contains many strings."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._collections: dict[int, dict[int, bytes]] = {}

    def object(self, address: int, index: int, length: int) -> bytes:
        """The first `length` bytes of an object.

        Raises:
            InputError: when it does not exist or is shorter.
        """
        if address not in self._collections:
            self._collections[address] = self._read(address)
        found = self._collections[address].get(index)
        if found is None or len(found) < length:
            raise self._access.broken(f"there is no text of {length:,} bytes as object {index} of {_WHAT}")
        self._access.charge(length)  # a file may refer to one string a thousand times
        return found[:length]

    def _read(self, address: int) -> dict[int, bytes]:
        access = self._access
        start = -(-(8 + access.length_size) // 8) * 8
        head = access.cursor(address, start, _WHAT)
        head.expect(_SIGNATURE)
        head.expect(b"\1")
        head.skip(3)
        size = head.length()
        if size < start:
            raise access.broken(f"{_WHAT} is {size} bytes long")
        return self._objects(access.cursor(address + start, size - start, _WHAT))

    def _objects(self, cursor: Cursor) -> dict[int, bytes]:
        """The objects by index. Index 0 is the free space after them, whose size must be all that is left."""
        objects: dict[int, bytes] = {}
        head = -(-(8 + self._access.length_size) // 8) * 8
        while cursor.left >= head:
            index = cursor.number(2)
            cursor.skip(6)
            size = cursor.length()
            cursor.skip(head - 8 - self._access.length_size)
            if index == 0:
                if size != head + cursor.left:
                    raise self._access.broken(f"the free space of {_WHAT} is not as large as it says")
                break
            if index in objects:
                raise self._access.broken(f"{_WHAT} has object {index} twice")
            objects[index] = cursor.take(size)
            cursor.skip(min(-size % 8, cursor.left))
        return objects
