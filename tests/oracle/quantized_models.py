"""Quantized models of Keras 3: what real Keras counts of the files that it writes.

    KERAS_BACKEND=jax python -m tests.oracle.quantized_models

rewrites `tests/data/keras/quantized.jsonl.gz`: a header line naming the Keras version, then a line a model: its
JSON, and what Keras says of it once loaded (shapes, counts, bytes, multiply-accumulates, every weight with its dtype),
or its refusal. A model is quantized by `model.quantize`, or by a dtype policy in its file, as Keras Hub does it.
"""

import gzip
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.oracle.truth import keras, truth

OUT = Path(__file__).parents[1] / "data" / "keras" / "quantized.jsonl.gz"
L, Q = keras.layers, keras.quantizers

MODES = ("int8", "int4", "float8")
POLICIES = (
    "int8_from_float32", "int8_from_bfloat16", "int8_from_mixed_bfloat16", "int8_from_float16",
    "int8_from_mixed_float16", "int4_from_float32", "int4/-1_from_float32", "int4/1_from_float32",
    "int4/2_from_float32", "int4/3_from_float32", "int4/128_from_float32",
    "int4/2_from_mixed_bfloat16", "int4_from_float16",
    "float8_from_float32", "float8_from_mixed_float16", "gptq/2/-1_from_float32", "gptq/3/2_from_float32",
    "gptq/4/2_from_float32", "gptq/4/-1_from_float32", "gptq/8/3_from_float32", "gptq/4/2_from_float16",
    "awq/4/2_from_float32", "awq/4/-1_from_float32",
)  # fmt: skip
REFUSED = (
    "int8", "int8_from_", "_from_float32", "int8_from_int8_from_float32", "int8/4_from_float32",
    "float8/2_from_float32", "int4/0_from_float32", "int4/-2_from_float32", "int4/x_from_float32",
    "int4/2/2_from_float32", "gptq_from_float32",
    "gptq/4_from_float32", "gptq/5/2_from_float32", "gptq/4/0_from_float32", "awq/8/2_from_float32",
    "awq/4_from_float32", "int2_from_float32", "int8_from_nothing", "INT8_from_float32",
)  # fmt: skip

LAYERS: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "dense": (lambda **k: L.Dense(5, **k), (3,), "float32"),
    "dense of even size": (lambda **k: L.Dense(4, use_bias=False, **k), (2, 6), "float32"),
    "dense with lora": (lambda **k: L.Dense(5, lora_rank=2, **k), (4, 3), "float32"),
    "einsum of heads": (
        lambda **k: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", **k),
        (4, 7),
        "float32",
    ),
    "einsum back": (lambda **k: L.EinsumDense("abde,dec->abc", (None, 9), bias_axes="c", **k), (4, 2, 3), "float32"),
    "einsum of two axes": (lambda **k: L.EinsumDense("ab,bc->ac", 5, **k), (6,), "float32"),
    "einsum with an ellipsis": (lambda **k: L.EinsumDense("...x,xy->...y", 5, **k), (4, 3), "float32"),
    "einsum with an ellipsis last": (lambda **k: L.EinsumDense("ab...,bc->ac...", (5,), **k), (3, 4), "float32"),
    "einsum transposed": (lambda **k: L.EinsumDense("abc,dc->abd", (None, 5), **k), (4, 3), "float32"),
    "einsum of four axes": (lambda **k: L.EinsumDense("abc,cdef->abdef", (None, 2, 3, 2), **k), (4, 3), "float32"),
    "einsum that keeps": (lambda **k: L.EinsumDense("abc,bc->abc", (4, 3), **k), (4, 3), "float32"),
    "einsum to nothing": (lambda **k: L.EinsumDense("abc,bc->a", (), **k), (4, 3), "float32"),
    "einsum with lora": (lambda **k: L.EinsumDense("abc,cd->abd", (None, 5), lora_rank=2, **k), (4, 3), "float32"),
    "einsum of heads with lora": (
        lambda **k: L.EinsumDense("abc,cde->abde", (None, 2, 3), lora_rank=2, **k),
        (4, 7),
        "float32",
    ),
    "embedding": (lambda **k: L.Embedding(7, 5, **k), (3,), "int32"),
    "embedding with lora": (lambda **k: L.Embedding(7, 4, lora_rank=2, **k), (3,), "int32"),
    "reversible": (lambda **k: L.ReversibleEmbedding(7, 5, **k), (3,), "int32"),
    "reversible, untied": (lambda **k: L.ReversibleEmbedding(7, 5, tie_weights=False, **k), (3,), "int32"),
    "reversible with lora": (lambda **k: L.ReversibleEmbedding(7, 5, lora_rank=2, **k), (3,), "int32"),
    "time distributed": (lambda **k: L.TimeDistributed(L.Dense(5, **k)), (4, 3), "float32"),
    "frozen": (lambda **k: L.Dense(5, trainable=False, **k), (3,), "float32"),
    "convolution": (lambda **k: L.Conv1D(4, 3, **k), (8, 3), "float32"),
    "lstm": (lambda **k: L.LSTM(4, **k), (8, 3), "float32"),
    "normalization": (lambda **k: L.BatchNormalization(**k), (8, 3), "float32"),
    "spectral": (lambda **k: L.SpectralNormalization(L.Dense(5, **k)), (3,), "float32"),
}
ATTENTION: dict[str, Any] = {
    "attention": lambda **k: L.MultiHeadAttention(2, 3, **k),
    "attention with values and a gate": lambda **k: L.MultiHeadAttention(2, 3, value_dim=4, use_gate=True, **k),
    "attention without biases": lambda **k: L.MultiHeadAttention(2, 3, use_bias=False, output_shape=6, **k),
    "grouped attention": lambda **k: L.GroupQueryAttention(3, 4, 2, **k),
    "grouped attention with a gate": lambda **k: L.GroupQueryAttention(3, 4, 2, use_gate=True, **k),
}


