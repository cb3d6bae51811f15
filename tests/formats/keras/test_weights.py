"""What a Keras file says of its weights: what they were built for, and the type they are kept in."""

import json

import pytest

import paramcalc
from paramcalc import InputError


def sequential(*layers, shape=(None, 8)):
    """A Sequential of (class name, config, build_config) in Keras 3's words."""
    entries = [{"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
                "config": {"batch_shape": list(shape), "name": "input"}}]  # fmt: skip
    for index, (kind, config, built) in enumerate(layers):
        entry = {"module": "keras.layers", "class_name": kind, "registered_name": None,
                 "config": {"name": f"layer_{index}", **config}}  # fmt: skip
        entries.append(entry | ({"build_config": built} if built is not None else {}))
    document = {"module": "keras", "class_name": "Sequential", "registered_name": "Sequential",
                "config": {"name": "m", "layers": entries}, "keras_version": "3.9.0"}  # fmt: skip
    return json.dumps(document).encode()


def params(*layers, **options):
    return paramcalc.summarize(paramcalc.load(sequential(*layers, **options))).totals.params


DENSE = {"units": 4}


@pytest.mark.parametrize(
    "built", [None, {}, {"input_shape": [None, 8]}, {"input_shape": [1, 8]}, {"input_shape": None}, 3]
)
def test_a_layer_that_was_built_for_its_input_is_counted(built):
    """The batch is no part of a weight; what is no shape says nothing."""
    assert params(("Dense", DENSE, built)) == 36


@pytest.mark.parametrize("shape", [[None, 9], [None, 0], [None, 800], [None, 8, 9], [None], [], ["x", 9], [None, None]])
def test_a_layer_that_was_built_for_other_weights_is_refused(shape):
    """Keras would hold the weights of the one and be called with the other: a budget must not believe either."""
    with pytest.raises(InputError, match=r"'layer_0' \(Dense\): its build_config"):
        params(("Dense", DENSE, {"input_shape": shape}))


def test_an_input_of_no_size_hides_no_weights():
    """What the file was built for is larger."""
    lstm = ("LSTM", {"units": 3}, {"input_shape": [None, 5, 96]})
    with pytest.raises(InputError, match=r"kernel is \(96, 12\); by the graph it is \(0, 12\)"):
        params(lstm, shape=(None, 5, 0))


def test_another_size_that_changes_no_weight_is_fine():
    """A convolution holds the same weights for an image of any size."""
    convolution = ("Conv2D", {"filters": 2, "kernel_size": 3}, {"input_shape": [None, 224, 224, 3]})
    assert params(convolution, shape=(None, 64, 64, 3)) == 56


def test_a_layer_without_weights_may_have_been_built_for_anything():
    """Keras loads it: pooling layers taken from one model into another keep what they were first built for."""
    pool = ("MaxPooling2D", {"pool_size": 4}, {"input_shape": [None, 2, 2, 3]})
    assert params(pool, ("Flatten", {}, None), ("Dense", DENSE, None), shape=(None, 8, 8, 3)) == 52


def test_inputs_by_name_are_in_the_order_of_the_call():
    """`shapes_dict`, states in a list of their own."""
    built = {"shapes_dict": {"sequences_shape": [None, 5, 8], "initial_state_shape": [[None, 3], [None, 3]]}}
    assert params(("LSTM", {"units": 3}, built), shape=(None, 5, 8)) == 144
    built["shapes_dict"]["sequences_shape"] = [None, 5, 80]
    with pytest.raises(InputError, match="its build_config"):
        params(("LSTM", {"units": 3}, built), shape=(None, 5, 8))


def test_a_shape_that_the_user_asks_for_is_no_contradiction():
    """`--input` may ask what would be."""
    model = paramcalc.load(sequential(("Dense", DENSE, {"input_shape": [None, 8]})))
    assert paramcalc.summarize(model, input_shapes={"input": (None, 80)}).totals.params == 324
    assert paramcalc.summarize(model, batch_size=3).totals.params == 36


@pytest.mark.parametrize("dtype", ["x", "", "complex128", "int8_from_nothing", "mixed_x", "float32 "])
def test_a_dtype_of_unknown_size_is_refused(dtype):
    """It was counted as 32 bits: a budget for a size would pass by a guess."""
    with pytest.raises(InputError, match="dtype"):
        params(("Dense", {"units": 4, "dtype": dtype}, None))
    policy = {"class_name": "DTypePolicy", "config": {"name": dtype or "none"}}
    with pytest.raises(InputError, match="dtype"):
        params(("Dense", {"units": 4, "dtype": policy}, None))
    text = sequential(("Dense", DENSE, None)).replace(b'"name": "input"', f'"name": "i", "dtype": "{dtype}"'.encode())
    with pytest.raises(InputError, match="dtype"):
        paramcalc.load(text)


