"""Whether a model fits, as a table and as JSON."""

from collections.abc import Iterator

import msgspec

from paramcalc.analysis.fit import MOST_SEQUENCES, Fit, FitRow
from paramcalc.render import Look
from paramcalc.render.json_format import text_of
from paramcalc.render.numbers import UNKNOWN, format_bytes
from paramcalc.render.text import sanitise


def fit_json(found: Fit, look: Look) -> Iterator[bytes]:
    """All of it, bytes as whole numbers."""
    fields = msgspec.to_builtins(found) | {name: text_of(getattr(found, name)) for name in ("name", "source")}
    yield msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def fit_text(found: Fit, look: Look) -> Iterator[str]:
    """A heading, a line a type, and what is assumed."""
    yield f"{sanitise(found.name)} - {sanitise(found.source)}\n"
    yield f"{heading(found)}\n\n"
    grid = [headings(found), *[cells(found, row) for row in found.rows]]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    for number, line in enumerate(grid):
        first, *others = zip(line, widths, strict=True)
        text = first[0].ljust(first[1]) + "".join("  " + cell.rjust(width) for cell, width in others)
        yield text.rstrip() + "\n"
        if number == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1)) + "\n"
    yield "\n"
    yield from (f"{note}\n" for note in found.assumptions)


def heading(found: Fit) -> str:
    """What there is, and what is to fit in it."""
    card = f" ({found.gpu})" if found.gpu else ""
    devices = f" on each of {found.devices:,} devices" if found.devices > 1 else ""
    doing = f"trained with {found.training}" if found.training else "run"
    texts = f"{found.batch_size:,} × {found.context:,} tokens" if found.context else f"{found.batch_size:,} samples"
    return f"{format_bytes(found.memory_bytes)}{card}{devices}; {doing} with {texts}"


def headings(found: Fit) -> list[str]:
    """The names of the columns."""
    many = f"Sequences of {found.context:,}" if found.context else "Most samples"
    lengths = ["Cache a token", "Longest text"] if found.context else []
    return ["Weights as", "Weights", "Needed", "Fits", *lengths, many]


def cells(found: Fit, row: FitRow) -> list[str]:
    """A row as a person reads it."""
    lengths = []
    if found.context:
        own = " (all)" if row.longest else ""
        longest = UNKNOWN if row.max_context is None else f"{row.max_context:,}{own}"
        lengths = ["-" if row.per_token_bytes is None else format_bytes(row.per_token_bytes), longest]
    stored = " (stored)" if row.stored else ""
    sizes = format_bytes(row.weights_bytes), format_bytes(row.needed_bytes)
    return [f"{row.dtype}{stored}", *sizes, "yes" if row.fits else "no", *lengths, most(row.max_sequences)]


def most(sequences: int) -> str:
    """How many fit, as far as it was tried."""
    return f"{sequences:,}" + (" or more" if sequences == MOST_SEQUENCES else "")
