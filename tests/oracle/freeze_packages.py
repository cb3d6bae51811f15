"""What layers of other packages hold, give and multiply → tests/data/keras/packages_tensorflow.jsonl.gz.

    python -m tests.oracle.freeze_packages          (tensorflow 2.15.1, tensorflow-addons 0.23.0, qkeras 0.9.0,
                                                     efficientnet 1.1.1, keras-nlp 0.6.4; a minute)

Each line is a model of one layer as `to_json` of tf.keras 2.15 writes it and as its HDF5 files have it, every weight,
and the products of its graph for one sample: those of MatMul, Einsum and the convolutions.
"""

import gzip
import json
import os
import tempfile
from contextlib import suppress
from math import prod
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import efficientnet
import efficientnet.tfkeras as efn
import h5py
import keras_nlp
import qkeras
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow.python.ops import array_ops
from tensorflow.python.util import nest
from tensorflow_addons.layers.netvlad import NetVLAD

# What qkeras 0.9.0 still calls by the names of older TensorFlow.
nest.is_sequence = nest.is_nested
array_ops.stack = tf.stack

OUT = Path(__file__).resolve().parents[1] / "data" / "keras" / "packages_tensorflow.jsonl.gz"
VERSIONS = {
    "keras_nlp": keras_nlp.__version__,
    "tensorflow_addons": tfa.__version__,
    "qkeras": qkeras.__version__,
    "efficientnet": efficientnet.__version__,
}
K, A, Q, N = tf.keras.layers, tfa.layers, qkeras, keras_nlp.layers

