"""What KerasHub's layers hold, give and multiply → tests/data/keras/packages_hub.jsonl.gz.

KERAS_BACKEND=jax python -m tests.oracle.freeze_packages_hub          (keras 3.15, keras-hub 0.32.0; a minute)
"""

import gzip
import json
from pathlib import Path

from tests.oracle.truth import truth  # first: it chooses the backend

import keras  # isort: skip
import keras_hub  # isort: skip
from keras_hub import layers as H  # isort: skip  # noqa: N812

OUT = Path(__file__).resolve().parents[1] / "data" / "keras" / "packages_hub.jsonl.gz"
TEXT, OTHER, TOKENS = ((7, 12), "float32"), ((5, 8), "float32"), ((7,), "int32")
K = keras.layers


def decoded(x, memory):
    """A decoder that also reads another sequence, given by name."""
    return H.TransformerDecoder(20, 3)(x, encoder_sequence=memory)


def headed(x, positions):
    """The head of a masked language model with a table of its own."""
    table = K.ReversibleEmbedding(30, 12)
    table.build((None, 7))
    return H.MaskedLMHead(token_embedding=table, activation="softmax")(x, mask_positions=positions)


CASES = {
    "TransformerEncoder": (lambda x: H.TransformerEncoder(20, 3)(x), TEXT),
    "TransformerEncoder, first": (
        lambda x: H.TransformerEncoder(16, 5, normalize_first=True, activation="gelu")(x),
        TEXT,
    ),
    "TransformerEncoder, mask": (lambda x, mask: H.TransformerEncoder(16, 4)(x, padding_mask=mask), TEXT, TOKENS),
    "TransformerEncoder, scores": (lambda x: H.TransformerEncoder(16, 4)(x, return_attention_scores=True), TEXT),
    "TransformerDecoder": (lambda x: H.TransformerDecoder(20, 3)(x), TEXT),
    "TransformerDecoder, cross": (lambda x, memory: H.TransformerDecoder(20, 4)(x, memory), TEXT, ((5, 12), "float32")),
    "TransformerDecoder, cross, other size": (decoded, TEXT, OTHER),
    "TokenAndPositionEmbedding": (lambda x: H.TokenAndPositionEmbedding(30, 9, 6)(x), TOKENS),
    "TokenAndPositionEmbedding, untied": (
        lambda x: H.TokenAndPositionEmbedding(30, 9, 6, tie_weights=False, mask_zero=True)(x),
        TOKENS,
    ),
    "PositionEmbedding": (lambda x: H.PositionEmbedding(9)(x), TEXT),
    "SinePositionEncoding": (lambda x: H.SinePositionEncoding()(x), TEXT),
    "RotaryEmbedding": (lambda x: H.RotaryEmbedding()(x), TEXT),
    "RotaryEmbedding, heads": (
        lambda x: H.RotaryEmbedding(max_wavelength=500, scaling_factor=2.0)(x),
        ((7, 3, 8), "float32"),
    ),
    "ReversibleEmbedding": (lambda x: H.ReversibleEmbedding(30, 6)(x), TOKENS),
    "ReversibleEmbedding, reversed": (
        lambda x: H.ReversibleEmbedding(30, 12, tie_weights=False)(x, reverse=True),
        TEXT,
    ),
    "MaskedLMHead": (lambda x, at: H.MaskedLMHead(vocabulary_size=30)(x, at), TEXT, ((4,), "int32")),
    "MaskedLMHead, tied": (headed, TEXT, ((4,), "int32")),
    "FNetEncoder": (lambda x: H.FNetEncoder(20)(x), TEXT),
    "CachedMultiHeadAttention": (lambda x, y: H.CachedMultiHeadAttention(3, 5)(x, y), TEXT, OTHER),
    "AlibiBias": (lambda x: H.AlibiBias()(x), ((3, 7, 7), "float32")),
}


def frozen(label, call, *inputs):
    """One line."""
    made = [keras.Input(shape, dtype=dtype, name=f"in{index}") for index, (shape, dtype) in enumerate(inputs)]
    model = keras.Model(made, call(*made))
    found = truth(model)
    trained = {id(weight) for weight in model.trainable_weights}
    layers = {
        layer.name: {
            "output": [list(item.shape) for item in keras.tree.flatten(layer.output)],
            "weights": [[w.path.rpartition("/")[2], list(w.shape), id(w) in trained] for w in layer.weights],
        }
        for layer in model.layers
    }
    return {
        "package": "keras_hub",
        "version": keras_hub.__version__,
        "case": label,
        "forms": [json.loads(model.to_json())],
        "layers": layers,
        "params": model.count_params(),
        "macs": found["totals"]["macs"],
    }


def main():
    lines = []
    for label, case in CASES.items():
        try:
            lines.append(json.dumps(frozen(label, *case), separators=(",", ":")))
        except Exception as error:
            print(f"{label}: {type(error).__name__}: {str(error)[:300]}")
    OUT.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    print(f"{len(lines)} models, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
