"""Layers of sequences that are no modules of torch."""

import pytest

from paramcalc import InputError, load, summarize


def shapes(layers):
    spec = f"{{framework: torch, input: [196, 64], layers: [{{Parameter: [64], name: cls}}, {layers}]}}"
    return [row.output_shape for row in summarize(load(spec.encode())).layers]


@pytest.mark.parametrize(
    ("more", "inputs", "tokens"),
    [("Parameter: [64]", "cls, b", 198), ("Parameter: [1, 64]", "b", 197), ("Parameter: [1, 4, 64]", "cls, b", 201)],
)
def test_prepend_adds_as_many_tokens_as_there_are_vectors(more, inputs, tokens):
    found = shapes(f"{{{more}, name: b}}, {{Prepend: {{}}, inputs: [input, {inputs}]}}")
    assert found[-1] == (None, tokens, 64)


def test_prepend_refuses_vectors_of_another_size():
    with pytest.raises(InputError, match="cannot join"):
        shapes("{Parameter: [32], name: b}, {Prepend: {}, inputs: [input, b]}")
    with pytest.raises(InputError, match="expects a sequence"):
        shapes("{Prepend: {}, inputs: [cls, cls]}")
