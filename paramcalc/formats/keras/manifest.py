"""TensorFlow.js' `weightsManifest`: the list of the weights that stand in binary files beside an architecture."""

from collections.abc import Iterator
from math import prod
from typing import Any

from paramcalc.formats.keras.h5_listed import kind_of
from paramcalc.formats.keras.stored import add_listed
from paramcalc.formats.tensor import Tensor
from paramcalc.model import Claims, Model
from paramcalc.shapes import MAX_RANK, is_size
from paramcalc.units import size_of


def add_manifest(model: Model, manifest: Any) -> None:
    """Have the weights compared with the architecture, and give them to layers that are not known.

    What is malformed is left out of the comparison; of a list that is not all well-formed nothing is given, since a
    layer might get less than it has, or a weight twice.
    """
    model.claims = model.claims or Claims()
    found = list(weights_in(manifest))
    tensors = [tensor for tensor in found if tensor is not None]
    model.claims.weights = {tensor.name: tensor.shape for tensor in tensors} or None
    if tensors and len(model.claims.weights or ()) == len(found):
        add_listed(model, tensors)


def weights_in(manifest: Any) -> Iterator[Tensor | None]:
    """Each weight of a manifest; None for what is none."""
    for group in manifest if isinstance(manifest, list) else [None]:
        weights = group.get("weights") if isinstance(group, dict) else None
        for weight in weights if isinstance(weights, list) else [None]:
            yield weight_in(weight)


def weight_in(weight: Any) -> Tensor | None:
    """One weight; None where it has no name or no shape."""
    name, shape = (weight.get("name"), weight.get("shape")) if isinstance(weight, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(shape, list) or len(shape) > MAX_RANK:
        return None
    if not all(is_size(size) and size is not None for size in shape):
        return None
    # A name may be that of TensorFlow's tensor: the output of the operation that reads the weight.
    name, dtype = name.removesuffix(":0"), str(weight.get("dtype", "float32"))
    return Tensor(name, tuple(shape), dtype, size_of(prod(shape), dtype), kind_of(name))
