"""Every limit from both sides: what is just within it is read, what is just beyond is refused in words that name it."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import paramcalc
from paramcalc import InputError, limits, shapes
from paramcalc.analysis.summarize import summarize
from paramcalc.formats.convert import ConvertError, convert

CONFIG = json.dumps(
    {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": "Dense", "config": {"units": 3, "batch_input_shape": [None, 4]}}]},
    }
)


def spec(**more):
    return json.dumps({"input": [4], "layers": ["ReLU"]} | more).encode()


def yaml(value):
    return f"input: [4]\nlayers: [ReLU]\nvars: {{a: {value}}}\n".encode()


def nested(depth):
    """Lists in a variable, so that all of the file is `depth` deep."""
    return "[" * (depth - 2) + "]" * (depth - 2)


def aliased(nodes):
    """A mapping of four nodes more than its list, which is there once and by aliases."""
    return yaml("&a [" + "1, " * 997 + "1]").rstrip(b"}\n") + b", b: [" + b"*a, " * nodes + b"]}\n"


def expression(text):
    return spec(vars={"a": 1}, layers=[{"Dense": f"$({text})"}])


def operation(function, size, **config):
    return spec(input=[size], layers=[{"Operation": {"function": function, "config": {"axis": 1, **config}}}])


def archive(names, config=CONFIG):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("config.json", config, zipfile.ZIP_DEFLATED)
        for name in names:
            file.writestr(name, "")
    return packed.getvalue()


def weighted(mib, size):
    """An archive of so many MiB, its config so large."""
    packed = BytesIO(archive([], CONFIG.ljust(size)))
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("model.weights.h5", bytes(mib << 20))
    return packed.getvalue()


def blocks(levels):
    found = {f"b{n}": {"layers": [f"b{n + 1}"]} for n in range(levels - 2)}
    return spec(blocks={**found, f"b{levels - 2}": {"layers": ["ReLU"]}}, layers=["b0"])


def paths(names):
    """1,000 layers, each with so many long names in its path."""
    layers = [{"repeat": 1000, "layers": ["ReLU"]}]
    for _ in range(names):
        layers = [{"repeat": 1, "name": "n" * 240, "layers": layers}]
    return spec(layers=layers)


def inputs(count):
    return spec(layers=[{"repeat": 500, "layers": [{"Add": {}, "inputs": ["previous"] * count}]}])


def splits(times):
    """So many layers of 10,000 outputs each."""
    split = {"Operation": {"function": "Split", "config": {"indices_or_sections": 10_000, "axis": 1}}}
    return spec(layers=[{"repeat": times, "layers": [{"Dense": 10_000}, split]}])


def listed(times):
    """A list of a thousand values, so often in another."""
    return spec(vars={"v": [0] * 999, "w": ["$v"] * times})


def tensorflow_einsum(equation):
    """TensorFlow's einsum, which takes blanks for nothing."""
    return {"function": "tf.einsum", "framework": "tensorflow", "args": [equation, {"input": 0}]}


def chained(depth):
    """Lists in one another, each a variable, so many with the one around them."""
    return spec(vars={"v0": [1]} | {f"v{n}": [f"$v{n - 1}"] for n in range(1, depth)})


def filled(size):
    """A text that is so long once its variable is filled in."""
    return spec(vars={"t": "x" * 128, "text": "$t" * 8 + "-" * (size - 1_024)})


def calls(values):
    """900 calls of a layer that holds so many values, all on other shapes: each computes it again."""
    words = {"name": "t", "inputs": "i1", "StringLookup": {"vocabulary": [f"w{n}" for n in range(values)]}}
    layers = [words] + [{"call": "t", "inputs": f"i{n}"} for n in range(900)]
    return json.dumps({"inputs": {f"i{n}": [n + 1] for n in range(1_000)}, "layers": layers}).encode()


def long_variable(values, block=False):
    """A list that 900 layers name."""
    layer = {"b": {"x": "$v"}} if block else {"Rescaling": {"scale": "$v"}}
    return spec(
        vars={"v": [1] * values},
        blocks={"b": {"vars": {"x": 1}, "layers": ["ReLU"]}},
        layers=[{"repeat": 900, "layers": [layer]}],
    )


def wrapped(depth):
    """900 layers in so many others: the names of all of them stand before that of a weight."""
    layer = {"Dense": 3}
    for _ in range(depth):
        layer = {"SpectralNormalization": {"layer": layer}}
    return spec(layers=[{"repeat": 900, "layers": [layer]}])


