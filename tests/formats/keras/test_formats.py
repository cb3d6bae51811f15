"""Keras' files of every age: each oddity seen in users' files, in a small file of our own."""

import json

import pytest

import paramcalc
from paramcalc.errors import InputError
from paramcalc.formats.keras import read_keras


def summary_of(value, **options):
    """What paramcalc says of a Keras architecture."""
    return paramcalc.summarize(read_keras(value, "model.json"), **options)


def layer(kind, inbound=None, /, **config):
    """A layer entry as Keras 2 wrote it."""
    config.setdefault("name", kind.lower())
    entry = {"class_name": kind, "config": config, "name": config["name"]}
    return entry if inbound is None else entry | {"inbound_nodes": inbound}


def sequential(*layers, version="2.2.4", bare=False):
    """A Sequential; `bare` puts the list of layers straight into config."""
    config = list(layers) if bare else {"name": "sequential_1", "layers": list(layers)}
    return {"class_name": "Sequential", "config": config, "keras_version": version, "backend": "tensorflow"}


def functional(layers, inputs, outputs, version="2.2.4"):
    """A functional model of Keras 2."""
    config = {"name": "model_1", "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Model", "config": config, "keras_version": version}


def source(name="input_1", shape=(None, 4)):
    """An InputLayer."""
    return layer("InputLayer", [], name=name, batch_input_shape=list(shape), dtype="float32")


def rows(summary):
    return {row.path: (row.output_shape, row.params) for row in summary.layers}


FIRST = layer("Dense", units=3, batch_input_shape=[None, 4])
FROM_INPUT = [["input_1", 0, 0, {}]]


def test_a_sequential_takes_its_input_shape_from_the_first_layer():
    """Keras 2 has no InputLayer there: 4 × 3 + 3."""
    summary = summary_of(sequential(FIRST))
    assert rows(summary) == {"dense": ((None, 3), 15)}
    assert summary.format == "keras2"


def test_a_config_that_is_a_bare_list_is_read():
    """Keras up to 2.2 wrote a Sequential's config as a list."""
    assert summary_of(sequential(FIRST, bare=True)).totals.params == 15


def test_a_later_batch_input_shape_is_ignored():
    """Only the first layer's counts: Keras ignores contradicting ones after it."""
    model = sequential(FIRST, layer("Dense", name="second", units=2, batch_input_shape=[None, 999]))
    assert rows(summary_of(model))["second"] == ((None, 2), 8)


@pytest.mark.parametrize(("config", "bias_rows"), [({}, 1), ({"reset_after": False}, 1), ({"reset_after": True}, 2)])
def test_an_old_gru_has_one_bias_row(config, bias_rows):
    """Keras before 2.1 knew no reset_after: 3 × 5 × (4 + 5 + rows of bias)."""
    model = sequential(layer("GRU", units=5, batch_input_shape=[None, 7, 4], **config))
    assert summary_of(model).totals.params == 3 * 5 * (4 + 5 + bias_rows)


def test_a_cudnn_lstm_has_two_biases():
    """4 × 5 × (4 + 5 + 2), as Keras 2's CuDNNLSTM."""
    model = sequential(layer("CuDNNLSTM", units=5, batch_input_shape=[None, 7, 4]))
    assert summary_of(model).totals.params == 4 * 5 * (4 + 5 + 2)


KERAS1_CONV = {
    "nb_filter": 8,
    "nb_row": 3,
    "nb_col": 5,
    "border_mode": "same",
    "subsample": [2, 2],
    "dim_ordering": "th",
    "init": "glorot_uniform",
    "bias": True,
    "W_regularizer": None,
}


def test_keras_1_names_of_fields_and_classes_are_understood():
    """Convolution2D on 3 channels first: 3 × 5 × 3 × 8 + 8 = 368."""
    model = sequential(
        layer("Convolution2D", batch_input_shape=[None, 3, 32, 32], **KERAS1_CONV),
        layer("Flatten"),
        layer("Dense", output_dim=10, init="uniform", input_dim=None),
        layer("Dropout", p=0.5),
        bare=True,
        version="1.2.2",
    )
    summary = summary_of(model)
    assert rows(summary)["convolution2d"] == ((None, 8, 16, 16), 368)
    assert rows(summary)["dense"] == ((None, 10), 8 * 16 * 16 * 10 + 10)
    assert summary.format == "keras1"


