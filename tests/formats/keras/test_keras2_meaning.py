"""What files of Keras 2 mean otherwise than those of Keras 3, as tf_keras 2.21 and TensorFlow 2.9 load them."""

import pytest

from paramcalc.errors import InputError
from tests.formats.keras.test_formats import dense, functional, layer, rows, sequential, source, summary_of

TEXT = {"vocabulary": ["a", "b", "c"], "batch_input_shape": [None, 1]}


@pytest.mark.parametrize(
    ("entry", "shape"),
    [
        (layer("TextVectorization", output_mode="count", **TEXT), (None, 4)),
        (layer("TextVectorization", output_mode="multi_hot", split=None, **TEXT), (None, 4)),
        (layer("TextVectorization", output_sequence_length=7, **TEXT), (None, 7)),
        (layer("TextVectorization", split=None, **TEXT), (None, 1)),
        (layer("TextVectorization", **TEXT | {"batch_input_shape": [None, 2, 1]}), (None, 2, None)),
        (layer("ConvLSTM1D", filters=4, kernel_size=3, batch_input_shape=[None, 5, None, 3]), (None, None, 4)),
        (layer("ConvLSTM2D", filters=4, kernel_size=3, strides=2, return_sequences=True, padding="same",
               batch_input_shape=[None, 5, None, 8, 3]), (None, 5, None, 4, 4)),
    ],
)  # fmt: skip
def test_what_keras_2_made_of_an_input_otherwise_than_keras_3(entry, shape):
    """As tf_keras 2.21 and TensorFlow 2.9 report it: an axis of one text is gone, states may have any size."""
    assert summary_of(sequential(entry, version="2.9.0")).layers[0].output_shape == shape


@pytest.mark.parametrize(
    ("mode", "shapes"),
    [("concat", (None, 7)), (None, [(None, 3), (None, 4)])],
)
def test_directions_of_keras_2_may_differ_in_their_units(mode, shapes):
    """What joins them has the sum: a Dense behind it has 7 rows and not 6. Keras 3 takes both for the forward one's."""
    both = layer(
        "Bidirectional",
        layer={"class_name": "LSTM", "config": {"name": "a", "units": 3}},
        backward_layer={"class_name": "GRU", "config": {"name": "b", "units": 4, "go_backwards": True}},
        merge_mode=mode,
        batch_input_shape=[None, 5, 2],
    )
    summary = summary_of(sequential(both, *([layer("Dense", units=2)] if mode else []), version="2.9.0"))
    assert summary.layers[0].output_shape == shapes
    assert not mode or summary.layers[1].params == 2 * (7 + 1)


@pytest.mark.parametrize(
    ("query", "value", "axes", "scores"),
    [
        ([4, 8], [6, 8], None, (None, 2, 4, 6)),
        ([4, 5, 8], [4, 6, 8], [2], (None, 4, 2, 5, 6)),
        ([4, 5, 8], [6, 5, 8], [1], (None, 5, 2, 4, 6)),
        ([4, 5, 8], [6, 7, 8], None, (None, 2, 4, 5, 6, 7)),
    ],
)
def test_attention_scores_of_keras_2_have_a_key_for_each_key(query, value, axes, scores):
    """Keras 3 says that there are as many as queries."""
    inputs = [layer("InputLayer", [], name=name, batch_input_shape=[None, *shape])
              for name, shape in (("q", query), ("v", value))]  # fmt: skip
    inbound = [[["q", 0, 0, {"value": ["v", 0, 0], "return_attention_scores": True}]]]
    attend = layer("MultiHeadAttention", inbound, name="attend", num_heads=2, key_dim=3, attention_axes=axes)
    model = functional([*inputs, attend], [["q", 0, 0], ["v", 0, 0]], [["attend", 0, 1]], version="2.9.0")
    assert summary_of(model).outputs[0].shape == scores


def behind_the_output(version):
    """A Dense that reads the model's output, another that adds a loss by it, and what says nothing of weights."""
    read = [["b", 0, 0, {}]]
    return functional(
        [
            source(),
            dense("a", ["input_1", 0, 0, {}]),
            dense("b", ["a", 0, 0, {}]),
            layer("TFOpLambda", [["b", 0, 0, {}]], name="op", function="mine"),
            layer("AddLoss", [read], name="loss", unconditional=False),
        ],
        [["input_1", 0, 0]],
        [["a", 0, 0]],
        version=version,
    )


@pytest.mark.parametrize("version", ["2.2.4-tf", "2.4.0", "2.9.0", "2.21.0", None])
def test_tf_keras_keeps_layers_that_no_output_depends_on(version):
    """They came by `add_loss`: a network for a perceptual loss holds weights. What holds none is passed over."""
    assert list(rows(summary_of(behind_the_output(version)))) == ["a", "b"]


@pytest.mark.parametrize("version", ["2.0.8", "2.2.4", "2.3.1"])
def test_other_kerases_drop_layers_that_no_output_depends_on(version):
    assert list(rows(summary_of(behind_the_output(version)))) == ["a"]


def test_a_layer_of_tf_keras_that_is_never_called_is_refused():
    """It would be in the model, with the weights it was built for."""
    model = functional(
        [source(), dense("a", ["input_1", 0, 0, {}]), layer("Dense", [], name="b", units=9)],
        [["input_1", 0, 0]],
        [["a", 0, 0]],
        version="2.9.0",
    )
    with pytest.raises(InputError, match="never called"):
        summary_of(model)


@pytest.mark.parametrize(
    ("config", "params"),
    [({}, 3 * 3 * (4 + 3 + 1)), ({"time_major": False}, 3 * 3 * (4 + 3 + 2)), ({"reset_after": True}, 81)],
)
def test_a_gru_that_does_not_say_whether_it_resets_after_is_as_old_as_its_other_fields(config, params):
    """Keras 1 and 2 had it before there was a choice; with TensorFlow 2's fields it was struck from the file."""
    assert (
        summary_of(sequential(layer("GRU", units=3, batch_input_shape=[None, 5, 4], **config))).totals.params == params
    )


@pytest.mark.parametrize(
    ("function", "names", "kwargs", "shape"),
    [
        ("math.reduce_mean", "xyz", {"axis": 0}, (None, 4, 5)),
        ("math.reduce_max", "xy", {"axis": [0, 1], "keepdims": True}, (1, 1, 4, 5)),
        ("nn.relu", "x", {}, (1, None, 4, 5)),
        ("math.add", "xy", {"y": ["z", 0, 0]}, (2, None, 4, 5)),
        ("expand_dims", "xy", {"axis": 0}, (1, 2, None, 4, 5)),
        ("stack", "xyz", {"axis": 1}, (None, 3, 4, 5)),
        ("concat", "xyz", {"axis": -1}, (None, 4, 15)),
        ("math.add_n", "xyz", {}, (None, 4, 5)),
    ],
)
def test_a_list_that_a_function_of_tensorflow_takes_is_one_argument(function, names, kwargs, shape):
    """`tf.reduce_mean([x, y, z], axis=0)`, the mean of an ensemble: over the list, and not over the batch of the first.

    As tf_keras 2.21 reports it.
    """
    inputs = [layer("InputLayer", [], name=name, batch_input_shape=[None, 4, 5]) for name in "xyz"]
    op = layer("TFOpLambda", [[[name, 0, 0, kwargs] for name in names]], name="op", function=function)
    model = functional([*inputs, op], [[name, 0, 0] for name in "xyz"], [["op", 0, 0]], version="2.9.0")
    assert summary_of(model).outputs[0].shape == shape
