"""Ask real Keras what every case's operation outputs, and freeze the answers.

    KERAS_BACKEND=jax python -m tests.oracle.freeze_operations

needs `keras` and `jax`, and rewrites `tests/data/keras/operations.jsonl.gz`: a header line naming the Keras version,
then a compact line a case. An operation is made as Keras makes it from a file, so lists stay lists.

A line has the `shapes` and `dtypes` of the outputs in a graph, or the graph's refusal; `fails` where no input can run
through the graph; `ran` where other shapes come out than the graph says; `macs` of the products (batch 1 where it is
not known).
"""

import functools
import gzip
import importlib
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np
from keras.src.models.functional import deserialize_node
from keras.src.ops.operation import Operation

from tests.oracle.operation_table import Case
from tests.oracle.truth import count_products, named_scopes

OUT = Path(__file__).parents[1] / "data" / "keras" / "operations.jsonl.gz"
GROUPS = ("elementwise", "layout", "products", "rare")
MODULES = ("numpy", "nn", "core", "math", "linalg", "image", "einops")
MULTIPLY = frozenset(
    ("Matmul", "Dot", "Inner", "Tensordot", "Einsum", "Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose",
     "DotProductAttention", "Vdot")
)  # fmt: skip
"""Operations whose products are counted; others may be made of products inside, as resizing an image is in JAX."""


def cases() -> list[Case]:
    """The cases of all tables, in order, without repeats."""
    found: dict[str, Case] = {}
    for group in GROUPS:
        for case in importlib.import_module(f"tests.oracle.operation_cases_{group}").CASES:
            found.setdefault(json.dumps(case), case)
    return list(found.values())


def class_of(name: str) -> type[Operation]:
    """The class of an operation, wherever Keras has it."""
    for module in MODULES:
        found = getattr(importlib.import_module(f"keras.src.ops.{module}"), name, None)
        if isinstance(found, type):
            return found
    raise LookupError(name)


def in_file(value: Any, tensors: list[Any]) -> Any:
    """An argument as a file has it: `{"input": 0}` is the first tensor, named by the layer that it comes from."""
    if isinstance(value, list):
        return [in_file(item, tensors) for item in value]
    if isinstance(value, dict) and list(value) == ["input"]:
        tensor = tensors[value["input"]]
        history = [tensor._keras_history.operation.name, 0, 0]
        config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, dict) and "class_name" not in value:
        return {key: in_file(item, tensors) for key, item in value.items()}
    return value


def build(case: Case) -> dict[str, Any]:
    """What Keras says of one case."""
    dtypes = case.get("dtypes", ["float32"] * len(case["inputs"]))
    tensors = [keras.Input(batch_shape=x, dtype=kind) for x, kind in zip(case["inputs"], dtypes, strict=True)]
    cls = class_of(case["op"])
    operation = cls.from_config({**case.get("config", {}), "name": "operation"})
    given = case.get("args", [{"input": number} for number in range(len(tensors))])
    node = in_file({"args": given, "kwargs": case.get("kwargs", {})}, tensors)
    layers = {tensor._keras_history.operation.name: tensor._keras_history.operation for tensor in tensors}
    args, kwargs = deserialize_node(node, layers)
    outputs = keras.tree.flatten(operation(*args, **kwargs))
    found: dict[str, Any] = {
        "shapes": [list(output.shape) for output in outputs],
        "dtypes": [output.dtype for output in outputs],
    }
    found |= run(case, operation, tensors, args, kwargs)
    if found.get("ran") == found["shapes"]:
        del found["ran"]
    return found


def run(case: Case, operation: Operation, tensors: list[Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """Whether inputs can run through, with which shapes if others than the graph says, and the products on the way.

    An unknown batch is tried as 1, 2 and 3: a graph fails that fails with each. Other unknown sizes are not tried.
    """
    names = {id(tensor): index for index, tensor in enumerate(tensors)}
    config = {key: as_tuple(value) for key, value in case.get("config", {}).items()}
    run_it = functools.partial(keras.ops.conv_transpose, **config)  # ConvTranspose mixes up its own arguments
    if case["op"] != "ConvTranspose":
        run_it = type(operation)(**config).call

    def called(*values: Any) -> Any:
        def value_of(each: Any) -> Any:
            return values[names[id(each)]] if id(each) in names else each

        mapped = keras.tree.map_structure(value_of, (args, kwargs))
        return keras.tree.flatten(run_it(*mapped[0], **mapped[1]))

    if any(None in tensor.shape[1:] for tensor in tensors):
        return {}
    known = all(None not in tensor.shape for tensor in tensors)
    why = None
    for batch in (1,) if known else (1, 2, 3):
        structs = [
            jax.ShapeDtypeStruct([batch if size is None else size for size in x.shape], x.dtype) for x in tensors
        ]
        try:
            return ran(case, called, structs, known)
        except Exception as error:  # whatever is raised says that the graph cannot run
            why = why or f"{type(error).__name__}: {first_line(error)}"[:90]
    return {"fails": why}


def as_tuple(value: Any) -> Any:
    """A setting as a call in Python has it: JAX takes many for static, and a list cannot be."""
    return tuple(as_tuple(each) for each in value) if isinstance(value, list) else value


def ran(case: Case, called: Any, structs: list[Any], known: bool) -> dict[str, Any]:
    """One run: of a product its arithmetic, of other operations the shapes that come out; raises what Keras raises."""
    if case["op"] in MULTIPLY:
        with named_scopes():
            jaxpr = jax.make_jaxpr(called)(*structs)
        shapes, found = [list(each.shape) for each in jaxpr.out_avals], {}
        found["macs"] = sum(count_products(jaxpr.jaxpr, "").values())
    else:
        shapes, found = [list(each.shape) for each in called(*(np.zeros(x.shape, x.dtype) for x in structs))], {}
    return found | ({"ran": shapes} if known else {})


def first_line(error: Exception) -> str:
    """The first line of a message that says something: Keras wraps what a call raises."""
    lines = [line.strip() for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()]
    return next((line for line in lines if line and not line.startswith("Exception encountered")), "")


def answer(case: Case) -> dict[str, Any]:
    """The case with Keras' answer, or with its refusal."""
    keras.backend.clear_session(free_memory=False)
    try:
        return {"case": case, **build(case)}
    except Exception as error:  # whatever Keras raises is its refusal
        return {"case": case, "refused": f"{type(error).__name__}: {first_line(error)}"[:90]}


def main() -> None:
    """Rewrite the data file and say what it holds."""
    warnings.simplefilter("ignore")
    answers = [answer(case) for case in cases()]
    header = {"keras": keras.__version__, "backend": keras.backend.backend(), "cases": len(answers)}
    lines = [json.dumps(line, separators=(",", ":")) for line in [header, *answers]]
    OUT.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0))
    refused, fails = (sum(key in line for line in answers) for key in ("refused", "fails"))
    print(f"{OUT.name}: {len(answers)} cases, {refused} refused, {fails} fail when run", file=sys.stderr)


if __name__ == "__main__":
    main()
