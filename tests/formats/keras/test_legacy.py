"""Keras 1, Keras 2, TensorFlow.js: renamed and null fields, merges, graphs of operations, what cannot be known."""

import json

import pytest

import paramcalc
from paramcalc.errors import InputError
from paramcalc.formats.convert import convert
from paramcalc.formats.keras import read_keras
from tests.formats.keras.test_formats import FROM_INPUT, dense, functional, layer, rows, sequential, source, summary_of


def test_a_null_flag_is_false():
    """TensorFlow.js writes null for a flag that was never set: `mask_zero: null`, `implementation: null`."""
    embedding = layer("Embedding", input_dim=9, output_dim=4, mask_zero=None, batch_input_shape=[None, 5])
    recurrent = layer("LSTM", units=3, implementation=None, unit_forget_bias=None)
    assert summary_of(sequential(embedding, recurrent)).totals.params == 9 * 4 + 4 * 3 * (4 + 3 + 1)


def test_a_backwards_layer_in_a_bidirectional_is_read():
    """Keras 2 took the opposite direction for the other half; Keras 3 refuses the layer."""
    inner = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "go_backwards": True}}
    both = layer("Bidirectional", layer=inner, batch_input_shape=[None, 5, 4])
    assert summary_of(sequential(both)).totals.params == 2 * 4 * 3 * (4 + 3 + 1)


def test_a_causal_separable_convolution_of_keras_2_keeps_the_length():
    """Today's SeparableConv1D knows no causal padding."""
    convolution = layer(
        "SeparableConv1D", filters=2, kernel_size=[3], padding="causal", batch_input_shape=[None, 10, 4]
    )
    assert rows(summary_of(sequential(convolution))) == {"separableconv1d": ((None, 10, 2), 3 * 4 + 4 * 2 + 2)}


@pytest.mark.parametrize("padding", [[1, 0, 2, 1], {"top_pad": 1, "left_pad": 2, "right_pad": 1}])
def test_keras_1_padded_four_sides(padding):
    """Top, bottom, left, right: in a row, or by name with zeros left out."""
    pad = layer("ZeroPadding2D", padding=padding, dim_ordering="tf", batch_input_shape=[None, 5, 5, 3])
    assert rows(summary_of(sequential(pad, version="1.2.2")))["zeropadding2d"] == ((None, 6, 8, 3), 0)


@pytest.mark.parametrize(
    ("mode", "size", "shape", "params"),
    [
        ("same", [3, 3], [None, 8, 8, 5], 1058),
        ("same", [3, 3], [16, 7, 7, 5], 833),
        ("same", [2, 2], [None, 7, 7, 5], 783),
        ("valid", [3, 3], [None, 9, 9, 5], 1313),
        ("valid", [3, 3], [None, 10, 9, 5], 1448),
    ],
)
def test_keras_1_chose_the_length_of_a_deconvolution(mode, size, shape, params):
    """`output_shape` decides where a stride leaves more than one length open. Counts: Keras 1.2.2."""
    kernel = {"nb_filter": 5, "nb_row": size[0], "nb_col": size[1], "subsample": [2, 2], "dim_ordering": "tf"}
    first = layer("Deconvolution2D", **kernel, border_mode=mode, output_shape=shape, batch_input_shape=[None, 4, 4, 2])
    model = sequential(first, layer("Flatten"), layer("Dense", output_dim=3), version="1.2.2", bare=True)
    assert summary_of(model).totals.params == params


@pytest.mark.parametrize(
    ("size", "shape", "message"),
    [
        ([2, 2], [None, 8, 7, 5], "not supported with an even kernel_size"),
        ([3, 3], None, "expected the sizes of a batch"),
    ],
)
def test_a_deconvolution_of_a_length_that_cannot_be_told_is_refused(size, shape, message):
    """Rather than computed for another length."""
    kernel = {"nb_filter": 5, "nb_row": size[0], "nb_col": size[1], "subsample": [2, 2], "border_mode": "same"}
    first = layer("Deconvolution2D", **kernel, output_shape=shape, batch_input_shape=[None, 4, 4, 2])
    with pytest.raises(InputError, match=message):
        summary_of(sequential(first, version="1.2.2", bare=True))


