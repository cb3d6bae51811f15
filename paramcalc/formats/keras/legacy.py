"""The config of a layer written by Keras 1 or 2 → its current class name and fields.

Renamed and dropped fields are data, in `layers/keras/versions.py`. This module converts values that changed: a size
that was two fields, a merge that was a mode. It looks at the names of fields rather than at versions, because many
files do not state which version of Keras wrote them.
"""

from typing import Any, TypeGuard

from paramcalc.errors import LayerError, echo
from paramcalc.layers.keras.versions import DROPPED, KERAS1_DATA_FORMATS, KERAS1_MERGES, renames, today
from paramcalc.shapes import MAX_DIMENSION

UNSUPPORTED = {
    "time_major": "put the batch first",
}
"""Dropped fields that change a shape or a count if they are set → what to do instead."""


def modernise(class_name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A Keras 1 or 2 layer with its current class name and fields.

    Raises:
        LayerError: for fields that contradict each other, or have no equivalent in any current class.
    """
    old_class = class_name
    class_name = today(class_name)
    renamed = renames(class_name)
    fields: dict[str, Any] = {}
    for key, value in config.items():
        name = renamed.get(key, key)
        check_single(fields, name, value, key)
        fields[name] = value
    if class_name == "Embedding":
        fields.pop("dropout", None)
    merge_kernel_size(fields)
    if isinstance(fields.get("data_format"), str):
        fields["data_format"] = KERAS1_DATA_FORMATS.get(fields["data_format"], fields["data_format"])
    if class_name in ("GRU", "GRUCell"):
        fields.setdefault("reset_after", "time_major" in fields)  # a field that only TensorFlow 2's layers have
    if class_name == "Merge":
        class_name = merge_class(fields)
    if old_class.startswith("Deconvolution") and "output_shape" in fields:
        fields["output_padding"] = output_padding(fields, fields.pop("output_shape"))
    for key in UNSUPPORTED:
        if fields.get(key):
            raise LayerError(f"{key}: {echo(fields[key])} is not supported: {UNSUPPORTED[key]}")
    fix_values(class_name, fields)
    return class_name, fields


def check_single(fields: dict[str, Any], name: str, value: Any, key: str) -> None:
    """Refuse a field that has different values under its old and its new name.

    Raises:
        LayerError: because it is unclear which of them counts.
    """
    if name in fields and fields[name] != value:
        raise LayerError(f"{name} is given twice: as {echo(fields[name])}, and as {echo(value)} (by '{key}')")


def merge_kernel_size(fields: dict[str, Any]) -> None:
    """Merge Keras 1's `nb_row` and `nb_col` (or `kernel_dim1` to 3) into one `kernel_size`."""
    if "nb_row" in fields and "nb_col" in fields:
        size = [fields.pop("nb_row"), fields.pop("nb_col")]
        check_single(fields, "kernel_size", size, "nb_row")
        fields["kernel_size"] = size
    if "kernel_dim1" in fields:
        size = [fields.pop(f"kernel_dim{n}", None) for n in (1, 2, 3)]
        check_single(fields, "kernel_size", size, "kernel_dim1")
        fields["kernel_size"] = size


def merge_class(fields: dict[str, Any]) -> str:
    """The current class for the mode of a Keras 1 Merge layer; its other fields are converted to that class's."""
    mode = fields.pop("mode", "sum")
    axis, axes = fields.pop("concat_axis", -1), fields.pop("dot_axes", -1)
    for key in ("mode_type", "output_shape", "output_shape_type", "output_mask", "output_mask_type", "layers",
                "arguments", "node_indices", "tensor_indices"):  # fmt: skip
        fields.pop(key, None)
    if mode == "concat":
        fields["axis"] = axis
    if mode in ("dot", "cos"):
        fields["axes"] = axes
        fields["normalize"] = mode == "cos"
    return KERAS1_MERGES.get(mode, "Merge") if isinstance(mode, str) else "Merge"


def fix_values(class_name: str, fields: dict[str, Any]) -> None:
    """Rewrite values whose form has changed."""
    if class_name == "SeparableConv1D" and fields.get("padding") == "causal":
        fields["padding"] = "same"  # gives the same length and products; the class no longer has causal padding
    if class_name == "Bidirectional":
        fields["layer"] = forwards(fields.get("layer"), fields.get("backward_layer"))
    if fields.get("pad_to_max_tokens") and fields.get("max_tokens") is None:
        fields["pad_to_max_tokens"] = False  # as the experimental layers of Keras 2 interpreted it
    axis = fields.get("axis")
    if class_name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        fields["axis"] = axis[0]
    for name in ("units", "filters"):
        value = fields.get(name)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            fields[name] = int(value)
    if class_name == "ZeroPadding2D":
        fix_padding(fields)


def output_padding(fields: dict[str, Any], shape: Any) -> list[int] | None:
    """The padding that gives Keras 1's `output_shape`, which a stride leaves ambiguous; None for the usual length.

    Raises:
        LayerError: for anything but the shape of a batch of images, or if no padding of the current class gives it.
    """
    size, strides, same = fields.get("kernel_size"), fields.get("strides"), fields.get("padding") == "same"
    if not (is_sizes(size) and is_sizes(strides) and len(size) == len(strides)):
        return None  # these fields are wrong, which is reported elsewhere
    axes = shape if isinstance(shape, list) else []
    axes = axes[2:] if fields.get("data_format") == "channels_first" else axes[1:-1]
    if not is_sizes(axes) or len(axes) != len(size):
        raise LayerError(f"output_shape: expected the sizes of a batch of images, got {echo(shape)}")
    # These are the usual lengths, up to whole strides; below are the shortest possible. See shapes.transposed_length.
    usual = [0 if same else max(span, stride) for span, stride in zip(size, strides, strict=True)]
    if all((axis - start) % stride == 0 for axis, start, stride in zip(axes, usual, strides, strict=True)):
        return None
    least = [span % 2 if same else span for span in size]
    extra = [(axis - start) % stride for axis, start, stride in zip(axes, least, strides, strict=True)]
    if same and any(span % 2 == 0 and more == 0 for span, more in zip(size, extra, strict=True)):
        raise LayerError(f"output_shape {echo(shape)} is not supported with an even kernel_size and padding 'same'")
    return extra


def is_sizes(value: Any) -> TypeGuard[list[int]]:
    """Whether a value is a list of positive sizes."""
    return isinstance(value, list) and all(type(item) is int and item > 0 for item in value)


def fix_padding(fields: dict[str, Any]) -> None:
    """Rewrite padding of the four sides, which Keras 1 also wrote as four numbers in a list or by name."""
    pads = fields.get("padding")
    if isinstance(pads, dict):
        pads = [pads.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
    if isinstance(pads, list) and len(pads) == 4:
        fields["padding"] = [pads[:2], pads[2:]]


MAY_HOLD_GRU = frozenset(
    ("GRU", "GRUCell", "RNN", "StackedRNNCells", "Bidirectional", "TimeDistributed", "GRUV2", "UnifiedGRU")
)
"""Classes that are a GRU, or may contain one."""


def with_reset_after(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of a layer with `reset_after: true` in every GRU inside that does not have the field."""
    kind, config = entry.get("class_name"), entry.get("config")
    if not isinstance(kind, str) or kind not in MAY_HOLD_GRU or not isinstance(config, dict):
        return entry
    fields: dict[str, Any] = {}
    if "GRU" in kind and "reset_after" not in config:
        fields["reset_after"] = True
    for key in ("layer", "backward_layer", "cell", "cells"):
        inner = config.get(key)
        if isinstance(inner, dict):
            fields[key] = with_reset_after(inner)
        elif isinstance(inner, list):
            fields[key] = [with_reset_after(item) if isinstance(item, dict) else item for item in inner]
    return {**entry, "config": {**config, **fields}} if fields else entry


def forwards(layer: Any, backward_layer: Any) -> Any:
    """A Bidirectional's layer, made to go forwards: if it went backwards, Keras 2 made the other one go forwards."""
    config = layer.get("config") if isinstance(layer, dict) else None
    if backward_layer is not None or not isinstance(config, dict) or config.get("go_backwards") is not True:
        return layer
    return {**layer, "config": {**config, "go_backwards": False}}


def without_old_fields(config: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The config without dropped fields, except those that the class still has."""
    return {key: value for key, value in config.items() if key in known or key not in DROPPED}


WHOLE = {"Dense": "units", "Conv1D": "filters", "Conv2D": "filters", "Conv3D": "filters"}
"""tf.keras classes that convert one of their fields, if it is a float, to an integer."""


def with_whole_numbers(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """The config with `units: 64.0` as 64, which tf.keras accepts and Keras 3 does not."""
    field = WHOLE.get(class_name, "")
    value = config.get(field)
    return (
        {**config, field: int(value)}
        if type(value) is float and value.is_integer() and value < MAX_DIMENSION
        else config
    )
