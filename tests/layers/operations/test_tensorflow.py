"""Functions of TensorFlow: what they give and refuse where that is another than of keras.ops by the same name.

The results are those of TensorFlow 2.21 on symbolic tensors; whole graphs are in tests/formats/text/test_other_loaders.
"""

from typing import Any

import pytest

from paramcalc.errors import LayerError
from paramcalc.layers.operations.operation import Operation
from tests.each import each

X: dict[str, Any] = {"input": 0}
Y: dict[str, Any] = {"input": 1}


def infer(function: str, *shapes: Any, **kwargs: Any) -> Any:
    """The output of a function of TensorFlow whose first argument is the first input."""
    return Operation(function, "tensorflow", {}, (X,), kwargs).infer(*shapes).output


GIVEN: list[tuple[str, dict[str, Any], tuple[Any, ...], Any]] = [
    ("split", {"num_or_size_splits": [1, -1], "axis": 1}, (None, 4, 6), [(None, 1, 6), (None, 3, 6)]),
    ("split", {"num_or_size_splits": [1, 2], "axis": 1}, (None, None, 6), [(None, 1, 6), (None, 2, 6)]),
    ("nn.depth_to_space", {"block_size": 2}, (None, 8, 8, 4), (None, 16, 16, 1)),
    ("nn.space_to_depth", {"block_size": 2}, (None, None, 8, 3), (None, None, 4, 12)),
    ("squeeze", {"axis": 1}, (None, None, 6), (None, 6)),
    ("reshape", {"shape": [-1, 5]}, (None, 4, 6), (None, 5)),
    ("repeat", {"repeats": [1, 2, 3], "axis": 1}, (None, 3, 6), (None, 6, 6)),
    ("repeat", {"repeats": [1, 2, 3], "axis": 1}, (None, None, 6), (None, None, 6)),
    ("one_hot", {"depth": 7, "axis": 2}, (None, 4, 6), (None, 4, 7, 6)),
    ("broadcast_to", {"shape": [-1, 4, 6]}, (None, 4, 6), (None, 4, 6)),
    ("split", {"num_or_size_splits": [0, -1], "axis": 1}, (None, 4, 6), [(None, 0, 6), (None, 4, 6)]),
    ("reshape", {"shape": [-1, 8]}, (2, 4, 6), (6, 8)),
    ("reshape", {"shape": [3, -1]}, (2, 4, 6), (3, 16)),
    ("sequence_mask", {"maxlen": 7}, (None, 3), (None, 3, 7)),
    ("linalg.diag", {}, (None, 3), (None, 3, 3)),
    ("linalg.diag_part", {}, (None, 3, 5), (None, 3)),
    ("nn.crelu", {}, (None, 3, 5), (None, 3, 10)),
    ("slice", {"begin": [0, 1, 2], "size": [-1, 2, -1]}, (None, 4, 6), (None, 2, 4)),
    ("image.resize", {"size": [5, 7]}, (None, 9, 9, 4), (None, 5, 7, 4)),
    (
        "image.extract_patches",
        {"sizes": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "rates": [1, 1, 1, 1], "padding": "VALID"},
        (None, 9, 9, 3),
        (None, 4, 4, 27),
    ),
    (
        "image.extract_patches",
        {"sizes": [1, 3, 2, 1], "strides": [1, 1, 1, 1], "rates": [1, 2, 1, 1], "padding": "VALID"},
        (None, 9, 9, 3),
        (None, 5, 8, 18),
    ),
]


@each("function, kwargs, x, output", GIVEN)
def test_what_tensorflow_gives(function: str, kwargs: dict[str, Any], x: Any, output: Any) -> None:
    """As a symbolic tensor has it."""
    assert infer(function, x, **kwargs) == output