def model_of(layer: Any, shape: tuple[Any, ...], dtype: str) -> keras.Model:
    """A model of one layer."""
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, layer(x))


def attending(layer: Any, shape: tuple[int, ...] = (5, 8)) -> keras.Model:
    """A model of one layer that attends to its own input."""
    x = keras.Input(shape)
    return keras.Model(x, layer(x, x))


def transformer() -> keras.Model:
    """A block as people write it, with a model inside."""
    x = tokens = keras.Input((None,), dtype="int32")
    x = L.Embedding(20, 8)(x)
    x = L.LayerNormalization()(x)
    x = keras.Sequential([keras.Input((None, 8)), L.Dense(16, "gelu"), L.Dense(8)])(x)
    return keras.Model(tokens, L.Dense(20, use_bias=False)(x))


def quantized() -> Iterator[tuple[str, keras.Model]]:
    """Models that `model.quantize` has changed."""
    configs = {
        "int4, blocks of 2": Q.Int4QuantizationConfig(block_size=2),
        "int4, blocks of 4": Q.Int4QuantizationConfig(block_size=4),
        "int4, no blocks": Q.Int4QuantizationConfig(block_size=None),
        "int8, weights alone": Q.Int8QuantizationConfig(activation_quantizer=None),
    }
    for name, (make, shape, dtype) in LAYERS.items():
        if "lora" in name:
            continue
        if "..." in str(make.__code__.co_consts):  # Keras' own quantize fails
            continue
        for mode in MODES:
            model = model_of(make(), shape, dtype)
            model.quantize(mode)
            yield f"{name}: {mode}", model
        for words, config in configs.items():
            model = model_of(make(), shape, dtype)
            model.quantize(config=config)
            yield f"{name}: {words}", model
    for mode, make in (("gptq", Q.GPTQConfig), ("awq", Q.AWQConfig)):
        for group in (-1, 2):
            for name in ("dense", "einsum of heads"):
                model = model_of(LAYERS[name][0](), *LAYERS[name][1:])
                model.layers[1].quantize(mode, config=make(dataset=["a"], tokenizer=len, group_size=group))
                yield f"{name}: {mode} in groups of {group}", model
    for mode in MODES:
        model = transformer()
        model.quantize(mode)
        yield f"transformer: {mode}", model
        model.layers[1].enable_lora(2) if mode != "float8" else None
        yield f"transformer with lora: {mode}", model
    model = transformer()
    model.quantize("int8", filters="dense")
    yield "transformer, dense layers alone: int8", model


def texts() -> Iterator[tuple[str, str]]:
    """The JSON of every model; those that Keras would not build have their dtype replaced in a file that it built."""
    for name, model in quantized():
        yield name, model.to_json()
    marked = "float64"
    for name, (make, shape, dtype) in LAYERS.items():
        text = model_of(make(dtype=marked), shape, dtype).to_json()
        # LAPACK, which starts an LSTM's weights, knows no small floats.
        policies = POLICIES if name != "lstm" else [each for each in POLICIES if each.endswith("_float32")]
        yield from ((f"{name}: {policy}", with_policy(text, policy)) for policy in policies)
    for name, make in ATTENTION.items():
        text = attending(make(dtype=marked)).to_json()
        yield from ((f"{name}: {policy}", with_policy(text, policy)) for policy in POLICIES)
    text = attending(L.MultiHeadAttention(2, 3, attention_axes=(2,), dtype=marked), (4, 5, 8)).to_json()
    yield from ((f"attention over an axis: {policy}", with_policy(text, policy)) for policy in POLICIES[:9])
    text = model_of(L.Dense(5, dtype=marked), (3,), "float32").to_json()
    yield from ((f"dense: {policy}", with_policy(text, policy)) for policy in REFUSED)


def with_policy(text: str, policy: str) -> str:
    """The model with another dtype policy in the place of float64, as a name."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("class_name") == "DTypePolicy" and value["config"]["name"] == "float64":
                return policy
            return {key: walk(item) for key, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return json.dumps(walk(json.loads(text)))


def answer(name: str, text: str) -> dict[str, Any]:
    """What Keras says of a file."""
    keras.backend.clear_session()
    line: dict[str, Any] = {"name": name, "config": json.loads(text)}
    try:
        model = keras.models.model_from_json(text)
    except Exception as error:  # whatever Keras raises is its refusal
        return {**line, "refused": f"{type(error).__name__}: {str(error).splitlines()[0]}"[:120]}
    said = truth(model)
    weights = [[weight.path, list(weight.shape), weight.dtype, weight.trainable] for weight in model.weights]
    return {**line, "totals": said["totals"], "macs_error": said["macs_error"], "weights": weights}


def main() -> None:
    """Rewrite the data file and say what it holds."""
    warnings.simplefilter("ignore")
    answers = [answer(name, text) for name, text in texts()]
    header = {"keras": keras.__version__, "cases": len(answers)}
    lines = [json.dumps(line, separators=(",", ":")) for line in [header, *answers]]
    OUT.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0))
    print(f"{OUT.name}: {len(answers)} models, {sum('refused' in line for line in answers)} refused", file=sys.stderr)


if __name__ == "__main__":
    main()
