"""What the rules make of names, and of shapes."""

import pytest

from paramcalc.formats.naming import ShapeError, combined, rule

PAIRED = rule(
    [r"layers\.([0-9]*[02468])\.mixer", r"layers\.([0-9]*[13579])\.mixer"],
    [r"layers.\1.self_attn", r"layers.\1.mlp"],
    [["each"], ["halve"]],
    None,
)
SHIFTED = rule([r"queries\.([0-9]+)"], [r"layers.\1.query"], [["plus", 1]], None)


@pytest.mark.parametrize(
    ("each", "name", "renamed"),
    [
        (PAIRED, "model.layers.12.mixer.weight", "model.layers.6.self_attn.weight"),
        (PAIRED, "model.layers.13.mixer.weight", "model.layers.6.mlp.weight"),
        (SHIFTED, "queries.9", "layers.10.query"),
    ],
)
def test_a_rule_may_number_the_blocks_otherwise(each, name, renamed):
    assert each.renames
    assert each.rename(name)[0] == renamed


@pytest.mark.parametrize(
    ("shapes", "operations", "made"),
    [
        ([[(4, 6)]], [["transpose", 0, 1]], (6, 4)),
        ([[(4, 6)], [(4, 2)]], [["join", 1]], (4, 8)),
        ([[(4, 6), (4, 6), (4, 6)]], [["stack", 0]], (3, 4, 6)),
        ([[(3, 5, 2)], [(3, 4, 5)]], [["turn_one", 0, 1, 2], ["join", 1], ["merge", 0]], (18, 5)),
        ([[(4, 6)]], [["insert", 3, 1]], (4, 1, 6)),
        ([[(4, 1, 6)]], [["insert", 3, 1]], (4, 1, 6)),
        ([[(7,)]], [["merge", 0]], (7,)),
        ([[(8, 3)]], [["fold", 0, 4]], (2, 4, 3)),
    ],
)
def test_operations_make_the_shape_of_a_weight(shapes, operations, made):
    assert combined(shapes, operations, 1) == made


@pytest.mark.parametrize(
    ("shapes", "operations"),
    [
        ([[(9, 3)]], [["fold", 0, 4]]),
        ([[(3, 4, 5)]], [["turn_one", 1, 1, 2], ["transpose", 2, 3]]),
        ([[(3,)], [(4,)]], []),
    ],
)
def test_tensors_that_do_not_fit_make_no_weight(shapes, operations):
    with pytest.raises(ShapeError):
        combined(shapes, operations, 1)
