"""TensorFlow.js' `weightsManifest`: the list of the weights in binary files beside an architecture.

Alone, or beside a graph whose layers were compiled away, it is read as a checkpoint.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.keras.h5_listed import kind_of
from paramcalc.formats.keras.stored import add_listed
from paramcalc.formats.source import Options, Source
from paramcalc.formats.tensor import Tensor
from paramcalc.model import Claims, Model
from paramcalc.shapes import MAX_RANK, is_size
from paramcalc.units import DTYPE_BITS, size_of


def read(source: Source, options: Options) -> Model:
    """The weights of a manifest without layers, with a row for each module.

    Raises:
        InputError: for an entry that is not a weight.
    """
    value = source.document.value
    manifest = value["weightsManifest"] if isinstance(value, dict) else value
    tensors, others = [], []
    for weight in entries_of(manifest):
        tensor = weight_in(weight)
        if tensor is None:
            message = "a TensorFlow.js weights manifest with an entry that has no name, or no shape"
            raise InputError(source.name, [Problem(message)])
        packed = weight.get("quantization")
        dtype = packed.get("dtype") if isinstance(packed, dict) else tensor.dtype
        if dtype in DTYPE_BITS:
            size = size_of(prod(tensor.shape), dtype)
            kind = tensor.kind if tensor.dtype.startswith("float") else None  # graphs have constants, such as shapes
            tensors.append(Tensor(tensor.name, tensor.shape, dtype, size, kind))
        else:
            others.append(tensor.name[:MAX_ECHO])
    if not tensors:
        raise InputError(source.name, [Problem("a TensorFlow.js weights manifest without a weight")])
    warnings = [f"{listed(others)}: no numbers, and not counted"] if others else []
    separator = "/" if any("/" in tensor.name for tensor in tensors) else "."
    found = Contents(tensors, "tfjs", {}, warnings, separator=separator, as_stored=True)
    return model_of(found, source.name, options.max_layers)


def add_manifest(model: Model, manifest: Any) -> None:
    """Add the weights for comparison with the architecture, and assign them to unknown layers.

    Malformed entries are left out of the comparison. If there are any, nothing is assigned, since a layer might get
    less than it has, or a weight twice.
    """
    model.claims = model.claims or Claims()
    found = list(weights_in(manifest))
    tensors = [tensor for tensor in found if tensor is not None]
    model.claims.weights = {tensor.name: tensor.shape for tensor in tensors} or None
    if tensors and len(model.claims.weights or ()) == len(found):
        add_listed(model, tensors)


def weights_in(manifest: Any) -> Iterator[Tensor | None]:
    """Yield each weight of a manifest; None for an invalid one."""
    return map(weight_in, entries_of(manifest))


def entries_of(manifest: Any) -> Iterator[Any]:
    """Yield the entry of each weight in a manifest; None for anything that is not a list of entries."""
    for group in manifest if isinstance(manifest, list) else [None]:
        weights = group.get("weights") if isinstance(group, dict) else None
        yield from weights if isinstance(weights, list) else [None]


def weight_in(weight: Any) -> Tensor | None:
    """Convert one weight; None if it has no name or no shape."""
    name, shape = (weight.get("name"), weight.get("shape")) if isinstance(weight, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(shape, list) or len(shape) > MAX_RANK:
        return None
    if not all(is_size(size) and size is not None for size in shape):
        return None
    # The name may be that of a TensorFlow tensor: the output of the operation that reads the weight.
    name, dtype = name.removesuffix(":0"), str(weight.get("dtype", "float32"))
    return Tensor(name, tuple(shape), dtype, size_of(prod(shape), dtype), kind_of(name))
