"""Which layers tensor parallelism divides, as Megatron does (Shoeybi et al. 2019, arXiv:1909.08053).

A matrix is divided by columns if the readers of its output can work on a part of the features, such as heads; the
matrix that reads such a part is divided by rows, and its output is whole again. Everything else is replicated.
"""

MATRICES = frozenset(("Linear", "TransposedLinear"))
"""Matrices that may be divided by their columns or by their rows."""

WHOLE_INSIDE = frozenset(("MultiheadAttention", "Experts"))
"""Layers that are divided inside: their inputs and outputs are whole."""

BY_PART = frozenset(
    (
        *(
            "Activation",
            "Mul",
            "mul",
            "Heads",
            "Split",
            "split",
            "Flatten",
            "Reshape",
            "Dropout",
            "Identity",
            "Softmax",
        ),
        *("ReLU", "GELU", "SiLU", "Sigmoid", "Tanh", "CausalConv1d", "Recurrence", "view", "reshape", "transpose"),
    )
)
"""Layers that map a part of the features to a part of the features; their weights are divided as well."""

NORMS = frozenset(("RMSNorm", "LayerNorm"))
"""Norms: over the features of one head they work on a part; over all features they do not."""

ATTENTION = "Attention"
EMBEDDING = "Embedding"
