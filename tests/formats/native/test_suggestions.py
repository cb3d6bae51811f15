"""What an error suggests: the other framework's names, near names; and that one mistake is one error."""

import pytest

from paramcalc import load
from paramcalc.errors import InputError
from tests.each import each

SUGGESTIONS = {
    # Names of the other framework, checked against the classes of both.
    "{Linear: 3}": "there is no layer type 'Linear'; did you mean 'Dense'? torch has it: torch.Linear",
    "{Dense: {out_features: 3}}": "unknown field 'out_features'; did you mean 'units'?",
    "{LSTM: {hidden_size: 3}}": "unknown field 'hidden_size'; did you mean 'units'?",
    "{Conv2D: {out_channels: 3, kernel_size: 3}}": "unknown field 'out_channels'; did you mean 'filters'?",
    "{Conv2D: {filters: 3, kernel_size: 3, stride: 2}}": "unknown field 'stride'; did you mean 'strides'?",
    "{Conv2D: {filters: 3, kernel_size: 3, in_channels: 2}}": "'in_channels'; leave it out: the input says it",
    "{MaxPooling2D: {kernel_size: 2}}": "unknown field 'kernel_size'; did you mean 'pool_size'?",
    "{Dropout: {p: 0.5}}": "unknown field 'p'; did you mean 'rate'?",
    "{LayerNormalization: {eps: 0.1}}": "unknown field 'eps'; did you mean 'epsilon'?",
    "{Embedding: {num_embeddings: 9, output_dim: 3}}": "'num_embeddings'; did you mean 'input_dim'?",
    "{GRU: {units: 3, bidirectional: true}}": "'bidirectional'; write Bidirectional around it",
    # Names as Python has them.
    "{tf.keras.layers.Dense: 3}": "there is no layer type 'tf.keras.layers.Dense'; write 'keras.Dense'",
    "{nn.Linear: 3}": "there is no layer type 'nn.Linear'; write 'torch.Linear'",
    "{torch.nn.Linear: 3}": "there is no layer type 'nn.Linear'; write 'torch.Linear'",
    "Softmax()": "there is no layer type 'Softmax()'; write 'Softmax'",
    # Layers of packages are named with them.
    "{QDense: 3}": "there is no layer type 'QDense'; write 'qkeras.QDense'",
    "{qkeras>QDense: 3}": "there is no layer type 'qkeras>QDense'; write 'qkeras.QDense'",
    "{Addons>CRF: 3}": "there is no layer type 'Addons>CRF'; write 'tensorflow_addons.CRF'",
    "{CRF: 3}": "write 'tensorflow_addons.CRF' or 'keras_contrib.CRF'",
    "{qkeras.QDens: 3}": "did you mean 'qkeras.QDense'?",
    # Names of functions and modes.
    "{Dense: {units: 3, activation: rleu}}": "'rleu' is not one of the names that it takes; did you mean 'relu'?",
    "{Conv2D: {filters: 3, kernel_size: 3, padding: zero}}": "is not one of the names that it takes; use valid, same",
}
TORCH = {
    "{Dense: 3}": "there is no layer type 'Dense'; did you mean 'Linear'? keras has it: keras.Dense",
    "{Linear: {units: 3}}": "unknown field 'units'; did you mean 'out_features'?",
    "{LSTM: {units: 3}}": "unknown field 'units'; did you mean 'hidden_size'?",
    "{Conv2d: {filters: 3, kernel_size: 3}}": "unknown field 'filters'; did you mean 'out_channels'?",
    "{Conv2d: {out_channels: 3, kernel_size: 3, use_bias: false}}": "'use_bias'; did you mean 'bias'?",
    "{Linear: {out_features: 3, activation: relu}}": "'activation'; write the activation as a layer of its own",
    "{Dropout: {rate: 0.5}}": "unknown field 'rate'; did you mean 'p'?",
    "{LayerNorm: {normalized_shape: 8, epsilon: 0.1}}": "unknown field 'epsilon'; did you mean 'eps'?",
}


def problems(spec):
    with pytest.raises(InputError) as caught:
        load(spec.encode())
    return [problem.message for problem in caught.value.problems]


@each("entry", SUGGESTIONS)
def test_keras(entry):
    found = problems(f"{{input: [8, 8, 3], layers: [{entry}]}}")
    assert len(found) == 1
    assert SUGGESTIONS[entry] in found[0]


@pytest.mark.parametrize("entry", TORCH)
def test_torch(entry):
    found = problems(f"{{framework: torch, input: [3, 8, 8], layers: [{entry}]}}")
    assert len(found) == 1
    assert TORCH[entry] in found[0]


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_what_a_suggestion_names_is_a_field_of_some_layer(framework):
    from importlib import import_module

    from paramcalc.layers.registry import Registry

    registry = Registry(framework)
    fields = {field for name in registry.built_in() for field in registry.get(name).__struct_fields__}
    names = import_module(f"paramcalc.layers.{framework}.names")
    assert {field for meant in names.FIELD_COUNTERPARTS.values() for field in meant} <= fields


