"""What a file says of itself, held against what is computed from its architecture."""

import json

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis import inner_calls as observing
from paramcalc.analysis.claims import check
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.model import Claims, DeclaredInput, Ref


def entry(kind, built=None, **config):
    """A layer in Keras 3's words, and what its file says it was built for."""
    found = {"module": "keras.layers", "class_name": kind, "registered_name": None, "config": config}
    return found | ({"build_config": {"input_shape": built}} if built is not None else {})


def sequential(*layers, shape=(None, 5, 8)):
    first = entry("InputLayer", batch_shape=list(shape), name="input")
    return entry("Sequential", name="m", layers=[first, *layers])


def model_of(*layers, **options):
    return paramcalc.load(json.dumps(sequential(*layers, **options)).encode())


def dense(built=None, name="inner"):
    return entry("Dense", built, units=4, name=name)


def around(inner, name="outer", built=None):
    return entry("TimeDistributed", built, layer=inner, name=name)


def cell(built=None):
    return entry("GRUCell", built, units=3, name="cell")


INSIDE = {
    "a wrapper": (around(dense([None, 9])), "inside it, Dense 'inner': its build_config is for an input of (None, 9)"),
    "a wrapper in a wrapper": (
        entry("TimeDistributed", layer=around(dense([None, 9])), name="outermost"),
        "'outermost' (TimeDistributed): inside it, Dense 'inner': its build_config",
    ),
    "one cell": (entry("RNN", cell=cell([None, 9]), name="rnn"), "inside it, GRUCell 'cell': its build_config"),
    "stacked cells": (
        entry("RNN", cell=entry("StackedRNNCells", cells=[cell(), cell([None, 5])], name="s"), name="rnn"),
        "inside it, GRUCell 'cell': its build_config",
    ),
    "a bidirectional layer": (
        entry("Bidirectional", layer=entry("LSTM", [None, 5, 9], units=2, name="lstm"), name="both"),
        "inside it, LSTM 'forward_lstm': its build_config",
    ),
    "a model in a wrapper": (
        around(sequential(dense([None, 9], "deep"), shape=(None, 8))),
        "'outer' (TimeDistributed): inside it, layer 'deep' (Dense): its build_config",
    ),
    "a wrapper in a model in a wrapper": (
        entry("TimeDistributed", layer=sequential(around(dense([None, 9])), shape=(None, 6, 8)), name="t"),
        "'t' (TimeDistributed): inside it, layer 'outer' (TimeDistributed): inside it, Dense 'inner': its build_config",
    ),
}
DEEP = {"a wrapper in a wrapper": (None, 2, 5, 8), "a wrapper in a model in a wrapper": (None, 2, 6, 8)}


@pytest.mark.parametrize("name", INSIDE)
def test_a_layer_inside_another_is_held_to_what_it_was_built_for(name):
    """Wherever it stands, and the message names the way to it."""
    layer, message = INSIDE[name]
    with pytest.raises(InputError) as error:
        evaluate(model_of(layer, shape=DEEP.get(name, (None, 5, 8))))
    assert message in str(error.value)


@pytest.mark.parametrize("name", INSIDE)
def test_layers_inside_that_were_built_for_their_inputs_are_fine(name):
    """The same models, each claim the right one."""
    text = json.dumps(INSIDE[name][0])
    right = text.replace("[null, 9]", "[null, 8]").replace("[null, 5, 9]", "[null, 5, 8]")
    right = right.replace("[null, 5]", "[null, 3]")  # the second cell reads the first one's output
    evaluate(model_of(json.loads(right), shape=DEEP.get(name, (None, 5, 8))))


def test_every_contradiction_of_a_file_is_found():
    """In one run, each at its layer."""
    with pytest.raises(InputError) as error:
        evaluate(model_of(dense([None, 5, 9], "a"), around(dense([None, 7]), "b"), dense([None, 5, 6], "c")))
    assert [problem.layer for problem in error.value.problems] == [
        "'a' (Dense)",
        "'b' (TimeDistributed)",
        "'c' (Dense)",
    ]


def test_other_shapes_that_the_user_asks_for_contradict_nothing():
    """Neither in the layers themselves, nor inside them, nor where they are explained."""
    model = model_of(around(dense([None, 8])), dense([None, 5, 4], "last"))
    evaluation = evaluate(model, input_shapes={"input": (None, 5, 80)})
    assert [call.weights[0].shape for call in evaluation.calls] == [(80, 4), (4, 4)]
    assert [item.params.result for _, item in explain(evaluation)] == [324, 20]


