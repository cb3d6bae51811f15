"""The table: fits where it can, cuts no number and no shape, folds what is long, marks what is special."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.render.layout import ASCII
from paramcalc.render.numbers import format_int
from paramcalc.render.rows import SCREEN, sorted_rows, tree_rows
from paramcalc.render.table import Options, coloured, plain, summary_lines
from paramcalc.render.text import width_of
from tests.render.build import block, dense, layer, summary, transformer, weight


def show(model, **options):
    return "".join(plain(summary_lines(model, Options(**options))))


def classifier():
    recurrent = layer(
        "simple_rnn",
        "SimpleRNN",
        (None, 128),
        [weight("kernel", (10, 128)), weight("recurrent", (128, 128)), weight("bias", (128,), "bias")],
        shapes=((None, 5, 10),),
        macs=88_320,
    )
    return summary([recurrent, dense("dense", 128, 10, inputs=["simple_rnn"])], "rnn", "rnn.yaml")


def marked():
    stem = dense("stem", 10, 10)
    again = layer("stem#2", "Dense", (None, 10), shared="stem", macs=100)
    tied = layer("head", "Dense", (None, 4), [weight("kernel", (10, 4), tied_to="stem.kernel")])
    odd = layer("odd", "Lambda", None, macs=None)
    norm = layer("norm", "BatchNormalization", (None, 4), [weight("mean", (4,), "statistic", False)])
    return summary([stem, again, tied, odd, norm], partial=True, unknown=["odd"])


@pytest.mark.parametrize("width", [60, 80, 200, None])
@pytest.mark.parametrize("build", [classifier, transformer, marked])
def test_tables_are_as_drawn(golden, build, width):
    golden(f"{build.__name__}_{width}.txt", show(build(), width=width))


def test_an_ascii_terminal_gets_ascii(golden):
    text = show(transformer(), glyphs=ASCII, width=80)
    assert text.isascii()
    golden("transformer_ascii.txt", text)


def test_colour_changes_no_character():
    import re

    lines = list(summary_lines(marked(), Options()))
    assert re.sub(r"\x1b\[[0-9;]*m", "", "".join(coloured(lines))).split() == "".join(plain(lines)).split()


@given(st.integers(20, 120))
def test_at_any_width_no_number_and_no_shape_is_cut(width):
    text = show(classifier(), width=width)
    for whole in ("17,792", "1,290", "19,082"):
        assert whole in text
    shapes = [whole in text for whole in ("(None, 128)", "(None, 10)")]
    assert all(shapes) or (not any(shapes) and "Output" in text.partition("no room for")[2])


@given(st.integers(20, 120), st.sampled_from(["classifier", "transformer", "marked", "nested"]), st.booleans())
def test_every_line_keeps_to_the_width(width, build, chosen):
    columns = ["path", "type", "inputs", "macs", "macs_share", "share", "params"] if chosen else None
    text = show(globals()[build](), width=width, columns=columns)
    assert max(map(width_of, text.splitlines())) <= width


def nested():
    return summary([dense("/".join(["deep"] * 60 + ["dense"]), 10, 10), dense("a" * 300, 10, 10)])


def test_names_give_way_before_types_and_the_size_of_a_block_is_never_cut():
    model = summary([*block("encoder_with_a_long_name/0"), layer("b" * 30, "GlobalAveragePooling2D", (None, 4))])
    lines = show(model, width=52, columns=["name", "type", "params"], depth=1).splitlines()
    assert any("3 layers" in line for line in lines)
    assert any("GlobalAveragePooling2D" in line for line in lines)
    assert any("…" in line for line in lines)


@pytest.mark.parametrize(("sort", "share"), [("macs", "100.0%"), ("flops", "100.0%")])
def test_a_share_is_of_what_the_rows_are_sorted_by(sort, share):
    from paramcalc.render.layout import sorted_columns

    model = summary([dense("a", 100, 10), layer("b", "Dense", (None, 4), [weight("kernel", (5000, 1))])])
    text = show(model, sort=sort, columns=sorted_columns(model, sort))
    assert share in next(line for line in text.splitlines() if line.startswith("a "))
    assert "MACs share" in text


def test_the_hint_for_depth_is_for_more_than_is_shown():
    """Flat names that are nested by what they share are one level otherwise: a smaller number would read as less."""
    layers = [dense(f"stage_block{index}_{part}", 8 + index, 8 + index) for index in range(50) for part in "abc"]
    folded = tree_rows(summary(layers))
    shown = max(len(row.lasts) for row in folded.rows)
    assert folded.full_depth > shown
    assert len(tree_rows(summary(layers), folded.full_depth).rows) > len(folded.rows)


@pytest.mark.parametrize("column", ["params", "trainable", "macs", "weights", "bias"])
def test_the_top_rows_add_up_to_the_total(column):
    rows = [row for row in tree_rows(transformer()).rows if len(row.lasts) == 1]
    totals = transformer().totals
    known = {"params": totals.params, "trainable": totals.trainable_params, "macs": totals.macs}
    known |= {"weights": totals.weight_params, "bias": totals.bias_params}
    assert sum(row.value(column) for row in rows) == known[column]


def test_a_96_block_transformer_fits_a_screen():
    assert len(show(transformer(96)).splitlines()) <= SCREEN
    assert "×96" in show(transformer(96))


def test_blocks_that_differ_are_not_folded():
    layers = [*block("decoder/0"), *block("decoder/1"), *block("decoder/2", 32)]
    assert "×2" in show(summary(layers))
    assert "×3" not in show(summary(layers))


def test_a_flat_repeat_with_automatic_names_folds_into_its_sequence():
    layers = [dense("stem", 10, 8)]
    for index in range(30):
        layers += [dense(f"dense_{2 * index}", 8, 32), dense(f"dense_{2 * index + 1}", 32, 8)]
    text = show(summary(layers))
    assert "dense_0 … 59 ×30" in text
    assert format_int(30 * (8 * 32 + 32 + 32 * 8 + 8)) in text


def test_flat_names_fold_by_the_words_they_share():
    layers = []
    for block_ in range(20):
        size = 8 + block_
        layers += [dense(f"stage_block{block_}_{part}", size, size) for part in "abc"]
    names = [row.label for row in tree_rows(summary(layers)).rows]
    assert "stage_block7" in names


def test_depth_folds_with_sums():
    rows = tree_rows(transformer(), depth=1).rows
    assert [row.label for row in rows] == ["input", "embed", "decoder/0 … 95", "head"]
    assert rows[2].value("params") == 96 * (64 * 64 + 64 + 64 * 256 + 256 + 256 * 64 + 64)


def test_sorting_shows_single_layers_under_their_paths():
    rows = sorted_rows(transformer(), "params", top=3).rows
    assert [row.label for row in rows] == ["head", "decoder/0/up", "decoder/1/up"]


def test_an_unknown_layer_is_a_question_mark_not_a_zero():
    row = next(line for line in show(marked()).splitlines() if line.startswith("odd"))
    assert row.split() == ["odd", "?", "Lambda", "?", "?", "?"]


@pytest.mark.parametrize("name", ["[/x]", ":skull:", "\x1b[2J", "层" * 40, "a" * 256, "| --- |", "\u202e"])
def test_no_name_breaks_the_table(name):
    lines = show(summary([dense(name, 10, 10), dense("b", 10, 10)]), width=80).splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(map(width_of, lines)) <= 80


def test_a_layer_that_reads_thousands_does_not_widen_every_line():
    names = [f"input_{n}" for n in range(5_000)]
    wide = layer("add", "Add", (None, 4), inputs=names, shapes=[(None, 4)] * 5_000)
    text = show(summary([dense("a", 4, 4), wide]), columns=["path", "inputs", "input_shape"])
    assert max(map(len, text.splitlines())) < 1_000
    assert "input_0, input_1, " in text
    assert "(None, 4)] and 4,984 more" in text


def test_more_inputs_than_fit_a_screen_are_counted():
    model = summary([dense("a", 4, 4)])
    model.inputs = model.inputs * 1_000
    lines = show(model).splitlines()
    assert len(lines) < SCREEN + 15
    assert any(line.startswith("and 960 more inputs") for line in lines)
