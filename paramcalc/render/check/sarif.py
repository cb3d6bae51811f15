"""SARIF 2.1.0, for code scanning."""

import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from paramcalc import __version__
from paramcalc.check.outcome import FileReport
from paramcalc.render.check.data import encode
from paramcalc.render.check.findings import Annotation, annotations, from_workspace

RULES = {
    "baseline": "The baseline can be read.",
    "budget": "There is a budget to keep.",
    "input": "A model, or the configuration, can be read.",
    "layers": "A budget names layers that exist.",
    "model": "Everything in the model is known.",
}
"""What each rule that is no metric asks for."""


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """One run; what passed is not in it."""
    results = [result(report, item) for report in reports for item in annotations(report)]
    rules = [rule(name) for name in sorted({each["ruleId"] for each in results})]
    run = {
        "tool": {"driver": {"name": "paramcalc", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return encode({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def rule(name: str) -> dict[str, Any]:
    """What is broken by a finding."""
    metric = name.removeprefix("paramcalc/")
    text = RULES.get(metric, f"The budget for {metric.replace('_', ' ')} is kept.")
    return {"id": name, "shortDescription": {"text": text}}


def result(report: FileReport, item: Annotation) -> dict[str, Any]:
    """One finding."""
    region = {"startLine": item.place.line, "startColumn": item.place.column}
    location = {"artifactLocation": {"uri": uri(from_workspace(report.source))}, "region": region}
    # `[text](target)` in a message is a link, even in plain text.
    message = item.message.replace("](", "] (")
    return {
        "ruleId": f"paramcalc/{item.rule}",
        "level": "error",
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }


def uri(path: str) -> str:
    """A path as a URI, relative where it is."""
    encoded = quote(os.fsencode(path.replace(os.sep, "/")))
    return f"file://{encoded}" if encoded.startswith("/") else f"./{encoded}" if ":" in encoded else encoded
