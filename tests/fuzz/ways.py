"""The command lines that a file is tried with: every command, every format, the options that cost work."""

import json
import os
import random
from pathlib import Path
from typing import Any

SUMMARY = ("table", "json", "jsonl", "csv", "markdown", "svg", "html", "mermaid", "dot")
ALWAYS = ((), ("--lora", "4"), ("--batch-size", "8", "--dtype", "int8"))
MEMORY = (("--memory",), ("--optimizer", "adamw", "--checkpointing"), ("--memory", "--context", "4096", "--tp", "2"))
FEWER = {"--memory": ("csv", "mermaid", "dot"), "--optimizer": ("csv", "mermaid", "dot")}
FEWER |= {"--depth": ("json", "jsonl", "csv"), "--top": ("json", "jsonl", "html", "mermaid", "dot")}
"""Options that some formats do not accept."""
OTHERS = (
    *(("explain", "--format", form) for form in ("text", "markdown", "json")),
    ("explain", "--memory"),
    *(("convert", "--to", form) for form in ("spec", "keras")),
    *(
        ("check", "--max-params", "1", "--format", form)
        for form in ("text", "json", "github", "junit", "sarif", "html")
    ),
    *(("check", "--max-inference-memory", "1 GiB", "--depth", "2", "--columns", "layer,actual"),),
    *(("diff", "--format", form) for form in ("table", "json", "html")),
    ("diff", "--format", "markdown", "--graph"),
    ("fit", "--gpu", "h100"),
    ("sweep", "--set", "n=1,2", "--format", "svg"),
    ("fit", "--memory", "24GiB", "--train", "--context", "1000"),
)
TWO_FILES = ("diff",)
NO_ALLOWANCE = ("check",)
"""Commands without --allow-unknown."""


def command_lines() -> list[tuple[str, ...]]:
    """Return every way to run, without the files."""
    options = (*ALWAYS, *MEMORY, ("--depth", "1"), ("--top", "3"))
    shown = [
        ("summary", "--format", form, *more)
        for form in SUMMARY
        for more in options
        if not more or form not in FEWER.get(more[0], ())
    ]
    return [*shown, *OTHERS]


def arguments(way: tuple[str, ...], file: str, other: str) -> list[str]:
    """Return a whole command line."""
    config = Path(file) / "paramcalc.yaml"
    if way[0] == "check" and config.exists():
        return [*way, "--config", str(config)]
    files = [file, other] if way[0] in TWO_FILES else [file]
    leave = [] if way[0] in NO_ALLOWANCE else ["--allow-unknown"]
    return [*way, *leave, *files]


def laid_out(data: bytes, folder: Path, name: str, as_folder: bool) -> str:
    """Write an input as one file, or as a folder whose files a JSON object names; return its path.

    Raises:
        ValueError: if it is not such an object.
    """
    place = folder / name
    if not as_folder:
        place.write_bytes(data)
        return str(place)
    files = json.loads(data)
    if not isinstance(files, dict) or any("/" in key or "\0" in key or len(key) > 100 for key in files):
        raise ValueError("the names of files are plain")
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    for key, value in files.items():
        if key not in ("", ".", ".."):
            (place / key).write_text(json.dumps(value))
    return str(place)


def run(args: list[str], silent: bool = True) -> int:
    """Run a command line in this process; return the number of layer calls in the models that it read."""
    from paramcalc import formats
    from paramcalc.cli import run as run_command
    from paramcalc.formats.adapters import folder, option

    read, layers = formats.read_source, [0]

    def counted(*given: Any) -> Any:
        model = read(*given)
        layers[0] += len(model.nodes)
        return model

    for module in (formats, folder, option):
        module.read_source = counted
    if silent:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    try:
        run_command(args)
    finally:
        for module in (formats, folder, option):
            module.read_source = read
    return layers[0]


def chosen(rng: random.Random) -> tuple[str, ...]:
    """Pick a way, each command with equal probability."""
    ways = command_lines()
    command = rng.choice(sorted({way[0] for way in ways}))
    return rng.choice([way for way in ways if way[0] == command])
