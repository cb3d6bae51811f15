"""Every limit from both sides: what is just within it is read, what is just beyond is refused in words that name it."""

import json
import zipfile
from io import BytesIO

import pytest

import paramcalc
from paramcalc import InputError, limits, shapes
from paramcalc.summarize import summarize

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
        file.writestr("config.json", config)
        for name in names:
            file.writestr(name, "")
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
    "MAX_EXPONENT": (expression("2 ** 8"), expression("2 ** 9"), "an exponent may be up to 8"),
    "MAX_ARCHIVE_ENTRIES": (archive(map(str, range(1_023))), archive(map(str, range(1_024))), "the limit is 1,024"),
    "MAX_ARCHIVE_DIRECTORY": (archive(DIRECTORY[:985]), archive(DIRECTORY), "larger than 1,048,576 bytes"),
    "MAX_DIMENSION": (spec(input=[2**31 - 1]), spec(input=[2**31]), "a positive integer"),
    "MAX_RANK": (spec(input=[1] * 15), spec(input=[1] * 16), "up to 15 dimensions, this one has 16"),
    "MAX_OUTPUTS in split": (
        operation("Split", 10_000, indices_or_sections=10_000),
        operation("Split", None, indices_or_sections=10**9),
        "may have 10,000 outputs, this one has 1,000,000,000",
    ),
    "MAX_OUTPUTS in array_split": (
        operation("ArraySplit", 10_000, indices_or_sections=10_000),
        operation("ArraySplit", None, indices_or_sections=10**9),
        "may have 10,000 outputs, this one has 1,000,000,000",
    ),
    "MAX_OUTPUTS in unstack": (
        operation("Unstack", 10_000),
        operation("Unstack", 2**31 - 1),
        "may have 10,000 outputs, this one has 2,147,483,647",
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
    tested = {limit.split()[0] for limit in BOTH_SIDES}
    elsewhere = {
        *("MAX_YAML_BYTES", "MAX_JSON_BYTES", "MAX_CONFIG_BYTES"),  # below, by the variable that lowers them
        "MAX_LAYERS",  # below
        "MAX_EXPANSION",  # lets larger files than that of MAX_EXPANDED_NODES pass
        "MAX_GLOB_WORK",  # in test_budgets.py: it is a budget that is too much
        "MAX_FOUND_PROBLEMS",  # refuses nothing: it ends the reading of what is refused
    }
    assert tested | elsewhere == own


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


@pytest.mark.parametrize(("within", "beyond"), [(paths(1), paths(4)), (inputs(4), inputs(20))])
def test_long_paths_and_many_inputs_count_as_layers(within, beyond):
    paramcalc.load(within, max_layers=1000)
    with pytest.raises(InputError, match=r"more work than 1,000 layers.*\(--max-layers allows more\)"):
        paramcalc.load(beyond, max_layers=1000)
    paramcalc.load(beyond, max_layers=10_000)
