"""The table that `paramcalc summary` prints: plain lines, or the same lines coloured by rich."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET, Struct

from paramcalc.render import Look
from paramcalc.render.layout import ASCII, MAX_CELL, UNICODE, Glyphs, Line, Span, sorted_columns, table_lines
from paramcalc.render.numbers import format_bytes, format_count, format_int, so_far
from paramcalc.render.rows import Rows, sorted_rows, tree_rows, unknown_of
from paramcalc.render.text import cut_middle, sanitise
from paramcalc.render.wrap import all_wrapped, wrapped
from paramcalc.summary import Summary

STYLES = {
    "": "none",
    "header": "bold",
    "title": "bold",
    "group": "bold",
    "rule": "bright_black",
    "dim": "bright_black",
    "bar": "cyan",
    "mark": "yellow",
    "total": "bold",
    "added": "green",
    "removed": "red",
    "changed": "yellow",
    "renamed": "cyan",
}
FOOTNOTES = {
    "*": "an earlier layer called again: its weights are counted there",
    "+": "has weights tied to another layer's: they are counted there",
    "?": "unknown: the totals are of the other layers only",
}
LABEL = 15
"""Cells of a label under the table."""

MIN_NOTE = 20
"""Beside its number a note needs this many cells; where there are fewer, it goes on at the left."""

MAX_UNKNOWN = 5
MAX_DTYPES = 6


class Options(Struct, frozen=True):
    """What the user chose of a table.

    Attributes:
        columns: which, in this order; None for the usual ones.
        depth: levels of nesting to show; None for as many as fit a screen.
        sort: the column to sort single layers by; None keeps the tree.
        top: how many of the sorted layers to show; None for all.
        width: terminal cells to fit into; None for as many as the table needs.
        glyphs: what to draw with.
    """

    columns: Sequence[str] | None = None
    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    width: int | None = None
    glyphs: Glyphs = UNICODE


def options_of(summary: Summary, look: Look) -> Options:
    """The options of one model's table; a column that is sorted by is shown."""
    columns: Sequence[str] | None = look.columns
    if columns is None and look.sort:
        columns = sorted_columns(summary, look.sort)
    return Options(columns, look.depth, look.sort, look.top, look.width, ASCII if look.ascii_only else UNICODE)


def choose_rows(summary: Summary, options: Options) -> Rows:
    """The rows that the options ask for."""
    if options.sort or options.top:
        return sorted_rows(summary, options.sort or "params", options.top)
    return tree_rows(summary, options.depth)


def summary_lines(summary: Summary, options: Options) -> Iterator[Line]:
    """Title, table, totals and footnotes."""
    glyphs = options.glyphs
    rows = choose_rows(summary, options)
    title = [
        Span(sanitise(summary.name, glyphs.ascii_only), "title"),
        Span(f" {glyphs.dash} {sanitise(summary.source, glyphs.ascii_only)}", "dim"),
    ]
    yield from wrapped(title, options.width, glyphs)
    yield []
    left_out = yield from table_lines(summary, rows, options.columns, options.width, glyphs)
    yield from totals(summary, options.width, glyphs)
    notes = footnotes(summary, rows, glyphs)
    if left_out:
        notes += [*([] if notes else [[]]), [Span(left_out, "dim")]]
    yield from all_wrapped(notes, options.width, glyphs)


def total_entries(summary: Summary) -> list[tuple[str, str, str]]:
    """(label, number, note) of each sum, the note empty where there is nothing to add."""
    total = summary.totals
    counts = [("Total params", total.params)]
    if summary.framework is not None:  # weights alone do not say what is trained
        counts += [("Trainable", total.trainable_params), ("Non-trainable", total.non_trainable_params)]
    entries = [
        (label, so_far(format_int(value), "params", summary), f"({format_count(value)})" if value >= 1000 else "")
        for label, value in counts
    ]
    if total.buffers:
        entries.append(("Buffers", format_int(total.buffers), "saved, but no parameters"))
    entries.append(("Size", so_far(format_bytes(total.size_bytes), "size", summary), dtypes(summary)))
    if summary.framework is not None:
        entries.append(("MACs", format_int(total.macs), macs_note(summary)))
    if total.decode_macs is not None:
        entries.append(("MACs a token", format_int(total.decode_macs), decode_note(summary)))
    if summary.details is not UNSET:
        entries.append(("Details", "", details(summary.details)))
    if summary.memory is not UNSET:
        from paramcalc.analysis.macs import missing_size
        from paramcalc.render.memory_text import memory_entries

        entries += memory_entries(summary.memory, missing_size(summary))
    return entries


