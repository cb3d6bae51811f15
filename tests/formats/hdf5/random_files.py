"""Random HDF5 files that h5py writes, and what h5py reads in them."""

import io
import random

import h5py
import numpy as np

DTYPES = ("f2", "<f4", ">f4", "f8", "i1", "<i2", ">i4", "i8", "u1", "u2", "u4", "u8", "?")
SHAPES = ((), (1,), (0,), (3,), (2, 5), (3, 0, 4), (1, 2, 3, 4), (700,))
VERSIONS = ("EARLIEST", "V18", "V110", "V112", "V114", "LATEST")
PADDINGS = (h5py.h5t.STR_NULLTERM, h5py.h5t.STR_NULLPAD, h5py.h5t.STR_SPACEPAD)


def random_file(rng: random.Random) -> bytes:
    """Write a file with nested groups, attributes of every kind, datasets of every type and layout."""
    properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    properties.set_sizes(*rng.choice(((8, 8), (8, 8), (4, 4), (8, 4), (4, 8))))
    if rng.random() < 0.3:
        properties.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED | h5py.h5p.CRT_ORDER_INDEXED)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    access.set_libver_bounds(getattr(h5py.h5f, f"LIBVER_{rng.choice(VERSIONS)}"), h5py.h5f.LIBVER_LATEST)
    with h5py.File(h5py.h5f.create(b"random", h5py.h5f.ACC_TRUNC, properties, access)) as file:
        fill(file, rng, depth=3)
        file.flush()
        return file.id.get_file_image()


def fill(group: h5py.Group, rng: random.Random, depth: int) -> None:
    many = rng.random() < 0.15
    for index in range(rng.randrange(80) if many else rng.randrange(4)):
        add_attribute(group, f"{rng.choice('aβ_')}{index}", rng)
    for index in range(rng.randrange(150) if many else rng.randrange(5)):
        add_dataset(group, f"{rng.choice('dκ ')}{index}", rng)
    for index in range(rng.randrange(4) if depth else 0):
        fill(group.create_group(f"group_{index}", track_order=rng.random() < 0.3), rng, depth - 1)
    members, attributes = list(group), list(group.attrs)
    for name in rng.sample(members, len(members) // 5):
        del group[name]
    for name in rng.sample(attributes, len(attributes) // 5):
        del group.attrs[name]


def add_attribute(item: h5py.HLObject, name: str, rng: random.Random) -> None:
    text = "".join(rng.choice("ab/:0é ") for _ in range(rng.choice((0, 1, 5, 30, 300)))).strip()
    choice = rng.randrange(9)
    if choice == 0:
        item.attrs[name] = text
    elif choice == 1:
        item.attrs[name] = np.bytes_(text.encode() + b".")
    elif choice == 2:
        item.attrs[name] = np.array([f"{text[:9]}{number}".encode() for number in range(rng.randrange(1, 60))])
    elif choice == 3:
        item.attrs.create(name, [text[: rng.randrange(30)] for _ in range(6)], dtype=h5py.string_dtype())
    elif choice == 4:
        item.attrs.create(name, [[text, "b"], ["", "c"]], dtype=h5py.string_dtype())
    elif choice == 5:
        item.attrs[name] = rng.choice((3, 2.5, True, [1, 2], np.zeros((0,)), h5py.Empty("f"), np.zeros(3, "i4,f8")))
    elif choice == 6:
        item.attrs[name] = np.bytes_(b"large" * rng.choice((100, 900, 12_000)))
    elif choice == 7:
        add_padded(item, name, text.encode(), rng)
    else:
        item.attrs.create(name, [b""] * 3, dtype=h5py.string_dtype("ascii", 7))


def add_padded(item: h5py.HLObject, name: str, text: bytes, rng: random.Random) -> None:
    """Add a fixed-length text with each of the three paddings."""
    kind, wide = h5py.h5t.C_S1.copy(), len(text) + rng.randrange(1, 9)
    kind.set_size(wide)
    kind.set_strpad(rng.choice(PADDINGS))
    attribute = h5py.h5a.create(item.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(text, dtype=f"S{wide}"))


def add_dataset(group: h5py.Group, name: str, rng: random.Random) -> None:
    shape, dtype = rng.choice(SHAPES), rng.choice(DTYPES)
    choice = rng.randrange(7)
    if choice == 0:
        group[name] = rng.choice(("text", np.array([b"ab", b"c"]), h5py.Empty("f")))
    elif choice == 1 and shape and 0 not in shape:
        grows = tuple(size * 2 for size in shape)
        group.create_dataset(name, shape, dtype, maxshape=grows, chunks=True, compression="gzip")
    elif choice == 2:
        group.create_dataset(name, shape, dtype)  # never written
    else:
        group[name] = np.zeros(shape, dtype)
    add_attribute(group[name], "note", rng)


def oracle(data: bytes) -> dict[str, object]:
    """What h5py says: of each dataset shape and type, of each attribute its texts, None where it holds others."""
    found: dict[str, object] = {}
    with h5py.File(io.BytesIO(data)) as file:
        waiting: list[tuple[str, h5py.HLObject]] = [("", file)]
        while waiting:
            path, item = waiting.pop()
            found[path] = (item.shape, dtype_name(item)) if isinstance(item, h5py.Dataset) else None
            for name in item.attrs:
                found[f"{path}@{name}"] = texts(item, name)
            if isinstance(item, h5py.Group):
                waiting += [(f"{path}/{name}".lstrip("/"), item[name]) for name in item]
    return found


def dtype_name(dataset: h5py.Dataset) -> str:
    return "string" if h5py.check_string_dtype(dataset.dtype) else dataset.dtype.name


def texts(item: h5py.HLObject, name: str) -> list[str] | None:
    identity = item.attrs.get_id(name)
    if isinstance(item.attrs[name], h5py.Empty) or 0 in identity.shape:
        return []
    if h5py.check_string_dtype(identity.dtype) is None:
        return None
    values = np.asarray(item.attrs[name], dtype=object).ravel()
    pad = identity.get_type().get_strpad() if not identity.get_type().is_variable_str() else None
    raw = [value.encode() if isinstance(value, str) else bytes(value) for value in values]
    return [(value.rstrip(b" ") if pad == h5py.h5t.STR_SPACEPAD else value).decode() for value in raw]
