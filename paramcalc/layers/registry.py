"""The registry of layer classes by name: built-ins from static tables, third parties' from entry points.

A bare name means the class of the registry's own framework; a qualified name, `torch.Linear` or `keras.Dense`, means
that framework's everywhere. To add a framework, add its package to `FRAMEWORKS`; the module `names` in it has the
tables.

Entry points are only looked up for a name that is not built in: the lookup reads the metadata of every installed
distribution.
"""

from collections.abc import Callable, Container
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from paramcalc.errors import ParamcalcError, did_you_mean, listed
from paramcalc.layers.base import Layer

ENTRY_POINT_GROUP = "paramcalc.layers"

FRAMEWORKS = ("keras", "torch")
"""Packages of `paramcalc.layers`, each the namespace of its classes; the first is what a spec means by default."""

FRAMEWORK_OF_WEIGHTS = "torch"
"""The framework whose optimizers train a file of weights alone."""

PACKAGES_ROOM = "paramcalc.layers.packages."
"""The package with the classes of third-party packages built on Keras."""

COMMON: dict[str, tuple[str, str]] = {
    "Operation": ("operations", "paramcalc.layers.operations.operation"),
    "Custom": ("custom", "paramcalc.layers.custom"),
}
"""Classes of no framework, for specs only: name → family and module."""


class UnknownTypeError(ParamcalcError):
    """No layer has this name; `advice`, such as the nearest name, is only computed when the message is shown."""

    def __init__(self, message: str, advice: Callable[[], str] = str) -> None:
        super().__init__(message)
        self.advice = advice

    def __str__(self) -> str:
        return super().__str__() + self.advice()


class PluginError(ParamcalcError):
    """A third party's layer cannot be used; the message names the plugin."""


class Registry:
    """An ordered table of layer classes; fresh in each test.

    Args:
        framework: the framework of unqualified names.
        without: names of the framework's classes to leave out, for files older than these.
    """

    def __init__(self, framework: str = FRAMEWORKS[0], without: Container[str] = ()) -> None:
        names = import_module(f"paramcalc.layers.{framework}.names")
        self.framework = framework
        self.without = without
        self.aliases: dict[str, str] = names.ALIASES
        self.families: dict[str, tuple[str, ...]] = names.FAMILIES
        self.counterparts: dict[str, str] = names.COUNTERPARTS
        self.modules: tuple[str, ...] = names.MODULES
        self._family: dict[str, str] = {
            name: family for family, classes in names.FAMILIES.items() for name in classes if name not in without
        }
        self._family |= {name: family for name, (family, _) in COMMON.items()}
        self._loaded: dict[str, type[Layer]] = {}
        self._plugins: dict[str, Any] | None = None
        self._snake: dict[str, str] = {}
        self._others: dict[str, Registry] = {}

    def get(self, name: str) -> type[Layer]:
        """The class with this name: the framework's, an alias, its snake_case, a qualified name, or a plugin's.

        Raises:
            UnknownTypeError: with the nearest name there is.
            PluginError: when the plugin that has this name is broken.
        """
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = self._find(name)
        return found

    def _find(self, name: str) -> type[Layer]:
        framework, bare = self.split(name)
        if framework != self.framework:
            return self.of(framework).get(bare)
        canonical = self.canonical(bare)
        family = self._family.get(canonical)
        if family is not None:
            module = COMMON[canonical][1] if canonical in COMMON else f"paramcalc.layers.{framework}.{family}"
            found: type[Layer] = getattr(import_module(module), canonical)
            return found
        if "." in name:
            from paramcalc.layers.packages import qualified_class

            other = qualified_class(name)
            if other is not None:
                return other
        if name in self.plugins():
            return self.plugin(name)
        raise UnknownTypeError(f"there is no layer type '{name[:80]}'", lambda: self.advice(bare))

    def advice(self, name: str) -> str:
        """The advice for an unknown name: the nearest one, or the framework that has it."""
        from paramcalc.layers.packages import names_of, qualified_names

        packaged = self.in_python(name) or qualified_names(name)
        if packaged:
            return f"; write '{packaged[0]}'" + "".join([f" or '{other}'" for other in packaged[1:]])
        layers = names_of(name)
        if layers:
            return f": it is a package; its layers are {listed(layers)}"
        others = names_of(name.partition(".")[0])
        if others:
            return did_you_mean(name, others)
        own = self.counterparts.get(name)
        near = f"; did you mean '{own}'?" if own else did_you_mean(name, self.names())
        for framework in FRAMEWORKS:
            other = self.of(framework)
            theirs = other.canonical(name)
            if theirs in other.built_in():
                return f"{near or ';'} {framework} has it: {framework}.{theirs}, or framework: {framework}"
        return near

    def in_python(self, name: str) -> list[str]:
        """The names in a spec for a class that is named as in Python: `keras.layers.Dense` → keras.Dense."""
        module, dot, bare = name.rpartition(".")
        others = [self.of(framework) for framework in FRAMEWORKS]
        modules = {part for other in others for part in other.modules}
        if not dot or not modules.issuperset(module.split(".")):
            return []
        return [f"{other.framework}.{bare}" for other in others if other.has(bare)]

    def split(self, name: str) -> tuple[str, str]:
        """A name that may be qualified → the framework, and the name in it: `torch.Linear` → torch, Linear."""
        before, dot, after = name.partition(".")
        return (before, after) if dot and before in FRAMEWORKS else (self.framework, name)

    def of(self, framework: str) -> "Registry":
        """The registry of a framework."""
        if framework == self.framework:
            return self
        if framework not in self._others:
            self._others[framework] = Registry(framework)
        return self._others[framework]

    def has(self, name: str) -> bool:
        """Whether the framework has a class with exactly this name or alias."""
        return name in self._family or name in self.aliases

    def framework_class(self, name: str) -> type[Layer]:
        """The class of a name in one of the framework's own files: no snake_case, and no class for specs only.

        Raises:
            UnknownTypeError: if neither the framework nor a plugin has the class.
        """
        if name in COMMON or not self.has(name):
            return self.plugin(name)
        return self.get(name)

    def plugin(self, name: str) -> type[Layer]:
        """A third party's class, even where a built-in has the same name.

        Raises:
            UnknownTypeError: when no plugin has it.
        """
        if name not in self.plugins():
            raise UnknownTypeError(f"no plugin has a layer '{name[:80]}'")
        return _load_plugin(name, self.plugins()[name])

    def canonical(self, name: str) -> str:
        """The class name that `name` stands for, unqualified; `name` itself where nothing is known."""
        framework, bare = self.split(name)
        if framework != self.framework:
            return self.of(framework).canonical(bare)
        if bare in self._family:
            return bare
        if bare in self.aliases:
            return self.aliases[bare]
        if not self._snake:
            self._snake = {snake_case(alias): target for alias, target in self.aliases.items()}
            self._snake |= {snake_case(known): known for known in self._family}
        return self._snake.get(bare, name)

    def family(self, name: str) -> str:
        """The family of a built-in, "plugin" for the others."""
        framework, bare = self.split(name)
        if framework != self.framework:
            return self.of(framework).family(bare)
        return self._family.get(self.canonical(name), "plugin")

    def built_in(self) -> list[str]:
        """The names of the built-in classes, unqualified, in the order of the tables."""
        return list(self._family)

    def names(self) -> list[str]:
        """All unqualified class names, built-ins first."""
        return [*self._family, *self.plugins()]

    def plugins(self) -> dict[str, Any]:
        """Third parties' entry points by name.

        Raises:
            PluginError: when two distributions, or a distribution and a built-in, claim one name.
        """
        if self._plugins is None:
            from importlib.metadata import entry_points  # slow: only once a name is unknown

            found: dict[str, Any] = {}
            for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
                other = "paramcalc itself" if point.name in self._family else None
                if point.name in found:
                    other = found[point.name].value
                if other is not None:
                    raise PluginError(
                        f"plugin {point.value} claims the layer name '{point.name}', which {other} already has"
                    )
                found[point.name] = point
            self._plugins = found
        return self._plugins


