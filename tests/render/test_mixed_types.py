"""A quantised checkpoint past a screen: blocks that differ in their dtypes alone are one."""

from paramcalc import load, summarize
from paramcalc.render.rows import tree_rows
from tests.formats.gguf_files import file_of


def rows_of(tensors, depth=None):
    summary = summarize(load(file_of(tensors, {"general.architecture": "llama"})))
    return {row.label: row for row in tree_rows(summary, depth).rows}


def blocks(count, finer):
    """Blocks of which some have a finer type in one of their weights."""
    found = {"token_embd.weight": ([512, 256], "Q4_K")}
    for number in range(count):
        found[f"blk.{number}.attn_v.weight"] = ([64, 256], "Q6_K" if number in finer else "Q4_K")
        found |= {f"blk.{number}.{name}.weight": ([256, 256], "Q4_K") for name in ("attn_q", "attn_k", "ffn_up")}
        found[f"blk.{number}.attn_norm.weight"] = [256]
    return found


FINER = {0, 1, 4, 7, 10, 13, 16, 19, 22, 23}


def test_blocks_of_other_types_are_one_row_that_names_all_of_them():
    rows = rows_of(blocks(24, FINER))
    assert list(rows) == ["token_embd", "blk/0 … 23", "attn_v", "attn_q", "attn_k", "ffn_up", "attn_norm"]
    assert rows["blk/0 … 23"].repeats == 24
    assert (rows["attn_v"].value("dtype"), rows["attn_q"].value("dtype")) == ("Q6_K, Q4_K", "Q4_K")
    assert rows["attn_v"].value("params") == 64 * 256


def test_a_depth_that_is_named_keeps_them_apart():
    assert "4" in rows_of(blocks(24, FINER), depth=3)


def test_what_fits_a_screen_keeps_them_apart():
    assert list(rows_of(blocks(3, {0})))[:2] == ["token_embd", "blk"]


def test_blocks_of_other_shapes_stay_apart():
    tensors = blocks(24, FINER) | {"blk.5.attn_q.weight": ([512, 256], "Q4_K")}
    assert "5" in " ".join(rows_of(tensors))
    assert "blk/0 … 23" not in rows_of(tensors)


def test_sequences_of_blocks_name_all_types_of_each():
    tensors = {}
    for number in range(24):
        kind = "Q6_K" if number in FINER else "Q4_K"
        tensors |= {f"blk.{number}.{name}.weight": ([64, 256], kind) for name in ("q", "v")}
        if number % 3 == 2:
            tensors[f"blk.{number}.v.weight"] = ([256, 256], "Q4_K")
    rows = rows_of(tensors)
    assert rows["0 … 1"].value("dtype") == "Q6_K, Q4_K"
    assert rows["0 … 23"].repeats == 8


def test_of_many_dtypes_the_largest_are_named():
    kinds = ("Q8_0", "Q6_K", "Q4_K", "Q2_K", "F32")
    rows = rows_of({f"blk.{number}.weight": ([8, 256], kind) for number, kind in enumerate(kinds)})
    assert rows["blk"].value("dtype") == "float32, Q8_0, Q6_K +2"