IMAGE, WIDE, TEXT, FLAT = (8, 8, 4), (9, 7, 6), (5, 6), (6,)
CELLS = {
    "ESNCell": lambda: tfa.rnn.ESNCell(7),
    "ESNCell, no bias": lambda: tfa.rnn.ESNCell(7, use_bias=False),
    "LayerNormLSTMCell": lambda: tfa.rnn.LayerNormLSTMCell(7),
    "LayerNormSimpleRNNCell": lambda: tfa.rnn.LayerNormSimpleRNNCell(7),
    "NASCell": lambda: tfa.rnn.NASCell(7),
    "NASCell, projected": lambda: tfa.rnn.NASCell(7, projection=3, use_bias=True),
    "PeepholeLSTMCell": lambda: tfa.rnn.PeepholeLSTMCell(7),
    "QSimpleRNNCell": lambda: Q.QSimpleRNNCell(7, kernel_quantizer="quantized_bits(4)"),
    "QLSTMCell": lambda: Q.QLSTMCell(7, kernel_quantizer="quantized_bits(4)"),
    "QGRUCell": lambda: Q.QGRUCell(7, kernel_quantizer="quantized_bits(4)"),
}
ADDONS = {
    **{
        f"Adaptive{kind}Pooling1D": (lambda kind=kind: getattr(A, f"Adaptive{kind}Pooling1D")(3), (6, 4))
        for kind in ("Average", "Max")
    },
    **{
        f"Adaptive{kind}Pooling2D": (lambda kind=kind: getattr(A, f"Adaptive{kind}Pooling2D")((4, 2)), IMAGE)
        for kind in ("Average", "Max")
    },
    **{
        f"Adaptive{kind}Pooling3D": (lambda kind=kind: getattr(A, f"Adaptive{kind}Pooling3D")(2), (4, 4, 4, 3))
        for kind in ("Average", "Max")
    },
    "CRF": (lambda: A.CRF(5), TEXT),
    "CRF, bare": (lambda: A.CRF(6, use_boundary=False, use_kernel=False), TEXT),
    "ESN": (lambda: A.ESN(7, unroll=True), TEXT),
    "ESN, sequences": (lambda: A.ESN(7, use_bias=False, return_sequences=True, unroll=True), TEXT),
    "GELU": (lambda: A.GELU(), IMAGE),
    "Maxout": (lambda: A.Maxout(3), TEXT),
    "Maxout, axis": (lambda: A.Maxout(4, axis=1), IMAGE),
    "NetVLAD": (lambda: NetVLAD(5), TEXT),
    "NoisyDense": (lambda: A.NoisyDense(5), FLAT),
    "GroupNormalization": (lambda: A.GroupNormalization(groups=2), IMAGE),
    "GroupNormalization, gamma": (lambda: A.GroupNormalization(groups=3, center=False, axis=1), WIDE),
    "InstanceNormalization": (lambda: A.InstanceNormalization(), IMAGE),
    "FilterResponseNormalization": (lambda: A.FilterResponseNormalization(), IMAGE),
    "FilterResponseNormalization, learned": (lambda: A.FilterResponseNormalization(learned_epsilon=True), IMAGE),
    "PoincareNormalize": (lambda: A.PoincareNormalize(), TEXT),
    "Snake": (lambda: A.Snake(), TEXT),
    "Sparsemax": (lambda: A.Sparsemax(), FLAT),
    "SpatialPyramidPooling2D": (lambda: A.SpatialPyramidPooling2D([1, 2, 4]), IMAGE),
    "SpectralNormalization": (lambda: A.SpectralNormalization(K.Conv2D(5, 3)), IMAGE),
    "SpectralNormalization, Dense": (lambda: A.SpectralNormalization(K.Dense(5, use_bias=False)), FLAT),
    "TLU": (lambda: A.TLU(), IMAGE),
    "TLU, affine": (lambda: A.TLU(affine=True), TEXT),
    "WeightNormalization": (lambda: A.WeightNormalization(K.Conv2D(5, 3)), IMAGE),
    "WeightNormalization, no data": (lambda: A.WeightNormalization(K.Dense(5), data_init=False), FLAT),
    "WeightNormalization, LSTM": (lambda: A.WeightNormalization(K.LSTM(7, unroll=True), data_init=False), TEXT),
    "MultiHeadAttention": (lambda: A.MultiHeadAttention(head_size=4, num_heads=2), TEXT, (9, 8)),
    "MultiHeadAttention, coefficients": (
        lambda: A.MultiHeadAttention(3, 2, output_size=10, use_projection_bias=False, return_attn_coef=True),
        *(TEXT, (9, 8), (9, 3)),
    ),
    "PolynomialCrossing": (lambda: A.PolynomialCrossing(), FLAT, FLAT),
    "PolynomialCrossing, projected": (lambda: A.PolynomialCrossing(projection_dim=2, use_bias=False), FLAT, FLAT),
    "StochasticDepth": (lambda: A.StochasticDepth(0.8), IMAGE, IMAGE),
}
BITS = "quantized_bits(4, 0, 1)"
KERNELS = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
QUANTIZED = {
    "QDense": (lambda: Q.QDense(5, **KERNELS, activation="quantized_relu(4)"), FLAT),
    "QDense, ternary": (lambda: Q.QDense(5, use_bias=False, kernel_quantizer=Q.ternary()), TEXT),
    "QDense, plain": (lambda: Q.QDense(5, activation="relu"), TEXT),
    "QConv1D": (lambda: Q.QConv1D(5, 3, **KERNELS), TEXT),
    "QConv2D": (lambda: Q.QConv2D(5, (3, 2), strides=(2, 1), padding="same", **KERNELS), IMAGE),
    "QConv2D, binary": (lambda: Q.QConv2D(5, 3, kernel_quantizer="binary(alpha=1)", use_bias=False), IMAGE),
    "QConv2DTranspose": (lambda: Q.QConv2DTranspose(5, 3, strides=(2, 2), **KERNELS), IMAGE),
    "QDepthwiseConv2D": (lambda: Q.QDepthwiseConv2D(3, depth_multiplier=2, **DEPTHWISE), IMAGE),
    "QSeparableConv1D": (lambda: Q.QSeparableConv1D(5, 3, depthwise_quantizer=BITS, pointwise_quantizer=BITS), TEXT),
    "QSeparableConv2D": (lambda: Q.QSeparableConv2D(5, 3, depthwise_quantizer=BITS, pointwise_quantizer=BITS), IMAGE),
    "QActivation": (lambda: Q.QActivation("quantized_relu(3)"), IMAGE),
    "QActivation, object": (lambda: Q.QActivation(Q.quantized_tanh(4)), FLAT),
    "QAdaptiveActivation": (lambda: Q.QAdaptiveActivation("quantized_relu", 8), IMAGE),
    "QBatchNormalization": (lambda: Q.QBatchNormalization(), IMAGE),
    "QBatchNormalization, gamma": (lambda: Q.QBatchNormalization(center=False), FLAT),
    "QConv2DBatchnorm": (lambda: Q.QConv2DBatchnorm(5, 3, **KERNELS), IMAGE),
    "QDepthwiseConv2DBatchnorm": (lambda: Q.QDepthwiseConv2DBatchnorm(3, **DEPTHWISE), IMAGE),
    "QAveragePooling2D": (lambda: Q.QAveragePooling2D(2), IMAGE),
    "QGlobalAveragePooling2D": (lambda: Q.QGlobalAveragePooling2D(), IMAGE),
    "QSimpleRNN": (lambda: Q.QSimpleRNN(7, **KERNELS, recurrent_quantizer=BITS, unroll=True), TEXT),
    "QLSTM": (lambda: Q.QLSTM(7, **KERNELS, recurrent_quantizer=BITS, unroll=True, return_sequences=True), TEXT),
    "QGRU": (lambda: Q.QGRU(7, **KERNELS, recurrent_quantizer=BITS, unroll=True), TEXT),
    "QGRU, reset after": (lambda: Q.QGRU(7, **KERNELS, reset_after=True, unroll=True), TEXT),
    "QBidirectional": (lambda: Q.QBidirectional(Q.QLSTM(7, **KERNELS, unroll=True)), TEXT),
}

