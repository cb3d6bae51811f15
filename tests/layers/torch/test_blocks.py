"""Long texts in blocks: what is multiplied, with the places of the last block that are empty."""

import pytest

from paramcalc import InputError, load, summarize


def row(layer, tokens, beside=""):
    inputs = f"{{x: [{tokens}, 32]{beside}}}"
    return summarize(load(f"{{framework: torch, inputs: {inputs}, layers: [{layer}]}}".encode()), batch_size=1).layers[
        -1
    ]


@pytest.mark.parametrize(("tokens", "filled"), [(16, 16), (18, 20), (3, 4)])
def test_blocks_attend_to_their_neighbours_and_the_last_is_filled(tokens, filled):
    """4 heads of 8; each of the queries is multiplied with 3 × 4 keys, and 12 weights with the values."""
    found = row("{BlockAttention: {heads: 4, block: 4}, inputs: [x, x, x]}", tokens)
    assert (found.macs, found.output_shape) == (2 * 4 * filled * 12 * 8, (1, tokens, 32))
    alone = row("{BlockAttention: {heads: 4, block: 4, around: 0}, inputs: [x, x, x]}", tokens)
    assert alone.macs == 2 * 4 * filled * 4 * 8


def test_all_blocks_attend_to_what_stands_beside():
    found = row("{BlockAttention: {heads: 4, block: 4}, inputs: [x, x, x, y, y]}", 16, ", y: [5, 32]")
    assert found.macs == 2 * 4 * 16 * (12 + 5) * 8


def test_a_sum_of_each_block_is_a_product_with_every_token():
    found = row("{BlockSums: 4, inputs: x}", 18)
    assert (found.macs, found.output_shape) == (18 * 4 * 32, (1, 4, 32))
    assert row("{BlockSums: 32, inputs: x}", 18).output_shape == (1, None, 32)


def test_what_is_filled_up_is_cut_off_again():
    filled = "{FillBlocks: {block: 8, sides: 3}, name: filled, inputs: x}"
    assert row(filled, 18).output_shape == (1, 24 + 6, 32)
    assert row(f"{filled}, {{CutTokens: {{}}, inputs: [filled, x]}}", 18).output_shape == (1, 18, 32)
    with pytest.raises(InputError, match="of 18 tokens, 19 cannot be kept"):
        row("{CutTokens: {}, inputs: [x, y]}", 18, ", y: [19, 32]")


def test_heads_of_another_size_are_refused():
    with pytest.raises(InputError, match="a query head has 8 features and a key head 4"):
        row("{BlockAttention: {heads: 4, block: 4}, inputs: [x, y, y]}", 18, ", y: [18, 16]")