def test_another_batch_is_the_file_as_it_was_written():
    """No weight depends on it, so what the file says still holds."""
    with pytest.raises(InputError, match="its build_config"):
        evaluate(model_of(dense([None, 5, 9])), batch_size=3)


def test_files_that_make_no_claims_pay_nothing(monkeypatch):
    """Nothing is observed in a spec, and nothing noted of layers that a Keras file says nothing of."""
    model = model_of(around(dense()))
    assert evaluate(model).inner_calls == {}
    model.claims = None
    monkeypatch.setattr(observing, "observed", None)
    evaluate(model)


def test_models_nested_in_wrappers_are_called_once():
    """However deep they are: what claims need is noted on the way."""

    def nested(depth):
        inner = dense([None, 8], "deepest")
        for level in range(depth):
            inner = around(sequential(inner, shape=(None, *[2] * level, 8)), f"level{level}")
        return model_of(inner, shape=(None, *[2] * depth, 8))

    assert [len(nested_calls(nested(depth))) for depth in (2, 4, 8)] == [2, 4, 8]


def nested_calls(model):
    """Every evaluation of a model inside a wrapper, while the outer one is evaluated."""
    from paramcalc.analysis.nested import NestedModel

    found, original = [], NestedModel.evaluate

    def counted(self, *inputs):
        found.append(self)
        return original(self, *inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NestedModel, "evaluate", counted)
        evaluate(model)
    return found


SPEC = b"{input: [8], layers: [{Dense: 4, name: one}, {Dense: 2, name: two}]}"


def with_claims(**claims):
    model = paramcalc.load(SPEC)
    model.claims = Claims(**claims)
    return model


def test_a_manifest_that_says_otherwise_is_a_warning():
    """The numbers are those of the architecture; that the file contradicts it stands beside them."""
    model = with_claims(weights={"one/kernel": (8, 4), "one/bias": (4,), "two/kernel": (4, 3), "two/bias": (2,)})
    evaluation = evaluate(model)
    assert [found.severity for found in evaluation.contradictions] == ["warning"]
    message = "weight 'two/kernel' is (4, 2) by its layer, but (4, 3) in the file's manifest"
    assert paramcalc.summarize(model).warnings == [message]


def test_weights_of_other_names_are_paired_by_shape():
    """What is left on either side is named."""
    model = with_claims(weights={"x/kernel": (8, 4), "x/bias": (4,), "y/kernel": (9, 9)})
    assert [found.problem.message for found in check(evaluate(model))] == [
        "weight 'y/kernel' (9, 9) in the file's manifest belongs to no layer",
        "weight 'two/kernel' (4, 2) is not in the file's manifest",
        "weight 'two/bias' (2,) is not in the file's manifest",
    ]


@pytest.mark.parametrize(
    ("declared", "strict", "fits"),
    [
        ((None, 8), True, True),
        ((None, None), True, True),
        ((None, 9), True, False),
        ((None, 9), False, False),
        ((None, 8, 1), False, False),
    ],
)
def test_a_model_inside_is_called_with_what_it_was_declared_for(declared, strict, fits):
    """A Sequential of its own input shape; its place and its name are in the error."""
    claim = DeclaredInput(Ref(0), declared, strict, ("layers", 0), "'inner' (Sequential)")
    model = with_claims(inputs=[claim])
    if fits:
        assert evaluate(model).contradictions == []
        return
    with pytest.raises(InputError, match=r"'inner' \(Sequential\): is called with \(None, 8\), but its own input is"):
        evaluate(model)


def test_only_a_strict_declaration_means_the_size_of_an_image():
    """Before Keras 3, a model inside took images of any size."""
    for strict, found in ((True, 1), (False, 0)):
        model = paramcalc.load(b"{input: [8, 8, 3], layers: [Flatten]}")
        model.claims = Claims()
        evaluation = evaluate(model)
        model.claims.inputs = [DeclaredInput(Ref(0), (None, 9, 9, 3), strict, (), "'inner' (Functional)")]
        assert len(check(evaluation)) == found


def test_what_is_behind_a_layer_that_failed_claims_nothing():
    """One error, and not a second one that follows from it."""
    model = paramcalc.load(b"{input: [8], layers: [{Conv2D: [2, 3]}, {Dense: 2}]}")
    model.claims = Claims(inputs=[DeclaredInput(Ref(1), (None, 8), True, (), "'inner' (Sequential)")])
    with pytest.raises(InputError) as error:
        evaluate(model)
    assert len(error.value.problems) == 1
