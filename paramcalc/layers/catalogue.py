"""The catalogue of layers as plain data, which `paramcalc layers` and the guide's table show.

Everything comes from the classes: fields from their annotations, texts from their docstrings.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.packages import package_of
from paramcalc.layers.registry import FRAMEWORKS, Registry, facts_of, framework_of, snake_case
from paramcalc.shapes import MAX_DIMENSION

BUILT_IN = "built-in"
PLUGINS = "plugins"
SECTIONS = ("Shapes", "Formula", "Note", "Source", "Example")
NO_WEIGHTS = "no weights"
"""The beginning of the formula of a layer without weights."""


NO_COUNT = "changes no shape and no count"
"""The remark in the description of a field that changes nothing computed here."""


class FieldEntry(Struct, frozen=True):
    """One field of a layer; `default` is as YAML would write it, None for a field that must be given."""

    name: str
    type: str
    default: str | None
    description: str


class LayerEntry(Struct, frozen=True):
    """One layer.

    Attributes:
        name: its class name, qualified (`torch.Linear`) if the unqualified name would be another framework's.
        summary: the first line of its docstring.
        text: the text of the docstring between that line and its sections.
        sections: the sections Shapes, Formula, Note, Source and Example, if present; several notes are joined as lines.
        weights: whether it can have weights.
        origin: "built-in", or the package and class of a plugin.
        framework: the framework of the class.
    """

    name: str
    family: str
    summary: str
    text: str
    sections: dict[str, str]
    weights: bool
    origin: str
    aliases: list[str]
    fields: list[FieldEntry]
    framework: str = FRAMEWORKS[0]


def catalogue(registry: Registry) -> list[LayerEntry]:
    """Every layer, by framework and family: the registry's own framework first, plugins last."""
    return [entry(registry, name) for name in [*built_in(registry), *registry.plugins()]]


def built_in(registry: Registry) -> list[str]:
    """The names of all built-in layers; those of other frameworks are qualified."""
    others = [
        f"{framework}.{name}"
        for framework in FRAMEWORKS
        if framework != registry.framework
        for names in registry.of(framework).families.values()
        for name in names
    ]
    return [*registry.built_in(), *others]


def entry(registry: Registry, name: str) -> LayerEntry:
    """The entry of one layer.

    Raises:
        UnknownTypeError: with the nearest name there is.
        PluginError: when the plugin that has this name is broken.
    """
    cls = registry.get(name)
    framework, bare = registry.split(name)
    home = registry.of(framework)
    canonical = home.canonical(bare)
    qualifier = "" if home is registry else f"{framework}."
    summary, text, sections = parse_docstring(cls.__doc__ or "")
    family = home.family(canonical)
    return LayerEntry(
        qualifier + canonical,
        package_of(cls) or PLUGINS if family == "plugin" else family,
        summary,
        text,
        sections,
        not sections.get("Formula", "").startswith(NO_WEIGHTS),
        origin_of(home, canonical, cls),
        [qualifier + alias for alias in aliases_of(home, canonical)],
        fields_of(cls),
        framework_of(cls) or FRAMEWORKS[0],
    )


def parse_docstring(doc: str) -> tuple[str, str, dict[str, str]]:
    """The first line, the free text, and the sections, each joined to one line; a repeated section adds a line."""
    first, *lines = doc.strip().splitlines() or [""]
    text: list[str] = []
    sections: dict[str, str] = {}
    current = ""
    for line in map(str.strip, lines):
        head, colon, rest = line.partition(": ")
        if colon and head in SECTIONS:
            current = head
            sections[head] = f"{sections[head]}\n{rest}" if head in sections else rest
        elif not line and current:
            current = ""
        elif current:
            sections[current] += f" {line}"
        else:
            text.append(line)
    return first, "\n".join(text).strip(), sections


def origin_of(registry: Registry, name: str, cls: type[Layer]) -> str:
    """Where a layer comes from; layers of packages built on Keras count as built-in."""
    if registry.family(name) != "plugin" or package_of(cls) is not None:
        return BUILT_IN
    point = registry.plugins()[name]
    package = point.dist.name if point.dist is not None else "a plugin"
    return f"{package} ({point.value})"


def aliases_of(registry: Registry, name: str) -> list[str]:
    """The other names that a spec may use: the framework's aliases and snake_case; a plugin has none."""
    if registry.family(name) == "plugin":
        return []
    others = [alias for alias, target in registry.aliases.items() if target == name]
    snake = [snake_case(each) for each in (name, *others)]
    return list(dict.fromkeys(each for each in [*others, *snake] if each != name))


def fields_of(cls: type[Layer]) -> list[FieldEntry]:
    """The fields in the order of positional arguments."""
    describe = describer(cls)
    return [
        FieldEntry(
            field.name,
            type_words(field.type),
            None if field.required else default_words(default_of(field)),
            describe(field.name),
        )
        for field in msgspec.structs.fields(cls)
    ]


def describer(cls: type[Layer]) -> Callable[[str], str]:
    """The function that describes a field of this class in one line."""
    own = framework_of(cls) or FRAMEWORKS[0]
    describe: Callable[[str], str] = import_module(f"paramcalc.layers.{own}.descriptions").describe
    return describe


def default_of(field: Any) -> Any:
    """The default of an optional field."""
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def default_words(value: Any) -> str:
    """A value as a spec would write it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


PLAIN = {
    Any: "anything",
    bool: "true or false",
    float: "number",
    int: "integer",
    str: "text",
    type(None): "null",
    dict: "mapping",
    Sublayer: "layer",
}


def type_words(annotation: Any) -> str:
    """A type in a user's words: `positive integer or list of positive integers`."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return number_words(type_words(args[0]), args[1])
    if origin in (Union, UnionType):
        last = sorted(args, key=lambda each: each is type(None))
        return " or ".join(dict.fromkeys(type_words(each) for each in last))
    if origin is Literal:
        return literal_words(args)
    if origin in (tuple, list):
        count = f"{len(args)} " if origin is tuple and Ellipsis not in args else ""
        return f"list of {count}{plural(type_words(args[0]))}" if args else "list"
    return PLAIN.get(origin or annotation, "value")


def literal_words(values: Iterable[Any]) -> str:
    """The choices, in one spelling each, or the name of such a type."""
    chosen = set(values)
    word = next((word for word, annotation in choices().items() if chosen == set(get_args(annotation))), None)
    if word:
        return word
    words = sorted(value if isinstance(value, str) else default_words(value) for value in chosen)
    return " or ".join(word for word in words if word.islower() or word.lower() not in words)


@cache
def choices() -> dict[str, Any]:
    """Types with so many choices that they have a name of their own: name → type, for all frameworks."""
    found: dict[str, Any] = {}
    for framework in FRAMEWORKS:
        facts = facts_of(framework, "fields")
        found |= facts.CHOICES if facts is not None else {}
    return found


def number_words(noun: str, meta: msgspec.Meta) -> str:
    """A number with its bounds."""
    if meta.ge == 1 and noun == "integer":
        return "positive integer"
    top = None if meta.le == MAX_DIMENSION else meta.le
    if meta.ge is not None:
        return f"{noun} from {meta.ge}" + (f" to {top}" if top is not None else "")
    return noun


def plural(words: str) -> str:
    """The items of a list: `integers`, or `(integer or null)`."""
    return f"({words})" if " or " in words else re.sub(r"(integer|number|layer|mapping)(?=$| from)", r"\1s", words)