def options_variable(values):
    """A list that the calls of 900 layers are given."""
    call = {"Dot": {"axes": 1}, "inputs": ["previous", "previous"], "options": {"mask": "$v"}}
    return spec(vars={"v": [1] * values}, layers=[{"repeat": 900, "layers": [call]}])


def different(times, units="$(8 + i)"):
    """One entry that makes so many layers, no two of them equal."""
    return spec(layers=[{"repeat": times, "layers": [{"Dense": units}]}])


def expressions(length):
    """900 layers, for each of which an expression of that length is worked out."""
    return spec(layers=[{"repeat": 900, "layers": [{"Dense": "$(8+i*0" + " " * (length - 8) + ")"}]}])


def block_expressions(length):
    """900 uses of a block, for each of which a variable is."""
    block = {"vars": {"x": "$(8" + " " * (length - 4) + ")"}, "layers": [{"Dense": "$x"}]}
    return spec(blocks={"b": block}, layers=[{"repeat": 900, "layers": ["b"]}])


def inner_names(length):
    """A layer inside another, its name before those of all weights in it."""
    many = {"class_name": "Pipeline", "config": {"name": "n" * length, "layers": [DENSE] * 500}}
    layers = [{"class_name": "TimeDistributed", "config": {"name": "t", "layer": many, "batch_input_shape": [1, 4, 3]}}]
    return json.dumps({"class_name": "Sequential", "config": {"layers": layers}}).encode()


DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 3}}
DIRECTORY = [f"{n:03}" + "x" * 1_010 for n in range(999)]