LONG, OTHER = (7, 12), (5, 12)
WORDS = {
    "TransformerEncoder": (lambda x: N.TransformerEncoder(20, 3)(x), LONG),
    "TransformerDecoder": (lambda x: N.TransformerDecoder(20, 4)(x), LONG),
    "TransformerDecoder, cross": (lambda x, other: N.TransformerDecoder(20, 4)(x, other), LONG, OTHER),
    "TokenAndPositionEmbedding": (lambda x: N.TokenAndPositionEmbedding(30, 9, 6)(x), (7,)),
    "PositionEmbedding": (lambda x: N.PositionEmbedding(9)(x), LONG),
    "SinePositionEncoding": (lambda x: N.SinePositionEncoding()(x), LONG),
    "RotaryEmbedding": (lambda x: N.RotaryEmbedding()(x), LONG),
    "FNetEncoder": (lambda x: N.FNetEncoder(20)(x), LONG),
    "MaskedLMHead": (lambda x, at: N.MaskedLMHead(vocabulary_size=30)(x, mask_positions=at), LONG, (4,)),
}


def models():
    """Name of the package, label, model."""
    for label, (make, *shapes) in (ADDONS | QUANTIZED).items():
        package = "qkeras" if label.startswith("Q") else "tensorflow_addons"
        inputs = [tf.keras.Input(shape, name=f"in{number}") for number, shape in enumerate(shapes)]
        yield (
            package,
            label,
            lambda make=make, inputs=inputs: tf.keras.Model(inputs, make()(inputs if len(inputs) > 1 else inputs[0])),
        )
    for label, cell in CELLS.items():
        x = tf.keras.Input(TEXT, name="in0")
        package = "qkeras" if label.startswith("Q") else "tensorflow_addons"
        yield package, label, lambda cell=cell, x=x: tf.keras.Model(x, K.RNN(cell(), unroll=True)(x))
    for label, (call, *shapes) in WORDS.items():
        inputs = [tf.keras.Input(shape, dtype="float32" if shape[1:] else "int32") for shape in shapes]
        yield "keras_nlp", label, lambda call=call, inputs=inputs: tf.keras.Model(inputs, call(*inputs))
    words = tf.keras.Input((5,), dtype="int32", name="in0")
    yield (
        "tensorflow_addons",
        "EmbeddingBag",
        lambda: tf.keras.Model(words, A.EmbeddingBag(11, 3)(words, tf.ones_like(words, dtype="float32"))),
    )
    yield "efficientnet", "EfficientNetB0", lambda: efn.EfficientNetB0(weights=None, input_shape=(32, 32, 3), classes=5)


