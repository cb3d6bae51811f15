"""The layer classes → the JSON Schema of the spec language.

The schema never refuses a spec that paramcalc reads; it accepts whatever it cannot check:

- A schema cannot see the names that a file gives its blocks. In a file without `blocks`, every type must be a layer's;
  in one with `blocks`, any other name is taken for that of a block, with any arguments.
- An expression is accepted wherever a value can stand, as only paramcalc knows its value.
- What involves several places, such as names, shapes and unknown variables, is left to `paramcalc summary`.
"""

from typing import get_args

from paramcalc.formats.native.entries import COMMON
from paramcalc.formats.native.spec import INPUT_DTYPES
from paramcalc.layers.base import Layer
from paramcalc.layers.catalogue import choices, parse_docstring
from paramcalc.layers.packages import PACKAGES
from paramcalc.layers.registry import FRAMEWORKS, Registry
from paramcalc.metrics import BYTES, METRICS, OPTIMIZERS, WHOLE
from paramcalc.schema.type_names import BLOCKS, TypeNames, framework_suffix
from paramcalc.schema.types import (
    Schema,
    any_of,
    arguments_schema,
    field_ref,
    fields_schema,
    ref,
    with_expression,
)
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK
from paramcalc.units import DTYPE_BITS

TEXT: Schema = {"type": "string"}
EXPRESSION = {
    "type": "string",
    "pattern": r"\$[A-Za-z_(]",
    "description": "$name or $(expression), also inside a text; $$ is a dollar sign",
}
NAME = {"type": "string", "minLength": 1, "maxLength": 256, "pattern": r"^([^/\[\]#$]*|.*\$.*)$"}
VARIABLES = {"type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
QUANTIZED_POLICY = {"type": "string", "pattern": "^[a-z0-9]+(/-?[0-9]+)*_from_(mixed_)?[a-z0-9_]+$"}
"""Such as int8_from_float32, int4/128_from_mixed_bfloat16, gptq/4/128_from_float32."""
INNER = ("name", "trainable", "dtype")
"""The keys that a layer inside another, or the merge of branches, may have beside its type."""

DESCRIPTIONS = {
    "name": "The name of the model, or of this layer; an automatic name where there is none. What holds layers may "
    'have none, by "": its layers are called as if they stood around it.',
    "framework": "Whose layers the types are; keras where nothing is said.",
    "vars": "Variables, for $name and $(expression); --set NAME=VALUE puts others in their place.",
    "input": "The shape of the only input, without the batch; null is unknown.",
    "inputs": "Inputs by name, each a shape without the batch, or {shape: …, dtype: …}.",
    "dtype": "The dtype or mixed policy, such as float16 or mixed_bfloat16.",
    "blocks": "Layer types of your own, made of layers.",
    "layers": "The layers; each reads the one before it unless it has inputs.",
    "outputs": "Names of the outputs; the last layer where none are given.",
    "tied": "Groups of weights that are one tensor, such as [[embed.embeddings, head.kernel]].",
    "budget": "What `paramcalc check` holds the model to.",
    "assume": "What layers of other classes give and hold: a shape without the batch or same, a colon, parameters.",
    "options": "Arguments of the call that change the result, such as return_attention_scores.",
    "trainable": "false freezes the weights.",
    "when": "The entry is left out where this is false.",
    "repeat": "How often the layers come, one after the other; $i counts from 0.",
    "each": "The one entry that is repeated; it is called by its number: layers/0.",
    "branches": "Lists of layers side by side, each from what stands before; an empty one passes it on.",
    "merge": "The layer that joins the branches.",
    "call": "The name of an earlier layer or block: the same weights again.",
    "type": "The type of the layer: Keras' class name, an alias of it, or a block.",
    "reads": "The name, or names, of what this reads: layers, inputs, or layer[1] for its second output.",
    "block_inputs": "What the block's layers know its inputs by; one called input where none are named.",
}


def spec_schema(registry: Registry | None = None) -> Schema:
    """The schema of the spec language, with the layers of all plugins that are installed."""
    registry = registry or Registry()
    output = any_of(TEXT, {"type": "object", "additionalProperties": TEXT, "minProperties": 1, "maxProperties": 1})
    definitions: Schema = {
        "expression": EXPRESSION,
        **{word: {"enum": sorted(get_args(names))} for word, names in choices().items()},
        "dimension": any_of({"type": ["integer", "null"], "minimum": 1, "maximum": MAX_DIMENSION}, ref("expression")),
        "shape": with_expression({"type": "array", "items": ref("dimension"), "maxItems": MAX_RANK - 1}),
        "input": any_of(ref("shape"), input_schema()),
        "dtype": with_expression(
            any_of({"enum": [*DTYPE_BITS, *[f"mixed_{name}" for name in DTYPE_BITS]]}, QUANTIZED_POLICY)
        ),
        "outputs": with_expression(any_of(TEXT, {"type": "array", "items": output, "minItems": 1})),
        "names": with_expression(any_of(TEXT, {"type": "array", "items": TEXT, "minItems": 1})),
        "budget": budget_schema(nested=False),
        "layer_budget": budget_schema(nested=True),
    }
    for framework in FRAMEWORKS:
        own = registry.of(framework)
        definitions |= {f"block{framework_suffix(framework)}": block_schema(framework_suffix(framework))}
        for blocks in (False, True):
            definitions |= entry_definitions(TypeNames(own, blocks))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A paramcalc spec",
        **root_schema(),
        "$defs": definitions,
    }


