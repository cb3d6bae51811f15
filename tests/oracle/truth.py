"""Keras 3's facts of a model, as plain data.

Counts and shapes are read from the live model. MACs are read from `jax.make_jaxpr` of the whole model: every
`dot_general` and every `conv_general_dilated`, inside `scan` times its length, with batch 1. A transposed
convolution reaches JAX as an ordinary convolution over a dilated input; it is counted as DESIGN asks, input
positions x kernel, recognised by a name scope around Keras' own `conv_transpose`.
"""

import contextlib
import json
import logging
import math
import os
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np
from keras.src import backend, tree
from keras.src.api_export import get_name_from_symbol
from keras.src.models import functional
from keras.src.ops.function import make_node_key

logging.getLogger("absl").setLevel(logging.CRITICAL)
TRANSPOSED = "transposed_convolution"
CALL = "graph_call_"


def truth_of_json(text: str, with_macs: bool = True) -> dict:
    """Return the truth of the model that the JSON text describes; raises what Keras raises."""
    with quiet(), cheap_initial_values():
        keras.backend.clear_session()
        return truth(keras.models.model_from_json(text), with_macs)


def truth(model: keras.Model, with_macs: bool = True) -> dict:
    """Return counts, shapes and MACs of a live model; `{"built": False}` without an input shape."""
    graph = graph_of(model)
    if graph is None:
        return {"built": False, "class": class_name(model), "name": model.name}
    macs, why_no_macs = None, None
    try:
        macs = macs_per_call(model, graph) if with_macs else None
    except Exception as error:  # Keras accepts some models that no input can run through
        why_no_macs = f"{type(error).__name__}: {error}"[:200]
    trainable = frozenset(id(w) for w in model.trainable_weights)
    params = counts_of(model.weights, trainable)
    params["macs"] = None if macs is None else sum(macs.values())
    params["size_bytes"] = sum(math.prod(w.shape) * itemsize(w.dtype) for w in model.weights)
    return {
        "built": True,
        "macs_error": why_no_macs,
        "class": class_name(model),
        "name": model.name,
        "inputs": [[x._keras_history[0].name, list(x.shape), x.dtype] for x in graph.inputs],
        "outputs": shapes_of(graph.outputs),
        "layers": [layer_truth(layer, graph, macs, trainable) for layer in model.layers],
        "operations": [
            {"name": op.name, "class": class_name(op), "calls": calls_of(op, graph, macs)}
            for op in graph.operations
            if not isinstance(op, keras.Layer)
        ],
        "totals": params,
    }


def class_name(operation) -> str:
    """The name in a file, which is not always the Python class's (GroupQueryAttention)."""
    return (get_name_from_symbol(type(operation)) or type(operation).__name__).rsplit(".", 1)[-1]


def graph_of(model):
    """Return the Functional graph behind a Functional or Sequential model, None when there is none yet."""
    if isinstance(model, functional.Functional):
        return model
    return getattr(model, "_functional", None)


def layer_truth(layer, graph, macs, trainable: frozenset[int]) -> dict:
    found = {
        "name": layer.name,
        "class": class_name(layer),
        "calls": calls_of(layer, graph, macs),
        **counts_of(layer.weights, trainable),
        "weights": [[w.path, list(w.shape), id(w) in trainable] for w in layer.weights],
    }
    inner = graph_of(layer)
    if inner is not None:
        found["layers"] = [layer_truth(each, inner, None, trainable) for each in layer.layers]
    return found


def counts_of(weights, trainable: frozenset[int]) -> dict:
    """Count weights; trainable is what the whole model trains: a frozen model trains none of its layers'."""
    total = sum(math.prod(w.shape) for w in weights)
    trained = sum(math.prod(w.shape) for w in weights if id(w) in trainable)
    return {"params": total, "trainable": trained, "non_trainable": total - trained}


def calls_of(operation, graph, macs) -> list[dict]:
    """One entry a call of this operation in this graph: output shapes, and MACs where they are known."""
    calls = []
    for index, node in enumerate(operation._inbound_nodes):
        if make_node_key(operation, index) not in graph._nodes:
            continue
        call = {"shapes": shapes_of(node.output_tensors), "bytes": bytes_of(node.output_tensors)}
        if macs is not None:
            call["macs"] = macs.get(id(node), 0)
        calls.append(call)
    return calls


def shapes_of(tensors) -> list[list[int | None]]:
    return [list(x.shape) for x in tree.flatten(tensors)]


def bytes_of(tensors) -> int | None:
    """What the outputs of a call take, an unknown batch counted as one; None where another size is unknown."""
    total = 0
    for x in tree.flatten(tensors):
        shape = [n or 1 for n in x.shape[:1]] + list(x.shape[1:])
        if None in shape or x.dtype == "string":
            return None
        total += math.prod(shape) * itemsize(x.dtype)
    return total


def itemsize(dtype: str) -> int:
    return 1 if dtype == "bool" else jax.numpy.dtype(dtype).itemsize


# --- MACs


