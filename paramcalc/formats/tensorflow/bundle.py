"""The `.index` of a TensorFlow checkpoint → its tensors: names, shapes and types, as Saver and Checkpoint write them.

Sources: tensorflow/core/protobuf/tensor_bundle.proto, and for names tensorflow/python/checkpoint and slot_creator.py.
"""

import re
from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple

from paramcalc.errors import MAX_ECHO, InputError, Problem
from paramcalc.formats.checkpoint import Contents, Details, model_of, natural_order, shape_of
from paramcalc.formats.protobuf import WireError, fields, signed
from paramcalc.formats.source import Options, Source
from paramcalc.formats.tensor import Tensor
from paramcalc.formats.tensorflow.table import TableError, entries
from paramcalc.layers.base import Kind
from paramcalc.limits import MAX_TABLE_BYTES, MAX_TENSORS, max_bytes
from paramcalc.model import Model

DTYPES = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    11: ("int8", 1),
    12: ("uint8", 1),
    13: ("int32", 4),
    14: ("bfloat16", 2),
    15: ("int16", 2),
    16: ("uint16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    22: ("uint32", 4),
    23: ("uint64", 8),
    24: ("float8_e5m2", 1),
    25: ("float8_e4m3fn", 1),
    29: ("int4", 1),
    30: ("uint4", 1),
}
"""Number in tensorflow/core/framework/types.proto → dtype, and the size of an element in bytes."""

NOT_NUMBERS = frozenset((7, 20, 21))
"""Strings, resources and variants, which cannot be weights."""

ATTRIBUTE = "/.ATTRIBUTES/"
VALUE = f"{ATTRIBUTE}VARIABLE_VALUE"
COPIES = "_all_variables/"
"""The prefix under which Keras 3 exports the tensors in `variables/` a second time."""

STATE = re.compile(
    r"(?:^|/)(?:optimizer|optimizer-[0-9]+|_optimizer|metrics|keras_api/metrics|\.OPTIMIZER_SLOT)/"
    r"|(?:^|/)(?:save_counter|global_step|iterations|_iterations|beta[12]_power(?:_[0-9]+)?)$"
)
"""Names of tensors that only training needs."""

SLOTS = re.compile(
    r"/(?:Adam|Adam_1|Momentum|RMSProp|RMSProp_1|Adagrad|Adadelta|Adadelta_1|Ftrl|Ftrl_1|ExponentialMovingAverage|"
    r"adam_m|adam_v|AdamWeightDecayOptimizer|AdamWeightDecayOptimizer_1|AdamAsync|LAMB|LAMB_1|lamb_m|lamb_v)$"
)
"""Suffixes that TensorFlow 1's optimizers append to a variable's name for their slots."""

STATISTICS = frozenset(("moving_mean", "moving_variance"))


class BundleEntry(NamedTuple):
    """A tensor's entry in the table.

    Attributes:
        dtype: the number of its dtype.
        shape: its dimensions; those of the whole tensor if it is stored in slices.
        size: its size in bytes.
        sliced: whether the data are in slices, which have entries of their own.
    """

    dtype: int = 0
    shape: tuple[int, ...] = ()
    size: int = 0
    sliced: bool = False


def read(source: Source, options: Options) -> Model | None:
    """Read the model of an `.index`; None for a file that only begins like one.

    Raises:
        InputError: when it is broken.
    """
    if not is_bundle(source):
        return None
    return model_of(contents(source), source.name, options.max_layers)


def is_bundle(source: Source) -> bool:
    """Whether a file ends like a LevelDB table."""
    from paramcalc.formats.tensorflow.table import MAGIC

    if source.size < len(MAGIC):
        return False
    source.file.seek(-len(MAGIC), 2)
    return source.file.read(len(MAGIC)) == MAGIC


def contents(source: Source) -> Contents:
    """The tensors that an `.index` names.

    Raises:
        InputError: when it is broken.
    """
    try:
        tensors = list(tensors_of(entries(source.read(max_bytes(MAX_TABLE_BYTES), "the index"))))
    except (TableError, WireError, ValueError) as error:
        raise InputError(source.name, [Problem(f"the index of a TensorFlow checkpoint is broken: {error}")]) from None
    if not tensors:
        raise InputError(source.name, [Problem("a TensorFlow checkpoint without a tensor in it")])
    mark(tensors)
    by_name = {tensor.name: tensor for tensor in tensors}
    tensors = [by_name[name] for name in natural_order(by_name)]
    states = [tensor for tensor in tensors if tensor.kind == "state"]
    details: Details = {"tensors": len(tensors) - len(states)}
    if states:
        details |= {"training_tensors": len(states), "training_bytes": sum([tensor.size for tensor in states])}
    return Contents(tensors, "tensorflow_checkpoint", details, separator="/", as_stored=True)


def tensors_of(table: Iterable[tuple[bytes, bytes]]) -> Iterator[Tensor]:
    """The tensors in a table.

    Raises:
        ValueError: in words for the user.
    """
    count = 0
    for key, value in table:
        if not key or key[:1] == b"\0":  # the bundle's header, or a slice of a tensor that has its own entry
            continue
        name = key.decode("utf-8", "replace")
        entry = entry_of(value, name)
        if entry.dtype in NOT_NUMBERS:
            continue
        if entry.dtype not in DTYPES:
            raise ValueError(f"tensor '{name[:MAX_ECHO]}' has the unknown type {entry.dtype}")
        dtype, each = DTYPES[entry.dtype]
        size = prod(entry.shape) * each
        if not entry.sliced and size != entry.size:
            raise ValueError(f"tensor '{name[:MAX_ECHO]}' has {entry.size:,} bytes, but its shape needs {size:,}")
        count += 1
        if count > MAX_TENSORS:
            raise ValueError(f"it has more than {MAX_TENSORS:,} tensors, the limit")
        yield Tensor(name.removesuffix(VALUE), entry.shape, dtype, size)


def entry_of(data: bytes, name: str) -> BundleEntry:
    """Parse a BundleEntryProto message.

    Raises:
        ValueError: in words for the user.
    """
    entry = BundleEntry()
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            entry = entry._replace(dtype=value)
        elif number == 2 and isinstance(value, bytes):
            entry = entry._replace(shape=shape_of(dims_of(value), name))
        elif number == 5 and isinstance(value, int):
            entry = entry._replace(size=value)
        elif number == 7:
            entry = entry._replace(sliced=True)
    return entry


def dims_of(data: bytes) -> Iterator[int]:
    """The sizes in a TensorShapeProto message, which omits zeros."""
    for number, value in fields(data):
        if number == 2 and isinstance(value, bytes):
            yield next((signed(size) for field, size in fields(value) if field == 1 and isinstance(size, int)), 0)


def mark(tensors: list[Tensor]) -> None:
    """Set the kind of each tensor, and what it is tied to, as far as its name shows."""
    names = {tensor.name for tensor in tensors}
    for tensor in tensors:
        tensor.kind = kind_of(tensor.name, names)
        if tensor.name.startswith(COPIES):
            first = "variables/" + tensor.name.removeprefix(COPIES)
            tensor.tied_to = first if first in names else None


def kind_of(name: str, names: set[str]) -> Kind | None:
    """The kind of a tensor by its name; None if the name does not show it."""
    if STATE.search(name) or (SLOTS.search(name) and SLOTS.sub("", name) in names):
        return "state"
    return "statistic" if name.rpartition("/")[2] in STATISTICS else None
