"""A spec that `convert` writes holds nothing that a CI log obeys, and means the same."""

import pytest

import paramcalc
from paramcalc.formats.convert import convert
from paramcalc.formats.native.writing.yaml_text import flow
from paramcalc.formats.text.document import parse

COMMANDS = ("##vso[task.setvariable variable=PATH]/tmp/x", "##[error]x", "::error::x", "a##b", "###", ":::", "#", ":")


@pytest.mark.parametrize("text", COMMANDS)
def test_a_text_is_broken_up_and_read_back(text):
    written = flow({text: [text, {"k": text}]})
    assert "##" not in written
    assert "::" not in written
    assert parse(f"a: {written}".encode(), "m").value == {"a": {text: [text, {"k": text}]}}


@pytest.mark.parametrize("text", COMMANDS)
def test_an_initializer_is_named_harmlessly(text):
    spec = "input: [4]\nlayers: [{Dense: {units: 3, kernel_initializer: '" + text + "'}}]\n"
    written = convert(paramcalc.load(spec.encode()), "spec")
    assert "##" not in written
    assert "::" not in written