def macs_per_call(model, graph) -> dict[int, int] | None:
    """Return {id(node): MACs} for every call of the top-level graph, None when a dimension is unknown."""
    if any(None in x.shape[1:] for x in graph.inputs):
        return None
    nodes = [node for node in execution_order(graph) if not node.is_input]
    per_scope = count_products(jaxpr_of(model, graph).jaxpr, scope="")
    return {id(node): per_scope.get(f"{CALL}{i}", 0) for i, node in enumerate(nodes)}


def execution_order(graph):
    return [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]


def jaxpr_of(model, graph):
    struct = tree.map_structure(
        lambda x: jax.ShapeDtypeStruct((x.shape[0] or 1, *x.shape[1:]), x.dtype),
        graph._inputs_struct,
    )
    trainable = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]

    def run(inputs):
        return model.stateless_call(trainable, rest, inputs, training=False)[0]

    with quiet(), named_scopes():
        return jax.make_jaxpr(run)(struct)


def count_products(jaxpr, scope: str) -> dict[str, int]:
    """Add up the multiply-accumulates of a jaxpr by the outermost graph call they belong to."""
    found: dict[str, int] = {}
    for eqn in jaxpr.eqns:
        here = f"{scope}/{eqn.source_info.name_stack}"
        for key, macs in equation_macs(eqn, here).items():
            found[key] = found.get(key, 0) + macs
    return found


def equation_macs(eqn, scope: str) -> dict[str, int]:
    kind = eqn.primitive.name
    if kind == "dot_general":
        return {call_in(scope): dot_macs(eqn)}
    if kind == "conv_general_dilated":
        return {call_in(scope): convolution_macs(eqn, scope)}
    inner = [count_products(each, scope) for each in inner_jaxprs(eqn)]
    if kind == "while" and any(sum(each.values()) for each in inner):
        raise NotImplementedError("a product inside a while loop has no fixed number of repetitions")
    if kind == "cond":
        inner = [max(inner, key=lambda each: sum(each.values()))]
    times = eqn.params["length"] if kind == "scan" else 1
    found: dict[str, int] = {}
    for each in inner:
        for key, macs in each.items():
            found[key] = found.get(key, 0) + macs * times
    return found


def inner_jaxprs(eqn):
    for value in eqn.params.values():
        for each in value if isinstance(value, (tuple, list)) else [value]:
            each = getattr(each, "jaxpr", each)
            if hasattr(each, "eqns"):
                yield each


def call_in(scope: str) -> str:
    return next((part for part in scope.split("/") if part.startswith(CALL)), "")


def dot_macs(eqn) -> int:
    left, right = (v.aval.shape for v in eqn.invars)
    (_, contracted), (_, batch) = eqn.params["dimension_numbers"]
    free = (n for axis, n in enumerate(right) if axis not in (*contracted, *batch))
    return math.prod(left) * math.prod(free)


def convolution_macs(eqn, scope: str) -> int:
    """Positions x kernel; the kernel's own shape already holds out-channels x in-channels / groups."""
    left, kernel = (v.aval.shape for v in eqn.invars)
    numbers = eqn.params["dimension_numbers"]
    transposed = TRANSPOSED in scope or any(d > 1 for d in eqn.params["lhs_dilation"])
    shape, spec = (left, numbers.lhs_spec) if transposed else (eqn.outvars[0].aval.shape, numbers.out_spec)
    batch, _, *spatial = (shape[axis] for axis in spec)
    return batch * math.prod(spatial) * math.prod(kernel)


# --- Keras made to cooperate


@contextlib.contextmanager
def named_scopes():
    """Name every call of the outermost graph, and every transposed convolution, in the jaxpr."""
    original_fn, original_conv = functional.operation_fn, backend.nn.conv_transpose
    state = {"calls": 0, "depth": 0}

    def operation_fn(operation, **context):
        inner = original_fn(operation, **context)

        def call(*args, **kwargs):
            if state["depth"]:
                return inner(*args, **kwargs)
            scope = f"{CALL}{state['calls']}"
            state["calls"] += 1
            state["depth"] += 1
            try:
                with jax.named_scope(scope):
                    return inner(*args, **kwargs)
            finally:
                state["depth"] -= 1

        return call

    def conv_transpose(*args, **kwargs):
        with jax.named_scope(TRANSPOSED):
            return original_conv(*args, **kwargs)

    functional.operation_fn, backend.nn.conv_transpose = operation_fn, conv_transpose
    try:
        yield
    finally:
        functional.operation_fn, backend.nn.conv_transpose = original_fn, original_conv


@contextlib.contextmanager
def cheap_initial_values():
    """Draw zeros for every random weight: values change no count, and JAX compiles a sampler a shape."""
    names = ("normal", "uniform", "truncated_normal")
    originals = {name: getattr(backend.random, name) for name in names}

    def zeros(shape, *args, dtype=None, **kwargs):
        return jax.numpy.asarray(np.zeros(shape, dtype=dtype or backend.floatx()))

    for name in names:
        setattr(backend.random, name, zeros)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(backend.random, name, original)


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def canonical_json(value) -> str:
    """One spelling for frozen data: sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