@pytest.mark.parametrize("dtype", ["3", "true", "[]", '["float32"]'])
def test_the_dtype_of_an_input_is_a_name(dtype):
    text = sequential(("Dense", DENSE, None)).replace(b'"name": "input"', f'"name": "i", "dtype": {dtype}'.encode())
    with pytest.raises(InputError, match="not the dtype of an input"):
        paramcalc.load(text)


def test_a_sequential_without_a_layer_is_refused():
    """Keras cannot build it: a budget would pass for no model at all."""
    with pytest.raises(InputError, match="no layers"):
        params()


@pytest.mark.parametrize("at", [1, 2])
def test_an_input_layer_that_does_not_stand_first_is_refused(at):
    """Keras leaves such a Sequential unbuilt: it has no weights to hold against a budget."""
    document = json.loads(sequential(("Dense", DENSE, None), ("Dense", DENSE, None)))
    layers = document["config"]["layers"]
    layers.insert(at, layers.pop(0))
    with pytest.raises(InputError, match="stands first"):
        paramcalc.load(json.dumps(document).encode())


BEHIND = [("Mine", {}, None), ("Dropout", {"rate": 0.5}, None), ("Dense", DENSE, {"input_shape": [None, 7]})]


def test_a_layer_behind_an_unknown_one_is_counted_by_what_it_was_built_for():
    """The file says what came out of a layer whose code only its author has; what that holds stays unknown."""
    summary = paramcalc.summarize(paramcalc.load(sequential(*BEHIND)), allow_unknown=True)
    assert summary.unknown == ["layer_0", "layer_1"]
    assert (summary.totals.params, summary.layers[-1].output_shape) == (4 * (7 + 1), (None, 4))
    with pytest.raises(InputError, match="'Mine' is not a Keras layer"):
        params(*BEHIND)


@pytest.mark.parametrize(
    ("kind", "config", "params"),
    [
        ("Embedding", {"input_dim": 9, "output_dim": 4}, 36),
        ("Dropout", {"rate": 0.5}, 0),
        ("Dense", {"units": 4}, None),
        ("Conv1D", {"filters": 4, "kernel_size": 3}, None),
        ("Conv1D", {"filters": 4, "kernel_size": 30}, None),
        ("Conv1D", {"filters": 36, "kernel_size": 3, "groups": 36}, None),
        ("Conv2D", {"filters": 4, "kernel_size": 3}, None),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "data_format": "channels_first"}, None),
        ("Conv3D", {"filters": 4, "kernel_size": 3}, None),
        ("ConvLSTM1D", {"filters": 4, "kernel_size": 3}, None),
        ("ConvLSTM3D", {"filters": 4, "kernel_size": 3}, None),
        ("LSTM", {"units": 4}, None),
        ("GRU", {"units": 4}, None),
        ("LocallyConnected1D", {"filters": 4, "kernel_size": 3}, None),
        ("LayerNormalization", {"axis": 3}, None),
        ("PReLU", {"shared_axes": [1, 3, 4]}, None),
    ],
)
def test_behind_an_unknown_layer_only_what_no_input_changes_is_counted(kind, config, params):
    """A table is as large whatever indexes it; a kernel has a row for each feature, of which nothing is known."""
    summary = paramcalc.summarize(
        paramcalc.load(sequential(("Mine", {}, None), (kind, config, None))), allow_unknown=True
    )
    assert summary.totals.params == (params or 0)
    assert summary.unknown == ["layer_0", "layer_1"]


@pytest.mark.parametrize("shape", [None, ["x", 7], [None, -1], [None] * 17, [[None, 7], [None, 7]], [None, 2**31]])
def test_a_layer_behind_an_unknown_one_that_says_no_shape_is_unknown(shape):
    """Nonsense is no shape."""
    damaged = [*BEHIND[:-1], ("Dense", DENSE, {"input_shape": shape})]
    summary = paramcalc.summarize(paramcalc.load(sequential(*damaged)), allow_unknown=True)
    assert summary.totals.params == 0
    assert "layer_2" in summary.unknown


def test_another_shape_that_the_user_asks_for_is_not_what_the_file_was_built_for():
    """Behind an unknown layer nobody knows what comes of it."""
    model = paramcalc.load(sequential(*BEHIND))
    summary = paramcalc.summarize(model, allow_unknown=True, input_shapes={"input": (None, 80)})
    assert summary.unknown == ["layer_0", "layer_1", "layer_2"]


