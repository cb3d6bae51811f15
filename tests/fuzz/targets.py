"""The fuzzing targets: the seeds of each, and how one input is derived from another."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from paramcalc import InputError
from paramcalc.formats.text.document import parse
from tests.fuzz import checkpoints
from tests.fuzz.mutate import Pool, dumped, mutated

TESTS = Path(__file__).resolve().parents[1]
HOSTILE = TESTS / "data" / "hostile"
KERAS = TESTS / "data" / "keras"
MAX_SEED = 60_000


class Target(NamedTuple):
    """One fuzzing target.

    Attributes:
        seeds: whole files to start from.
        mutate: (bytes, random numbers) → other bytes, or None to leave it to the fuzzer.
    """

    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, random.Random], bytes | None]


def files(folder: Path, *endings: str) -> list[bytes]:
    """Return the small files of a folder."""
    found = sorted(path for path in folder.iterdir() if path.name.endswith(endings))
    return [data for data in (path.read_bytes() for path in found) if len(data) <= MAX_SEED]


def any_seeds() -> list[bytes]:
    return [data for data in files(HOSTILE, "") if len(data) <= 4096]


def spec_seeds() -> list[bytes]:
    """Return the examples, and every layer class in a spec of one layer."""
    specs = files(TESTS.parent / "specs", ".yaml") + files(HOSTILE, ".yaml")
    cases: dict[str, bytes] = {}
    for line in (TESTS / "data" / "keras" / "layers.jsonl").read_text().splitlines()[1:]:
        case = json.loads(line)
        name = next(iter(case["layer"]))
        if name not in cases and "error" not in case:
            inputs = {f"in{number}": shape for number, shape in enumerate(case["inputs"])}
            layer = {**case["layer"], "inputs": list(inputs)}
            cases[name] = json.dumps({"inputs": inputs, "layers": [layer]}).encode()
    return specs + list(cases.values())


def keras_seeds() -> list[bytes]:
    """Return models that Keras of every age wrote, and those with layers of other packages."""
    lines = gzip.decompress((KERAS / "random.jsonl.gz").read_bytes()).splitlines()
    packages = [case["forms"][0] for path in KERAS.glob("packages_*.gz") for case in frozen_lines(path)]
    texts = [json.loads(line)["config"].encode() for line in lines]
    return files(HOSTILE, ".json") + texts + [data for data in map(dumped, packages) if len(data) <= MAX_SEED]


def archive_seeds() -> list[bytes]:
    return files(HOSTILE, ".keras", ".zip", ".npz")


_pools: dict[str, Pool] = {}


def parsed(data: bytes) -> Any:
    """Parse the document with paramcalc's own reader, as others can be made to hang; None if it is invalid."""
    try:
        value = parse(data, "seed").value
    except InputError:
        return None
    return value if len(msgspec.json.encode(value)) <= MAX_SEED else None


def structural(name: str, seeds: Callable[[], list[bytes]]) -> Callable[[bytes, random.Random], bytes | None]:
    """Return a mutator of documents."""

    def mutate(data: bytes, rng: random.Random) -> bytes | None:
        if rng.random() < 0.1:
            return None
        if name not in _pools:
            _pools[name] = Pool([document for document in map(parsed, seeds()) if document is not None])
        try:
            document = parsed(data)
            if isinstance(document, (dict, list)):
                return dumped(mutated(document, _pools[name], rng))
        except (TypeError, ValueError, RecursionError, OverflowError):
            pass
        return None

    return mutate


def mutate_archive(data: bytes, rng: random.Random) -> bytes | None:
    """Replace `config.json` half of the time, in a valid archive."""
    if rng.random() < 0.5:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            config = archive.read("config.json")[:MAX_SEED]
    except Exception:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        archive.writestr("config.json", TARGETS["keras"].mutate(config, rng) or config)
    return packed.getvalue()


def program_seeds() -> list[bytes]:
    """Return exported programs, as archives."""
    found = []
    for line in gzip.decompress((TESTS / "data" / "torch_export" / "2.13.jsonl.gz").read_bytes()).splitlines():
        entries = json.loads(line)["entries"]
        if sum(map(len, entries.values())) <= MAX_SEED:
            found.append(packed(entries))
    return found


