"""Dtype policies in a Keras file, reduced to the names of policies whose weights have a known size."""

from typing import Any

from paramcalc.errors import LayerError, echo
from paramcalc.formats.keras.entries import foreign_name, is_foreign
from paramcalc.formats.keras.inputs import DTYPE_ALIASES
from paramcalc.layers.base import Layer
from paramcalc.units import is_policy


def dtype_policy(value: Any) -> str:
    """The name of a policy, which Keras writes as a string or as an object.

    Raises:
        LayerError: for a policy that Keras does not have, or one that differs from layer to layer.
    """
    if value is None:
        return "float32"
    if isinstance(value, str):
        return known_policy(value)
    if isinstance(value, dict):
        config = value.get("config")
        kind = str(value.get("class_name", ""))
        if is_foreign(value):
            raise LayerError(f"dtype policy '{foreign_name(value)}' is not one of Keras' own")
        if isinstance(config, dict) and kind in ("DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy"):
            name = str(config.get("name") or "float32")
            if "_from_" in name:
                raise LayerError(f"dtype {echo(name)} is quantized, and a {kind} is not: a QuantizedDTypePolicy is")
            return known_policy(name)
        if isinstance(config, dict) and kind in QUANTIZED_POLICIES:
            source = config.get("source_name")
            return known_policy(f"{config.get('mode')!s}_from_{'float32' if source is None else str(source)}")
        raise LayerError(f"dtype policy '{kind[:60]}' is not supported")
    raise LayerError("dtype must be a name or a policy")


QUANTIZED_MODES = ("int8", "float8", "int4", "gptq", "awq")
QUANTIZED_POLICIES = frozenset(
    ("QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy", "Int4DTypePolicy", "GPTQDTypePolicy", "AWQDTypePolicy")
)


def known_policy(name: str) -> str:
    """The name of a policy, provided that the size of its weights is known.

    Raises:
        LayerError: for any other policy.
    """
    name = DTYPE_ALIASES.get(name, name)
    if "_from_" in name:
        from paramcalc.layers.keras.schemes import scheme_of  # few files are quantized

        scheme_of(name)
    elif name != "string" and not is_policy(name):
        raise LayerError(f"dtype {echo(name)} is unknown, so the size of its weights is not known")
    return name


def quantized(cls: type[Layer], config: dict[str, Any], dtype: str) -> type[Layer]:
    """The class for a layer of class `cls` whose weights have a quantized policy."""
    from paramcalc.layers.keras.quantized import quantized_class
    from paramcalc.layers.keras.schemes import HISTORY, scheme_of

    policy = config.get("dtype")
    own = policy.get("config", {}) if isinstance(policy, dict) else {}
    scheme = scheme_of(dtype, config.get("quantization_config"), own.get("amax_history_length", HISTORY))
    if scheme is None:  # Keras 3 treats every name with such a prefix as a quantized policy
        raise LayerError(f"dtype {echo(dtype)} is no policy of a layer; write {dtype}_from_float32 for a quantized one")
    return quantized_class(cls, scheme)
