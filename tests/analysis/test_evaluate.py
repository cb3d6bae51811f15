"""Shapes flow through the graph; every independent problem is found."""

import pytest

from paramcalc import InputError, load
from paramcalc.analysis.evaluate import evaluate
from paramcalc.layers.base import Inferred, Layer, Weight
from paramcalc.layers.keras.core import Dense
from paramcalc.layers.recorded import Recorded
from paramcalc.model import Input, Instance, Model, Node, Output, Ref, in_order, refs, reordered

CHAIN = b"{inputs: {x: {shape: [8, 3], batch: 2}}, layers: [{Dense: 4, name: a}, {Dense: 5, name: b}]}"


def evaluated(text, **options):
    return evaluate(load(text), **options)


def outputs(text, **options):
    return {call.node.path: call.outputs for call in evaluated(text, **options).calls}


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (2, 8, 5)),
        ({"batch_size": 7}, (7, 8, 5)),
        ({"input_shapes": {"x": (None, None, 3)}}, (None, None, 5)),
        ({"input_shapes": {"x": (None, 6, 3)}, "batch_size": 7}, (7, 6, 5)),
    ],
)
def test_the_shapes_are_those_that_are_asked_for(options, shape):
    """A batch of its own wins."""
    assert outputs(CHAIN, **options)["b"] == [shape]


def test_only_another_shape_is_not_as_written():
    """The batch is no part of a weight."""
    assert evaluated(CHAIN).as_written
    assert evaluated(CHAIN, batch_size=7).as_written
    assert not evaluated(CHAIN, input_shapes={"x": (2, 9, 3)}).as_written


def test_an_input_that_there_is_not_is_refused():
    """With those that there are."""
    with pytest.raises(InputError, match="there is no input 'y'; the inputs are: x"):
        evaluated(CHAIN, input_shapes={"y": (1,)})


def problems(text, **options):
    with pytest.raises(InputError) as error:
        evaluated(text, **options)
    return [problem.layer for problem in error.value.problems]


def test_every_independent_problem_is_found_and_nothing_that_follows_from_one():
    """`c` reads what `a` would have made; `d` has a problem of its own."""
    text = b"""
input: [8]
layers:
- {Conv2D: [2, 3], name: a}
- {Dense: 1, name: c}
- {Conv1D: [2, 3], name: d, inputs: input}
"""
    assert problems(text) == ["'a' (Conv2D)", "'d' (Conv1D)"]


def test_a_layer_called_again_must_fit_the_weights_that_it_has():
    """Keras would fail in the second call."""
    text = b"{inputs: {x: [3], y: [4]}, layers: [{Dense: 2, name: d, inputs: x}, {call: d, inputs: y}]}"
    with pytest.raises(
        InputError, match=r"is the same layer as 'd', whose kernel is \(3, 2\); this input needs \(4, 2\)"
    ):
        evaluated(text)


def test_a_layer_called_again_knows_the_sizes_that_its_weights_came_from():
    """So an unknown one is no problem then."""
    text = "{inputs: {x: [3], y: [null]}, layers: [{Dense: 2, name: d, inputs: %s}, {call: d, inputs: %s}]}"
    assert outputs((text % ("x", "y")).encode())["d#2"] == [(None, 2)]
    with pytest.raises(InputError, match="is unknown, but the weights depend on it"):
        evaluated((text % ("y", "x")).encode())


def node(path, layer, *inputs, options=None, ignored=None):
    return Node(path, Instance(layer, path, type(layer).__name__), inputs, options, None, (), ignored)


def model_of(*nodes, outputs=()):
    inputs = [Input("x", (None, 4))]
    return Model("m", "test", "m", inputs, list(nodes), [Output("out", ref) for ref in outputs])