@pytest.mark.parametrize(("mode", "shape"), [("sum", (None, 4)), ("concat", (None, 8)), ("mul", (None, 4))])
def test_keras_1_merge_is_todays_class_of_its_mode(mode, shape):
    """Merge has a mode; inbound nodes are three items long."""
    merge = layer("Merge", [[["a", 0, 0], ["b", 0, 0]]], mode=mode, concat_axis=-1, dot_axes=-1)
    ends = [["a", 0, 0], ["b", 0, 0]]
    model = functional([source("a"), source("b"), merge], ends, [["merge", 0, 0]], version="1.2.0")
    assert rows(summary_of(model)) == {"merge": (shape, 0)}


@pytest.mark.parametrize("index", [0, 1])
def test_a_nested_model_is_found_under_either_node_index(index):
    """Some versions count a nested model's own construction as node 0."""
    dense = layer("Dense", [[["i", 0, 0, {}]]], units=3)
    inner = functional([source("i"), dense], [["i", 0, 0]], [["dense", 0, 0]])["config"] | {"name": "inner"}
    nested = {"class_name": "Model", "config": inner, "name": "inner", "inbound_nodes": [FROM_INPUT]}
    head = layer("Dense", [[["inner", index, 0, {}]]], name="head", units=2)
    model = functional([source(), nested, head], [["input_1", 0, 0]], [["head", 0, 0]])
    assert rows(summary_of(model)) == {"inner/dense": ((None, 3), 15), "head": ((None, 2), 8)}


def test_a_sequential_may_start_with_a_sequential():
    """Its input is the inner one's; rows stand under outer/inner."""
    first = {"class_name": "Sequential", "config": {"name": "body", "layers": [FIRST]}}
    summary = summary_of(sequential(first, layer("Dense", name="head", units=2)))
    assert rows(summary) == {"body/dense": ((None, 3), 15), "head": ((None, 2), 8)}


def test_a_layer_called_twice_counts_once():
    """The later call has no params of its own and says whose they are."""
    shared = layer("Dense", [[["a", 0, 0, {}]], [["b", 0, 0, {}]]], units=3)
    add = layer("Add", [[["dense", 0, 0, {}], ["dense", 1, 0, {}]]])
    model = functional([source("a"), source("b"), shared, add], [["a", 0, 0], ["b", 0, 0]], [["add", 0, 0]])
    summary = summary_of(model)
    assert rows(summary) == {"dense": ((None, 3), 15), "dense#2": ((None, 3), 0), "add": ((None, 3), 0)}
    assert summary.layers[1].shared_with == "dense"
    assert summary.totals.params == sum(row.params for row in summary.layers) == 15


def test_paths_are_unique_where_a_layer_has_the_name_of_a_later_call():
    shared = layer("Dense", [[["a", 0, 0, {}]], [["dense#2", 0, 0, {}]]], units=3)
    other = layer("Dense", [[["dense", 0, 0, {}]]], name="dense#2", units=3)
    model = functional([source("a", (None, 3)), shared, other], [["a", 0, 0]], [["dense", 1, 0]])
    assert [row.path for row in summary_of(model).layers] == ["dense", "dense#2", "dense#2#2"]


def test_initial_states_come_as_further_inbound_tensors():
    """seq2seq: the decoder's LSTM reads the encoder's two states; it holds 4 × 5 × (4 + 5 + 1)."""
    encoder = layer("LSTM", [[["a", 0, 0, {}]]], name="encoder", units=5, return_state=True)
    tensors = [["b", 0, 0, {}], ["encoder", 0, 1, {}], ["encoder", 0, 2, {}]]
    decoder = layer("LSTM", [tensors], name="decoder", units=5, return_sequences=True)
    layers = [source("a", (None, None, 4)), source("b", (None, None, 4)), encoder, decoder]
    model = functional(layers, [["a", 0, 0], ["b", 0, 0]], [["decoder", 0, 0]])
    assert rows(summary_of(model))["decoder"] == ((None, None, 5), 200)


def test_layers_that_no_output_needs_are_not_counted():
    """Keras drops them when it builds the graph."""
    dead = layer("Dense", [FROM_INPUT], name="dead", units=99)
    live = layer("Dense", [FROM_INPUT], name="live", units=3)
    model = functional([source(), dead, live], [["input_1", 0, 0]], [["live", 0, 0]])
    assert list(rows(summary_of(model))) == ["live"]


def tfjs(shape):
    """A TensorFlow.js layers-model whose manifest says the kernel has this shape."""
    weights = [{"name": "dense/kernel", "shape": shape}, {"name": "dense/bias", "shape": [3]}]
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": weights}]
    return {"format": "layers-model", "modelTopology": sequential(FIRST), "weightsManifest": manifest}


