"""JSON, for a program."""

from collections.abc import Mapping, Sequence
from typing import Any

from paramcalc.check.outcome import FileReport
from paramcalc.render.json_format import text_of, to_json


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """One object: the counts, and every file with its findings."""
    value = {"schema_version": 1, **number, "files": [file_of(report) for report in reports]}
    return encode(value)


def encode(value: Any) -> str:
    """Indented JSON with no character in it that drives a terminal or a CI log."""
    return to_json(value, indent=2).decode() + "\n"


def file_of(report: FileReport) -> dict[str, Any]:
    """One file."""
    return {
        "source": text_of(report.source),
        "status": report.status,
        "new": report.new,
        "params": report.params,
        "params_before": report.params_before,
        "problems": [
            {"message": text_of(item.message), "layer": item.layer, **place_of(item.position)}
            for item in report.problems
        ],
        "findings": [
            {name: value for name, value in item._asdict().items() if name != "place"}
            | {"message": text_of(item.message)}
            | place_of(item.place)
            for item in report.findings
        ],
        "largest": [{"path": path, "params": params} for path, params in report.largest],
        "changes": [item._asdict() for item in report.grown],
        "notices": [text_of(note) for note in report.notices],
    }


def place_of(place: tuple[int, int] | None) -> dict[str, int | None]:
    """A line and a column; null where there is none."""
    line, column = place or (None, None)
    return {"line": line, "column": column}
