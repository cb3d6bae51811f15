"""Layout-aware damage to checkpoints: headers with the right length, intact archives."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.mutate import Pool, mutated

FROZEN = Path(__file__).resolve().parents[1] / "data" / "checkpoints.zip"
HOSTILE = FROZEN.with_name("hostile")

NUMBERS = (*range(5), 8, 16, 127, 128, 255, 256, 2**16, 2**31 - 1, 2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "a", "weight", "a.b", "a/b", "\x1b[31m", "::error::", "é" * 40, "F32", "I8", "__metadata__", "x" * 2_000)
OPCODES = b"\x80\x95(012N\x88\x89JKMG\x8a\x8bTUX\x8c\x8dBC\x8e\x96]ae)\x85\x86\x87t}su"
OPCODES += b"\x8f\x90\x91hjqr\x94c\x93R\x81bQ.iopPI"
SNIPPETS = (
    *(b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n)R", b"cos\nsystem\n"),
    *(b"ctorch\nFloatStorage\n", b"cmine\nA\n)\x81", b"X\1\0\0\0a", b"\x8a\1\5", b"K\7", b"tR"),
    *(b"h\0", b"q\0", b"(N", b"]", b"}", b"\x85", b"}b", b"s", b"u"),
)


def seeds(*endings: str) -> Callable[[], list[bytes]]:
    """Return the frozen files and the hostile ones with these endings."""

    def found() -> list[bytes]:
        with zipfile.ZipFile(FROZEN) as archive:
            files = [archive.read(name) for name in archive.namelist() if name.endswith(endings)]
        return files + [path.read_bytes() for path in sorted(HOSTILE.iterdir()) if path.name.endswith(endings)]

    return found


def tensorflow_seeds() -> list[bytes]:
    """Return the indices of checkpoints, and the architectures that Keras stored in SavedModels."""
    with zipfile.ZipFile(FROZEN.with_name("tensorflow.zip")) as archive:
        found = [archive.read(name) for name in archive.namelist() if name.endswith((".index", "keras_metadata.pb"))]
    return [data for data in found if len(data) < 60_000]


def changed_bytes(data: bytes, rng: random.Random, snippets: tuple[bytes, ...] = ()) -> bytes:
    """Return data with a few bytes changed, removed or added, or small numbers of any width inserted."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(found) + 1)
        how = rng.randrange(6)
        if how == 0 and at < len(found):
            found[at] = rng.choice(OPCODES) if snippets and rng.random() < 0.5 else rng.randrange(256)
        elif how == 1:
            del found[at : at + rng.choice((1, 2, 4, 8, 30))]
        elif how == 2:
            width = rng.choice((1, 2, 4, 8))
            number = (rng.choice(NUMBERS) & (256**width - 1)).to_bytes(width, rng.choice(("little", "big")))
            found[at : at + width] = number
        elif how == 3 and snippets:
            found[at:at] = rng.choice(snippets)
        elif how == 4:
            other = rng.randrange(len(found) + 1)
            found[at:at] = found[other : other + rng.choice((1, 4, 16, 64))]
        else:
            found[at:at] = bytes([rng.choice(OPCODES)]) * rng.choice((1, 1, 1, 50))
    return bytes(found)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes | None:
    """Change bytes of the first kilobytes half of the time; leave the rest to the fuzzer."""
    if rng.random() < 0.5 or not data:
        return None
    return changed_bytes(data[:8_192], rng) + data[8_192:]


_pools: dict[str, Pool] = {}


def header_of(data: bytes) -> Any:
    """Return the header of a safetensors file; None if there is none."""
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


def mutate_safetensors(data: bytes, rng: random.Random) -> bytes | None:
    """Replace the header half of the time, with a matching length and often matching data."""
    header = header_of(data)
    if rng.random() < 0.3 or not header:
        return None
    if "safetensors" not in _pools:
        headers = [found for found in map(header_of, seeds(".safetensors")()) if found]
        _pools["safetensors"] = Pool([*headers, *TEXTS, [list(NUMBERS)]])
    header = mutated(header, _pools["safetensors"], rng)
    try:
        packed = json.dumps(header).encode()
    except (TypeError, ValueError):
        return None
    room = len(data) - 8 - int.from_bytes(data[:8], "little")
    if rng.random() < 0.5:
        room = end_of(header)
    return len(packed).to_bytes(8, "little") + packed + bytes(max(min(room, 65_536), 0))


def end_of(header: Any) -> int:
    """Return where the last tensor ends, as far as the header makes sense."""
    entries = header.values() if isinstance(header, dict) else ()
    offsets = [entry["data_offsets"] for entry in entries if isinstance(entry, dict) and "data_offsets" in entry]
    ends = [pair[1] for pair in offsets if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int)]
    return max(ends, default=0)


def mutate_torch(data: bytes, rng: random.Random) -> bytes | None:
    """Replace the pickle most of the time in an intact archive; change the first kilobytes of a legacy file."""
    if rng.random() < 0.1:
        return None
    if not data.startswith(b"PK"):
        return changed_bytes(data[:16_384], rng, SNIPPETS) + data[16_384:]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()[:200]}
    except Exception:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in entries.items():
            change = name.endswith(".pkl") or (name.endswith((".npy", ".json")) and rng.random() < 0.5)
            archive.writestr(name, changed_bytes(content, rng, SNIPPETS) if change else content)
    return packed.getvalue()