def test_an_input_of_keras_1_has_its_dtype_under_another_name():
    """`input_dtype`, beside `dtype` which came with Keras 2."""
    start = layer("InputLayer", [], name="input_1", batch_input_shape=[None, 5], input_dtype="int32")
    embedding = layer("Embedding", [[["input_1", 0, 0]]], input_dim=9, output_dim=4)
    model = functional([start, embedding], [["input_1", 0, 0]], [["embedding", 0, 0]], version="1.2.2")
    assert summary_of(model).inputs[0].dtype == "int32"


def merge_of(*models, mode="concat", **config):
    """Keras 1's Sequential that starts with several models."""
    merge = {"class_name": "Merge", "config": {"name": "merge_1", "mode": mode, "layers": list(models), **config}}
    return {"class_name": "Sequential", "config": [merge, layer("Dense", output_dim=2)], "keras_version": "1.2.2"}


def branch(units, features):
    first = layer("Dense", output_dim=units, batch_input_shape=[None, features])
    return {"class_name": "Sequential", "config": [first]}


def test_a_sequential_of_keras_1_may_start_with_several_models():
    """Each brings its inputs; a Merge joins what they output: 4·3 + 3, 6·5 + 5, (3 + 5)·2 + 2."""
    summary = summary_of(merge_of(branch(3, 4), branch(5, 6), concat_axis=1))
    assert [item.shape for item in summary.inputs] == [(None, 4), (None, 6)]
    assert rows(summary)["merge_1"] == ((None, 8), 0)
    assert summary.totals.params == 15 + 35 + 18


def test_models_of_a_merge_may_start_with_a_merge_themselves():
    """Their inputs are the whole model's, in order."""
    inner = merge_of(branch(2, 3), branch(2, 4), mode="sum")
    summary = summary_of(merge_of(inner, branch(5, 6)))
    assert [item.shape for item in summary.inputs] == [(None, 3), (None, 4), (None, 6)]
    assert rows(summary)["dense"] == ((None, 2), (2 + 5) * 2 + 2)


def test_a_merge_that_holds_no_models_is_refused():
    """Not a crash, whatever stands there."""
    with pytest.raises(InputError, match="list of models"):
        summary_of(merge_of("a"))


def test_what_old_layers_no_longer_have_is_dropped():
    """`causal` of the attention layers, up to TensorFlow 2.11."""
    attend = layer("Attention", [[["input_1", 0, 0, {}], ["input_1", 0, 0, {}]]], causal=False, use_scale=True)
    start = layer("InputLayer", [], name="input_1", batch_input_shape=[None, 5, 4])
    model = functional([start, attend], [["input_1", 0, 0]], [["attention", 0, 0]], version="2.10.0")
    assert summary_of(model).totals.params == 1


def wrapped(kind, inner, **config):
    return sequential(layer(kind, layer=inner, batch_input_shape=[None, 5, 4], **config), layer("Dense", units=2))


LAMBDA = {"class_name": "Lambda", "config": {"name": "mine"}}
OWN_CELL = layer("RNN", cell={"class_name": "MyCell", "config": {}}, batch_input_shape=[None, 5, 4])
UNKNOWN_INSIDE = {
    "time distributed": wrapped("TimeDistributed", LAMBDA),
    "bidirectional": wrapped("Bidirectional", {"class_name": "MyRNN", "config": {}}),
    "cell": sequential(OWN_CELL, layer("Dense", units=2)),
    "model": wrapped("TimeDistributed", sequential(layer("Dense", units=2, batch_input_shape=[None, 4]), LAMBDA)),
}


@pytest.mark.parametrize("case", UNKNOWN_INSIDE)
def test_a_wrapper_of_what_cannot_be_known_is_refused_or_allowed_as_that_is(case):
    """`TimeDistributed(Lambda(…))` is common; it is no crash, and --allow-unknown goes on behind it."""
    with pytest.raises(InputError, match=r"its code is not in the file|a Lambda is code"):
        summary_of(UNKNOWN_INSIDE[case])
    assert len(summary_of(UNKNOWN_INSIDE[case], allow_unknown=True).unknown) == 2


