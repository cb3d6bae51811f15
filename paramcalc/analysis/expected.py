"""A file that lists its own weights (TensorFlow.js' manifest) held against what was computed."""

from collections.abc import Mapping

from paramcalc.analysis.evaluate import Evaluation
from paramcalc.shapes import Shape, format_shape


def check_expected(evaluation: Evaluation) -> list[str]:
    """A warning for each weight that the file lists otherwise than computed; it names the weight.

    Names are compared where they are told alike; TensorFlow.js writes some below scopes of its own, so
    weights left over on both sides are paired by shape.
    """
    listed = {name.removesuffix(":0"): shape for name, shape in evaluation.model.expected.items()}
    if not listed:
        return []
    computed: dict[str, Shape] = {
        f"{call.node.path}/{weight.name}": weight.shape for call in evaluation.calls for weight in call.weights
    }
    warnings = []
    for name in [name for name in listed if name in computed]:
        shape, ours = listed.pop(name), computed.pop(name)
        if shape != ours:
            warnings.append(
                f"weight '{name}' is {format_shape(ours)} by its layer, "
                f"but the file's manifest says {format_shape(shape)}"
            )
    return warnings + unpaired(listed, computed, partial=bool(evaluation.unknown))


def unpaired(listed: Mapping[str, Shape], computed: Mapping[str, Shape], partial: bool) -> list[str]:
    """Weights that only one side has, once equal shapes are paired off; an unknown layer's may be in the file."""
    left: dict[Shape, list[str]] = {}
    for name, shape in computed.items():
        left.setdefault(shape, []).append(name)
    warnings = []
    for name, shape in listed.items():
        if left.get(shape):
            left[shape].pop()
        elif not partial:
            warnings.append(f"weight '{name}' {format_shape(shape)} of the file's manifest belongs to no layer")
    warnings += [
        f"weight '{name}' {format_shape(shape)} is not in the file's manifest"
        for shape, names in left.items()
        for name in names
    ]
    return warnings