BOTH_SIDES = {
    "MAX_DEPTH in JSON": (spec(vars={"a": json.loads(nested(200))}), spec(vars={"a": json.loads(nested(201))}), "200"),
    "MAX_DEPTH in YAML": (yaml(nested(200)), yaml(nested(201)), "nested more than 200 deep"),
    "MAX_NESTED": (blocks(100), blocks(101), "nested more than 100 deep"),
    "MAX_EXPANDED_NODES": (aliased(195), aliased(205), "larger than 200,000 nodes"),
    "MAX_INTEGER_DIGITS in JSON": (spec(vars={"a": 10**18 - 1}), spec(vars={"a": 10**18}), "more than 18 digits"),
    "MAX_INTEGER_DIGITS in YAML": (yaml(10**18 - 1), yaml(10**18), "at most 18 are read"),
    "MAX_TEXT": (yaml("'" + "x" * 65_536 + "'"), yaml("'" + "x" * 65_537 + "'"), "longer than 65,536 characters"),
    "MAX_NAME": (spec(name="n" * 256), spec(name="n" * 257), "1 to 256 characters, this one has 257"),
    "MAX_EXPRESSION": (expression("1" + " " * 255), expression("1" + " " * 256), "may have 256 characters"),
    "MAX_EXPRESSION_DEPTH": (expression("+" * 31 + "1"), expression("+" * 32 + "1"), "nested more than 32 deep"),
    "MAX_SEARCHED": (
        expression("len([1 for j in range(1024)])"),
        expression("len([1 for j in range(1025)])"),
        "range is for numbers from 0 to 1,024",
    ),
    "MAX_EXPONENT": (expression("2 ** 8"), expression("2 ** 9"), "an exponent may be up to 8"),
    "MAX_ARCHIVE_ENTRIES": (archive(map(str, range(1_023))), archive(map(str, range(1_024))), "the limit is 1,024"),
    "MAX_UNPACKED": (archive([], CONFIG.ljust(3 << 20)), archive([], CONFIG.ljust(1 + (3 << 20))), "larger than 3 MiB"),
    "MAX_CONFIG_BYTES": (weighted(4, 16 << 20), weighted(4, 1 + (16 << 20)), "larger than 16 MiB, the limit; set the"),
    "UNPACKED_PER_MIB": (
        weighted(1, 4 << 20),
        weighted(1, 1 + (4 << 20)),
        "larger than 4 MiB, the limit",
    ),
    "MAX_ARCHIVE_DIRECTORY": (archive(DIRECTORY[:985]), archive(DIRECTORY), "larger than 1,048,576 bytes"),
    "MAX_DIMENSION": (spec(input=[2**31 - 1]), spec(input=[2**31]), "a positive integer"),
    "MAX_RANK": (spec(input=[1] * 15), spec(input=[1] * 16), "at most 15 dimensions, this one has 16"),
    "MAX_OUTPUTS in split": (
        operation("Split", 10_000, indices_or_sections=10_000),
        operation("Split", None, indices_or_sections=10**9),
        "may have at most 10,000 outputs, this one has 1,000,000,000",
    ),
    "MAX_OUTPUTS in array_split": (
        operation("ArraySplit", 10_000, indices_or_sections=10_000),
        operation("ArraySplit", None, indices_or_sections=10**9),
        "may have at most 10,000 outputs, this one has 1,000,000,000",
    ),
    "MAX_OUTPUTS in a list of cuts": (
        operation("Split", 20_000, indices_or_sections=list(range(1, 10_000))),
        operation("Split", 20_000, indices_or_sections=list(range(1, 10_001))),
        "may have at most 10,000 outputs, this one has 10,001",
    ),
    "MAX_ALL_OUTPUTS": (
        splits(30),
        splits(31),
        "'repeat/30/operation' .*layers with several outputs have more than 300,000",
    ),
    "MAX_RANK of an output": (
        spec(layers=[{"Embedding": [8, 1]}] * 14),
        spec(layers=[{"Embedding": [8, 1]}] * 15),
        "'embedding_14' .*a tensor may have at most 16 axes, this one would have 17",
    ),
    "MAX_RANK of a layer inside another": (
        spec(layers=[{"Pipeline": {"layers": [{"Embedding": [8, 1]}] * 14}}]),
        spec(layers=[{"Pipeline": {"layers": [{"Embedding": [8, 1]}] * 15 + ["Flatten"]}}]),
        "a tensor may have at most 16 axes, this one would have 17",
    ),
    "MAX_RANK of a weight": (
        spec(layers=[{"Custom": {"weights": {"w": [2] * 16}}}]),
        spec(layers=[{"Custom": {"weights": {"w": [2] * 17}}}]),
        "expected a list of length <= 16",
    ),
    "MAX_EXPANDED_NODES in variables": (listed(198), listed(200), "w: written out, .*more than 200,000 values"),
    "MAX_DEPTH in variables": (chained(200), chained(201), "v200: written out, lists are nested more than 200 deep"),
    "MAX_FILLED": (filled(1_024), filled(1_025), "the text has more than 1,024 characters"),
    "MAX_EXPRESSION in an einsum": (
        spec(layers=[{"Operation": tensorflow_einsum(f"ab{' ' * 248}->ab")}]),
        spec(layers=[{"Operation": tensorflow_einsum(f"ab{' ' * 251}->ab")}]),
        "an einsum's equation is a text of at most 256 characters",
    ),
    "MAX_EXPRESSION in an EinsumDense": (
        spec(layers=[{"EinsumDense": {"equation": "ab,bc->ac" + " " * 247, "output_shape": 3}}]),
        spec(layers=[{"EinsumDense": {"equation": "ab,bc->ac" + " " * 248, "output_shape": 3}}]),
        "equation has at most 256 characters, this one has 257",
    ),
    "MAX_OUTPUTS in unstack": (
        operation("Unstack", 10_000),
        operation("Unstack", 2**31 - 1),
        "may have at most 10,000 outputs, this one has 2,147,483,647",
    ),
    "MAX_DIFFERENT": (different(14_999), different(15_000), "more than 15,000 layers that are like no other"),
    "MAX_DIFFERENT of calls": (
        different(15_614, "$(8 + i * (i // 613) % 613)"),
        different(15_615, "$(8 + i * (i // 613) % 613)"),
        "more than 15,002 calls are like no other",
    ),
    "MAX_COUNT": (
        spec(input=[2 * 10**9], layers=[{"Dense": {"units": 10**9, "use_bias": False}}]),
        spec(input=[2 * 10**9], layers=[{"Dense": {"units": 2 * 10**9, "use_bias": False}}]),
        "past 9,223,372,036,854,775,807",
    ),
}


@pytest.mark.parametrize("limit", BOTH_SIDES)
def test_each_limit_lets_pass_what_is_within_and_names_itself_beyond(limit):
    within, beyond, words = BOTH_SIDES[limit]
    summarize(paramcalc.load(within))
    with pytest.raises(InputError, match=words):
        summarize(paramcalc.load(beyond))


@pytest.mark.parametrize("sections", [0, -3])
def test_a_split_into_nothing_is_refused(sections):
    with pytest.raises(InputError, match=f"cannot split axis 1 of .* into {sections} equal parts"):
        summarize(paramcalc.load(operation("Split", 8, indices_or_sections=sections)))


def test_as_many_tokens_for_unknown_words_as_a_number_says_take_no_memory():
    """Two billion of them were a list of two billion."""
    lookup = {"StringLookup": {"vocabulary": ["a"], "num_oov_indices": 2**31 - 3, "output_mode": "multi_hot"}}
    summary = summarize(paramcalc.load(spec(layers=[lookup])))
    assert summary.layers[0].output_shape == (None, 2**31 - 2)