@pytest.mark.parametrize("wrap", [False, True])
def test_a_layer_with_an_activation_of_somebodys_own_counts_when_that_is_allowed(wrap):
    """A function changes no weight and no shape: 4·3 + 3, then 3·2 + 2. It is still named as unknown."""
    own = {"class_name": "Dense", "config": {"name": "own", "units": 3, "activation": "mine"}}
    own["config"] |= {} if wrap else {"batch_input_shape": [None, 4]}
    model = wrapped("TimeDistributed", own) if wrap else sequential(own, layer("Dense", units=2))
    with pytest.raises(InputError, match="its activation 'mine'"):
        summary_of(model)
    allowed = summary_of(model, allow_unknown=True)
    assert allowed.totals.params == 15 + 8
    assert len(allowed.unknown) == 1


LEAKY = {"class_name": "LeakyReLU", "config": {"alpha": 0.2}}
ODD_ACTIVATIONS = {  # what it is → (why it is refused, what the layer counts when that is allowed)
    "a layer": (LEAKY, None, 15),
    "the name of a layer, which tf.keras takes": ("LeakyReLU", None, 15),
    "Keras 3's form of a function": ({"class_name": "function", "config": "relu"}, None, 15),
    "an Activation": ({"class_name": "Activation", "config": {"activation": "tanh"}}, None, 15),
    "a function of somebody's own": ({"class_name": "function", "config": "mine"}, "its activation 'mine'", 15),
    "one in an Activation": ({"class_name": "Activation", "config": {"activation": "mine"}}, "'mine'", 0),
    "a lambda": ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "a lambda: code", 15),
    "a lambda of older Keras": ({"value": ["4wEA", None, None]}, "a lambda: code", 15),
    "a layer of somebody's own": ({"class_name": "Snake", "config": {}}, "its activation 'Snake'", 0),
    "a layer with weights": ({"class_name": "PReLU", "config": {}}, "a PReLU layer, whose weights", 0),
    "the name of such a one": ("PReLU", "a PReLU layer, whose weights", 0),
}


@pytest.mark.parametrize("case", ODD_ACTIVATIONS)
def test_an_activation_that_is_no_name_is_known_or_refused(case):
    """A layer in its place may hold weights, which Keras counts: `Dense(3, activation=PReLU())` has 18, not 15."""
    activation, refused, params = ODD_ACTIVATIONS[case]
    model = sequential(layer("Dense", units=3, activation=activation, batch_input_shape=[None, 4]))
    if refused:
        with pytest.raises(InputError, match=refused):
            summary_of(model)
    found = summary_of(model, allow_unknown=refused is not None)
    assert found.totals.params == params
    assert bool(found.unknown) == bool(refused)


def test_what_was_allowed_once_is_not_known_the_next_time():
    """The same Model, summarised again without the permission, is refused again."""
    own = layer("Dense", units=3, activation="mine", batch_input_shape=[None, 4])
    model = read_keras(sequential(own), "model.json")
    paramcalc.summarize(model, allow_unknown=True)
    with pytest.raises(InputError, match="its activation 'mine'"):
        paramcalc.summarize(model)


def test_behind_an_unknown_layer_counts_what_does_not_depend_on_it():
    """An Embedding has its table whatever it is given; a Dense does not know its features."""
    hidden = sequential(
        layer("MyLayer", batch_input_shape=[None, 4]),
        layer("Embedding", input_dim=10, output_dim=3),
        layer("Dense", units=2),
    )
    allowed = summary_of(hidden, allow_unknown=True)
    assert rows(allowed) == {"mylayer": (None, 0), "embedding": (None, 30), "dense": (None, 0)}
    assert allowed.unknown == ["mylayer", "embedding", "dense"]


def operation(function, inbound, name):
    return layer("TFOpLambda", inbound, name=name, function=function)


def test_a_shape_that_a_graph_computes_is_followed():
    """`tf.reshape(x, [-1, tf.shape(x)[1] * tf.shape(x)[2]])`: TensorFlow sees through it, and so must we."""
    layers = [
        layer("InputLayer", [], name="x", batch_input_shape=[None, 4, 6]),
        operation("compat.v1.shape", [["x", 0, 0, {"out_type": "int32"}]], "shape"),
        operation("__operators__.getitem", [["shape", 0, 0, {"slice_spec": 1}]], "rows"),
        operation("__operators__.getitem", [["shape", 0, 0, {"slice_spec": 2}]], "columns"),
        operation("math.multiply", [["rows", 0, 0, {"y": ["columns", 0, 0]}]], "both"),
        operation("reshape", [["x", 0, 0, {"shape": [-1, ["both", 0, 0]]}]], "flat"),
        layer("Dense", [[["flat", 0, 0, {}]]], units=2),
    ]
    summary = summary_of(functional(layers, [["x", 0, 0]], [["dense", 0, 0]]))
    assert rows(summary)["dense"] == ((None, 2), 24 * 2 + 2)


