"""TensorFlow's names for operations (TFOpLambda's `function`) → keras.ops' class and its argument names.

A rename to a digit puts a keyword argument at that position.
"""

_BINARY = {"x": "0", "y": "1", "a": "0", "b": "1"}
_REDUCE = {"input_tensor": "0", "keep_dims": "keepdims"}
_UNARY = {"x": "0", "features": "0", "logits": "0", "input": "0"}

TENSORFLOW: dict[str, tuple[str, dict[str, str]]] = {
    **dict.fromkeys(("__operators__.add", "math.add", "add", "AddV2", "__operators__.radd"), ("Add", _BINARY)),
    **dict.fromkeys(("math.subtract", "subtract", "__operators__.sub"), ("Subtract", _BINARY)),
    **dict.fromkeys(("math.multiply", "multiply", "__operators__.mul"), ("Multiply", _BINARY)),
    **dict.fromkeys(("math.truediv", "truediv", "math.divide", "realdiv", "divide"), ("Divide", _BINARY)),
    **{name: (name.title(), _BINARY) for name in ("maximum", "minimum", "greater", "less", "equal")},
    **dict.fromkeys(
        (
            "pow", "floordiv", "floormod", "squared_difference", "logical_and", "logical_or", "greater_equal",
            "less_equal", "not_equal", "atan2",
        ),
        ("Add", _BINARY),
    ),
    **dict.fromkeys(
        (
            "abs", "exp", "log", "sqrt", "rsqrt", "square", "negative", "sigmoid", "tanh", "relu", "relu6",
            "softmax", "softplus", "elu", "selu", "gelu", "silu", "swish", "leaky_relu", "cast", "identity",
            "stop_gradient", "zeros_like", "ones_like", "clip_by_value", "sin", "cos", "floor", "ceil", "round",
            "sign", "erf", "log1p", "l2_normalize", "log_softmax", "cumsum", "logical_not", "reverse",
            "dropout", "hard_sigmoid", "softsign", "reciprocal", "is_nan", "nan_to_num",
        ),
        ("Identity", _UNARY),
    ),
    **{
        f"reduce_{name}": ("Sum", _REDUCE)
        for name in ("sum", "mean", "max", "min", "prod", "any", "all", "std", "variance", "logsumexp",
                     "euclidean_norm")
    },
    "argmax": ("Argmax", {"input": "0"}),
    "argmin": ("Argmax", {"input": "0"}),
    "reshape": ("Reshape", {"tensor": "0", "shape": "newshape"}),
    "transpose": ("Transpose", {"a": "0", "perm": "axes"}),
    "expand_dims": ("ExpandDims", {"input": "0"}),
    "squeeze": ("Squeeze", {"input": "0"}),
    "concat": ("Concatenate", {"values": "0"}),
    "stack": ("Stack", {"values": "0"}),
    "split": ("Split", {"value": "0", "num_or_size_splits": "indices_or_sections"}),
    "matmul": ("Matmul", _BINARY),
    "linalg.matmul": ("Matmul", _BINARY),
    "einsum": ("Einsum", {}),
    "tile": ("Tile", {"input": "0", "multiples": "repeats"}),
    "one_hot": ("OneHot", {"indices": "0", "depth": "num_classes"}),
    "pad": ("Pad", {"tensor": "0", "paddings": "pad_width"}),
    "gather": ("Take", {"params": "0", "indices": "1"}),
    "where": ("Where", {"condition": "0", "x": "1", "y": "2"}),
    "__operators__.getitem": ("GetItem", {"slice_spec": "1"}),
    "broadcast_to": ("BroadcastTo", {"input": "0"}),
    "resize": ("Resize", {"images": "0"}),
}  # fmt: skip
