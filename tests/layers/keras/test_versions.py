"""The history of Keras: what the readers of old files look up."""

from paramcalc.layers.keras.names import FAMILIES
from paramcalc.layers.keras.versions import DROPPED, VERSIONS, is_gone, is_later, later_names, renames, today
from paramcalc.layers.registry import Registry
from tests.each import each
from tests.layers.keras.test_keras_facts import CASES

CLASSES = {name for classes in FAMILIES.values() for name in classes}
UNFROZEN = {*FAMILIES["applications"], *FAMILIES["recurrent_cells"], "Wrapper"}
"""Classes of Keras 3 of which nothing is frozen: they never stand alone in a model."""


def test_a_class_is_gone_if_keras_3_does_not_have_it():
    """The facts of layers are frozen from Keras 3."""
    assert {name for name in CLASSES if is_gone(name)} == CLASSES - CASES.keys() - UNFROZEN


def test_what_an_old_class_is_today_is_a_class_of_today():
    names = [name for version in VERSIONS.values() for name in version.last_classes if today(name) != name]
    assert {today(name) for name in names} - CLASSES == {"DenseFeatures"}  # which nobody can compute from its file
    assert not any(is_gone(today(name)) for name in names)


def test_a_class_that_came_later_is_one_there_is():
    assert later_names() <= CLASSES
    assert is_later("LayerNormalization")
    assert not is_later("Identity")


@each("name", sorted({name for version in VERSIONS.values() for name in version.renamed_in}))
def test_a_field_of_one_class_is_renamed_to_one_it_has(name):
    fields = Registry().get(name).__struct_fields__
    for version in VERSIONS.values():
        assert {new for new in version.renamed_in.get(name, {}).values() if new not in fields} <= DROPPED


def test_what_holds_for_one_class_comes_before_what_holds_for_all():
    assert renames("Embedding")["init"] == "embeddings_initializer"
    assert renames("Dense")["init"] == "kernel_initializer"
    assert "output_dim" not in renames("Embedding")
