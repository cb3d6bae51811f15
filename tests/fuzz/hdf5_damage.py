"""Damage to HDF5 files that knows what hurts them: addresses, lengths and counts changed, blocks copied, ends cut off.

`python -m tests.fuzz.hdf5_damage --seconds 60` damages files by the thousand, with checksums verified and not, and
prints what leaked or took long.
"""

import argparse
import gzip
import io
import random
import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from paramcalc.formats.hdf5 import Object, checksum, open_hdf5

SIGNATURES = (
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"GCOL",
    b"OHDR",
    b"OCHK",
    b"FRHP",
    b"FHDB",
    b"FHIB",
    b"BTHD",
    b"BTLF",
    b"BTIN",
)
MAX_SECONDS = 2.0


def written(libver: str, fill: Callable[[Any], None], **options: Any) -> bytes:
    """Return an HDF5 file written by h5py."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver, **options) as file:
        fill(file)
    return buffer.getvalue()


def small(file: Any) -> None:
    """Write a model's attributes and the weights of two layers."""
    file.attrs["model_config"] = '{"class_name": "Sequential"}'
    file.attrs["keras_version"] = b"2.15.0"
    for layer in ("a", "b"):
        group = file.create_group(f"model_weights/{layer}")
        group.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
        group["kernel:0"] = [[1.0, 2.0]]
        group["bias:0"] = [True]


def wide(file: Any) -> None:
    """Write enough attributes and members for multi-level trees, and objects too large for one block."""
    for index in range(50):
        file.create_group(f"layer_{index:03}")
    for index in range(40):
        file.attrs[f"attribute_{index}"] = "text" * (index % 7)
    file.attrs["large"] = b"x" * 20_000


def keras_files() -> list[bytes]:
    """Return files that real Keras wrote: models, and weights alone."""
    folder = Path(__file__).resolve().parents[1] / "data" / "keras" / "h5"
    return [gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.h5.gz"))]


@cache
def seeds() -> list[bytes]:
    """Return files of both kinds, in the old encoding and the new."""
    return [written(libver, fill) for fill in (small, wide) for libver in ("earliest", "latest")]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return a copy with one to eight changes."""
    changed = bytearray(data)
    places = places_of(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        near = rng.choice(places) + rng.randrange(64)
        at = min(rng.choice((near, near, near, rng.randrange(len(changed)))), len(changed) - 8)
        rng.choice(_CHANGES)(changed, max(at, 0), places, rng)
    return bytes(changed)


@cache
def places_of(data: bytes) -> list[int]:
    """Return the offsets where structures begin."""
    return [found.start() for found in re.finditer(b"|".join(SIGNATURES), data)] or [0]


def _flip(data: bytearray, at: int, places: list[int], rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _put_byte(data: bytearray, at: int, places: list[int], rng: random.Random) -> None:
    data[at] = rng.choice((0, 1, 2, 3, 4, 8, 16, 127, 128, 255, rng.randrange(256)))


def _put_number(data: bytearray, at: int, places: list[int], rng: random.Random) -> None:
    size = rng.choice((2, 4, 8))
    value = rng.choice((0, 1, 2, 0xFF, 0xFFFF, 2**31, 2**63, 2**64 - 1, len(data), rng.choice(places)))
    data[at : at + size] = value.to_bytes(8, "little")[:size]


def _copy(data: bytearray, at: int, places: list[int], rng: random.Random) -> None:
    size = min(rng.choice((8, 16, 64, 512)), len(data) - at)
    start = rng.choice(places)
    piece = data[start : start + size]
    data[at : at + len(piece)] = piece


def _cut(data: bytearray, at: int, places: list[int], rng: random.Random) -> None:
    if rng.random() < 0.1:
        del data[at + 8 :]


_CHANGES = (_flip, _flip, _put_byte, _put_byte, _put_number, _put_number, _copy, _cut)


def walk(data: bytes) -> dict[str, Any]:
    """Return everything that the reader finds in a file, by path.

    Raises:
        InputError: for a file that is broken anywhere.
    """
    found: dict[str, Any] = {}
    waiting = [open_hdf5(io.BytesIO(data), "file.h5")]
    while waiting:
        item = waiting.pop()
        found[item.path] = item.dataset() if item.is_dataset else None
        for name in item.attributes:
            found[f"{item.path}@{name}"] = texts_of(item, name)
        waiting += [item.member(name) for name in item.names]
    return found


def texts_of(item: Object, name: str) -> list[str] | None:
    """Return the texts of an attribute; None if it contains none."""
    attribute = item.attributes[name]
    try:
        texts = item._texts.read(attribute)[1]
    except InputError as error:
        if "holds no texts" in str(error):
            return None
        raise
    return [text.decode("utf-8", "surrogateescape") for text in texts]


def summarized(data: bytes) -> None:
    """Run what the commands do with a file.

    Raises:
        InputError: for a file that cannot be read.
    """
    summarize(paramcalc.load(data, name="file.h5"), allow_unknown=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.hdf5_damage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, end = random.Random(options.seed), time.monotonic() + options.seconds
    ways: list[tuple[Callable[[bytes], Any], list[bytes]]] = [(walk, seeds()), (summarized, keras_files())]
    counts = {"read": 0, "refused": 0}
    slowest = 0.0
    while time.monotonic() < end:
        read, files = rng.choice(ways)
        data = damaged(rng.choice(files), rng)
        for verify in (checksum.verify, lambda *_: None):
            begun = time.process_time()
            with patch.object(checksum, "verify", verify):
                try:
                    read(data)
                    counts["read"] += 1
                except InputError:
                    counts["refused"] += 1
            slowest = max(slowest, time.process_time() - begun)
    print(counts, f"slowest {slowest:.3f} s")


if __name__ == "__main__":
    main()
