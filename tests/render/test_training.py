"""A checkpoint of a training: what it keeps beside the weights leaves the screen to these."""

from paramcalc import load, summarize
from paramcalc.render.rows import tree_rows
from tests.formats.test_torch_checkpoint import storage, tensor, text, whole, zipped


def mapping(values):
    """The opcodes of a dict, of numbers too."""
    parts = [text(key) + (mapping(value) if isinstance(value, dict) else value) for key, value in values.items()]
    return b"}(" + b"".join(parts) + b"u"


def training(layers):
    """A state_dict of so many different layers, beside an optimizer with three tensors for each."""
    sizes = {}

    def some(size):
        sizes[str(len(sizes))] = 4 * size
        return tensor(shape=(size,), stride=(1,), stored=storage(str(len(sizes) - 1), size))

    names = [f"body.{number}.{kind}.weight" for number in range(layers) for kind in ("conv", "bn")]
    state = {str(number): {part: some(number + 1) for part in ("m", "v", "s")} for number in range(len(names))}
    counter = tensor(shape=(), stride=(), stored=storage("counter", 1, "LongStorage"))
    model = {name: some(number + 1) for number, name in enumerate(names)}
    saved = {
        "state_dict": model | {"body.0.bn.num_batches_tracked": counter},
        "optimizer": {"state": state, "param_groups": b"]"},
        "epoch": whole(3),
    }
    return summarize(load(zipped(b"\x80\x02" + mapping(saved) + b".", sizes | {"counter": 8})))


def test_the_state_of_an_optimizer_is_one_row_where_the_whole_is_past_a_screen():
    shown = tree_rows(training(8))
    labels = [row.label for row in shown.rows]
    assert {"conv", "bn"} <= set(labels)
    assert labels[-1].startswith("optimizer")
    assert (shown.rows[-1].folded, shown.rows[-1].value("params")) == (True, 0)
    assert shown.full_depth is not None  # so that the table says how to see the rest


def test_all_rows_are_shown_where_they_fit_or_a_depth_is_named():
    assert not any(row.folded for row in tree_rows(training(2)).rows)
    assert not any(row.folded for row in tree_rows(training(8), depth=9).rows)


def test_a_counter_of_batches_does_not_make_a_row_of_two_types():
    summary = training(2)
    rows = {row.label: row.value("dtype") for row in tree_rows(summary).rows}
    assert rows["bn"] == rows["body"] == "float32"
