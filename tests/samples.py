"""The samples of a Markdown page, run: in order, in a folder of its own that holds the files that the page shows.

A fence says what its block is:

    ```console          commands that begin with `$ paramcalc`, each with what it prints
    ```yaml NAME.yaml   a file of this name (any language), for the commands below it
    ```yaml             a whole spec, or a configuration of CI
    ```python           statements; an expression with a comment behind it has the comment's value

What needs PyTorch is run by tests/oracle/freeze_guide.py, which keeps the files that it writes.
"""

import ast
import io
import os
import re
import shlex
import shutil
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import NamedTuple

from paramcalc.cli import run

ROOT = Path(__file__).parents[1]
FROZEN = ROOT / "tests" / "data" / "guide.zip"
"""The files that the samples write with PyTorch: PAGE/NAME."""

FENCE = re.compile(r"(?P<margin>^ *)```(?P<info>[^\n`]+)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its language, the name of the file it shows (or ""), and its text without the margin."""

    language: str
    name: str
    text: str


def block_of(match):
    language, _, name = match["info"].partition(" ")
    return Block(language, name, dedent(match["body"]))


def blocks_of(page):
    return [block_of(match) for match in FENCE.finditer(page)]


def is_sample(block):
    """Whether a block shows commands of paramcalc; others, such as pip's, are not run."""
    return block.language == "console" and block.text.startswith("$ paramcalc")


def is_for_torch(block):
    """Whether a block is Python that needs PyTorch."""
    return block.language == "python" and re.search(r"(?:import|from) (?:torch|tagger)\b", block.text) is not None


def specs_of(page):
    """Return the whole specs without a name: the commands around them read the named ones."""
    return [block.text for block in blocks_of(page) if is_spec(block) and not block.name]


def is_spec(block):
    return block.language == "yaml" and re.search(r"^layers:", block.text, re.MULTILINE) is not None


def commands_of(block):
    """Yield (command line, its output) for each command of a block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def printed(command):
    """Run a command; return its stdout and stderr as one text."""
    words = shlex.split(command)
    assert words[0] == "paramcalc", command
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    try:
        code = run(words[1:])
    finally:
        sys.stdout, sys.stderr = before
    assert code in (0, 1, 2), command
    stream.flush()
    return stream.buffer.getvalue().decode()


def rerun(block):
    """Return the block with the current output of its commands."""
    parts = []
    for command, output in commands_of(block):
        now = printed(command).rstrip("\n")
        now = output.rstrip("\n") if now == output.rstrip("\n") else now
        parts.append(f"$ {command}\n" + (f"{now}\n" if now else ""))
    return "\n".join(parts)


def page_rerun(page):
    """Return the page with the current output of each sample; its files are written to the current folder."""

    def replaced(match):
        block = block_of(match)
        if block.name:
            Path(block.name).parent.mkdir(parents=True, exist_ok=True)
            Path(block.name).write_text(block.text, encoding="utf-8")
        if is_for_torch(block):
            ast.parse(block.text)
        elif block.language == "python" and not block.name:
            check_python(block.text)
        if not is_sample(block):
            return match[0]
        body = indent(rerun(block), match["margin"], lambda line: line != "\n")
        return f"{match['margin']}```{match['info']}\n{body}{match['margin']}```"

    return FENCE.sub(replaced, page)


def check_python(text):
    """Run statements and compare each expression's value with its comment; the page's files can be imported."""
    lines = text.splitlines()
    names = {"__name__": "sample"}
    sys.path.insert(0, os.getcwd())
    for statement in ast.parse(text).body:
        source = ast.unparse(statement)
        comment = lines[statement.end_lineno - 1][statement.end_col_offset :].strip().removeprefix("#").strip()
        if isinstance(statement, ast.Expr) and comment:
            assert repr(eval(source, names)) == comment, source
        else:
            exec(compile(ast.Module([statement], []), "sample", "exec"), names)
    sys.path.pop(0)


@contextmanager
def workspace(folder, monkeypatch, page=""):
    """Make the current folder one with the example specs and the page's frozen files, with no variables of CI set."""
    shutil.copytree(ROOT / "specs", folder / "specs")
    with zipfile.ZipFile(FROZEN) as archive:
        for name in archive.namelist():
            if name.startswith(f"{page}/"):
                (folder / Path(name).name).write_bytes(archive.read(name))
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "PARAMCALC_"))]:
        monkeypatch.delenv(name)
    yield folder