def in_hdf5(model):
    """The architecture as an HDF5 file has it."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/m.h5", include_optimizer=False)
        with h5py.File(f"{folder}/m.h5") as file:
            return json.loads(file.attrs["model_config"])


def macs_of(model):
    """Products of the graph for one sample; None where a shape of one is not known."""
    specs = [tf.TensorSpec((1, *item.shape[1:]), item.dtype) for item in model.inputs]
    run = tf.function(lambda *given: model(list(given) if len(given) > 1 else given[0], training=False))
    graph = run.get_concrete_function(*specs).graph
    waiting = [tensor.op for tensor in graph.outputs]
    needed = {id(operation): operation for operation in waiting}
    while waiting:
        for tensor in waiting.pop().inputs:
            if id(tensor.op) not in needed:
                needed[id(tensor.op)] = tensor.op
                waiting.append(tensor.op)
    return sum(map(product, needed.values()))


def product(operation):
    """The multiply-accumulates of an operation."""
    shapes = [tuple(tensor.shape) for tensor in operation.inputs]
    if operation.type in ("MatMul", "BatchMatMulV2"):
        turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        return prod(operation.outputs[0].shape) * shapes[0][-2 if turned else -1]
    if operation.type == "Conv2D":
        return prod(operation.outputs[0].shape) * prod(shapes[1][:3])
    if operation.type == "DepthwiseConv2dNative":
        return prod(operation.outputs[0].shape) * prod(shapes[1][:2])
    if operation.type == "Conv2DBackpropInput":
        return prod(shapes[2][:3]) * prod(shapes[1])
    if operation.type == "Einsum":
        terms = operation.get_attr("equation").decode().partition("->")[0].split(",")
        sizes = {}
        for term, shape in zip(terms, shapes, strict=True):
            before, _, after = term.partition("...")
            sizes |= dict(zip(before, shape, strict=False)) | dict(zip(after[::-1], shape[::-1], strict=False))
            if "..." in term:
                sizes |= {f".{axis}": size for axis, size in enumerate(shape[len(before) : len(shape) - len(after)])}
        return prod(sizes.values())
    return 0


def shapes_of(outputs):
    """The shapes of outputs."""
    return [list(item.shape) for item in tf.nest.flatten(outputs)]


def frozen(package, label, model):
    """One line."""
    trained = {id(weight) for weight in model.trainable_weights}
    layers = {
        layer.name: {
            "output": shapes_of(layer.output),
            "weights": [[w.name.rpartition("/")[2][:-2], list(w.shape), id(w) in trained] for w in layer.weights],
        }
        for layer in model.layers
        if layer.weights or len(model.layers) < 5
    }
    forms = [json.loads(model.to_json())]
    with suppress(ValueError):  # keras-nlp 0.6 gives two weights one name, which an HDF5 file cannot hold
        forms.append(in_hdf5(model))
    return {
        "package": package,
        "version": VERSIONS[package],
        "case": label,
        "forms": forms,
        "layers": layers,
        "params": model.count_params(),
        "macs": macs_of(model),
    }


def main():
    lines = []
    for package, label, make in models():
        try:
            lines.append(json.dumps(frozen(package, label, make()), separators=(",", ":")))
        except Exception as error:  # a package that cannot save its own layer
            print(f"{package} {label}: {type(error).__name__}: {str(error)[:300]}")
    OUT.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    print(f"{len(lines)} models, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
