"""The frame of every page: styles and scripts inside, and a policy that lets nothing else in.

In: a title, the body as HTML, what the scripts know as JSON. Out: the file, in pieces.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

import msgspec

from paramcalc import __version__
from paramcalc.render.text import sanitise

SCRIPTS = ("base", "model", "layout", "details", "layers", "shares", "stage", "graph", "tables", "main")
"""The page's own scripts, in an order in which each comes after what it uses."""

# Nothing is loaded and nothing is sent. The hashes allow the page's own style and script; of an attribute such as
# onclick or style, which a name that became markup would need, nothing runs.
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'"
)

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><span class="brand">paramcalc</span><button id="theme" type="button" hidden></button></header>
<main id="content">
"""
FOOT = """</main>
<footer>Made by paramcalc {version}. {note}</footer>
<script>{script}</script>
</body>
</html>
"""
NOTE = "This page loads nothing from elsewhere and sends nothing."


def page(title: str, body: Iterable[str]) -> Iterator[str]:
    """The whole file; `body` comes between the page's frame, and is HTML already."""
    style, script = asset("page.css"), f"(() => {{\n'use strict';\n{''.join(map(script_of, SCRIPTS))}}})();"
    policy = POLICY.format(script=digest(script), style=digest(style))
    yield HEAD.format(policy=policy, title=text(title), style=style)
    yield from body
    yield FOOT.format(version=__version__, note=NOTE, script=script)


def script_of(name: str) -> str:
    """One of the page's scripts."""
    return asset(f"{name}.js")


def asset(name: str) -> str:
    """A file of this package."""
    return (files("paramcalc.render.html") / name).read_text(encoding="utf-8")


def digest(content: str) -> str:
    """The hash by which the policy knows a script or a style."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


def text(value: str) -> str:
    """Text that is shown as it is, in an element or an attribute: no markup, nothing invisible."""
    return escape(sanitise(value))


def data(value: Any) -> str:
    """Facts for the scripts, in an element that is never run; no text in it can end that element."""
    encoded = msgspec.json.encode(value).decode()
    for char in "<>&":
        encoded = encoded.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json">{encoded}</script>\n'


def bar(share: float) -> str:
    """A bar for a share of the whole, between 0 and 1."""
    width = f"{100 * min(share, 1):.2f}".rstrip("0").rstrip(".")
    return (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width}" height="6"/></svg>'
    )
