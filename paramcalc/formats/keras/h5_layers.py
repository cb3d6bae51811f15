"""The weights of a layer in Keras' HDF5 files, independent of the file's layout."""

from math import prod
from typing import NamedTuple

from paramcalc.formats.hdf5 import Object
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Kind


class StoredLayer(NamedTuple):
    """What a file contains for one layer.

    Attributes:
        name: the layer's own name, or that of its group if the file does not give it.
        tensors: its weights, each named relative to the layer.
    """

    name: str
    tensors: list[Tensor]


def tensors_of(layers: list[StoredLayer]) -> list[Tensor]:
    """All weights of a file, with the layer's name as a prefix."""
    return [of_layer(tensor, layer.name) for layer in layers for tensor in layer.tensors]


def of_layer(tensor: Tensor, layer: str) -> Tensor:
    """A weight with the layer's name as a prefix."""
    tied_to = None if tensor.tied_to is None else f"{layer}/{tensor.tied_to}"
    return Tensor(f"{layer}/{tensor.name}", tensor.shape, tensor.dtype, tensor.size, tensor.kind, tied_to=tied_to)


def tensor_at(variable: Object, name: str, kind: Kind) -> Tensor:
    """Convert a dataset to a weight.

    Raises:
        InputError: when its elements are not of a type that weights can have.
    """
    shape, datatype = variable.dataset()
    dtype = datatype.name
    if dtype is None and datatype.kind == "opaque" and datatype.size == 2:
        dtype = "bfloat16"  # h5py has no such type, so Keras writes two opaque bytes
    if shape is None or dtype in (None, "string"):
        what = "nothing" if shape is None else f"elements of another kind ({dtype or datatype.kind})"
        raise variable.broken(f"a weight holds {what}")
    if kind == "weight" and not dtype.startswith(("float", "bfloat")):
        kind = "statistic"  # Keras counts it as a parameter, but it has no gradient
    return Tensor(name, shape, dtype, prod(shape) * datatype.size, kind)
