"""How a dtype policy of Keras 3 quantizes: `int8_from_float32`, `int4/128_from_float32`, `gptq/4/128_from_float32`."""

from typing import Any, NamedTuple

from paramcalc.errors import LayerError, echo
from paramcalc.shapes import MAX_DIMENSION
from paramcalc.units import compute_dtype, is_policy

HISTORY = 1024
"""The number of past maxima that float8 training keeps by default."""


class Scheme(NamedTuple):
    """How weights are quantized.

    Attributes:
        mode: "int8", "int4", "float8", "gptq" or "awq".
        bits: the width of a weight, for gptq.
        group: the number of inputs that share a scale; None if all do.
        history: how many maxima float8 keeps of each tensor.
    """

    mode: str
    bits: int = 4
    group: int | None = None
    history: int = HISTORY


def scheme_of(policy: str, quantization: Any = None, history: Any = HISTORY) -> Scheme | None:
    """Return the scheme that a policy's name gives, such as "int4/128_from_float32"; None if it is not quantized.

    Args:
        policy: the name.
        quantization: the layer's `quantization_config`, which goes before the policy's own numbers.
        history: the policy's `amax_history_length`.

    Raises:
        LayerError: for a policy that Keras does not have.
    """
    name, quantizes, source = policy.partition("_from_")
    if not quantizes:
        return None
    mode, *numbers = name.split("/")
    wanted = NUMBERS.get(mode)
    if wanted is None or len(numbers) not in wanted or not is_policy(source):
        raise LayerError(
            f"dtype {echo(policy)} is no policy of Keras: write int8_from_float32, int4/128_from_float32, …"
        )
    if mode == "int8" and compute_dtype(source) == "float16":
        raise LayerError("Keras does not quantize to int8 what is computed in float16")
    *bits, group = [integer(number, policy) for number in numbers] or [-1]
    if bits and bits[0] not in ((4,) if mode == "awq" else (2, 3, 4, 8)):
        raise LayerError(f"dtype {echo(policy)}: Keras has no {mode} of {bits[0]} bits")
    if type(history) is not int or not 0 <= history <= MAX_DIMENSION:
        raise LayerError("amax_history_length must be a whole number")
    scheme = Scheme(mode, bits[0] if bits else 4, group if group > 0 else None, history)
    return overridden(scheme, quantization)


NUMBERS = {"int8": (0,), "float8": (0,), "int4": (0, 1), "gptq": (2,), "awq": (2,)}
"""The allowed count of numbers after a mode: the bits and the group size."""

CONFIGS = {"int4": "Int4QuantizationConfig", "gptq": "GPTQConfig", "awq": "AWQConfig"}
"""The class of `quantization_config` that a mode reads."""


def integer(text: str, policy: str) -> int:
    """A number in a policy's name: −1, or a positive one.

    Raises:
        LayerError: for anything else.
    """
    if text != "-1" and not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) <= MAX_DIMENSION):
        raise LayerError(f"dtype {echo(policy)}: {echo(text)} is neither -1 nor a positive whole number")
    return int(text)


def overridden(scheme: Scheme, quantization: Any) -> Scheme:
    """Return the scheme with the numbers of a layer's `quantization_config`, if that has the same mode."""
    if not isinstance(quantization, dict) or quantization.get("class_name") != CONFIGS.get(scheme.mode):
        return scheme
    config = quantization.get("config")
    if not isinstance(config, dict):
        return scheme
    group = config.get("block_size" if scheme.mode == "int4" else "group_size", -1)
    bits = config.get("weight_bits", scheme.bits) if scheme.mode == "gptq" else scheme.bits
    if group is not None and (type(group) is not int or not (group == -1 or 0 < group <= MAX_DIMENSION)):
        raise LayerError(f"quantization_config: a group of {echo(group)} is neither -1 nor a positive whole number")
    if bits not in (2, 3, 4, 8):
        raise LayerError(f"quantization_config: Keras has no weights of {echo(bits)} bits")
    return scheme._replace(bits=bits, group=group if group and group > 0 else None)
