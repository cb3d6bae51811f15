"""HDF5 files (`.h5`, `.hdf5`) of Keras: the root's `model_config` is read, no dataset ever is."""

from contextlib import suppress
from typing import Any, BinaryIO

from paramcalc.errors import InputError, Problem
from paramcalc.formats.source import check_size
from paramcalc.limits import MAX_CONFIG_BYTES, max_bytes


def read_config(file: BinaryIO | str, name: str) -> tuple[bytes, str | None]:
    """The JSON in `model_config`, and the Keras version the file was written by.

    Raises:
        InputError: when h5py is not installed, the file is broken, or it holds no architecture.
    """
    try:
        import h5py
    except ImportError:
        message = 'this is an HDF5 file; reading it needs h5py: pip install "paramcalc[h5]"'
        raise InputError(name, [Problem(message)]) from None
    try:
        with h5py.File(file, "r") as opened:
            config = _text(opened.attrs, "model_config", name)
            if config is None:
                raise InputError(name, [Problem(_explain_missing(opened))])
            version = None
            with suppress(InputError):
                version = _text(opened.attrs, "keras_version", name)
    except InputError:
        raise
    except Exception as error:  # h5py passes on whatever the C library says, as many kinds
        message = f"a broken HDF5 file: {str(error)[:200] or type(error).__name__}"
        raise InputError(name, [Problem(message)]) from None
    return config, version.decode("ascii", "replace")[:16] if version else None


def _text(attributes: Any, key: str, name: str) -> bytes | None:
    """A scalar text attribute; what it is and how large is asked before it is read."""
    if key not in attributes:
        return None
    attribute = attributes.get_id(key)
    limit = max_bytes(MAX_CONFIG_BYTES)
    check_size(name, attribute.get_storage_size(), limit, key)
    if attribute.shape not in ((), (1,)) or attribute.dtype.kind not in "OS":
        raise InputError(name, [Problem(f"the attribute {key} is not a single string")])
    value = attributes[key]
    if attribute.shape:
        value = value[0]
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if not isinstance(value, bytes):
        raise InputError(name, [Problem(f"the attribute {key} is not a single string")])
    value = bytes(value)
    check_size(name, len(value), limit, key)
    return value


def _explain_missing(opened: Any) -> str:
    if "layer_names" in opened.attrs or "layers" in opened:
        return (
            "an HDF5 file of weights only: the architecture is written by `model.save('model.keras')` "
            "or `model.to_json()`"
        )
    return "an HDF5 file without the attribute model_config: not a Keras model"
