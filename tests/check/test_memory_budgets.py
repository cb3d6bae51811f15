"""Budgets of what a model takes at a context and a batch."""

import json

import pytest
from click.testing import CliRunner

from paramcalc import load, summarize
from paramcalc.budget import BudgetError, parse_budget
from paramcalc.check.gate import check_file
from paramcalc.cli import cli
from paramcalc.layers.optimizers import optimizers_of
from paramcalc.layers.registry import FRAMEWORKS
from paramcalc.metrics import OPTIMIZERS
from tests.small_models import LLAMA

CACHE = 4 * 2 * 2 * 16 * 4
"""Bytes of a token in float32: 4 layers of keys and values, 2 heads of 16."""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    return path


def judged(path, budget, **asked):
    report = check_file(str(path), [parse_budget(budget)], **asked)
    return [(finding.status, finding.actual) for finding in report.findings]


def memory(path, **options):
    return summarize(load(path), memory=True, **options).memory


def test_a_cache_at_a_context_and_a_batch(config):
    budget = {"kv_cache": "1 MiB", "context": 100, "batch_size": 3}
    assert judged(config, budget) == [("passed", 300 * CACHE)]
    assert judged(config, budget | {"dtype": "bfloat16"}) == [("passed", 150 * CACHE)]
    assert judged(config, budget | {"context": 2000}) == [("failed", 6000 * CACHE)]


def test_peaks_are_those_of_summary(config):
    budget = {"inference_memory": "1 GiB", "training_memory": "1 GiB", "context": 64, "dtype": "bfloat16"}
    found = memory(config, context=64, dtype="bfloat16", optimizer="adamw")
    assert judged(config, budget) == [("passed", found.inference_bytes), ("passed", found.training.peak_bytes)]
    lion = memory(config, context=64, dtype="bfloat16", optimizer="lion").training.peak_bytes
    assert judged(config, {"training_memory": "1 GiB", "context": 64, "dtype": "bfloat16", "optimizer": "lion"}) == [
        ("passed", lion)
    ]


def test_products_are_judged_at_the_same_context(config):
    macs = summarize(load(config), context=10).totals.macs
    assert judged(config, {"macs": "1G", "context": 10}) == [("passed", macs)]
    assert judged(config, {"macs": "1T"}) == [("broken", None)]


def test_budgets_for_several_contexts_are_all_kept(config):
    several = [parse_budget({"kv_cache": "1 MiB", "context": context}) for context in (10, 2000)]
    report = check_file(str(config), several)
    assert [finding.actual for finding in report.findings] == [10 * CACHE, 2000 * CACHE]
    assert report.status == "failed"


def test_without_a_context_a_cache_cannot_be_judged(config):
    report = check_file(str(config), [parse_budget({"kv_cache": "1 MiB"})])
    assert report.status == "broken"
    assert "KV cache cannot be computed" in report.findings[0].message
    assert "`context` in the budget gives it" in report.findings[0].message


def test_a_spec_may_hold_itself_to_it(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(
        "{framework: torch, inputs: {ids: {shape: [null], dtype: int64}}, layers: [{Embedding: [10, 8]}, "
        "{Attention: 2, inputs: [embedding, embedding, embedding]}], budget: {kv_cache: 1 KiB, context: 16}}"
    )
    report = check_file(str(path), [])
    assert [(finding.status, finding.actual) for finding in report.findings] == [("passed", 16 * 2 * 8 * 4)]


def run(path, *options):
    return CliRunner().invoke(cli, ["check", str(path), *options], standalone_mode=False)


def test_the_flags(config):
    flags = ("--max-kv-cache", "100 KiB", "--context", "100", "--batch-size", "1")
    assert run(config, *flags).return_value == 0
    over = run(config, *flags, "--max-inference-memory", "1 MiB", "--max-training-memory", "1 MiB")
    assert over.return_value == 1
    assert "inference memory: " in over.output
    assert "training memory: " in over.output


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"context": 0}, "budget: context: expected a whole number from 1 up, got 0"),
        ({"batch_size": "4"}, "budget: batch_size: expected a whole number"),
        ({"optimizer": "adamm"}, "budget: unknown optimizer 'adamm'; did you mean 'adam'"),
        ({"kv_cache": 5}, "unit"),
        ({"layers": {"a": {"kv_cache": "1 MB"}}}, "unknown key 'kv_cache'"),
    ],
)
def test_what_makes_no_sense_is_refused(budget, message):
    with pytest.raises(BudgetError, match=message):
        parse_budget(budget)


def test_the_optimizers_are_those_that_some_framework_has():
    assert set(OPTIMIZERS) == {name for framework in FRAMEWORKS for name in optimizers_of(framework)}
