"""Name → layer class, in one registry for every framework."""

import pytest

from paramcalc.layers.custom import Custom
from paramcalc.layers.keras.core import Dense
from paramcalc.layers.keras.pooling import MaxPooling2D
from paramcalc.layers.operations.operation import Operation
from paramcalc.layers.registry import (
    COMMON,
    FRAMEWORKS,
    Registry,
    UnknownTypeError,
    framework_of,
    snake_case,
    type_name,
)
from paramcalc.layers.torch.linear import Linear
from tests.each import each


@each(
    "framework, name, found",
    [
        ("keras", "Dense", Dense),
        ("keras", "dense", Dense),
        ("keras", "keras.Dense", Dense),
        ("keras", "MaxPool2D", MaxPooling2D),
        ("keras", "max_pool2d", MaxPooling2D),
        ("keras", "keras.MaxPool2D", MaxPooling2D),
        ("keras", "torch.Linear", Linear),
        ("keras", "torch.linear", Linear),
        ("torch", "Linear", Linear),
        ("torch", "keras.Dense", Dense),
        ("torch", "Operation", Operation),
        ("keras", "Custom", Custom),
    ],
)
def test_a_name_finds_its_class(framework, name, found):
    """As it is written, in snake_case, by an alias, or qualified by its framework."""
    assert Registry(framework).get(name) is found


@pytest.mark.parametrize(
    ("framework", "name", "advice"),
    [
        ("keras", "Dens", "did you mean 'Dense'?"),
        ("keras", "Linear", "did you mean 'Dense'?; torch has it"),
        ("torch", "Dense", "keras has it: keras.Dense, or framework: keras"),
        ("keras", "torch.Lineaar", "did you mean 'Linear'?"),
        ("keras", "flax.Dense", "there is no layer type 'flax.Dense'"),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_advice(framework, name, advice):
    """The nearest name, and the framework that has it."""
    with pytest.raises(UnknownTypeError) as error:
        Registry(framework).get(name)
    for part in advice.split("?; "):
        assert part.removesuffix("?") in str(error.value)


def test_advice_is_only_looked_for_when_it_is_shown(monkeypatch):
    """The look-up compares with every name, and a reader may try several."""
    monkeypatch.setattr(Registry, "advice", lambda self, name: pytest.fail("looked for"))
    with pytest.raises(UnknownTypeError):
        Registry().get("Dens")


def test_a_file_of_a_framework_means_exactly_its_classes():
    """No snake_case, and none that only specs have."""
    registry = Registry()
    assert registry.framework_class("MaxPool2D") is MaxPooling2D
    for name in ("dense", "Custom", "Operation", "torch.Linear"):
        with pytest.raises(UnknownTypeError):
            registry.framework_class(name)


def test_classes_may_be_left_out():
    """A file from before they existed means somebody's own by that name."""
    registry = Registry(without=("Dense",))
    with pytest.raises(UnknownTypeError):
        registry.get("Dense")
    assert registry.get("Conv2D")
    assert "Dense" not in registry.built_in()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_name_of_a_framework_is_a_class_of_its_own_package(framework):
    """The tables are complete, and name nothing twice."""
    registry = Registry(framework)
    names = registry.built_in()
    assert len(names) == len(set(names))
    for name in names:
        cls = registry.get(name)
        assert cls.__name__ == name
        assert framework_of(cls) == (None if name in COMMON else framework)
        assert registry.family(name) in {*registry.families, *[family for family, _ in COMMON.values()]}
        assert registry.canonical(snake_case(name)) == name or snake_case(name) in map(snake_case, registry.aliases)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_alias_stands_for_a_class_that_there_is(framework):
    """And is no class itself."""
    registry = Registry(framework)
    assert set(registry.aliases.values()) <= set(registry.built_in())
    assert not set(registry.aliases) & set(registry.built_in())


def test_a_type_is_qualified_where_it_is_another_frameworks():
    """In a spec that means the other one by default."""
    assert type_name(Linear, "Linear", "torch") == "Linear"
    assert type_name(Linear, "Linear", "keras") == "torch.Linear"
    assert type_name(Custom, "Custom", "torch") == "Custom"


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Conv2DTranspose", "conv2d_transpose"),
        ("LSTM", "lstm"),
        ("BatchNormalization", "batch_normalization"),
        ("ReLU", "re_lu"),
        ("torch.nn>Odd-Name", "torchnn_odd_name"),
    ],
)
def test_automatic_names_follow_keras(name, snake):
    """So that those of its files are automatic ones again."""
    assert snake_case(name) == snake