def packed(entries: dict[str, Any]) -> bytes:
    """Return an archive of texts by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name or "?", text)
    return file.getvalue()


def program_documents() -> list[bytes]:
    """Return the JSON of exported programs."""
    return [zipfile.ZipFile(io.BytesIO(data)).read("archive/models/model.json") for data in program_seeds()]


def mutate_program(data: bytes, rng: random.Random) -> bytes | None:
    """Replace the program or its table of weights, in a valid archive."""
    if rng.random() < 0.1:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name: archive.read(name)[:MAX_SEED] for name in archive.namelist()[:8]}
    except Exception:
        return None
    chosen = rng.choice([name for name in entries if name.endswith(".json")] or list(entries) or [""])
    mutate = structural("programs", program_documents)
    return packed({**entries, chosen: mutate(entries.get(chosen, b"{}"), rng) or b"{}"})


def frozen_lines(path: Path) -> list[dict[str, Any]]:
    """Return the cases of a frozen file, one per line."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.splitlines()]


def huggingface_seeds() -> list[bytes]:
    """Return the first configuration of every family of transformers' models."""
    found = []
    for path in sorted((TESTS / "data" / "huggingface").glob("*.jsonl")):
        config = next(iter(frozen_lines(path)), {}).get("config")
        if config:
            found.append(json.dumps(config).encode())
    return found


def adapter_seeds() -> list[bytes]:
    """Return folders of an adapter and its base."""
    cases = frozen_lines(TESTS / "data" / "adapters.jsonl.gz")
    return [
        json.dumps({"config.json": case["config"], "adapter_config.json": case["adapter"]}).encode()
        for case in cases[::8]
        if "config" in case and "adapter" in case
    ]


def checks_seeds() -> list[bytes]:
    """Return folders with a spec, an index of a checkpoint's files and a configuration."""
    spec = {
        "input": [8],
        "vars": {"n": 2},
        "layers": [{"repeat": "$n", "layers": [{"Dense": 8}]}],
        "budget": {"params": 1},
    }
    check = {"files": ["*.json", "!b*"], "params": "5M", "assume": {"A*": "same:0"}, "layers": {"d*": {"params": 9}}}
    index = {"metadata": {"total_size": 8}, "weight_map": {"a.weight": "a.safetensors", "b.weight": "b.safetensors"}}
    config = json.loads(huggingface_seeds()[0])
    folders: list[dict[str, Any]] = [
        {"m.json": spec, "paramcalc.yaml": {"checks": [check]}},
        {"model.safetensors.index.json": index},
        {"model.safetensors.index.json": index, "config.json": config},
        {"config.json": config, "modules.json": [{"idx": 0, "name": "0", "path": "", "type": "x.Transformer"}]},
    ]
    return [json.dumps(folder).encode() for folder in folders]


def hdf5_seeds() -> list[bytes]:
    """Return files that Keras wrote, and small files with multi-level trees."""
    from tests.fuzz import hdf5_damage

    return [data for data in [*hdf5_damage.keras_files(), *hdf5_damage.seeds()] if len(data) <= 2 * MAX_SEED]


def mutate_hdf5(data: bytes, rng: random.Random) -> bytes | None:
    """Damage a file, or put another architecture into an intact one."""
    from tests.fuzz import hdf5_damage

    if rng.random() < 0.6:
        return hdf5_damage.damaged(data, rng)
    seed = rng.choice(keras_seeds())
    config = TARGETS["keras"].mutate(seed, rng) or seed
    return hdf5_damage.written(
        "latest",
        lambda file: file.attrs.create("model_config", config[:MAX_SEED].decode("utf-8", "replace").replace("\0", " ")),
    )


TARGETS = {
    "bytes": Target(any_seeds, lambda data, rng: None),
    "spec": Target(spec_seeds, structural("spec", spec_seeds)),
    "keras": Target(keras_seeds, structural("keras", keras_seeds)),
    "archive": Target(archive_seeds, mutate_archive),
    "program": Target(program_seeds, mutate_program),
    "safetensors": Target(checkpoints.seeds(".safetensors"), checkpoints.mutate_safetensors),
    "gguf": Target(checkpoints.seeds(".gguf"), checkpoints.mutate_bytes),
    "numpy": Target(checkpoints.seeds(".npz", ".npy"), checkpoints.mutate_torch),
    "tensorflow": Target(checkpoints.tensorflow_seeds, checkpoints.mutate_bytes),
    "torch": Target(checkpoints.seeds(".pt", ".pth"), checkpoints.mutate_torch),
    "hdf5": Target(hdf5_seeds, mutate_hdf5),
    "huggingface": Target(huggingface_seeds, structural("huggingface", huggingface_seeds)),
    "adapter": Target(adapter_seeds, structural("adapter", adapter_seeds)),
    "folder": Target(checks_seeds, structural("folder", checks_seeds)),
}

FOLDERS = ("adapter", "folder")
"""Targets whose inputs name the files of a folder, with the content of each."""
