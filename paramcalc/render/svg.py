"""The table as a picture: the same lines, drawn by rich; the same summary gives the same bytes."""

import re
from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING

from paramcalc.render.layout import Line, Span
from paramcalc.render.table import STYLES
from paramcalc.render.text import sanitise, width_of

if TYPE_CHECKING:
    from rich.console import Console

_REMOTE_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_FONTS = 2
MAX_LINES = 500
"""A taller picture is cut: rich takes a millisecond a line …"""
TAIL = 20
"""… but for these last ones, which hold the totals."""


def lines_svg(found: Iterable[Line], title: str) -> str:
    """An SVG of the lines in a terminal window; it loads nothing from elsewhere."""
    from rich.console import Console
    from rich.text import Text

    lines = list(found)
    if len(lines) > MAX_LINES + TAIL:
        left_out: Line = [Span(f"… {len(lines) - MAX_LINES - TAIL:,} more lines", "dim")]
        lines = [*lines[:MAX_LINES], left_out, *lines[-TAIL:]]
    width = max([sum([width_of(span.text) for span in line]) for line in lines], default=1)
    console = Console(
        record=True,
        file=StringIO(),
        width=max(width, 1) + 1,
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
    )
    for line in lines:
        text = Text.assemble(*[(span.text, STYLES[span.style]) for span in line])
        console.print(text, no_wrap=True, crop=False, highlight=False)
    return export(console, sanitise(title))


def export(console: "Console", title: str) -> str:
    """What a console recorded as an SVG that loads nothing from elsewhere."""
    drawn = console.export_svg(title=title, unique_id="paramcalc")
    # rich's template names fonts on a public server: they come first, before anything of the file's.
    return _REMOTE_FONT.sub("", drawn, count=_FONTS)