VARIABLES = {
    "len": "a function of expressions",
    "if": "a word of expressions",
    "i": "the number of the repeat",
    "name": "a key of entries",
    "a-b": "a name is made of letters, digits and _",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_why_a_variable_cannot_have_a_name(name):
    (message,) = problems(f"{{vars: {{{name}: 3}}, input: [4], layers: [{{Dense: 3}}]}}")
    assert message.startswith(f"a variable cannot be called '{name}': ")
    assert VARIABLES[name] in message


SHAPES = {
    "(28, 28, 1)": "got '(28, 28, 1)'; write [28, 28, 1]",
    "(4,)": "got '(4,)'; write [4]",
    "[None, 4]": "got 'None'; write null",
    "4": "got 4; write [4]",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_as_python_writes_it(shape):
    (message,) = problems(f"input: {shape}\nlayers: [{{Dense: 3}}]\n")
    assert message.endswith(SHAPES[shape])


ONE_MISTAKE = {
    "the dashes of variables": "{vars: [{n: 3}], input: [4], layers: [{Dense: $n}]}",
    "the framework": "{framework: pytorch, input: [4], layers: [{Linear: 3}, ReLU]}",
    "a size of the input": "{input: [4, x], layers: [{Dense: 3}, {Conv2D: [3, 3]}]}",
    "a size of one input": "{inputs: {a: [x], b: [4]}, layers: [{Dense: 3, inputs: a}, {Dense: 3, inputs: b}]}",
    "the key of the layers": "{input: [4], layer: [{Dense: 3}]}",
    "the key of the input": "{inpt: [4], layers: [{Dense: 3}]}",
    "a key of a repeat": "{input: [4], layers: [{repeat: 2, layer: [{Dense: 3}]}]}",
    "a key of a block": "{input: [4], blocks: {b: {layer: [{Dense: 3}]}}, layers: [b, {Dense: 3}]}",
    "the key of a name": "{input: [4], layers: [{Dense: 3, nam: foo}, {Dense: 3}, {Add: {}, inputs: [foo, dense]}]}",
    "a field": "{input: [4], layers: [{Dense: {unit: 3}, name: a}, {Add: {}, inputs: [a, a]}]}",
    "a name inside": "{input: [4], layers: [{Dense: {units: 3, name: a}}, {Dense: 3, inputs: a}], outputs: [a]}",
    "a type": "{input: [4], layers: [{Dens: 3, name: a}, {Dense: 3, inputs: a}], outputs: [a]}",
}


@each("mistake", ONE_MISTAKE)
def test_one_mistake_is_one_error(mistake):
    assert len(problems(ONE_MISTAKE[mistake])) == 1


def test_what_a_wrong_layer_reads_is_looked_at_all_the_same():
    spec = "{input: [4], layers: [{Dense: 3, name: first}, {Dense: {unit: 3}, inputs: frist}]}"
    assert {found.partition(";")[2] for found in problems(spec)} == {
        " did you mean 'first'?",
        " did you mean 'units'?",
    }


def test_a_circle_through_a_wrong_layer_is_no_second_error():
    spec = "{input: [4], layers: [{Dense: {unit: 3}, name: a, inputs: b}, {Dense: 3, name: b, inputs: a}]}"
    assert len(problems(spec)) == 1


def test_a_variable_that_a_block_reads_and_does_not_declare_is_one_error():
    spec = "{input: [4], blocks: {b: {layers: [{Dense: $n}]}}, layers: [{b: {n: 3}}]}"
    assert problems(spec) == ["block 'b' has no variable 'n'; write vars: {n: …} beside its layers"]


MERGES = ["Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]


@pytest.mark.parametrize("type_", [*MERGES, "Subtract", "Dot: 1"])
def test_a_merge_of_one_tensor_is_an_error(type_):
    """Keras 3 raises for each of them: "should be called on a list of inputs"."""
    name = type_.partition(":")[0]
    entry = type_ if ":" in type_ else f"{type_}: {{}}"
    assert (
        f"{name} merges tensors, but reads only the entry before it"
        in problems(f"{{input: [4, 4], layers: [{{{entry}}}]}}")[0]
    )
    assert (
        f"{name} merges tensors, but reads only 'input'"
        in problems(f"{{input: [4, 4], layers: [{{{entry}, inputs: input}}]}}")[0]
    )


@pytest.mark.parametrize("type_", MERGES)
def test_a_merge_of_a_list_of_one_tensor_hands_it_on(type_):
    """So it is in Keras 3: the identity."""
    model = load(f"{{input: [4], layers: [{{{type_}: {{}}, inputs: [input]}}]}}".encode())
    from paramcalc import summarize

    assert summarize(model).layers[0].output_shape == (None, 4)


@pytest.mark.parametrize("type_", ["Add", "Mul"])
def test_a_function_of_pytorch_needs_its_second_tensor(type_):
    assert "merges tensors" in problems(f"{{framework: torch, input: [4], layers: [{type_}]}}")[0]


def test_a_merge_of_one_is_written_as_a_list_again():
    from paramcalc.formats.convert import facts
    from paramcalc.formats.native.writing.spec import to_spec

    for layers in ("[{Dense: 3}, {Add: {}, inputs: [dense]}]", "[{Dense: 3}, {Add: {}, inputs: [input]}]"):
        model = load(f"{{input: [4], layers: {layers}, outputs: [dense, add]}}".encode())
        assert list(facts(load(to_spec(model).encode()))) == list(facts(model))
