"""The annotations of a layer's fields → JSON Schemas: what msgspec checks, or an expression in the place of a value.

This is draft 7, which editors know. A description beside a `$ref` is shown by editors and ignored by validators.
"""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.catalogue import choices, describer

Schema = dict[str, Any]
PLAIN: dict[Any, str] = {
    bool: "boolean",
    float: "number",
    int: "integer",
    str: "string",
    type(None): "null",
    dict: "object",
}
BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
LENGTHS = {
    list: {"min_length": "minItems", "max_length": "maxItems"},
    tuple: {"min_length": "minItems", "max_length": "maxItems"},
    str: {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
}
SCALARS = ["string", "number", "boolean", "null"]


def ref(name: str) -> Schema:
    """A reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def any_of(*schemas: Schema) -> Schema:
    """Any of several schemas; alternatives inside alternatives are flattened."""
    flat: list[Schema] = []
    for schema in schemas:
        inner = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
        flat += [each for each in inner if each not in flat]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def with_expression(schema: Schema) -> Schema:
    """The schema, or a text with an expression, unless it accepts any text already."""
    takes_any = not schema or schema == {"type": "string"} or {"type": "string"} in schema.get("anyOf", ())
    return schema if takes_any else any_of(schema, ref("expression"))


def value_schema(annotation: Any, layer: Schema) -> Schema:
    """The schema of a value of this type; `layer` is the schema of a layer inside another."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is Sublayer:
        return layer
    if origin is Annotated:
        return constrained(value_schema(args[0], layer), args[0], args[1])
    if origin in (Union, UnionType):
        return any_of(*[value_schema(each, layer) for each in args])
    if origin is Literal:
        shared = next((ref(word) for word, names in choices().items() if annotation is names), None)
        return with_expression(shared or {"enum": list(args)})
    if origin in (tuple, list):
        return with_expression(array_schema(origin, args, layer))
    if origin is dict:
        return with_expression({"type": "object", "additionalProperties": value_schema(args[1], layer)})
    return with_expression({"type": PLAIN[annotation]}) if annotation in PLAIN else {}


def constrained(schema: Schema, base: Any, meta: msgspec.Meta) -> Schema:
    """The schema with the bounds of an annotation."""
    names = BOUNDS | LENGTHS.get(get_origin(base) or base, {})
    bounds = {key: getattr(meta, name) for name, key in names.items() if getattr(meta, name) is not None}
    if "anyOf" not in schema:
        return schema | bounds
    first, *others = schema["anyOf"]
    return {"anyOf": [first | bounds, *others]}


def array_schema(origin: Any, args: tuple[Any, ...], layer: Schema) -> Schema:
    """A list of any number of items of one type, or of a fixed number of items."""
    if origin is list or Ellipsis in args:
        return {"type": "array", "items": value_schema(args[0], layer)}
    items = [value_schema(each, layer) for each in args]
    return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}


def fields_schema(cls: type[Layer], layer: Schema) -> Schema:
    """The mapping of a layer's fields."""
    properties: Schema = {}
    required = []
    describe = describer(cls)
    for field in msgspec.structs.fields(cls):
        schema = sublayer_schema(field.type, layer) if field.name in cls.sublayers else value_schema(field.type, layer)
        text = describe(field.name)
        properties[field.name] = schema | ({"description": text} if text else {})
        if field.required:
            required.append(field.name)
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def sublayer_schema(annotation: Any, layer: Schema) -> Schema:
    """A layer, or a list of layers if the field takes one."""
    if annotation is Any:
        return any_of(layer, {"type": "array", "items": layer, "minItems": 1})
    return value_schema(annotation, layer)


def arguments_schema(cls: type[Layer], definition: str) -> Schema:
    """The arguments of a layer: its fields by name, a list of them in order, or the main one."""
    names = cls.__struct_fields__
    required = [field.name for field in msgspec.structs.fields(cls) if field.required]
    forms = [ref(definition)]
    fields = [field_ref(definition, name) for name in names]
    if cls.list_argument:
        forms.append({"type": "array", "allOf": fields[:1]})
    else:
        forms += list_schemas(cls, definition, len(required))
    if not required:
        forms.append({"type": "null"})
    if fields and len(required) <= 1:
        forms.append({"type": SCALARS, "allOf": [field_ref(definition, name) for name in cls.positional(1)[:1]]})
    if names and names[0] in cls.sublayers:
        forms.append({"type": "object", "allOf": fields[:1], "not": {"anyOf": [{"required": [n]} for n in names]}})
    return {"anyOf": forms}


def list_schemas(cls: type[Layer], definition: str, required: int) -> list[Schema]:
    """Lists of fields in order; a shorter one leaves out the fields that the input determines."""
    names = cls.__struct_fields__
    if not names:
        return [{"type": "array", "maxItems": 0}]
    whole = required + len(cls.inferred_fields)
    found = [list_schema(names, definition, whole, len(names))]
    if cls.inferred_fields:
        found.append(list_schema(cls.positional(required), definition, required, whole - 1))
    return found


def list_schema(names: tuple[str, ...], definition: str, least: int, most: int) -> Schema:
    """A list of these fields in this order."""
    items = [field_ref(definition, name) for name in names[:most]]
    return {"type": "array", "items": items, "additionalItems": False, "minItems": least}


def field_ref(definition: str, field: str) -> Schema:
    """A reference to one field of a layer's definition."""
    return ref(f"{definition}/properties/{field}")