@pytest.mark.parametrize("rows", [6, None])
def test_the_bound_of_a_slice_may_be_a_number_that_the_graph_computes(rows):
    """`x[:, :tf.shape(x)[1] // 2]`."""
    everything = dict.fromkeys(("start", "stop", "step"))
    layers = [
        layer("InputLayer", [], name="x", batch_input_shape=[None, rows, 4]),
        operation("compat.v1.shape", [["x", 0, 0, {}]], "shape"),
        operation("__operators__.getitem", [["shape", 0, 0, {"slice_spec": 1}]], "rows"),
        operation("compat.v1.floor_div", [["rows", 0, 0, {"y": 2}]], "half"),
        operation(
            "__operators__.getitem",
            [["x", 0, 0, {"slice_spec": [everything, everything | {"stop": ["half", 0, 0]}]}]],
            "first",
        ),
    ]
    summary = summary_of(functional(layers, [["x", 0, 0]], [["first", 0, 0]]))
    assert summary.layers[-1].output_shape == (None, rows and 3, 4)


def graph_node(op, inbound, name, constants=None, **attr):
    constants = constants or {}
    inputs = [f"{name}/{place}" for place in range(len(inbound) + len(constants))]
    node = {"name": name, "op": op, "input": inputs, "attr": {key: {"i": str(value)} for key, value in attr.items()}}
    return layer("TensorFlowOpLayer", [inbound], name=name, node_def=node, constants=constants)


def test_the_bounds_of_a_slice_may_be_packed_in_a_graph():
    """The same as TensorFlow 2.3 wrote it."""
    layers = [
        layer("InputLayer", [], name="x", batch_input_shape=[None, 6, 4]),
        graph_node("Shape", [["x", 0, 0, {}]], "shape"),
        graph_node("StridedSlice", [["shape", 0, 0, {}]], "rows", {"1": [1], "2": [2], "3": [1]}, shrink_axis_mask=1),
        graph_node("FloorDiv", [["rows", 0, 0, {}]], "half", {"1": 2}),
        graph_node("Pack", [["half", 0, 0, {}]], "end", {"0": 0}, axis=0, N=2),
        graph_node(
            "StridedSlice",
            [["x", 0, 0, {}], ["end", 0, 0, {}]],
            "first",
            {"1": [0, 0], "3": [1, 1]},
            begin_mask=3,
            end_mask=1,
        ),
    ]
    summary = summary_of(functional(layers, [["x", 0, 0]], [["first", 0, 0]]))
    assert summary.layers[-1].output_shape == (None, 3, 4)


def test_an_einsum_of_tensors_that_keras_did_not_write_is_told_as_that():
    """`tf.einsum(equation, x, y)`: tf.keras wrote the equation only, and cannot load its own file."""
    lost = operation("einsum", [["_CONSTANT_VALUE", -1, "bi,bj->bij", {}]], "einsum")
    layers = [layer("InputLayer", [], name="x", batch_input_shape=[None, 4]), lost]
    with pytest.raises(InputError, match="einsum 'bi,bj->bij' is of 2 tensors, and has 0: Keras does not load it"):
        summary_of(functional(layers, [["x", 0, 0]], [["einsum", 0, 0]]))