def test_the_table_has_every_limit_that_a_file_can_meet():
    own = {name for module in (limits, shapes) for name in vars(module) if name.startswith("MAX_")}
    own.discard("MAX_ECHO")  # of errors: how much of a value a message shows
    tested = {limit.split()[0] for limit in BOTH_SIDES} - {"UNPACKED_PER_MIB"}
    elsewhere = {
        "MAX_SWEPT",  # of a command line: in cli/test_sweep.py
        "MAX_SMALL_PICKLE",  # in formats/test_torch_hostile.py
        *("MAX_YAML_BYTES", "MAX_JSON_BYTES"),  # below, by the variable that lowers them
        "MAX_FITTED",  # in analysis/test_fit.py
        *("MAX_LAYERS", "MAX_CONVERTED"),  # below
        *("MAX_NOTED_PROBLEMS", "MAX_ANSWER_WORK", "MAX_SEARCHED_PATHS"),  # in test_amplification.py
        *("MAX_EVENTS", "MAX_DIRECTIVES"),  # there, too
        "MAX_EXPANSION",  # lets larger files than that of MAX_EXPANDED_NODES pass
        *("MAX_GLOB", "MAX_GLOB_WORK"),  # in test_budgets.py: it is a budget that is too much
        *(
            "MAX_GLOBS",
            "MAX_GLOB_TEXT",
            "MAX_LINKED_FOLDERS",
            "MAX_TOML_BYTES",
            "MAX_KEY_PARTS",
        ),  # in test_check_config.py
        *("MAX_TENSORS", "MAX_TENSOR_NAME"),  # in formats/test_checkpoint.py
        "MAX_SAFETENSORS_HEADER",  # in formats/test_safetensors.py
        *("MAX_PICKLE_BYTES", "MAX_PICKLE_STEPS", "MAX_PICKLE_OBJECTS"),  # in formats/test_torch_checkpoint.py
        "MAX_GGUF_HEADER",  # in formats/test_gguf.py
        *("MAX_TABLE_BYTES", "MAX_TABLE_KEY"),  # in formats/tensorflow
        "MAX_SHARDS",  # in formats/test_shards.py
        *("MAX_HDF5_METADATA", "MAX_HDF5_PATH"),  # in formats/hdf5/test_reader.py
        *("MAX_SMALL_PROGRAM", "MAX_SYMBOLIC", "MAX_OPERANDS"),  # in formats/torch_export
        *("MAX_FOLDER_FILES", "MAX_ANY_DIRECTORY", "MAX_ANY_ENTRIES"),  # in formats/test_load.py
        "MAX_UNPACKED_WEIGHTS",  # in formats/keras/test_h5_claims.py
        "MAX_FOUND_PROBLEMS",  # refuses nothing: it ends the reading of what is refused
    }
    assert tested | elsewhere == own


def test_the_guide_has_the_numbers():
    """Row by row, as the table has them."""
    text = (Path(__file__).parents[1] / "paramcalc" / "guide" / "limits.md").read_text("utf-8")
    rows = text.partition("| Limit | | Raised by |")[2].partition("\n\n")[0].splitlines()[2:]
    mib = limits.MIB
    expected = [
        f"{limits.MAX_YAML_BYTES // mib}, {limits.MAX_JSON_BYTES // mib}, {limits.MAX_CONFIG_BYTES // mib} MiB",
        f"{limits.MAX_UNPACKED // mib} MiB; {limits.UNPACKED_PER_MIB // mib} MiB",
        f"{limits.MAX_LAYERS:,}",
        f"{limits.MAX_DIFFERENT:,}",
        f"{limits.MAX_ANSWER_WORK:,}",
        f"{limits.MAX_EVENTS:,}; {limits.MAX_DIRECTIVES}",
        f"{limits.MAX_FITTED:,}",
        f"{limits.MAX_CONVERTED:,}",
        f"{limits.MAX_DEPTH}; {limits.MAX_NESTED}",
        f"{limits.MAX_EXPANDED_NODES:,}",
        f"{limits.MAX_INTEGER_DIGITS}; 2³¹ − 1; {shapes.MAX_RANK}; 2⁶³ − 1",
        f"{limits.MAX_NAME}; {limits.MAX_TEXT:,}; {limits.MAX_EXPRESSION}; {limits.MAX_FILLED:,}",
        f"{limits.MAX_OUTPUTS:,}; {limits.MAX_ALL_OUTPUTS:,}",
        f"{limits.MAX_GLOB:,}; {limits.MAX_GLOB_WORK:,}; {limits.MAX_GLOBS:,}; "
        f"{limits.MAX_GLOB_TEXT:,}; {limits.MAX_LINKED_FOLDERS:,}",
        f"{limits.MAX_TOML_BYTES // mib} MiB; {limits.MAX_KEY_PARTS}",
        f"{limits.MAX_ARCHIVE_ENTRIES:,}; {limits.MAX_ARCHIVE_DIRECTORY // mib} MiB",
        f"{limits.MAX_TENSORS:,}; {limits.MAX_SHARDS:,}; {limits.MAX_TENSOR_NAME:,}",
        f"{limits.MAX_SAFETENSORS_HEADER // 10**6} MB; {limits.MAX_GGUF_HEADER // mib} MiB",
        f"{limits.MAX_HDF5_METADATA // mib} MiB; {limits.MAX_PICKLE_BYTES // mib} MiB",
        f"{limits.MAX_SMALL_PROGRAM // mib} MiB; {limits.MAX_JSON_BYTES // mib} MiB",
    ]
    assert [row.split(" | ")[1] for row in rows] == expected
    assert f"or {limits.EVENTS_PER_CHARACTER} for each character" in text
    assert (shapes.MAX_DIMENSION, shapes.MAX_COUNT) == (2**31 - 1, 2**63 - 1)


