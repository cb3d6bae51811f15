"""Exported programs agree with PyTorch: parameters by name, what is trained, what is tied, buffers, and MACs."""

import math

import paramcalc
from paramcalc.analysis.summarize import summarize
from tests.each import each
from tests.formats.torch_export.programs import VERSIONS, archive_of, programs

CASES = [(version, name) for version in VERSIONS for name in programs(version)]
RENAMED = [("2.5", "tied"), ("2.7", "tied")]
"""Tied parameters have one name in these."""


def read(version, name, **options):
    return summarize(paramcalc.load(archive_of(name, version)), **options)


def weights(summary):
    """{key of the state_dict: weight}"""
    found = {}
    for row in summary.layers:
        for weight in row.weights:
            key = ".".join(filter(None, (row.path.replace("/", "."), weight.name)))
            assert key not in found
            found[key] = weight
    return found


def known(version, name):
    """Facts of the parameters and buffers that the file names: without a table of weights, not of all."""
    case = programs(version)[name]
    text = "".join(filter(lambda entry: isinstance(entry, str), case["entries"].values()))
    if "serialized_state_dict.pt" in case["entries"]:
        return [case["parameters"], case["buffers"]]
    return [{key: fact for key, fact in case[kind].items() if f'"{key}"' in text} for kind in ("parameters", "buffers")]


@each("version, name", [case for case in CASES if case not in RENAMED])
def test_parameters_and_buffers_are_those_of_the_module(version, name):
    (parameters, buffers), tied, held = (
        known(version, name),
        programs(version)[name]["tied"],
        weights(read(version, name)),
    )
    mine = {key: [list(w.shape), w.dtype, w.trainable] for key, w in held.items() if w.kind != "buffer"}
    assert mine == parameters | {key: parameters[of] for key, of in tied.items()}
    assert {key for key, w in held.items() if w.tied_to} == set(tied)
    assert {k: [list(w.shape), w.dtype, w.bytes > 0] for k, w in held.items() if w.kind == "buffer"} == buffers


@each("version, name", CASES)
def test_totals_and_macs_are_what_pytorch_counts(version, name):
    case, (parameters, buffers) = programs(version)[name], known(version, name)
    totals = read(version, name, batch_size=2 if name == "dynamic_batch" else None).totals
    sizes = {key: (math.prod(shape), trainable) for key, (shape, _, trainable) in parameters.items()}
    if (version, name) in RENAMED:
        sizes["head.weight"] = (120, True)
    assert totals.params == sum(size for size, _ in sizes.values())
    assert totals.trainable_params == sum(size for size, trainable in sizes.values() if trainable)
    assert totals.buffers == sum(math.prod(shape) for shape, _, saved in buffers.values() if saved)
    assert totals.macs == (None if case["flops"] is None else case["flops"] / 2)
