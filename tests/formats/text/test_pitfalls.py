"""The usual mistakes in YAML, each with the message that says what to write instead."""

import pytest

from paramcalc import InputError, load
from tests.each import each

HEAD = "vars: {a: [1, 2]}\ninput: [4]\nlayers:\n"
MISTAKES = {
    "a bare name with keys below it": (
        "  - Dense: 3\n  - Concatenate\n    inputs: [a, b]\n",
        ["5:5: 'Concatenate' has 'inputs:' below it, so it needs a colon; write 'Concatenate:'"],
    ),
    "an expression with an index inside braces": (
        "  - {Dense: {units: $(a[0]), activation: relu}}\n",
        ['4:21: inside { } and [ ] a value with brackets or commas needs quotes; write "$(a[0])"'],
    ),
    "a variable with an index inside braces": (
        "  - {Dense: $a[0]}\n",
        ['4:13: inside { } and [ ] a value with brackets or commas needs quotes; write "$a[0]"'],
    ),
    "an expression with a comma inside braces": (
        "  - {Dense: $(max(3, 4))}\n",
        ["4:22: unknown key '4))': a comma inside { } ends a value; write Dense's value in quotes"],
    ),
    "an output with an index inside braces": (
        "  - {Dense: 3, inputs: encoder[1]}\n",
        ['4:24: inside { } and [ ] a value with brackets or commas needs quotes; write "encoder[1]"'],
    ),
    "a tab": ("\t- Dense: 3\n", ["4:1: a tab cannot indent YAML: use spaces"]),
    "no space after the dash": (
        "  -Dense: 3\n",
        ["3:1: layers are a list, got {'-Dense': 3}; write '- Dense', with a space after the dash"],
    ),
    "no dash": (
        "  Dense: 3\n",
        ["3:1: layers are a list, got {'Dense': 3}; write '- ' before each layer: '- Dense: …'"],
    ),
    "no space after the colon": ("  - Dense:3\n", ["4:5: there is no layer type 'Dense:3'; write 'Dense: 3'"]),
    "no space after the colon inside braces": (
        "  - {Dense:3}\n",
        ["4:6: there is no layer type 'Dense:3'; write 'Dense: 3'"],
    ),
    "a call as in Python": ("  - Dense(3)\n", ["4:5: there is no layer type 'Dense(3)'; write 'Dense: 3'"]),
    "braces without a colon": (
        "  - Dense {units: 3}\n",
        ["4:5: there is no layer type 'Dense {units'; write 'Dense: {units: …}'"],
    ),
    "two keys on a line without braces": (
        "  - Dense: 3, name: a\n",
        ["4:19: several keys on one line need braces; write '- {Dense: 3, name: a}'"],
    ),
    "a key one column off": (
        "  - Dense: 3\n   name: a\n",
        ["5:4: 'name' is indented by 3, 'Dense' above it by 4; write both in one column"],
    ),
    "a tuple as in Python inside braces": (
        "  - {Conv2D: {filters: 3, kernel_size: (3, 5), padding: same}}\n",
        ["4:40: kernel_size: a list stands in [ ]; write kernel_size: [3, 5]"],
    ),
    "a tuple as in Python on a line of its own": (
        "  - Reshape: [2, 2, 1]\n  - Conv2D:\n      filters: 3\n      kernel_size: (1, 2)\n",
        ["7:20: layer Conv2D: kernel_size: expected an integer or a list, got '(1, 2)'; write [1, 2]"],
    ),
    "a repeat without its dollar": (
        "  - repeat: a\n    layers: [Dense: 3]\n",
        ["4:13: repeat: expected a number of times, got 'a'; write $a"],
    ),
    "a quote that is not closed": (
        '  - Dense: {units: 3, activation: "relu}\n  - Dense: 3\n',
        ["4:35: this quote is not closed"],
    ),
    "a brace that is not closed": (
        "  - Dense: {units: 3\n  - Dense: 4\n",
        ["4:12: this '{' is not closed; write the '}' that belongs to it"],
    ),
    "fields that do not stand below their layer": (
        "  - Dense:\n    units: 3\n",
        ["5:5: unknown key 'units'; write it two columns further in, so that it is a field of 'Dense:'"],
    ),
    "a misspelled field is not missing as well": (
        "  - Dense: {unit: 3}\n",
        ["4:13: layer Dense: unknown field 'unit'; did you mean 'units'?"],
    ),
}


@each("mistake", MISTAKES)
def test_each_mistake_has_one_message_that_says_what_to_write(mistake):
    text, messages = MISTAKES[mistake]
    with pytest.raises(InputError) as caught:
        load((HEAD + text).encode(), name="f")
    assert caught.value.lines() == [f"f:{message}" for message in messages]


def test_a_missing_space_is_found_on_the_line_above_the_error():
    with pytest.raises(InputError, match=r"f:1:1: a space is missing after the ':'; write 'input: \[4\]'"):
        load(b"input:[4]\nlayers:\n  - Dense: 3\n", name="f")