@pytest.mark.parametrize("form", [yaml("1"), spec(), archive([], CONFIG + " " * 4_000)])
def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(form, tmp_path, monkeypatch):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    if form.startswith(b"PK"):
        within, beyond = (archive([], CONFIG.ljust(size)) for size in (limits.MIB, limits.MIB + 1))
    else:
        within, beyond = (form.ljust(size) for size in (limits.MIB, limits.MIB + 1))
    path = tmp_path / "model"
    path.write_bytes(within)
    paramcalc.load(path)
    path.write_bytes(beyond)
    with pytest.raises(
        InputError, match="larger than 1 MiB, the limit; set the environment variable PARAMCALC_MAX_MIB"
    ):
        paramcalc.load(path)


def test_max_layers_names_the_option_that_raises_it():
    layers = [{"repeat": 1000, "layers": ["ReLU"]}]
    assert len(paramcalc.load(spec(layers=layers), max_layers=1000).nodes) == 1000
    with pytest.raises(InputError, match=r"more than 999 layers \(--max-layers allows more\)"):
        paramcalc.load(spec(layers=layers), max_layers=999)


def test_max_layers_raises_how_many_may_be_like_no_other():
    layers = [{"repeat": 16_000, "layers": [{"Dense": "$(8 + i)"}]}]
    assert len(paramcalc.load(spec(layers=layers), max_layers=110_000).nodes) == 16_000


def test_layers_that_are_equal_to_one_another_are_not_like_no_other():
    """Entries are equal by their values: lists, and layers inside, among them, but 1 and 1.0 are two."""
    same = [{"Conv2D": {"filters": 2, "kernel_size": [1, 1]}}, {"Bidirectional": {"layer": {"LSTM": 3}}}]
    nodes = paramcalc.load(spec(layers=same * 2 + [{"Rescaling": [1, 1]}, {"Rescaling": [1, 1.0]}])).nodes
    made = [id(node.instance.layer) for node in nodes]
    assert [made.index(one) for one in made] == [0, 1, 0, 1, 4, 5]


def test_convert_takes_as_many_layers_as_its_limit_or_as_the_option_says():
    many = paramcalc.load(spec(layers=[{"repeat": limits.MAX_CONVERTED + 1, "layers": ["ReLU"]}]))
    with pytest.raises(ConvertError, match=r"convert takes up to 50,000 layers.*\(--max-layers allows more\)"):
        convert(many)
    few = paramcalc.load(spec(layers=[{"repeat": 100, "layers": ["ReLU"]}]))
    assert convert(few, max_layers=100)
    with pytest.raises(ConvertError, match="up to 99 layers"):
        convert(few, max_layers=99)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (paths(1), paths(4)),
        (inputs(4), inputs(20)),
        (calls(10), calls(80)),
        (long_variable(10), long_variable(80)),
        (long_variable(10, block=True), long_variable(80, block=True)),
        (inner_names(10), inner_names(1_280)),
        (wrapped(2), wrapped(8)),
        (options_variable(10), options_variable(80)),
        (expressions(12), expressions(200)),
        (block_expressions(12), block_expressions(160)),
    ],
)
def test_long_paths_and_many_inputs_count_as_layers(within, beyond):
    paramcalc.load(within, max_layers=1000)
    with pytest.raises(InputError, match=r"more work than 1,000 layers.*\(--max-layers allows more\)"):
        paramcalc.load(beyond, max_layers=1000)
    paramcalc.load(beyond, max_layers=10_000)
