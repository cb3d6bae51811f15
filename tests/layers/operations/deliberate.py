"""Where paramcalc means to differ from Keras on the frozen facts of operations: it refuses, and Keras does not.

Reason → the cases, as test_keras_operations.py writes them. A case that no longer differs fails.
"""

_BITWISE = ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift", "BitwiseLeftShift", "BitwiseRightShift")
_PAIRS = ("[[null, 3, 4], [4, 5]]", "[[2, 3, 4], [3, 4, 5]]", "[[2, 3, 4], [4, 3, 5]]", "[[2, 3, 4], [2, 3, 4]]",
          "[[4], [4]]", "[[2, 3, 4], [null, 4]]")  # fmt: skip

DELIBERATE: dict[str, tuple[str, ...]] = {
    "Keras' graph says the shape of the first argument, which is not what comes out": tuple(
        f'{{"op": "{name}", "inputs": [[3, 1], [null, 1, 5]], "dtypes": ["int32", "int32"]}}' for name in _BITWISE
    ),
    "the size of the last axis depends on the dtype of the input, which the rule does not know": (
        '{"op": "View", "inputs": [[null, 3, 4]], "config": {"dtype": "int32"}}',
        '{"op": "View", "inputs": [[2, 5]], "config": {"dtype": "int32"}}',
        '{"op": "View", "inputs": [[]], "config": {"dtype": "int32"}}',
        '{"op": "View", "inputs": [[null, 3, 4]], "config": {"dtype": "float16"}}',
    ),
    "Keras' graph has as many outputs as asked for, and running gives as many as there are": (
        '{"op": "Unstack", "inputs": [[null, 3, 4]], "config": {"num": 2, "axis": 1}}',
        '{"op": "Unstack", "inputs": [[null, 3, 4]], "config": {"num": 2, "axis": -1}}',
        '{"op": "Unstack", "inputs": [[null, 3, 4]], "config": {"num": 3, "axis": -1}}',
        '{"op": "Unstack", "inputs": [[null, 3, 4]], "config": {"num": 4, "axis": 1}}',
    ),
    "a negative number of axes": tuple(
        f'{{"op": "Tensordot", "inputs": {inputs}, "config": {{"axes": -1}}}}' for inputs in _PAIRS
    ),
    "Keras reads a blank in an equation only by chance": (
        '{"op": "Einsum", "inputs": [[2, 3], [3, 4]], "config": {"subscripts": "ij,jk->i k"}}',
    ),
}

CANNOT_RUN = {
    "Argpartition": 2, "ArraySplit": 1, "AveragePool": 14, "BitwiseAnd": 1, "BitwiseLeftShift": 1, "BitwiseOr": 1,
    "BitwiseRightShift": 1, "BitwiseXor": 1, "CategoricalCrossentropy": 1, "Conv": 1, "Diagonal": 8, "Dot": 1,
    "DotProductAttention": 5, "Einsum": 3, "Kron": 2, "LeftShift": 1, "Logdet": 1, "MaxPool": 14, "Moveaxis": 2,
    "Nancumsum": 2, "Resize": 2, "RightShift": 1, "SeparableConv": 1, "Split": 7, "Squeeze": 1, "Tensordot": 17,
    "TopK": 2,
    "Unstack": 6, "Vstack": 3,
}  # fmt: skip
"""How many cases of an operation are refused that Keras builds, and that either fail or give another shape when run."""

OTHER_MACS = {
    '{"op": "Dot", "inputs": [[], [4]]}',
    '{"op": "Dot", "inputs": [[4], []]}',
    '{"op": "Dot", "inputs": [[], []]}',
    '{"op": "Dot", "inputs": [[3, 4], []]}',
    '{"op": "Einsum", "inputs": [[2, 3], [3, 4], [4, 5]], "config": {"subscripts": "ab,bc,cd->ad"}}',
    '{"op": "Einsum", "inputs": [[2, 3], [3, 4], [4, 5]], "config": {"subscripts": "ab,bc,cd"}}',
    '{"op": "Einsum", "inputs": [[2, 3], [3], [4]], "config": {"subscripts": "ab,b,c->ac"}}',
}
"""A number times a tensor is elementwise work; the order of more than two products is the backend's choice."""

NO_CLASS = {
    "Copysign", "ELU", "Exponential", "GELU", "GLU", "HardSILU", "HardSwish", "Identity", "Invert", "LeakyReLU",
    "Linear", "LogSumExp", "Logit", "Mish", "Positive", "ReLU", "ReLU6", "SELU", "SiLU", "Swish",
}  # fmt: skip
"""Names that TensorFlow's functions and people's specs use."""