def test_a_later_call_behind_an_unknown_layer_is_not_taken_for_the_first():
    """The convolution was built for its first call's image; of what size the Lambda makes another, nothing is said."""
    tensor = {"class_name": "__keras_tensor__"}
    read = {name: [{"args": [{**tensor, "config": {"keras_history": [name, 0, 0]}}], "kwargs": {}}]
            for name in ("image", "own")}  # fmt: skip
    layers = [
        {"module": "keras.layers", "class_name": kind, "registered_name": None, "name": name,
         "config": {"name": name, **config}, "inbound_nodes": nodes, **more}
        for kind, name, config, nodes, more in (
            ("InputLayer", "image", {"batch_shape": [None, 32, 32, 3]}, [], {}),
            ("Lambda", "own", {}, read["image"], {}),
            ("Conv2D", "conv", {"filters": 2, "kernel_size": 3}, read["image"] + read["own"],
             {"build_config": {"input_shape": [None, 32, 32, 3]}}),
        )
    ]  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["image", 0, 0]],
              "output_layers": [["conv", 0, 0], ["conv", 1, 0]]}  # fmt: skip
    document = {"module": "keras", "class_name": "Functional", "registered_name": "Functional", "config": config}
    summary = paramcalc.summarize(paramcalc.load(json.dumps(document).encode()), allow_unknown=True)
    assert [(row.path, row.params, row.macs is None) for row in summary.layers[1:]] == [
        ("conv", 56, False),
        ("conv#2", 0, True),
    ]
    assert summary.layers[2].output_shape is None


def entry(kind, name, inbound=(), **config):
    """A layer of Keras 3's graph that reads the layer `inbound`, if any."""
    said = {"shape": [None, 5, 4], "dtype": "float32"}
    tensors = [{"class_name": "__keras_tensor__", "config": said | {"keras_history": [each, 0, 0]}} for each in inbound]
    nodes = [{"args": tensors, "kwargs": {}}] if tensors else []
    return {"module": "keras.layers", "class_name": kind, "registered_name": None, "name": name,
            "config": {"name": name, **config}, "inbound_nodes": nodes}  # fmt: skip


def graph(*layers, name="m", inbound=(), trainable=True):
    """A Functional of one input and these layers, the last one of which is its output."""
    start = entry("InputLayer", "x", batch_shape=[None, 5, 4])
    last = layers[-1]
    outputs = [[last["name"], int(last["class_name"] == "Functional"), 0]]  # of models, Keras counts calls from 1 here
    config = {"layers": [start, *layers], "input_layers": [["x", 0, 0]], "output_layers": outputs}
    module = {"module": "keras.src.models.functional", "registered_name": "Functional"}
    return entry("Functional", name, inbound, trainable=trainable, **config) | module


def inner(kind, trainable, **config):
    return {"module": "keras.layers", "class_name": kind, "registered_name": None,
            "config": {"name": kind.lower(), "trainable": trainable, **config}}  # fmt: skip


CELL = inner("LSTMCell", True, units=2)
THAWED = entry("Dense", "d", ["x"], units=3, trainable=True)
FROZEN = entry("Dense", "d", ["x"], units=3, trainable=False)


@pytest.mark.parametrize(
    ("document", "trained"),
    [
        (graph(THAWED), True),
        (graph(FROZEN), False),
        (graph(THAWED, trainable=False), False),
        (graph(graph(THAWED, name="base", inbound=["x"], trainable=False)), True),
        (graph(graph(FROZEN, name="base", inbound=["x"], trainable=True)), False),
        (graph(graph(THAWED, name="base", inbound=["x"], trainable=True), trainable=False), False),
        (graph(entry("TimeDistributed", "t", ["x"], trainable=False, layer=inner("Dense", True, units=3))), True),
        (graph(entry("TimeDistributed", "t", ["x"], trainable=True, layer=inner("Dense", False, units=3))), False),
        (graph(entry("RNN", "r", ["x"], trainable=False, cell=CELL)), True),
        (graph(entry("Bidirectional", "b", ["x"], layer=inner("LSTM", False, units=2))), False),
        (graph(entry("Bidirectional", "b", ["x"], layer=inner("RNN", False, cell=CELL))), True),
    ],
)
def test_each_layer_is_trained_by_its_own_flag_as_keras_3_loads_it(document, trained):
    """Keras 3.15.1: of the models only the outermost one's counts; a wrapper's, or an RNN's, reaches no layer within.

    A layer thawed inside a frozen model is trained once the file is loaded: a budget must know.
    """
    totals = paramcalc.summarize(paramcalc.load(json.dumps(document).encode())).totals
    assert totals.trainable_params == (totals.params if trained else 0)
    assert totals.params > 0


@pytest.mark.parametrize(("flag", "trained"), [(True, 15), (False, 0)])
def test_keras_2_never_reads_the_flag_of_a_model(flag, trained):
    """tf_keras 2.21 writes it, and loads the model by its layers' alone."""
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 4]},
         "inbound_nodes": []},
        {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 3, "trainable": flag},
         "inbound_nodes": [[["x", 0, 0, {}]]]},
    ]  # fmt: skip
    config = {"name": "m", "trainable": False, "layers": layers,
              "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}  # fmt: skip
    document = {"class_name": "Functional", "config": config, "keras_version": "2.21.0"}
    assert paramcalc.summarize(paramcalc.load(json.dumps(document).encode())).totals.trainable_params == trained