def test_shapes_of_one_rank_are_not_taken_for_one_another():
    """A nested model that reads tf.shape is called on two lengths: each call has its own answer."""
    inner = functional(
        [
            layer("InputLayer", [], name="x", batch_input_shape=[None, None, 2]),
            operation("compat.v1.shape", [["x", 0, 0, {}]], "shape"),
            operation("__operators__.getitem", [["shape", 0, 0, {"slice_spec": 1}]], "length"),
            operation("fill", [[["shape", 0, 0, {"value": 0.0}]]], "zeros"),
        ],
        [["x", 0, 0]],
        [["zeros", 0, 0]],
    )
    inner = inner | {"name": "inner", "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]}
    layers = [
        layer("InputLayer", [], name="a", batch_input_shape=[None, 3, 2]),
        layer("InputLayer", [], name="b", batch_input_shape=[None, 7, 2]),
        inner,
    ]
    summary = summary_of(functional(layers, [["a", 0, 0], ["b", 0, 0]], [["inner", 1, 0], ["inner", 2, 0]]))
    assert [item.shape for item in summary.outputs] == [(None, 3, 2), (None, 7, 2)]


@pytest.mark.parametrize("node", [{"op": 3}, {"op": "Mul", "input": 4}, "{", None, {"op": "Mul", "input": ["a", "b"]}])
def test_a_damaged_operation_of_a_graph_is_refused(node):
    """TensorFlowOpLayer keeps what TensorFlow's graph said; a file may hold anything there."""
    op = layer("TensorFlowOpLayer", [["input_1", 0, 0, {}]], name="op", node_def=node, constants=[])
    with pytest.raises(InputError):
        summary_of(functional([source(), op, dense("b", ["op", 0, 0, {}])], [["input_1", 0, 0]], [["b", 0, 0]]))


@pytest.mark.parametrize("number", [3, None, {"class_name": "__tensor__", "config": {"value": [[1, 2, 3]]}}])
@pytest.mark.parametrize("first", [True, False])
def test_a_merge_of_a_tensor_and_something_else_is_refused(number, first):
    """Left out, it would be missing in the output's shape, and in every count behind."""
    entry = layer("Add", [{"args": [], "kwargs": {}}], trainable=True)
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["input_1", 0, 0]}}
    entry["inbound_nodes"][0]["args"] = [[number, tensor] if first else [tensor, number]]
    with pytest.raises(InputError, match="something other than a tensor"):
        summary_of(functional([source(), entry], [["input_1", 0, 0]], [["add", 0, 0]]))


def test_a_tensor_in_a_mapping_among_the_arguments_of_an_operation_can_be_converted():
    """Arguments may be mappings of mappings; a tensor deep in one is still a tensor of the model."""
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["input_1", 0, 0]}}
    entry = {"module": "keras.src.ops.numpy", "class_name": "Negative", "config": {"name": "op"}, "name": "op"}
    entry["inbound_nodes"] = [{"args": [tensor], "kwargs": {"axis": {"deep": [tensor]}}}]
    model = read_keras(functional([source(), entry], [["input_1", 0, 0]], [["op", 0, 0]]), "m.json")
    assert "{deep: [{input: 1}]}" in convert(model, "spec")


@pytest.mark.parametrize("shared", [[1], {"a": 1}])
def test_the_number_of_a_shared_layer_is_a_number(shared):
    """Layers are looked up by it."""
    with pytest.raises(InputError, match="shared_object_id: expected a number"):
        read_keras(
            sequential(source() | {"shared_object_id": 1}, {**layer("ReLU"), "shared_object_id": shared}),
            "m.keras",
            shared_objects=True,
        )


def test_a_manifest_of_nonsense_is_passed_over():
    """A shape that is none says nothing of a weight."""
    first = layer("Dense", units=3, batch_input_shape=[None, 4])
    weights = [{"name": "dense/kernel", "shape": [[4], 3]}, {"name": "dense/bias", "shape": {}}]
    model = {"modelTopology": {"model_config": sequential(first)}, "weightsManifest": [{"weights": weights}]}
    assert summary_of(model).totals.params == 15


@pytest.mark.parametrize("i", ["--5", "5.0", 1e9, "9" * 30, [1], None, {}])
def test_an_attribute_that_is_no_number_is_left_out(i):
    """`attr` of a graph's operation holds numbers as text."""
    node = {"op": "Pack", "input": ["a", "b"], "attr": {"axis": {"i": i}, "N": {"list": {"i": i}}}}
    op = layer("TensorFlowOpLayer", [[["input_1", 0, 0, {}], ["input_1", 0, 0, {}]]], name="op", node_def=node)
    model = functional([source(), op], [["input_1", 0, 0]], [["op", 0, 0]])
    assert summary_of(model).outputs[0].shape == (2, None, 4)


