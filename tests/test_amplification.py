"""A few bytes cost little, whatever they repeat, share or nest: what fails stops as early as what passes.

Each was found by somebody who tried to make a small file expensive. A case here is written anew, as small as shows it.
"""

import json
import time
import zipfile
from io import BytesIO

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from paramcalc.check.git import split_revision
from paramcalc.render.table import Options, plain, summary_lines

SECONDS = 2.0


def repeated(entry, count=99_998, start="input: [4, 4, 3]\n"):
    return f"{start}layers:\n  - {{repeat: {count}, layers: [{entry}]}}\n"


ATTENTION_BLOCK = """
blocks:
  b: {layers: [{repeat: 990, layers: [{MultiHeadAttention: {num_heads: 1, key_dim: $(i+1)}}]}]}
layers:
"""


def keras(*layers, last, compressed=False):
    config = {"name": "m", "layers": layers, "input_layers": [["i", 0, 0]], "output_layers": [[last, 0, 0]]}
    text = json.dumps({"class_name": "Functional", "module": "keras", "config": config})
    if not compressed:
        return text.encode()
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("config.json", text)
    return file.getvalue()


def layer(kind, name, config, *reads, **more):
    nodes = [
        {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [read, 0, 0]}}], "kwargs": {}}
        for read in reads
    ]
    return {
        "class_name": kind,
        "module": "keras.layers",
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": nodes,
        **more,
    }


def twice_in_each_other(depth, innermost):
    """A model that calls a model twice that calls one twice …: 2 to the power of `depth` calls of a few layers."""
    model = innermost
    for number in range(depth):
        outer = [
            layer("InputLayer", "i", {"batch_shape": [None, 4]}),
            {**model, "name": "x", "inbound_nodes": layer("", "", {}, "i")["inbound_nodes"]},
            {**model, "name": "y", "inbound_nodes": layer("", "", {}, "x")["inbound_nodes"]},
        ]
        config = {
            "name": f"m{number}",
            "trainable": False,
            "layers": outer,
            "input_layers": [["i", 0, 0]],
            "output_layers": [["y", 1, 0]],
        }
        model = {"class_name": "Functional", "module": "keras", "config": config, "shared_object_id": number}
    return model


def shared_to_death(depth):
    """Each level names the one below by its number alone, so the file grows by a line where the calls double."""
    inner = {
        "class_name": "Sequential",
        "module": "keras",
        "config": {
            "name": "s",
            "layers": [layer("InputLayer", "q", {"batch_shape": [None, 4]}), layer("Dense", "d", {"units": 4})],
        },
        "shared_object_id": 0,
    }
    reads = layer("", "", {}, "i")["inbound_nodes"]
    for number in range(1, depth):
        known = {"class_name": "Sequential", "module": "keras", "config": {}, "shared_object_id": number - 1}
        layers = [
            layer("InputLayer", "i", {"batch_shape": [None, 4]}),
            {**inner, "name": "x", "inbound_nodes": reads},
            {**known, "name": "y", "inbound_nodes": reads},
        ]
        config = {
            "name": f"m{number}",
            "trainable": False,
            "layers": layers,
            "input_layers": [["i", 0, 0]],
            "output_layers": [["x", 0 if number == 1 else 1, 0]],
        }
        inner = {"class_name": "Functional", "module": "keras", "config": config, "shared_object_id": number}
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("config.json", json.dumps(inner))
    return file.getvalue()


def wrapped(levels, fillers):
    """A wrapper in a wrapper …, each with a long list of its own, in a small archive."""
    item = layer("Dense", "d", {"units": 1})
    for _ in range(levels):
        item = layer("TimeDistributed", "t", {"layer": item})
    item["config"]["layer"]["config"]["name"] = "x" * fillers
    inputs = layer("InputLayer", "i", {"batch_shape": [None, 1, 1]})
    item["inbound_nodes"] = layer("", "", {}, "i")["inbound_nodes"]
    return keras(inputs, item, last="t", compressed=True)


def hubs(count):
    """Two layers read each other by each of many names: as many cycles as there are pairs."""
    names = ", ".join(f"h{number}" for number in range(count))
    lines = [f"  - {{Add: , name: h{number}, inputs: [{names}]}}" for number in range(count)]
    return "input: [3]\nlayers:\n" + "\n".join(lines) + "\n"


def deep(levels, reads):
    """Scopes with long names within each other, in which a name from outside is read again and again."""
    inner = "{Add: , inputs: [" + ", ".join(["x"] * reads) + "]}"
    for _ in range(levels):
        inner = f"{{repeat: 1, name: {'n' * 250}, layers: [{inner}]}}"
    return f"input: [3]\nlayers:\n  - {{ReLU: , name: x}}\n  - {inner}\n"


