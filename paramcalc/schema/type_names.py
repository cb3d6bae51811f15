"""The names of layer types in the JSON Schema of the spec language, and those of their definitions."""

import msgspec

from paramcalc.layers.base import Layer
from paramcalc.layers.catalogue import aliases_of, built_in
from paramcalc.layers.registry import COMMON, FRAMEWORKS, Registry, framework_of, snake_case, type_name

BLOCKS = "_with_blocks"
"""The suffix of definitions that accept the names of blocks."""


def framework_suffix(framework: str) -> str:
    """The suffix of the names of a framework's definitions; empty for the framework of specs that name none."""
    return "" if framework == FRAMEWORKS[0] else f"_{framework}"


class TypeNames:
    """The names of all layer types: the registry's own, and those of other frameworks, qualified.

    A block may have the name of a plugin, or that of a type in snake_case, so with blocks these take any arguments.

    Attributes:
        blocks: whether there are blocks.
        suffix: the suffix of the definitions in which these names are known.
        classes: class name → class.
        aliases: class name → the names that can only mean this class.
        all: all of these names.
        bare: those of layers without required fields.
    """

    def __init__(self, registry: Registry, blocks: bool) -> None:
        self.blocks = blocks
        self.suffix = framework_suffix(registry.framework) + BLOCKS * blocks
        names = [*built_in(registry), *registry.plugins()]
        self.classes: dict[str, type[Layer]] = {name: registry.get(name) for name in names}
        self.aliases = {name: every_name(registry, name) for name in names}
        if blocks:
            for name, others in self.aliases.items():
                sure = registry.family(name) != "plugin"
                self.aliases[name] = [alias for alias in others if sure and snake_case(alias) != alias]
        self.all = [alias for others in self.aliases.values() for alias in others]
        self.bare = [alias for name in self.classes if not self.required(name) for alias in self.aliases[name]]

    def required(self, name: str) -> list[str]:
        """The required fields of a class."""
        return [field.name for field in msgspec.structs.fields(self.classes[name]) if field.required]

    def definition(self, name: str) -> str:
        """The name of a layer's definition, which has a suffix only for a layer that holds layers."""
        cls = self.classes[name]
        framework = framework_of(cls)
        own = name if framework is None else type_name(cls, cls.__name__, FRAMEWORKS[0])
        return own + (self.suffix if cls.sublayers else "")


def every_name(registry: Registry, name: str) -> list[str]:
    """The name of a layer and its aliases; those of the registry's own framework with and without its name."""
    framework, bare = registry.split(name)
    own = [bare, *aliases_of(registry.of(framework), bare)]
    if registry.family(name) == "plugin" or bare in COMMON:
        return own
    qualified = [f"{framework}.{alias}" for alias in own]
    return qualified if framework != registry.framework else [*own, *qualified]
