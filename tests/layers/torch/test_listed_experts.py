"""Experts that are modules of their own: one layer here, as long as an expert is not asked for by its name."""

import pytest

from paramcalc import InputError, load, summarize

EXPERTS = "{ListedExperts: {num_experts: %d, per_token: %d, intermediate_size: 9, bias: true}}"
OF_ONE = 64 * 9 + 9 + 9 * 64 + 64


@pytest.mark.parametrize(("experts", "per_token", "used"), [(4, 1, 1), (4, 2, 2), (2, 3, 2)])
def test_as_many_experts_are_active_and_multiplied_as_a_token_uses(experts, per_token, used):
    spec = f"{{framework: torch, input: [8, 64], layers: [{EXPERTS % (experts, per_token)}]}}"
    (row,) = summarize(load(spec.encode()), batch_size=1).layers
    assert (row.params, row.active_params) == (experts * OF_ONE, used * OF_ONE)
    assert (row.macs, row.output_shape) == (8 * used * 2 * 64 * 9, (1, 8, 64))
    assert [weight.name for weight in row.weights][4:8] == [
        f"expert_1.{name}" for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")
    ]


def test_experts_count_as_layers_where_a_model_is_too_large():
    spec = f"{{framework: torch, input: [8, 64], layers: [{{repeat: 1000, each: {EXPERTS % (4000, 1)}}}]}}"
    with pytest.raises(InputError, match="more work than 100,000 layers"):
        load(spec.encode())
