"""One small model for every operation of TensorFlow that people put into Keras 2 graphs, and what Keras says of it.

`FRAMEWORK=tf_keras python tests/oracle/tensorflow_operations.py > operations.jsonl` prints one JSON line a
model, in the form that `tests.oracle.compare` reads; so it does with `tensorflow.keras` of any version of TensorFlow 2.
"""

import json

import keras2_models as oracle
from tensorflow_expressions import IMAGE, SEQUENCE, UNKNOWN

tf, keras, K, L = oracle.tf, oracle.keras, oracle.K, oracle.L

TABLES = {"sequence": (SEQUENCE, (4, 6)), "image": (IMAGE, (8, 8, 3)), "unknown": (UNKNOWN, (None, 6))}


def cases():
    for name, (table, shape) in TABLES.items():
        for expression in table.split("\n"):
            if expression:
                yield f"{name}: {expression}", expression, shape


def model_of(expression, shape):
    K.clear_session()
    x = L.Input(shape)
    y = eval(expression, {"x": x, "tf": tf, "K": K, "keras": keras})
    return keras.Model(x, list(y) if isinstance(y, tuple) else y)


if __name__ == "__main__":
    for seed, expression, shape in cases():
        try:
            text = model_of(expression, shape).to_json()
        except Exception:  # this version cannot do that on symbolic tensors
            continue
        case = {"seed": seed, "config": text}
        try:
            case["truth"] = oracle.truth(keras.models.model_from_json(text))
        except Exception as error:
            case["refused"] = repr(error)[:300]
        print(json.dumps(case, default=int), flush=True)