def history(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def of_hdf5(*entries):
    """The model_config of an HDF5 file of Keras 3: no entry names its module, the version stands beside it."""
    start = layer("InputLayer", [], name="x", batch_shape=[None, 5, 4], dtype="float32")
    return functional([start, *entries], [["x", 0, 0]], [[entries[-1]["name"], 0, 0]], version="3.15.1")


def test_an_operation_in_an_hdf5_file_is_known_by_what_it_has_not():
    """It has no `trainable` and no `dtype`, and its class may be a layer's name: `x + x` and `Add()`."""
    add = layer("Add", [{"args": [history("x"), history("x")], "kwargs": {}}], name="add")
    mean = layer("Mean", [{"args": [history("add")], "kwargs": {}}], name="mean", axis=1, keepdims=False)
    assert rows(summary_of(of_hdf5(add, mean))) == {"add": ((None, 5, 4), 0), "mean": ((None, 4), 0)}


def test_frozen_attention_in_an_hdf5_file_of_keras_3_loads_as_from_its_json():
    """Its own `trainable: false` does not reach the layers it is made of; Keras 2's did."""
    inbound = [{"args": [history("x"), history("x")], "kwargs": {}}]
    entry = layer("MultiHeadAttention", inbound, name="attend", num_heads=1, key_dim=2, trainable=False)
    totals = summary_of(of_hdf5(entry)).totals
    assert totals.trainable_params == totals.params == 3 * (4 * 2 + 2) + 2 * 4 + 4


def test_a_custom_layer_may_be_called_with_any_argument():
    """It is refused as what it is, not for its arguments; allowed, it is unknown."""
    own = layer("Mine", [[["input_1", 0, 0, {"context": ["input_1", 0, 0], "scale": 2}]]], name="own")
    model = functional([source(), own, dense("b", ["own", 0, 0, {}])], [["input_1", 0, 0]], [["b", 0, 0]])
    with pytest.raises(InputError, match="its code is not in the file"):
        summary_of(model)
    assert summary_of(model, allow_unknown=True).unknown == ["own", "b"]


def keras1_padded(ordering, **own):
    """A padding that may tell its ordering, before a convolution that does, and an upsampling in a wrapper."""
    conv = layer("Convolution2D", nb_filter=2, nb_row=3, nb_col=3, dim_ordering=ordering)
    up = layer("TimeDistributed", layer=layer("UpSampling2D", size=[2, 2]), name="up")
    pad = layer("ZeroPadding2D", padding=[1, 1], batch_input_shape=[None, 3, 8, 8], **own)
    again = layer("Reshape", target_shape=[1, 2, 8, 8])
    return sequential(pad, conv, *([again, up] if ordering == "th" and not own else []), version="1.2.2", bare=True)


def test_a_layer_that_keras_1_let_the_environment_order_is_ordered_as_all_others():
    """ZeroPadding2D never wrote its `dim_ordering`: a file of `th` was made where that was the default."""
    model = paramcalc.load(json.dumps(keras1_padded("th"), indent=1).encode())
    summary = paramcalc.summarize(model)
    assert model.locate(model.places[summary.warnings[0]]).line == 4
    assert [row.output_shape for row in summary.layers] == [
        (None, 3, 10, 10),
        (None, 2, 8, 8),
        (None, 1, 2, 8, 8),
        (None, 1, 2, 16, 16),
    ]
    assert summary.totals.params == 3 * 3 * 3 * 2 + 2
    assert "did not write where UpSampling2D, ZeroPadding2D has the channels" in summary.warnings[0]
    assert summary_of(keras1_padded("tf")).layers[0].output_shape == (None, 5, 10, 8)
    assert summary_of(keras1_padded("th", dim_ordering="tf")).layers[0].output_shape == (None, 5, 10, 8)


def test_what_a_file_of_tf_keras_says_a_layer_was_built_for_is_not_held_against_it():
    """Its loader does not read it, and builds the layer by the graph."""
    dense = layer("Dense", units=4, batch_input_shape=[None, 6]) | {"build_config": {"input_shape": [None, 9]}}
    assert summary_of(sequential(dense, version="2.15.0")).totals.params == 28


def test_what_tf_keras_wrote_a_wrapper_in_a_wrapper_was_built_for_is_not_held_against_it():
    """Its TimeDistributed put down what the layer within was built for: (None, 6) where it takes (None, 5, 6)."""
    dense = layer("Dense", units=4) | {"build_config": {"input_shape": [None, 6]}}
    inner = layer("TimeDistributed", layer=dense, name="inner") | {"build_config": {"input_shape": [None, 6]}}
    outer = layer("TimeDistributed", layer=inner, batch_input_shape=[None, 3, 5, 6])
    summary = summary_of(sequential(outer, version="2.15.0"))
    assert (summary.layers[0].output_shape, summary.totals.params) == ((None, 3, 5, 4), 28)


NAMESAKES = {
    "registered by somebody": ("Custom>Dense", "2.10.0", {"units": 3}, "'Custom>Dense' is not a Keras layer"),
    "newer than the file": ("LayerNormalization", "2.2.4", {}, "Keras 2.2.4 had no 'LayerNormalization'"),
    "of another package": (
        "MultiHeadAttention",
        "2.10.0",
        {"head_num": 2},
        "MultiHeadAttention has no field 'head_num'",
    ),
    "like one of paramcalc's own": ("Custom", "2.10.0", {"weights": {"w": [2]}}, "'Custom' is not a Keras layer"),
    "like what an operation is here": ("Operation", "2.10.0", {}, "'Operation' is not a Keras layer"),
    "in small letters": ("dense", "2.10.0", {"units": 3}, "'dense' is not a Keras layer"),
    "of one tensor": ("Attention", "2.10.0", {}, "Keras' Attention takes two tensors"),
}


@pytest.mark.parametrize("case", NAMESAKES)
@pytest.mark.parametrize("graph", [False, True])
def test_somebodys_own_class_is_not_taken_for_one_of_keras_with_its_name(case, graph):
    """The original Keras had no attention: many wrote one, and named it so. Allowed, the others still count."""
    kind, version, config, message = NAMESAKES[case]
    if graph:
        entries = [source(shape=(None, 5, 4)), layer(kind, [FROM_INPUT], name="own", **config)]
        entries.append(dense("head", ["input_1", 0, 0, {}]))
        model = functional(entries, [["input_1", 0, 0]], [["own", 0, 0], ["head", 0, 0]], version)
    else:
        first = layer("Dense", units=3, name="head", batch_input_shape=[None, 5, 4])
        model = sequential(first, layer(kind, name="own", **config), version=version)
    with pytest.raises(InputError, match=message):
        summary_of(model)
    allowed = summary_of(model, allow_unknown=True)
    assert (allowed.unknown, allowed.totals.params) == (["own"], 4 * 3 + 3)


@pytest.mark.parametrize("version", ["2.2.4-tf", "2.4.0", "2.15.0"])
def test_tf_keras_had_what_the_original_had_not(version):
    """Its versions before 2.4 end in `-tf`; after that only it went on."""
    normalized = layer("LayerNormalization", batch_input_shape=[None, 4])
    assert summary_of(sequential(normalized, version=version)).totals.params == 2 * 4


@pytest.mark.parametrize("version", ["1.2.2", "2.0.6"])
def test_the_class_of_all_layers_is_the_identity(version):
    """`Layer(input_shape=…)` started many a SegNet."""
    summary = summary_of(
        sequential(layer("Layer", batch_input_shape=[None, 4]), layer("Dense", units=3), version=version)
    )
    assert rows(summary) == {"layer": ((None, 4), 0), "dense": ((None, 3), 15)}


GRU = {"class_name": "GRU", "config": {"name": "g", "units": 3, "batch_input_shape": [None, 5, 4]}}
CELL = {"class_name": "GRUCell", "config": {"name": "g", "units": 3}}


@pytest.mark.parametrize(
    ("version", "rows"),
    [
        ("2.15.0", 2),
        ("2.4.0-tf", 2),
        ("2.2.4-tf", 2),
        ("2.1.2-tf", 1),
        ("2.3.1", 1),
        ("2.0.8", 1),
        ("1.2.2", 1),
        ("", 1),
    ],
)
@pytest.mark.parametrize(
    "entry",
    [
        GRU,
        layer("Bidirectional", layer=GRU, batch_input_shape=[None, 5, 4]),
        layer("RNN", cell=CELL, batch_input_shape=[None, 5, 4]),
        layer("RNN", cell=layer("StackedRNNCells", cells=[CELL]), batch_input_shape=[None, 5, 4]),
    ],
)
def test_a_gru_that_does_not_say_how_it_resets_has_its_versions_default(version, rows, entry):
    """TensorFlow 2 always says so: where it is dropped from such a file, the layer does not become smaller."""
    times = 2 if entry["class_name"] == "Bidirectional" else 1
    assert summary_of(sequential(entry, version=version)).totals.params == times * 3 * 3 * (4 + 3 + rows)
