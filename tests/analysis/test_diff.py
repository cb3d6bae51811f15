"""What changed between two summaries."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import paramcalc
from paramcalc.analysis.diff import compare
from paramcalc.analysis.evaluate import evaluate
from paramcalc.formats.native import read_spec
from paramcalc.formats.text.document import parse
from paramcalc.layers.base import Inferred
from paramcalc.layers.recorded import Recorded
from paramcalc.model import Instance, Model, Node
from paramcalc.render.diff_report import cells, markdown


def summary_of(text):
    return paramcalc.summarize(read_spec(parse(text.encode(), "m.yaml"), "m.yaml", None))


def chain(*widths, names=None):
    layers = [f"{{Dense: {{units: {n}}}, name: {names[i] if names else f'd{i}'}}}" for i, n in enumerate(widths)]
    return summary_of(f"{{input: [8], layers: [{', '.join(layers)}]}}")


def kinds(base, head):
    return {change.path: change.kind for change in compare(base, head).changes}


def test_the_same_model_has_no_changes():
    """Everything is unchanged, all totals have no delta."""
    diff = compare(chain(4, 5), chain(4, 5))
    assert not diff.changes
    assert diff.unchanged == 2
    assert all(total.delta == 0 for total in diff.totals)


def test_a_wider_layer_changes_itself_and_its_reader():
    """Matched by path."""
    assert kinds(chain(4, 5), chain(6, 5)) == {"d0": "changed", "d1": "changed"}


def test_a_renamed_layer_is_not_added_and_removed():
    """Matched by likeness where the path is gone."""
    assert kinds(chain(4, 5), chain(4, 5, names=["d0", "new"])) == {"new": "renamed"}


def test_added_and_removed_layers_keep_their_place():
    """In HEAD's order."""
    assert kinds(chain(4), chain(4, 7)) == {"d1": "added"}
    assert kinds(chain(4, 7), chain(4)) == {"d1": "removed"}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_deltas_of_the_rows_add_up_to_the_totals(before, after):
    """What the table says is what the totals say."""
    diff = compare(chain(*before), chain(*after))
    params = next(total for total in diff.totals if total.metric == "params")
    assert sum(change.delta("params") for change in diff.changes) == params.delta


def test_another_type_of_the_same_numbers_is_a_change():
    """Its size is another: a diff that says nothing changed would not explain the total."""
    text = "{input: [8], dtype: float32, layers: [{Dense: 4}]}"
    base, head = summary_of(text), summary_of(text.replace("32", "16"))
    assert kinds(base, head) == {"dense": "changed"}
    assert next(total for total in compare(base, head).totals if total.metric == "size_bytes").delta < 0


def test_the_same_model_in_another_format_has_only_other_names():
    """A spec with blocks against the flat Keras JSON made of it."""
    from paramcalc.formats.convert import convert

    spec = b"""{blocks: {two: {layers: [{Dense: 5}, ReLU, {Dense: 8}]}}, input: [8],
      layers: [{repeat: 3, layers: [two]}, {BatchNormalization: {}}]}"""
    base = paramcalc.load(spec)
    head = paramcalc.load(convert(base, "keras").encode())
    diff = compare(paramcalc.summarize(base), paramcalc.summarize(head))
    assert {change.kind for change in diff.changes} == {"renamed"}
    assert [total.delta for total in diff.totals] == [0] * len(diff.totals)


TORCH = "{framework: torch, input: [8], layers: [{Linear: {out_features: 4}}, ReLU, BatchNorm1d]}"


def checkpoint_of(model, dtype=None):
    """The weights of a model as a file of them has them: sorted by name, with no types, shapes or products."""
    rows = []
    for call in evaluate(model).calls:
        weights = sorted(
            [replace(weight, dtype=weight.dtype or dtype) for weight in call.weights], key=lambda w: w.name
        )
        layer = Recorded(Inferred(None, tuple(weights), ((("macs", None),),)))
        rows += [Node(call.node.path, Instance(layer, call.node.instance.name, "Weights"), ())] if weights else []
    return paramcalc.summarize(Model("m", "safetensors", "m", [], rows, [], framework=None))


def test_a_model_against_its_own_weights_has_no_changes():
    """What a file of weights does not say is no change, whichever side it is; nor is a layer that holds none."""
    model = paramcalc.load(TORCH.encode())
    for sides in (
        (paramcalc.summarize(model), checkpoint_of(model)),
        (checkpoint_of(model), paramcalc.summarize(model)),
    ):
        diff = compare(*sides)
        assert (diff.changes, diff.unchanged) == ([], 2)


def test_weights_of_other_names_are_matched_by_likeness():
    """A spec's names against those of a file."""
    model = paramcalc.load(TORCH.encode())
    head = checkpoint_of(model)
    head.layers[:] = [replace(row, path=f"0/{index}") for index, row in enumerate(head.layers)]
    assert kinds(paramcalc.summarize(model), head) == {"0/0": "renamed", "0/1": "renamed"}


def test_another_dtype_of_one_weight_is_a_change_and_is_shown():
    """The parameters are the same, the bytes are not."""
    model = paramcalc.load(TORCH.encode())
    diff = compare(checkpoint_of(model), checkpoint_of(model, "float16"))
    assert {change.kind for change in diff.changes} == {"changed"}
    assert cells(diff.changes[0])[2] == "Weights float32 → Weights float16"


def test_buffers_have_a_total_where_there_are_any():
    """Running statistics of PyTorch."""
    batch_norm = summary_of(TORCH)
    text = "".join(markdown(compare(batch_norm, batch_norm)))
    assert "| Buffers | 9 | 9 | 0 |" in text
    assert "Buffers" not in "".join(markdown(compare(chain(4), chain(5))))


def test_what_is_the_same_at_both_ends_is_left_as_it_is():
    """A layer put between equal ones is the only change, wherever it stands."""
    layers = ["Dense: 3"] * 6
    for at in range(7):
        more = [*layers[:at], "Dense: 4", "Dense: 3", *layers[at:]]
        base, head = (
            paramcalc.summarize(paramcalc.load(f"input: [3]\nlayers: [{', '.join(items)}]".encode(), name="m"))
            for items in (layers, more)
        )
        diff = compare(base, head)
        assert sum(change.delta("params") or 0 for change in diff.changes) == head.totals.params - base.totals.params
