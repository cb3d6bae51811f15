"""What `paramcalc layers` says comes from the classes, and its examples run."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from paramcalc import load, summarize
from paramcalc.cli import cli
from paramcalc.layers.base import Layer, Positive, Rate, Size, Sublayer
from paramcalc.layers.catalogue import NO_COUNT, LayerEntry, built_in, catalogue, entry, parse_docstring, type_words
from paramcalc.layers.keras.fields import Activation
from paramcalc.layers.registry import Registry, UnknownTypeError
from paramcalc.render.catalogue_text import entry_text, list_markdown, list_text
from tests.each import each

NAMES = built_in(Registry())
ENTRIES = {name: entry(Registry(), name) for name in NAMES}
PAGE = Path(__file__).parents[2] / "paramcalc" / "guide" / "layers.md"
BEGIN, END = "<!-- layers:begin -->", "<!-- layers:end -->"
BASES = {"Wrapper"}
"""Classes whose example shows what to use instead: they compute nothing."""


def example(name):
    source = ENTRIES[name].sections["Example"].encode()
    return summarize(load(source, name=f"example of {name}"), allow_unknown=False)


def bare(name):
    return name.rpartition(".")[2]


@each("name", NAMES)
def test_the_example_is_a_whole_spec_that_runs_and_shows_the_layer(name):
    """A layer is called free of weights exactly when its example shows none."""
    summary = example(name)
    source = ENTRIES[name].sections["Example"]
    assert summary.layers
    assert name in BASES or any(row.type == bare(name) for row in summary.layers) or name in source
    if not name.endswith(("Cell", "Cells")) and name not in BASES:
        rows = [row for row in summary.layers if row.type == bare(name) or name == "Operation"]  # a row says which
        assert rows
        assert any(row.weights for row in rows) == ENTRIES[name].weights


def test_every_layer_has_a_first_line_shapes_formula_source_and_example():
    for name in NAMES:
        found = ENTRIES[name]
        assert found.summary, name
        assert found.summary.endswith((".", "]")), name
        assert {"Shapes", "Formula", "Source", "Example"} <= set(found.sections), name


def test_every_field_has_a_type_in_words_and_a_description():
    for name in NAMES:
        for field in ENTRIES[name].fields:
            assert field.description.endswith("."), f"{name}: {field.name}"
            assert "value" not in field.type, f"{name}: {field.name}"
            assert "<" not in field.type, f"{name}: {field.name}"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Positive, "positive integer"),
        (Rate, "number from 0 to 1"),
        (Size, "positive integer or list of positive integers"),
        (Activation, "activation or mapping or null"),
        (tuple[int, int], "list of 2 integers"),
        (tuple[int | None, ...] | None, "list of (integer or null) or null"),
        (tuple[Sublayer, ...], "list of layers"),
        (Sublayer | None, "layer or null"),
    ],
)
def test_types_are_told_in_words(annotation, words):
    assert type_words(annotation) == words


def test_sections_of_a_docstring_may_run_over_several_lines():
    doc = "First.\n\n    More of it.\n\n    Shapes: a\n      to b\n    Note: c\n    "
    assert parse_docstring(doc) == ("First.", "More of it.", {"Shapes": "a to b", "Note": "c"})


def test_an_alias_and_a_snake_case_name_show_the_layer_they_stand_for():
    for name in ("MaxPool2D", "max_pooling2d", "max_pool2d"):
        found = entry(Registry(), name)
        assert found.name == "MaxPooling2D"
        assert {"MaxPool2D", "max_pooling2d", "max_pool2d"} <= set(found.aliases)


def test_a_class_of_another_framework_is_found_by_its_qualified_name():
    found = entry(Registry(), "torch.lstm")
    assert (found.name, found.framework, found.aliases) == ("torch.LSTM", "torch", ["torch.lstm"])
    assert {field.name: field.description for field in found.fields}["proj_size"].startswith("The size that")


def test_a_layer_of_a_package_is_shown_with_its_family():
    """No plugin: there is no entry point that would say where it comes from."""
    found = entry(Registry(), "qkeras.QConv2D")
    assert (found.name, found.family, found.origin) == ("qkeras.QConv2D", "qkeras", "built-in")
    with pytest.raises(UnknownTypeError, match="it is a package; its layers are qkeras"):
        entry(Registry(), "qkeras")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownTypeError, match="did you mean 'LSTM'"):
        entry(Registry(), "Lstn")


class Plugged(Layer, frozen=True):
    """Somebody's own."""

    knob: int = 3


class Dist:
    name = "their-package"


