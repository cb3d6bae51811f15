"""Random checkpoints, written by torch.save in both layouts and every protocol, against what torch.load finds in them.

    python -m tests.oracle.random_saved 1000 [SEED]

Needs torch and numpy (1.13 or newer). Names, shapes, types, and the bytes and elements that tensors share are
compared; a file may be refused, by name, but nothing may be wrong. Prints what became of the files.
"""

import argparse
import collections
import random
import re
import sys
import tempfile
import warnings
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paramcalc import InputError
from paramcalc.formats.source import open_source
from paramcalc.formats.torch_checkpoint import contents

NAMES = [
    *("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "uint16"),
    *("uint32", "uint64", "complex64", "complex128", "complex32", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz"),
    *("float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"),
]
TYPES = [getattr(torch, name) for name in NAMES if hasattr(torch, name)]
ODD = (3, 2**70, 1.5, "text", None, True, b"ab" * 40, 1 + 2j, range(3), torch.float16, torch.device("cpu"), {1, 2})


def zeros(pick: random.Random) -> torch.Tensor:
    """A tensor of any type and shape; one of bytes, seen as another, where there are no zeros of a type."""
    dtype = pick.choice(TYPES) if pick.random() < 0.5 else torch.float32
    shape = [pick.choice((0, 1, 2, 3, 4, 7)) for _ in range(pick.choice((0, 1, 1, 2, 2, 3, 5)))]
    size = torch.empty(0, dtype=dtype).element_size()
    return torch.zeros(prod(shape) * size, dtype=torch.uint8).view(dtype).reshape(shape)


def tensor(pick: random.Random, others: list[torch.Tensor]) -> torch.Tensor:
    """A tensor of its own, a part of another, or one of an odd kind."""
    made = zeros(pick)
    another = pick.choice(others) if others else made
    ways = [
        lambda: another,
        lambda: another.transpose(0, -1),
        lambda: another.reshape(-1)[: another.numel() // 2],
        lambda: made.unsqueeze(0).expand(3, *made.shape),
        lambda: made[::2],
        lambda: nn.Parameter(made, requires_grad=made.is_floating_point()),
        lambda: torch.empty(made.shape, dtype=made.dtype, device="meta"),
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.eye(3).to_sparse_csr(),
        lambda: torch.quantize_per_tensor(torch.rand(3, 2), 0.1, 3, torch.qint8),
    ]
    try:
        made = pick.choice(ways)() if pick.random() < 0.5 else made
    except (RuntimeError, IndexError):
        return made  # not every way is one for every type and shape
    if made.layout == torch.strided and not made.is_quantized and made.device.type == "cpu":
        others.append(made)
    return made


def state_dict(pick: random.Random, others: list[torch.Tensor], prefix: str = "") -> dict:
    names = [
        f"{prefix}layers.{n}.{part}" for n in range(pick.randint(1, 4)) for part in ("weight", "bias", "running_mean")
    ]
    return pick.choice((dict, collections.OrderedDict))((name, tensor(pick, others)) for name in names)


def optimizer(pick: random.Random) -> torch.optim.Optimizer:
    layer = nn.Linear(3, 2)
    kinds = [torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad, torch.optim.RMSprop, torch.optim.Rprop]
    made = pick.choice(kinds)(layer.parameters(), lr=0.1)
    layer(torch.rand(4, 3)).sum().backward()
    made.step()
    return made


def extra(pick: random.Random, others: list[torch.Tensor], depth: int = 0) -> object:
    """What else people save."""
    parts = [lambda: extra(pick, others, depth + 1) if depth < 3 else None for _ in range(pick.randint(0, 3))]
    ways = [
        *(lambda value=value: value for value in ODD),
        lambda: tensor(pick, others),
        lambda: np.zeros((2, 3), pick.choice(("f2", "f4", ">f8", "i1", "u2", "b1", "c8"))),
        lambda: np.array(["a", None], dtype=object),
        lambda: np.float32(1),
        lambda: argparse.Namespace(lr=0.1),
        lambda: [part() for part in parts],
        lambda: tuple(part() for part in parts),
        lambda: {key: part() for key, part in zip(("a", 0, (1, 2)), parts, strict=False)},
        lambda: collections.deque([tensor(pick, others)]),
        lambda: collections.defaultdict(list, q=[tensor(pick, others)]),
    ]
    return pick.choice(ways)()


def checkpoint(pick: random.Random) -> object:
    others: list[torch.Tensor] = []
    whole = {
        "alone": lambda: tensor(pick, others),
        "list": lambda: [tensor(pick, others) for _ in range(3)],
        "state_dict": lambda: state_dict(pick, others, pick.choice(("", "module.", "model."))),
        "optimizer": lambda: optimizer(pick).state_dict(),
    }
    if pick.random() < 0.4:
        return whole[pick.choice(list(whole))]()
    saved = {pick.choice(("state_dict", "model", "net", "params", "ema")): state_dict(pick, others)}
    beside = {
        "optimizer": lambda: optimizer(pick).state_dict(),
        "optim": lambda: optimizer(pick),
        "optimizer_states": lambda: [optimizer(pick).state_dict()],
        "epoch": lambda: 3,
        "rng_state": torch.get_rng_state,
        "ema": lambda: state_dict(pick, others),
        "extra": lambda: extra(pick, others),
        "more": lambda: extra(pick, others),
    }
    return saved | {name: make() for name, make in beside.items() if pick.random() < 0.35}


def tensors(value: object, way: tuple[str, ...] = ()) -> list[tuple[str, object]]:
    """(name, tensor or array of numbers) of everything in a value, in its order."""
    if isinstance(value, torch.optim.Optimizer):
        return tensors(value.__getstate__(), way)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = list(value)
    if isinstance(value, torch.Tensor) or (isinstance(value, np.ndarray) and value.dtype.kind in "biufc"):
        return [(".".join(way) or "tensor", value)]
    if isinstance(value, dict):
        plain = (str, int, float, bool, type(None))
        keys = [str(key) if type(key) in plain else str(place) for place, key in enumerate(value)]
        return [found for key, part in zip(keys, value.values(), strict=True) for found in tensors(part, (*way, key))]
    if isinstance(value, (list, tuple, collections.deque)):
        return [found for place, part in enumerate(value) for found in tensors(part, (*way, str(place)))]
    return []


def described(value: object) -> tuple[tuple[int, ...], str]:
    return tuple(value.shape), value.dtype.name if isinstance(value, np.ndarray) else str(value.dtype).split(".")[1]


def stored(values: list[object]) -> int | None:
    """Bytes of all storages; None where some are not plain."""
    sizes, arrays = {}, 0
    for value in values:
        if isinstance(value, np.ndarray):
            arrays += value.nbytes
        elif value.layout != torch.strided or value.is_quantized:
            return None
        elif value.device.type == "cpu":
            storage = value.untyped_storage() if hasattr(value, "untyped_storage") else value.storage()._untyped()
            sizes[storage._cdata] = storage.nbytes()
    return sum(sizes.values()) + arrays


def compare(path: Path) -> str:
    """What became of a file: "exact", or what is wrong, or why it was refused."""
    options = {"weights_only": False} if "weights_only" in torch.load.__code__.co_varnames else {}
    try:
        expected = tensors(torch.load(path, **options))
    except (RuntimeError, AttributeError, SystemError) as error:
        return f"PyTorch cannot load what it saved: {str(error)[:60]}"  # its old layout, of newer types
    try:
        with open_source(str(path)) as source:
            found = contents(source)
    except InputError as error:
        return "refused" + re.sub(r"[0-9]+", "N", str(error).split(":", 1)[1])[:80]
    under = f"{found.details.get('saved_under', '')}."
    got = sorted((t.name.removeprefix(under), t.shape, t.dtype) for t in found.tensors)
    if got != sorted((name.removeprefix(under), *described(value)) for name, value in expected):
        return f"WRONG tensors: {path}"
    size = stored([value for _, value in expected])
    return "exact" if size is None or size == sum(t.size for t in found.tensors) else f"WRONG bytes: {path}"


def main() -> None:
    warnings.simplefilter("ignore")
    pick = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    folder = Path(tempfile.mkdtemp())
    said: collections.Counter[str] = collections.Counter()
    for number in range(int(sys.argv[1])):
        path = folder / f"{number}.pt"
        is_zip, protocol = pick.random() < 0.6, pick.choice((2, 2, 3, 4, 5))
        try:
            torch.save(checkpoint(pick), path, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
        except RuntimeError:
            continue  # views of one storage as several types
        said[compare(path)] += 1
    for what, count in said.most_common():
        print(f"{count:6,} {what}")
    sys.exit(any(what.startswith("WRONG") for what in said))


if __name__ == "__main__":
    main()