def macs_note(summary: Summary) -> str:
    """The MACs in short and what they are for, or what is missing to know them."""
    macs = summary.totals.macs
    if macs is None:
        from paramcalc.analysis.macs import missing

        return "" if summary.partial is True else sanitise(missing(summary))
    return f"({format_count(macs)}) {batch(summary)}" if macs >= 1000 else batch(summary)


def decode_note(summary: Summary) -> str:
    """How many more a token after the prompt takes."""
    macs = summary.totals.decode_macs or 0
    return f"({format_count(macs)}) one more token of each sequence" if macs >= 1000 else "one more token"


def totals(summary: Summary, width: int | None, glyphs: Glyphs) -> Iterator[Line]:
    """The sums under the table, each with its unit or note, which goes on below itself."""
    entries = total_entries(summary)
    numbers = max(len(number) for _, number, _ in entries)
    beside = LABEL + numbers + 2
    indent = beside if width is not None and width - beside >= MIN_NOTE else 2
    for label, number, note in entries:
        line = [
            Span(f"{label:<{LABEL}}"),
            Span(f"{number:>{numbers}}", "total"),
            Span(f"  {note}" if note else "", "dim"),
        ]
        yield from wrapped(line, width, glyphs, indent)


def dtypes(summary: Summary) -> str:
    """The dtypes the weights are kept in; of a file that holds nothing else, with the bytes of each."""
    sizes: dict[str, int] = {}
    for layer in summary.layers:
        for weight in layer.weights:
            sizes[weight.dtype] = sizes.get(weight.dtype, 0) + weight.bytes
    if summary.framework is not None or len(sizes) < 2:
        return ", ".join(sizes)
    largest = sorted(sizes, key=lambda dtype: -sizes[dtype])
    shown = ", ".join([f"{dtype} {format_bytes(sizes[dtype])}" for dtype in largest[:MAX_DTYPES]])
    return f"{shown} and {len(sizes) - MAX_DTYPES:,} more" if len(sizes) > MAX_DTYPES else shown


def details(said: Mapping[str, str | int | float]) -> str:
    """What a file says of itself: `architecture llama, file type Q4_K_M, tensors 291`."""
    words = [
        f"{name.replace('_', ' ')} {f'{value:,}' if isinstance(value, int) else value}" for name, value in said.items()
    ]
    return cut_middle(sanitise(", ".join(words)), MAX_CELL, UNICODE.ellipsis)


def batch(summary: Summary) -> str:
    """What the MACs are of: one sample where the batch is unknown."""
    batches = {item.shape[0] for item in summary.inputs if item.shape}
    known = [size for size in batches if size is not None]
    if len(known) < len(batches):
        return "per sample"
    return f"for a batch of {max(known):,}" if known else ""


def footnotes(summary: Summary, rows: Rows, glyphs: Glyphs) -> list[Line]:
    """What the marks in the rows mean, and what is not shown."""
    used = {mark for row in rows.rows for mark in row.marks}
    notes = [f"{mark} {text}" for mark, text in FOOTNOTES.items() if mark in used]
    unknown = sorted(unknown_of(summary))
    if unknown:
        names = ", ".join(sanitise(path, glyphs.ascii_only) for path in unknown[:MAX_UNKNOWN])
        more = len(unknown) - MAX_UNKNOWN
        notes.append(f"partial: {names}{f' and {more:,} more' if more > 0 else ''}")
    repeats = [row for row in rows.rows if row.repeats > 1]
    if any(len(row.layers) > row.repeats and not row.folded for row in repeats):
        notes.append(f"{glyphs.times}N: N in a row; the numbers are their sum, and one of them is shown below")
    elif repeats:
        notes.append(f"{glyphs.times}N: N in a row; the numbers are their sum")
    if rows.full_depth is not None:
        notes.append(f"folded: --depth {rows.full_depth} shows every layer")
    return [[], *[[Span(note, "dim")] for note in notes]] if notes else []


def plain(lines: Iterable[Line]) -> Iterator[str]:
    """The lines as text, without colour; rich is not needed for it."""
    return ("".join([span.text for span in line]).rstrip() + "\n" for line in lines)


def coloured(lines: Iterable[Line]) -> Iterator[str]:
    """The lines with the escape codes of a terminal's own colours."""
    from rich.color import ColorSystem
    from rich.style import Style

    styles = {name: Style.parse(style) for name, style in STYLES.items()}
    for line in lines:
        yield "".join([styles[span.style].render(span.text, color_system=ColorSystem.STANDARD) for span in line]) + "\n"
