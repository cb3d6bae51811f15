"""The weights in Keras' HDF5 files, in each layout that Keras has used.

- Keras 1 and 2, and Keras 3's `.h5`: listed by attributes; beside an architecture, in the group `model_weights`.
- Keras 3, and Keras 2 from 2.12 on, `.weights.h5`: a group for each object that the model tracks.
- Keras 0: `layer_0/param_0`.
"""

from collections.abc import Callable, Iterable, Mapping

from paramcalc.formats.hdf5 import Object
from paramcalc.formats.keras.group_names import Keys
from paramcalc.formats.keras.h5_layers import StoredLayer
from paramcalc.formats.keras.h5_listed import LAYERS, read_listed, read_numbered, texts_of
from paramcalc.formats.keras.h5_tracked import layers_of, walk

MODEL_WEIGHTS = "model_weights"


def read_layers(
    root: Object, names: Callable[[], Mapping[Keys, str]] | None = None, *, with_state: bool = False
) -> list[StoredLayer] | None:
    """The weights by layer; None for a file in which Keras has not written any.

    Args:
        root: the root group.
        with_state: whether to include state that only training needs.
        names: returns the names of layers by group, where they are known; called only for a file that does not contain
            them.

    Raises:
        InputError: for a file that is broken, or lists a weight that it does not contain.
    """
    found: Iterable[StoredLayer]
    if MODEL_WEIGHTS in root.names:
        found = read_listed(root.member(MODEL_WEIGHTS))
    elif texts_of(root, LAYERS) is not None:
        found = read_listed(root)
    elif "nb_layers" in root.attributes:
        found = read_numbered(root)
    else:
        found = layers_of(list(walk(root, with_state)), names)
    layers = [layer for layer in found if layer.tensors]
    return layers or None
