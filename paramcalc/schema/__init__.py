"""JSON Schemas, generated from the classes: of the spec language, for editors, and of the JSON of a summary."""

from typing import Any

import msgspec

from paramcalc.schema.spec import spec_schema

__all__ = ["encoded", "spec_schema", "summary_schema"]


def summary_schema() -> dict[str, Any]:
    """The schema of the JSON that `paramcalc summary --format json` prints."""
    from paramcalc.summary import Summary

    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "What paramcalc says of a model"}
    return draft | msgspec.json.schema(Summary)


def encoded(schema: dict[str, Any]) -> bytes:
    """A schema as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"