def described(name: str, schema: Schema, text: str | None = None) -> Schema:
    """The schema with the description that editors show."""
    return schema | {"description": DESCRIPTIONS[text or name]}


def objects(properties: Schema, required: tuple[str, ...] = (), **texts: str) -> Schema:
    """A mapping of exactly these keys, each with its description; `texts` says under which name, if not its own."""
    known = {key: described(key, schema, texts.get(key)) for key, schema in properties.items()}
    found: Schema = {"type": "object", "properties": known, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def root_schema() -> Schema:
    """The spec as a whole: its layers are those of its framework, and may be blocks if it has any."""
    properties = {
        "name": NAME,
        "framework": {"enum": list(FRAMEWORKS)},
        "vars": any_of(VARIABLES, {"type": "null"}),
        "input": ref("input"),
        "inputs": {"type": "object", "minProperties": 1, "additionalProperties": ref("input")},
        "dtype": ref("dtype"),
        "blocks": {},
        "layers": {"type": "array", "minItems": 1},
        "outputs": ref("outputs"),
        "tied": ties_schema(),
        "budget": ref("budget"),
        "assume": assume_schema(),
    }
    root = objects(properties, ("layers",))
    root["properties"]["$schema"] = TEXT
    by_framework = layers_of(FRAMEWORKS[0])
    for framework in FRAMEWORKS[1:]:
        chosen = {"properties": {"framework": {"const": framework}}, "required": ["framework"]}
        by_framework = {"if": chosen, "then": layers_of(framework), "else": by_framework}
    return root | {"oneOf": [{"required": ["input"]}, {"required": ["inputs"]}], **by_framework}


def assume_schema() -> Schema:
    """Class, or a glob of classes, to `same:0`, `64:1.2M` or a shape."""
    size: Schema = {"type": ["integer", "null"], "minimum": 1}
    said = any_of(TEXT, {"type": "array", "items": size, "minItems": 1})
    return any_of({"type": "object", "additionalProperties": said}, {"type": "null"})


def ties_schema() -> Schema:
    """All groups of weights that are one tensor, of a spec or of a block."""
    return any_of({"type": "array", "items": tie_schema()}, {"type": "null"}, ref("expression"))


def tie_schema() -> Schema:
    """The names of weights that are one tensor, perhaps with a condition."""
    group: Schema = {"type": "array", "items": TEXT, "minItems": 2}
    conditional = {
        "type": "object",
        "properties": {"weights": with_expression(group), "when": with_expression({"type": "boolean"})},
        "required": ["weights", "when"],
        "additionalProperties": False,
    }
    return any_of(group, conditional, ref("expression"))


def layers_of(framework: str) -> Schema:
    """The layers and blocks of a spec of this framework."""
    own = framework_suffix(framework)
    return {
        "properties": {"blocks": blocks_schema(own)},
        "if": {"anyOf": [{"required": ["blocks"]}, {"required": ["assume"]}]},  # then a type may have any name
        "then": {"properties": {"layers": ref("layers" + own + BLOCKS)}},
        "else": {"properties": {"layers": ref("layers" + own)}},
    }


def input_schema() -> Schema:
    """`{shape: [null], dtype: int32}`."""
    dtype = with_expression({"enum": list(INPUT_DTYPES)})
    properties = {"shape": ref("shape"), "dtype": dtype, "batch": ref("dimension")}
    return {"type": "object", "properties": properties, "required": ["shape"], "additionalProperties": False}


def blocks_schema(own: str) -> Schema:
    """Blocks by name; `own` is the framework's suffix."""
    blocks = {"type": "object", "propertyNames": NAME, "additionalProperties": ref("block" + own)}
    return any_of(blocks, {"type": "null"})


def block_schema(own: str) -> Schema:
    """One block; `own` is the framework's suffix."""
    properties = {
        "vars": any_of(VARIABLES, {"type": "null"}),
        "inputs": any_of(NAME, {"type": "array", "items": NAME, "minItems": 1, "uniqueItems": True}),
        "blocks": blocks_schema(own),
        "layers": ref("layers" + own + BLOCKS),
        "outputs": ref("names"),
        "tied": ties_schema(),
    }
    return objects(properties, ("layers",), inputs="block_inputs")


def budget_schema(nested: bool) -> Schema:
    """Limits by metric: counts, as numbers or with a unit, and bytes, with one."""
    count = any_of({"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^ *[0-9_. ]+[KkMmBbGgTt]? *$"})
    size = {"type": "string", "pattern": "^ *[0-9_. ]+(?:[KMGT]i|[kKMGT])?B *$"}
    properties: Schema = {metric: size if metric in BYTES else count for metric in METRICS}
    properties["dtype"] = {"enum": [*DTYPE_BITS, None]}
    if nested:
        for metric in WHOLE:
            del properties[metric]
    else:
        number: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_DIMENSION}
        properties |= {"context": number, "batch_size": number, "optimizer": {"enum": [*OPTIMIZERS, None]}}
        properties["layers"] = {"type": ["object", "null"], "additionalProperties": ref("layer_budget")}
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return found if nested else any_of(found, {"type": "null"})