OF_TWO: list[tuple[str, dict[str, Any], Any, Any, Any]] = [
    ("gather", {"indices": Y, "batch_dims": -1, "axis": 2}, (None, 4, 6), (None, 4, 2), (None, 4, 2)),
    ("gather", {"indices": Y, "batch_dims": 1}, (None, 4, 6), (None, 3), (None, 3, 6)),
    ("gather", {"indices": Y, "batch_dims": -1}, (None, 4, 6), (None, 3), (None, 4, 3)),
    ("gather", {"indices": Y, "axis": 1}, (None, 4, 6), (5, 3), (None, 5, 3, 6)),
    ("boolean_mask", {"mask": Y, "axis": 0}, (None, 4, 6), (None, 4), (None, 6)),
    ("boolean_mask", {"mask": Y, "axis": 1}, (None, 4, 6), (4,), (None, None, 6)),
    ("gather_nd", {"indices": Y}, (None, 4, 6), (None, 2), (None, 6)),
    ("gather_nd", {"indices": Y, "batch_dims": 1}, (None, 4, 6), (None, 5, 1), (None, 5, 6)),
    ("linalg.matvec", {"b": Y}, (None, 3, 5), (None, 5), (None, 3)),
    ("linalg.matvec", {"b": Y, "transpose_a": True}, (None, 3, 5), (None, 3), (None, 5)),
    ("tensordot", {"b": Y, "axes": [2, 0]}, (None, 4, 6), (6, 3), (None, 4, 3)),
    ("nn.conv1d", {"filters": Y, "stride": 1, "padding": "VALID"}, (None, 4, 6), (3, 3, 2), (None, 2, 2)),
    (
        "nn.depthwise_conv2d",
        {"filter": Y, "strides": [1, 2, 2, 1], "padding": "SAME"},
        (None, 9, 9, 4),
        (3, 3, 4, 2),
        (None, 5, 5, 8),
    ),
    (
        "nn.conv2d",
        {"filters": Y, "strides": [1, 2, 1, 1], "dilations": [1, 1, 2, 1], "padding": "VALID"},
        (None, 9, 9, 4),
        (3, 3, 4, 2),
        (None, 4, 5, 2),
    ),
    (
        "nn.conv2d_transpose",
        {"filters": Y, "output_shape": [2, 8, 8, 3], "strides": 2, "padding": "SAME"},
        (2, 4, 4, 5),
        (3, 3, 3, 5),
        (2, 8, 8, 3),
    ),
]


@each("function, kwargs, x, y, output", OF_TWO)
def test_what_tensorflow_gives_of_two(function: str, kwargs: dict[str, Any], x: Any, y: Any, output: Any) -> None:
    """The same for functions that read two tensors."""
    assert infer(function, x, y, **kwargs) == output


REFUSED: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("split", {"num_or_size_splits": [1, 2], "axis": 1}, (None, 4, 6)),
    ("split", {"num_or_size_splits": [5, -1], "axis": 1}, (None, 4, 6)),
    ("split", {"num_or_size_splits": 3, "axis": 1}, (None, 4, 6)),
    ("nn.depth_to_space", {"block_size": 2}, (None, 8, 8, 3)),
    ("nn.space_to_depth", {"block_size": 3}, (None, 8, 8, 3)),
    ("nn.space_to_depth", {"block_size": 2}, (None, 8, 9, 3)),
    ("squeeze", {"axis": 1}, (None, 4, 6)),
    ("reshape", {"shape": [2, 5]}, (2, 4, 6)),
    ("repeat", {"repeats": [1, 2, 3], "axis": 1}, (None, 4, 6)),
    ("expand_dims", {"axis": 4}, (None, 4, 6)),
    ("gather", {"indices": [0, 1], "axis": 3}, (None, 4, 6)),
    ("transpose", {"perm": [0, 1]}, (None, 4, 6)),
    ("matmul", {"b": X}, (None, 4, 6)),
    ("nn.conv1d", {"filters": [[[0.0] * 2] * 4] * 3, "stride": 1, "padding": "VALID"}, (None, 4, 6)),
    ("nn.conv1d", {"filters": [[[0.0] * 2] * 6] * 5, "stride": 1, "padding": "VALID"}, (None, 4, 6)),
    ("nn.max_pool1d", {"ksize": 5, "strides": 1, "padding": "VALID"}, (None, 4, 6)),
    ("unstack", {"num": 3, "axis": 1}, (None, 4, 6)),
    ("pad", {"paddings": [[0, 0], [1, 1]]}, (None, 4, 6)),
    ("math.top_k", {"k": 7}, (None, 4, 6)),
    ("tile", {"multiples": [1, 2]}, (None, 4, 6)),
]


@each("function, kwargs, x", REFUSED)
def test_what_tensorflow_refuses(function: str, kwargs: dict[str, Any], x: Any) -> None:
    """TensorFlow raises a ValueError for each."""
    with pytest.raises(LayerError):
        infer(function, x, **kwargs)
