"""All of keras.applications and random models, against what real Keras said of them (frozen by tests.oracle)."""

import pytest

from tests.oracle.compare import compare
from tests.oracle.live import frozen_cases, summary_of

EXTRA_STEP = "JAX shows one more step of stacked cells, whose result is not used; MACs here are time steps × kernels"
CANNOT_RUN = "Keras builds it, but no input can run through it"
STALE_BUILD = "an edited file: its build_config contradicts its graph; Keras builds by the one and calls by the other"
OWN_MASK = "Keras makes operations on masks as it loads the file; the file has none"
EDITED = "an edited file, in which Keras is stricter or laxer about a value that no shape or count depends on"
LAYOUT = "MACs of a channels_first convolution that the oracle counts on another layout"

MEANT = {
    **dict.fromkeys((21, 54, 64, 100, 121, 151, 154, 196, 213), EXTRA_STEP),
    **dict.fromkeys((88, 288, 292), CANNOT_RUN),
    **dict.fromkeys((95, 161, 188), STALE_BUILD),
    **dict.fromkeys((101, 157, 234), OWN_MASK),
    **dict.fromkeys((110, 170, 257), EDITED),
    **dict.fromkeys((106, 200), LAYOUT),
}
"""The random models on which paramcalc and Keras disagree, with the reason; every other one must be equal."""


@pytest.fixture(scope="module")
def differences():
    """Seed (or file name) → disagreements, for every frozen model."""
    return {case["seed"]: compare(case, summary_of(case["config"])) for case in frozen_cases()}


def test_all_of_keras_applications_are_exact(differences):
    """Every layer's name, output shape, counts and MACs, and the totals, of all 40."""
    applications = {name: found for name, found in differences.items() if isinstance(name, str)}
    assert len(applications) == 40
    assert {name: found[:3] for name, found in applications.items() if found} == {}


def test_random_models_are_exact_but_for_what_is_meant(differences):
    """Sequential, functional, nested, shared, broken: what Keras builds is equal, what it refuses is refused."""
    random = {seed: found for seed, found in differences.items() if isinstance(seed, int)}
    assert len(random) == 300
    unexpected = {seed: found[:2] for seed, found in random.items() if found and seed not in MEANT}
    assert unexpected == {}


def test_what_is_meant_to_differ_still_does(differences):
    """So that the list of reasons cannot hide a difference that is gone."""
    assert [seed for seed in MEANT if not differences[seed]] == []


def test_nothing_crashes(differences):
    """A refusal is a ParamcalcError, whatever the file."""
    assert [seed for seed, found in differences.items() if any("CRASH" in detail for _, detail in found)] == []