def test_a_tensorflow_js_model_agrees_with_its_manifest():
    """With `modelTopology` directly, and no warning where shapes agree."""
    summary = summary_of(tfjs([4, 3]))
    assert summary.totals.params == 15
    assert not summary.warnings


def test_a_manifest_that_disagrees_is_a_warning_that_names_the_weight():
    """The count is the layer's; the file contradicts itself, and the user is told."""
    assert "dense/kernel" in summary_of(tfjs([5, 3])).warnings[0]


@pytest.mark.parametrize("around", [("model",), ("model_config",), ("modelTopology", "model_config")])
def test_an_architecture_may_be_json_as_text(around):
    """What `model.to_json()` gave, put into a JSON file of one's own."""
    value = json.dumps(sequential(FIRST))
    for key in reversed(around):
        value = {key: value, "epochs": 5}
    assert paramcalc.summarize(paramcalc.load(json.dumps(value).encode())).totals.params == 15


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"class_name"', "in the text of 'model': not valid JSON"),
        ('{"class_name": "Sequential", "class_name": "Model"}', "in the text of 'model': duplicate key 'class_name'"),
        (json.dumps(sequential(layer("Dense", units="8", batch_input_shape=[None, 4]))), "units: expected an integer"),
        ("bert", "here are only 'model'"),
    ],
)
def test_what_is_wrong_in_such_a_text_is_shown_at_the_text(text, message):
    with pytest.raises(InputError, match=message) as error:
        paramcalc.load(json.dumps({"model": text}, indent=1).encode(), name="m.json")
    assert text == "bert" or str(error.value).startswith("m.json:2:11: ")


@pytest.mark.parametrize("text", [False, True])
def test_the_only_architecture_of_a_file_is_read_under_any_key(text):
    """Under whatever name somebody kept it beside other things; of two, nobody can say which is meant."""
    model = json.dumps(sequential(FIRST)) if text else sequential(FIRST)
    value = {"epochs": 5, "my_model": model, "optimizer": {"class_name": "Adam", "config": {}}}
    assert paramcalc.summarize(paramcalc.load(json.dumps(value).encode())).totals.params == 15
    with pytest.raises(InputError, match="2 Keras models, under 'my_model', 'other'"):
        paramcalc.load(json.dumps(value | {"other": model}).encode())


def test_a_layer_alone_is_no_model():
    """It is told what it is, not that its code is elsewhere."""
    with pytest.raises(InputError, match="this is a Dense layer, not a model"):
        summary_of(FIRST)


def keras3(kind, inbound, **config):
    """A layer entry as Keras 3 writes it into HDF5 files: without its module."""
    calls = [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": inbound}}], "kwargs": {}}]
    config = {"trainable": True, **config}
    return {"class_name": kind, "config": config, "name": config["name"], "inbound_nodes": calls if inbound else []}


@pytest.mark.parametrize("key", ["batch_shape", "batch_input_shape", "batchInputShape"])
def test_a_model_of_keras_3_in_a_file_of_tensorflow_js_is_read(key):
    """Its version stands around it, and outputs count a model's calls from 1; some edit the input's key by hand."""
    inner = [keras3("InputLayer", None, name="a", **{key: [None, 4]}), keras3("Dense", ["a", 0, 0], name="d", units=3)]
    ends = {"input_layers": [["a", 0, 0]], "output_layers": [["d", 0, 0]]}
    block = keras3("Functional", ["x", 0, 0], name="inner", layers=inner, **ends)
    outer = [keras3("InputLayer", None, name="x", **{key: [None, 4]}), block]
    outer.append(keras3("Dense", ["inner", 0, 0], name="head", units=2))
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["inner", 1, 0], ["head", 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "m", "layers": outer, **ends}}
    value = {"modelTopology": {"keras_version": "3.10.0", "model_config": model}, "weightsManifest": []}
    summary = summary_of(value)
    assert [output.name for output in summary.outputs] == ["inner", "head"]
    assert summary.totals.params == 4 * 3 + 3 + 3 * 2 + 2


UNKNOWN = sequential(
    FIRST,
    layer("Lambda", name="one", function=["4wEAAAABAAAA", None, None], function_type="lambda", output_shape=[7]),
    layer("MyLayer", name="two"),
)


def test_every_layer_that_cannot_be_known_is_named_and_its_code_is_not_touched():
    """By default they are refused, also those behind another one."""
    with pytest.raises(InputError) as error:
        summary_of(UNKNOWN)
    assert [problem.layer for problem in error.value.problems] == ["'one' (Lambda)", "'two' (MyLayer)"]


