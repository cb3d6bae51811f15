"""Files of Keras 1, Keras 2 and TensorFlow.js against what their own loaders said of them (frozen by tests.oracle).

Random models of Keras 1.2.2, Keras 2.3.1, tf.keras of TensorFlow 2.3 and 2.9, tf_keras 2.21 and TensorFlow.js 4.22,
and one small model for every operation of TensorFlow that Keras 2 graphs may hold, of an old and the newest tf.keras.
"""

import ast
import gzip
import json
import re

import pytest

from tests.formats.text.other_loaders import MEANT
from tests.oracle.compare import compare
from tests.oracle.freeze_others import OTHERS
from tests.oracle.live import summary_of


@pytest.fixture(scope="module")
def differences():
    """Case → disagreements: counts, output shapes, inputs and outputs of every layer."""
    cases = [json.loads(line) for line in gzip.decompress(OTHERS.read_bytes()).splitlines()]
    found = {case["seed"]: compare(case, summary_of(case["config"])) for case in cases}
    return {name: [each for each in all_ if not knows_more(*each)] for name, all_ in found.items()}


def knows_more(cause, detail):
    """Whether the shapes are equal but for sizes that only one side knows, and rightly.

    Those that paramcalc computes where the loader gave up, and a fixed batch that TensorFlow 2.3 to 2.9 took over from
    a model within.
    """
    shapes = re.search(r"Keras (\[.*\]), paramcalc (\[.*\])$", detail)
    if not shapes or not re.match("shapes|model (in|out)puts", cause):
        return False
    return covers(*map(ast.literal_eval, shapes.groups()))


def covers(theirs, ours):
    if not isinstance(theirs, list) or not isinstance(ours, list):
        return theirs is None or theirs == ours
    if len(theirs) != len(ours):
        return False
    pairs = list(zip(theirs, ours, strict=True))
    is_shape = not any(isinstance(item, list) for item in theirs)
    start = 1 if is_shape and pairs and isinstance(pairs[0][0], int) and pairs[0][1] is None else 0
    return all(covers(a, b) for a, b in pairs[start:])


def reason(name, found):
    """Which of the reasons to differ holds of a case; None when there is none."""
    for words, pattern in MEANT.items():
        if all(re.search(pattern, f"{name}: {cause}: {detail}", re.DOTALL) for cause, detail in found):
            return words
    return None


def test_other_loaders_agree_but_for_what_is_meant(differences):
    """What they count is equal; what they refuse is refused."""
    assert len(differences) > 1500
    unexpected = {name: found[:2] for name, found in differences.items() if found and reason(name, found) is None}
    assert unexpected == {}


def test_every_reason_to_differ_is_needed(differences):
    """So that no reason outlives its cases."""
    needed = {reason(name, found) for name, found in differences.items() if found}
    assert set(MEANT) - needed == set()


def test_nothing_crashes(differences):
    assert [name for name, found in differences.items() if any("CRASH" in detail for _, detail in found)] == []
