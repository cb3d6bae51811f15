"""Lays out a Markdown page of the guide for a terminal, with rich."""

import re
from io import StringIO
from typing import Any, ClassVar

from rich import markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text
from rich.theme import Theme

CODE_THEME = "ansi_dark"
"""The terminal's own colours on its own background, which suits both light and dark terminals."""
THEME = Theme({"markdown.code": "cyan"})
"""The default of rich has a black background, which stands out on a light terminal."""

_FENCED_OR_CODE = re.compile(r"(?P<fenced>^```.*?^```$)|(?<!`)`(?P<code>[^`\n]+)`(?!`)", re.DOTALL | re.MULTILINE)


class Heading(markdown.Heading):
    """A heading on the left, instead of in the middle of a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of the heading."""
        if self.tag != "h1":
            yield Text("")
        yield Text(self.text.plain, style="bold underline" if self.tag in ("h1", "h2") else "bold")


class Page(markdown.Markdown):
    """Markdown with headings on the left."""

    elements: ClassVar[dict[str, Any]] = markdown.Markdown.elements | {"heading_open": Heading}


def laid_out(text: str, width: int, colour: bool) -> str:
    """The page as lines of at most `width` cells, with or without the codes for colours."""
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        theme=THEME,
        _environ={},
    )
    with console.capture() as capture:
        console.print(Page(text if colour else with_backticks(text), code_theme=CODE_THEME, hyperlinks=False))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def with_backticks(text: str) -> str:
    """The page with visible backticks: without colour nothing else marks code."""
    return _FENCED_OR_CODE.sub(lambda match: match["fenced"] or f"`` `{match['code']}` ``", text)