def test_allowed_unknown_layers_make_the_summary_partial():
    """A Lambda holds no weights, and its recorded output shape is used; what the other holds is not known."""
    allowed = summary_of(UNKNOWN, allow_unknown=True)
    assert allowed.partial is True
    assert rows(allowed)["one"] == ((None, 7), 0)
    assert allowed.unknown == ["two"]


def with_manifest(*weights):
    return {"modelTopology": UNKNOWN, "weightsManifest": [{"weights": list(weights)}]}


def test_weights_of_a_manifest_are_those_of_an_unknown_layer():
    """Without leave, since nothing that counts is left out; they are compared as ever."""
    summary = summary_of(with_manifest({"name": "dense/kernel", "shape": [4, 3]}, {"name": "two/w", "shape": [7]}))
    assert summary.warnings == [
        "the file has the weights of these layers, but not their code: two",
        "weight 'dense/bias' (3,) is not in the file's manifest",
    ]
    assert rows(summary)["two"] == (None, 7)
    assert summary.partial is not True


@pytest.mark.parametrize(
    "weight", [{"name": "two/v"}, {"name": "two/v", "shape": [-7]}, {"shape": [7]}, {"name": "two/w", "shape": [7]}, 3]
)
def test_of_a_manifest_that_is_not_all_well_formed_nothing_is_counted(weight):
    with pytest.raises(InputError, match="MyLayer"):
        summary_of(with_manifest({"name": "two/w", "shape": [7]}, weight))


def test_assume_tells_what_a_custom_layer_outputs():
    """Then everything after it is computed: 6 × 2 + 2."""
    mine = layer("MyLayer", name="mine", batch_input_shape=[None, 4])
    told = summary_of(sequential(mine, layer("Dense", units=2, name="head")), assume={"mine": (None, 6)})
    assert rows(told)["head"] == ((None, 2), 14)


def dense(name, inbound, **config):
    return layer("Dense", [[inbound]], name=name, **({"units": 3} | config))


A = dense("a", ["input_1", 0, 0, {}])
BROKEN = {
    "cycle": ([dense("a", ["b", 0, 0, {}]), dense("b", ["a", 0, 0, {}])], "cycle"),
    "dangling": ([dense("b", ["nowhere", 0, 0, {}])], "nowhere"),
    "no such call": ([A, dense("b", ["a", 7, 0, {}])], "called 1 times"),
    "no such output": ([A, dense("b", ["a", 0, 5, {}])], "reads output 5"),
    "wrong type": ([dense("b", ["input_1", 0, 0, {}], units="many")], "units: expected an integer"),
    "unknown field": ([dense("b", ["input_1", 0, 0, {}], untis=4)], "did you mean 'units'"),
    "name twice": ([A, A, dense("b", ["a", 0, 0, {}])], "two layers have the name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_graph_is_refused_with_its_reason(case):
    """Cycles, dangling references, wrong fields: each says what is wrong."""
    layers, message = BROKEN[case]
    with pytest.raises(InputError, match=message):
        summary_of(functional([source(), *layers], [["input_1", 0, 0]], [["b", 0, 0]]))


def test_a_json_string_that_holds_json_is_read(tmp_path):
    """Some users dumped `model.to_json()` once more."""
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.dumps(sequential(FIRST))))
    assert paramcalc.summarize(paramcalc.load(path)).totals.params == 15


def test_the_last_keras_2_is_told_from_keras_3_though_both_name_modules():
    """A `.keras` of tf.keras 2.15 has no version in its config.json: its batch_input_shape tells."""
    entry = layer("LSTM", units=4, batch_input_shape=[None, None, 3], time_major=False) | {"module": "keras.layers"}
    summary = summary_of({"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [entry]}})
    assert summary.format == "keras2"
    assert summary.totals.params == 4 * 4 * (3 + 4 + 1)


YAML = """\
backend: tensorflow
class_name: Sequential
config:
  layers:
  - class_name: Conv2D
    config:
      batch_input_shape: !!python/tuple [null, 9, 9, 1]
      filters: 2
      kernel_size: &id001 !!python/tuple
      - 3
      - 3
      name: conv2d_1
      strides: *id001
  name: sequential_1
keras_version: 2.3.1
"""


def test_what_keras_wrote_as_yaml_is_read():
    """`model.to_yaml()` of Keras 1 and 2: the same mapping, its tuples tagged."""
    summary = paramcalc.summarize(paramcalc.load(YAML.encode()))
    assert summary.format == "keras2"
    assert (summary.layers[0].output_shape, summary.totals.params) == ((None, 3, 3, 2), 20)