# -- entries -------------------------------------------------------------------------------------------


PACKAGED = rf"^({'|'.join(PACKAGES)})\.[A-Za-z0-9]+$"
PACKAGED_NAME: Schema = {"type": "string", "pattern": PACKAGED}
"""The name of a layer of another package, such as `qkeras.QDense`; its fields are not checked here."""


def entry_definitions(names: TypeNames) -> Schema:
    """The definitions of all entries, for specs with blocks or without."""
    found: Schema = {}
    suffix = names.suffix
    for name, cls in names.classes.items():
        own = names.definition(name)
        summary = {"description": parse_docstring(cls.__doc__ or "")[0]}
        found[own] = fields_schema(cls, ref("inner" + suffix)) | summary
        found[f"{own}_arguments"] = arguments_schema(cls, own) | summary
        found[f"{own}_long"] = long_form(cls, own, names.required(name))
    own_keys = [{"required": [key]} for key in COMMON if key not in INNER]
    return found | {
        "layers" + suffix: {"type": "array", "items": ref("entry" + suffix)},
        "short" + suffix: short_schema(names),
        "long" + suffix: long_schema(names),
        "layer" + suffix: layer_schema(names),
        "inner" + suffix: {"allOf": [ref("layer" + suffix), {"not": {"type": "object", "anyOf": own_keys}}]},
        "entry" + suffix: entry_schema(suffix),
        **structure_definitions(suffix),
    }


