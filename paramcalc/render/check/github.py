"""GitHub's workflow commands: an annotation on the line of the layer that broke the budget."""

from collections.abc import Mapping, Sequence

from paramcalc.check.outcome import FileReport
from paramcalc.errors import Position
from paramcalc.render.check.findings import START, annotations, from_workspace
from paramcalc.render.check.words import summary_line
from paramcalc.render.text import sanitise


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """A command a finding; the last line, the sum, is shown in the log."""
    out = []
    for report in reports:
        file = from_workspace(report.source)
        out += [command("error", file, item.place, item.title, item.message) for item in annotations(report)]
        out += [command("notice", file, START, "paramcalc", note) for note in report.notices]
    return "\n".join([*out, summary_line(number)]) + "\n"


def command(kind: str, file: str, place: Position, title: str, message: str) -> str:
    """One workflow command, its values escaped as GitHub's runner wants them."""
    where = f"file={prop(file)},line={place.line},col={place.column},title={prop(title)}"
    return f"::{kind} {where}::{data(message)}"


def data(value: str) -> str:
    """The message: line breaks are its own, everything else of it is harmless."""
    return "%0A".join([sanitise(line).replace("%", "%25") for line in value.split("\n")])


def prop(value: str) -> str:
    """A property."""
    return sanitise(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