def failure(model):
    with pytest.raises(InputError) as error:
        evaluate(model)
    return str(error.value)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("a", Dense(2), Ref(0), Ref(0))], r"takes \(x\), but was called with 2 inputs: too many"),
        ([node("a", Dense(2))], r"takes \(x\), but was called with 0 inputs: missing"),
        ([node("a", Dense(2), Ref(0), options={"y": 1})], "got an unexpected keyword argument 'y'"),
        ([node("a", Dense(2), Ref(0, 1))], "reads output 1 of a layer that has 1"),
    ],
)
def test_a_call_that_the_formula_does_not_take_is_a_problem_of_the_layer(nodes, message):
    """In the formula's own words for its inputs."""
    with pytest.raises(InputError, match=message):
        evaluate(model_of(*nodes))


def test_an_output_that_a_layer_does_not_have_is_refused():
    """As the model's own."""
    assert "the model's output 'out' is output 3 of a layer that has 1" in failure(
        model_of(node("a", Dense(2), Ref(0)), outputs=[Ref(1, 3)])
    )


class Buggy(Layer, frozen=True):
    """A formula with a mistake in it."""

    def infer(self, x):
        return len(3)


def test_a_bug_of_a_formula_is_no_problem_of_the_model():
    """It would be reported as the user's fault."""
    with pytest.raises(TypeError, match="has no len"):
        evaluate(model_of(node("a", Buggy(), Ref(0))))


class Counting(Layer, frozen=True):
    """Counts how often it is asked."""

    asked: list

    def infer(self, x, *others):
        self.asked.append(x)
        return Inferred(x, (Weight("w", (2,), (("w", 2),)),))


def test_equal_calls_are_asked_once():
    """Readers make equal layers one object; each instance has its weights, trained or not."""
    layer = Counting([])
    nodes = [node("a", layer, Ref(0)), node("b", layer, Ref(1)), node("c", layer, Ref(0), Ref(1))]
    nodes[1].instance.trainable = False
    calls = evaluate(model_of(*nodes)).calls
    assert layer.asked == [(None, 4), (None, 4)]
    assert [call.weights[0].trainable for call in calls] == [True, False, True]


def test_what_a_file_records_needs_no_shapes():
    """A row may read one whose output the file does not say; any other layer may not."""
    unsaid, said = Recorded(Inferred(None)), Recorded(Inferred((None, 3)))
    evaluation = evaluate(model_of(node("a", unsaid, Ref(0)), node("b", said, Ref(1)), node("c", Dense(2), Ref(2))))
    assert [call.outputs for call in evaluation.calls] == [None, [(None, 3)], [(None, 2)]]
    assert evaluation.unknown == []
    message = failure(model_of(node("a", unsaid, Ref(0)), node("b", Dense(2), Ref(1))))
    assert "needs the shape of its input, which the file does not say" in message


def test_references_are_found_wherever_they_stand():
    """Inputs first, then options, then what no formula asks for; lists in lists included."""
    found = node("a", Dense(2), Ref(0), None, options={"b": [Ref(1), [Ref(2), 3]]}, ignored={"mask": [None, Ref(4)]})
    assert [ref.producer for ref in refs(found)] == [0, 1, 2, 4]


def test_nodes_are_put_in_an_order_in_which_each_comes_after_what_it_reads():
    """The written one where that is one; as near to it as can be else; none where there is a cycle."""
    a, b, c = (node(name, Dense(2), Ref(number)) for name, number in (("a", 0), ("b", 1), ("c", 2)))
    assert in_order([a, b, c], 1) == [0, 1, 2]
    late = node("late", Dense(2), Ref(2))
    assert in_order([late, a], 1) == [1, 0]
    assert reordered([1, 0], 1) == {2: 1, 1: 2}
    assert in_order([node("x", Dense(2), Ref(2)), node("y", Dense(2), Ref(1))], 1) is None
    masked = node("masked", Dense(2), Ref(0), ignored={"mask": Ref(2)})
    assert in_order([masked, a], 1) == [1, 0]