def common_properties(names: tuple[str, ...] = COMMON) -> Schema:
    """The keys that may stand beside a type."""
    flag = with_expression({"type": "boolean"})
    name: Schema = NAME | {"minLength": 0}
    schemas = {
        "name": any_of(name, {"type": "null"}),
        "inputs": any_of(ref("names"), {"type": "null"}),
        "options": with_expression({"type": "object"}),
        "trainable": flag,
        "when": flag,
        "dtype": ref("dtype"),
    }
    return {name: described(name, schemas[name], "reads" if name == "inputs" else None) for name in names}


def structure_definitions(suffix: str) -> Schema:
    """The definitions of entries that are not layers: repeats, branches, calls and groups."""
    layers = ref("layers" + suffix)
    times = with_expression({"type": "integer", "minimum": 0})
    keys: dict[str, Schema] = {
        "repeat": {"repeat": times, "layers": layers},
        "each": {"repeat": times, "each": ref("entry" + suffix)},
        "group": {"layers": layers},
        "branches": {
            "branches": {"type": "array", "items": layers, "minItems": 1},
            "merge": ref("inner" + suffix),
        },
        "call": {"call": TEXT},
    }
    found = {}
    for name, properties in keys.items():
        beside = tuple(key for key in COMMON if name != "call" or key not in ("trainable", "dtype"))
        found[name + suffix] = objects(properties, tuple(properties))
        found[name + suffix]["properties"] |= common_properties(beside)
    return found


def entry_schema(suffix: str) -> Schema:
    """An entry in any form. The key that decides the form is tested first, so that errors are about that form."""
    schema = ref("layer" + suffix)
    is_group = {"required": ["layers"], "not": {"required": ["type"]}, "properties": {"layers": {"type": "array"}}}
    schema = {"if": {"type": "object"} | is_group, "then": ref("group" + suffix), "else": schema}
    for key in ("call", "branches", "repeat", "each"):
        schema = {"if": {"type": "object", "required": [key]}, "then": ref(key + suffix), "else": schema}
    return schema


def layer_schema(names: TypeNames) -> Schema:
    """A layer or the use of a block: a bare name, the long form, or the short one."""
    bare: Schema = {"anyOf": [{"enum": names.bare}, PACKAGED_NAME]}
    if names.blocks:  # a name that no layer has may be that of a block
        bare = {"anyOf": [bare, {"not": {"enum": names.all}}]}
    return {
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": with_expression(bare),
        "else": {"if": {"required": ["type"]}, "then": ref("long" + names.suffix), "else": ref("short" + names.suffix)},
    }


def short_schema(names: TypeNames) -> Schema:
    """`{Conv2D: {…}, name: stem}`: exactly one key is a type."""
    types = {
        alias: ref(f"{names.definition(name)}_arguments") for name, others in names.aliases.items() for alias in others
    }
    other = {"not": {"propertyNames": {"enum": [*types, *COMMON]}}}
    return {
        "type": "object",
        "properties": types | common_properties(),
        "patternProperties": {EXPRESSION["pattern"]: {}, PACKAGED: {}},
        "additionalProperties": names.blocks,
        "maxProperties": 1 + len(COMMON),
        "oneOf": [*[{"required": [name]} for name in types], other],
    }


def long_schema(names: TypeNames) -> Schema:
    """`{type: Conv2D, filters: 8, name: stem}`."""
    known = with_expression({"anyOf": [{"enum": names.all}, PACKAGED_NAME]})
    kind: Schema = {"type": "string", "minLength": 1} if names.blocks else known
    rules = [
        {"if": {"properties": {"type": {"enum": others}}}, "then": ref(f"{names.definition(name)}_long")}
        for name, others in names.aliases.items()
    ]
    return {"type": "object", "properties": {"type": described("type", kind), **common_properties()}, "allOf": rules}


def long_form(cls: type[Layer], definition: str, required: list[str]) -> Schema:
    """The long form of one type: its fields, beside `type` and the keys that any entry may have."""
    fields = {key: field_ref(definition, key) for key in cls.__struct_fields__}
    # These keys have their schemas in `long_schema`; here they are only known.
    properties = {"type": {}, **{key: {} for key in COMMON}, **fields}
    found: Schema = {"properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})