def facts_of(framework: str, subject: str) -> ModuleType | None:
    """The module with a framework's facts on a subject, such as "optimizers"; None if it has no such module."""
    name = f"paramcalc.layers.{framework}.{subject}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def framework_of(cls: type[Layer]) -> str | None:
    """The framework of a class; None for a plugin's and for those for specs only."""
    found = cls.__module__.removeprefix("paramcalc.layers.").partition(".")[0]
    return found if found in FRAMEWORKS else None


def type_name(cls: type[Layer], type_: str, framework: str) -> str:
    """The name of a layer's class in a spec of this framework: another framework's is qualified."""
    own = framework_of(cls)
    if own is None and cls.__module__.startswith(PACKAGES_ROOM):
        from paramcalc.layers.packages import package_of

        own = package_of(cls)
    return type_ if own in (None, framework) else f"{own}.{type_}"


def _load_plugin(name: str, point: Any) -> type[Layer]:
    try:
        found = point.load()
    except Exception as error:
        raise PluginError(f"plugin {point.value} (layer '{name}') cannot be loaded: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Layer)):
        raise PluginError(f"plugin {point.value} (layer '{name}') is not a paramcalc Layer class")
    return found


@lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """The rule for automatic names, which is Keras': `Conv2DTranspose` → `conv2d_transpose`.

    A capital begins a word after a small letter, and before one. (By hand: three regular expressions cost more to
    compile than a small model takes.)
    """
    letters = [letter for letter in name if letter.isalnum() or letter == "_"]
    found = letters[:1]
    for before, letter, after in zip(letters, letters[1:], [*letters[2:], ""], strict=False):
        begins = "A" <= letter <= "Z" and ("a" <= before <= "z" or "a" <= after <= "z")
        found.append(f"_{letter}" if begins else letter)
    return "".join(found).lower()
