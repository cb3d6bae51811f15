"""What happens at a layer that cannot be computed."""

import pytest

from paramcalc import InputError, summarize
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.unknown import PROBE_CHANGE, PROBE_SIZES, fixed_weights, with_recorded_shapes
from paramcalc.layers.keras.core import Dense, Embedding
from paramcalc.layers.keras.regularization import Dropout
from paramcalc.layers.unknown import Unknown
from paramcalc.model import Input, Instance, Model, Node, Output, Ref


def instance(layer, name="layer", **options):
    return Instance(layer, name, type(layer).__name__, **options)


def model_of(*layers):
    """A chain of layers behind an input of (None, 6)."""
    names = ["own", "behind", "last"]
    nodes = [
        Node(name, layer if isinstance(layer, Instance) else instance(layer, name), (Ref(number),))
        for number, (name, layer) in enumerate(zip(names, layers, strict=False))
    ]
    return Model("m", "test", "m", [Input("x", (None, 6))], nodes, [Output("out", Ref(len(nodes)))])


OWN = Unknown("nobody knows")


def outputs(*layers, **options):
    evaluation = evaluate(model_of(*layers), **options)
    return [call.outputs for call in evaluation.calls], evaluation.unknown


def test_it_is_an_error_unless_the_user_allows_it():
    """The reason is the layer's."""
    with pytest.raises(InputError, match=r"'own' \(Unknown\): nobody knows"):
        evaluate(model_of(OWN, Dense(2)))


def test_every_unknown_layer_is_reported_wherever_it_stands():
    """Also behind another one; what is known is no problem."""
    with pytest.raises(InputError) as error:
        evaluate(model_of(OWN, Unknown("nor this"), Dense(2)))
    assert [problem.message for problem in error.value.problems] == ["nobody knows", "nor this"]


POLICY = {
    "what the user says comes first": (
        Unknown("?", (None, 3), Dropout(0.5)), {"assume": {"own": (None, 4)}}, [[(None, 4)], [(None, 2)]]),
    "the same as its input": (OWN, {"assume": {"own": "same"}}, [[(None, 6)], [(None, 2)]]),
    "then a layer of the same shapes and counts": (
        Unknown("?", (None, 3), Dropout(0.5)), {"allow_unknown": True}, [[(None, 6)], [(None, 2)]]),
    "then what the file recorded": (Unknown("?", (None, 3)), {"allow_unknown": True}, [[(None, 3)], [(None, 2)]]),
    "then nothing": (OWN, {"allow_unknown": True}, [None, None]),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICY)
def test_the_policy_in_its_order(name):
    """Whatever is done, the layer is named among those that are not known."""
    layer, options, shapes = POLICY[name]
    found, unknown = outputs(layer, Dense(2), **options)
    assert found == shapes
    assert unknown == (["own"] if found[0] else ["own", "behind"])


def test_a_fallback_keeps_the_weights_of_a_layer_that_is_called_twice():
    """One instance for all its calls."""
    shared = instance(Unknown("?", None, Dense(3)), "shared", trainable=False)
    model = model_of(shared, Dense(6), shared)
    rows = summarize(model, allow_unknown=True).layers
    assert [(row.params, row.trainable_params, row.shared_with) for row in rows] == [
        (21, 0, None),
        (24, 24, None),
        (0, 0, "own"),
    ]


def test_a_name_that_is_assumed_and_is_not_there_is_a_mistake():
    """Also where nothing is unknown."""
    with pytest.raises(InputError, match="--assume names 'typo', but there is no such layer"):
        evaluate(model_of(Dense(2)), assume={"typo": (None, 3)})


def test_behind_an_unknown_layer_weights_that_no_input_changes_count():
    """A table of embeddings is as large whatever is looked up; its second call adds nothing."""
    table = instance(Embedding(9, 4), "table", trainable=False)
    summary = summarize(model_of(OWN, table, table), allow_unknown=True)
    assert [(row.params, row.trainable_params, row.shared_with) for row in summary.layers] == [
        (0, 0, None),
        (36, 0, None),
        (0, 0, "behind"),
    ]
    assert summary.totals.macs is None


def test_behind_an_unknown_layer_the_recorded_shape_of_the_input_counts():
    """Only the file's own input shapes say what came of them, and only the first call was built for it."""
    behind = instance(Dense(4), "behind", built=[[None, 7]])
    shapes, unknown = outputs(OWN, behind, allow_unknown=True)
    assert (shapes, unknown) == ([None, [(None, 4)]], ["own"])
    shapes, unknown = outputs(OWN, behind, allow_unknown=True, input_shapes={"x": (None, 60)})
    assert (shapes, unknown) == ([None, None], ["own", "behind"])


@pytest.mark.parametrize(
    ("built", "found"),
    [
        ([[None, 7], [None, 8]], [(None, 3), (None, 8)]),
        ([[None, 7]], None),
        ([[None, 7], None], None),
        ([[None, 7], [None, "x"]], None),
        ([[None, 7], [None] * 17], None),
        ([None, [None, 8]], [(None, 3), (None, 8)]),
    ],
)
def test_unknown_input_shapes_are_filled_in_from_what_the_file_records(built, found):
    """Those that are known stay; one that is no shape fills in nothing."""
    assert with_recorded_shapes(built, [(None, 3), None]) == found


def test_weights_are_fixed_where_every_input_gives_the_same():
    """Inputs of all ranks are tried; those that the layer refuses say nothing."""
    assert fixed_weights(Dense(2), 1) is None
    assert fixed_weights(Dropout(0.5), 1) == ()
    assert [weight.shape for weight in fixed_weights(Embedding(9, 4), 1)] == [(9, 4)]
    assert fixed_weights(OWN, 1) is None


def test_the_probes_differ_in_every_size():
    """No size of the one is a size of the other, so nothing is fixed by chance."""
    assert not {size + PROBE_CHANGE for size in PROBE_SIZES} & set(PROBE_SIZES)