CASES = {
    "an input that is not there": (
        repeated("{Add: , inputs: [input, nothere]}"),
        "there is no layer or input 'nothere'",
    ),
    "a layer that cannot be": (
        repeated("{MultiHeadAttention: {num_heads: $(i+1), key_dim: 0}}"),
        "key_dim: expected an integer >= 1, got 0",
    ),
    "an operation that cannot be": (
        repeated("{Operation: {function: Negative, config: {axsi: 1}}, inputs: input}"),
        "unknown argument 'axsi'",
    ),
    "a call of nothing": (repeated("{call: nothere}"), "there is no layer 'nothere' above this entry"),
    "a variable that is not there": (repeated("{Dense: $nope}"), "there is no variable 'nope'"),
    "a value that is wrong": (repeated("{Dense: $x}", start="vars: {x: bad}\ninput: [3]\n"), "from $x with x = 'bad'"),
    "a type that is not there": (repeated("{type: $('Den' + 'see')}"), "did you mean 'Dense'?"),
    "a block around heads in a wrapper": (
        "input: [2, 3, 3]"
        + ATTENTION_BLOCK
        + "  - {repeat: 90, layers: [{ZeroPadding2D: 1}, {TimeDistributed: {b: }}]}\n",
        "make too many weights",
    ),
    "the same beside many layers": (
        "input: [2, 3, 3]"
        + ATTENTION_BLOCK
        + "  - {repeat: 90000, layers: [ReLU]}\n"
        + "  - {repeat: 250, layers: [{ZeroPadding2D: 1}, {TimeDistributed: {b: }}]}\n",
        "make too many weights",
    ),
    "the same on one shape": (
        "input: [2, 3, 3]" + ATTENTION_BLOCK + "  - {repeat: 90, layers: [{TimeDistributed: {b: }}]}\n",
        "make too many weights",
    ),
    "cycles": (hubs(220), "the graph has a cycle"),
    "directives": ("".join(f"%TAG !a{n:x}! x\n" for n in range(30_000)) + "---\ninput: [4]\n", "more directives"),
    "lists of nothing": ("input: [4]\nlayers: [ReLU]\nbudget: [" + "[[[]]]," * 140_000 + "]\n", "brackets and values"),
    "ones": ("input: [4]\nlayers: [ReLU]\nbudget: [" + "1," * 480_000 + "]\n", "brackets and values"),
    "half a character and many values far inside": (
        '{"a": "\\ud83d\\ude00", "budget": '
        + '{"k":' * 190
        + "["
        + "1," * 400_000
        + "1]"
        + "}" * 190
        + ', "layers": ["ReLU"], "input": [3]}',
        "budget: unknown key 'k'",
    ),
    "models that share and fail": (
        json.dumps(twice_in_each_other(13, layer("Dense", "d", {"units": "x"}))),
        "units: expected an integer",
    ),
    "wrappers with long names": (wrapped(90, 20_000), "expects an input of rank 3 or more"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_fails_stops_early(name):
    data, words = CASES[name]
    start = time.process_time()
    with pytest.raises(InputError, match=r".") as caught:
        summarize(paramcalc.load(data if isinstance(data, bytes) else data.encode(), name="m"))
    assert words in str(caught.value)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    ("data", "layers"),
    [(deep(95, 1_000), 2), (shared_to_death(16), 1)],
    ids=["names from outside of deep scopes", "models in models, frozen"],
)
def test_what_passes_is_quick(data, layers):
    start = time.process_time()
    summary = summarize(paramcalc.load(data if isinstance(data, bytes) else data.encode(), name="m"))
    assert summary.totals.layers == layers
    assert time.process_time() - start < SECONDS


def test_ten_failures_of_a_loop_are_one_error_and_others_are_found():
    """A mistake in a repeat does not hide the one behind it."""
    text = repeated("{Dense: $nope}", 10) + "  - {Dense: $nor}\n"
    with pytest.raises(InputError) as caught:
        paramcalc.load(text.encode())
    assert [problem.message for problem in caught.value.problems] == [
        "units: $nope: there is no variable 'nope' here",
        "units: $nor: there is no variable 'nor' here",
    ]


def test_cycles_that_share_no_layer_are_each_reported():
    text = "input: [3]\nlayers:\n" + "".join(
        f"  - {{ReLU: , name: a{n}, inputs: b{n}}}\n  - {{ReLU: , name: b{n}, inputs: a{n}}}\n" for n in range(3)
    )
    with pytest.raises(InputError) as caught:
        paramcalc.load(text.encode())
    assert [problem.message for problem in caught.value.problems] == [
        f"the graph has a cycle: 'a{n}' reads 'b{n}' reads 'a{n}'" for n in range(3)
    ]


def test_a_table_of_names_with_thousands_of_words():
    """Flat names are nested by their words, but not without end."""
    words = "_".join(["w"] * 3_000)
    dense = [layer("Dense", f"{words}_{number}_x", {"units": 1}) for number in range(3)]
    first = layer("InputLayer", "i", {"batch_shape": [None, 4]})
    document = {"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": [first, *dense]}}
    summary = summarize(paramcalc.load(json.dumps(document).encode()))
    assert any("w_w" in line for line in plain(summary_lines(summary, Options(width=80))))


@pytest.mark.parametrize("name", ["{:}" * 60 + ".yaml", "{" * 100_000 + ":a", "{}" * 50_000, "{:" * 30_000])
def test_a_revision_is_recognised_in_one_pass(name):
    start = time.process_time()
    split_revision(name)
    assert time.process_time() - start < SECONDS


def test_many_layers_that_are_like_no_other_are_still_counted():
    """A large honest model is not refused: its layers have a few weights each."""
    text = repeated("{MultiHeadAttention: {num_heads: $(i+1), key_dim: 1}}", 3_000, "input: [4, 3]\n")
    assert summarize(paramcalc.load(text.encode())).totals.layers == 3_000