class Point:
    name = "Plugged"
    value = "their.module:Plugged"
    dist = Dist

    @staticmethod
    def load():
        return Plugged


def test_a_plugin_is_listed_last_with_its_package(monkeypatch):
    monkeypatch.setattr(Registry, "plugins", lambda self: {"Plugged": Point})
    found = catalogue(Registry())[-1]
    assert (found.name, found.family, found.origin) == ("Plugged", "plugins", "their-package (their.module:Plugged)")
    assert "Plugged" in list_text([found])
    assert "knob" in entry_text(found)


def test_the_list_names_every_layer_once_and_marks_those_without_weights():
    lines = [line.split() for line in list_text(list(ENTRIES.values()), 1_000).splitlines() if line[:2] == "  "]
    marked = {line[1]: True for line in lines if line[0] == "·"}
    plain = {line[0]: False for line in lines if line[0] != "·"}
    assert {**marked, **plain} == {name: not found.weights for name, found in ENTRIES.items()}


def test_what_is_shown_of_a_layer_has_its_fields_and_example():
    for name in NAMES:
        text = entry_text(ENTRIES[name], 1_000, everything=True)
        assert ENTRIES[name].sections["Example"] in text
        for field in ENTRIES[name].fields:
            assert f"  {field.name}" in text


def test_what_changes_no_count_is_named_after_the_rest():
    for name in NAMES:
        text = entry_text(ENTRIES[name], 1_000)
        main, _, others = text.partition("which change no shape and no count")
        for number, field in enumerate(ENTRIES[name].fields, start=1):
            if "changes no shape and no count" in field.description and field.default is not None:
                assert f"{field.name} ({number})" in others
            else:
                assert f"  {number:>2}  {field.name} " in main


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("everything", [False, True])
def test_every_line_keeps_to_the_width(width, everything):
    """But for what has no space to break it at, such as the address of a source."""
    for name in NAMES:
        lines = entry_text(ENTRIES[name], width, everything).splitlines()
        assert all(len(line) <= width or len(line.split()[-1]) > width - 24 for line in lines)
    lines = list_text(list(ENTRIES.values()), width).splitlines()
    assert all(len(line) <= width or len(line.split()) <= 2 for line in lines)


@pytest.mark.parametrize("name", ["LSTM", "Conv2D", "BatchNormalization", "torch.Conv2d", "torch.LSTM"])
def test_a_field_that_is_said_to_change_nothing_changes_nothing(name):
    """Given another value, the example of the layer has the same shapes and counts."""
    entry = ENTRIES[name]
    spec = entry.sections["Example"]
    before = summarize(load(spec.encode()))
    registry = Registry("torch" if "." in name else "keras")
    for field in entry.fields:
        if NO_COUNT not in field.description or field.default not in ("true", "false", "0.0", "null"):
            continue
        value = {"true": False, "false": True, "0.0": 0.25}.get(field.default)
        model = load(spec.encode())
        node = next(node for node in model.nodes if isinstance(node.instance.layer, registry.get(name)))
        if value is not None:
            node.instance.layer = replace(node.instance.layer, **{field.name: value})
        after = summarize(model)
        assert [(row.output_shape, row.params, row.macs) for row in after.layers] == [
            (row.output_shape, row.params, row.macs) for row in before.layers
        ]


def run(*args):
    return CliRunner().invoke(cli, ["layers", *args], standalone_mode=False)


def test_json_is_the_same_data():
    assert json.loads(run("LSTM", "--format", "json").output)["name"] == "LSTM"
    assert [each["name"] for each in json.loads(run("--format", "json").output)] == NAMES


def test_markdown_is_only_for_the_list():
    assert "is for the list" in str(run("LSTM", "--format", "markdown").exception)
    assert run("--format", "markdown").output == list_markdown(list(ENTRIES.values()))


def test_the_guide_has_the_table_that_the_command_prints(request):
    """`paramcalc layers --format markdown` makes it; `pytest --regenerate` writes it anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, old, after = text.partition(BEGIN)[0], text.partition(BEGIN)[2].partition(END)[0], text.partition(END)[2]
    table = f"\n{list_markdown(list(ENTRIES.values()))}"
    if request.config.getoption("--regenerate") and old:
        PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")
    else:
        assert old == table


def test_an_entry_without_text_or_aliases_is_shown_without_empty_lines_for_them():
    bare = LayerEntry("A", "core", "Does a.", "", {}, False, "built-in", [], [])
    assert "Aliases" not in entry_text(bare)
    assert "No fields." in entry_text(bare)
