"""The checks of a project: `[[tool.paramcalc.checks]]` in pyproject.toml, or `checks:` in paramcalc.yaml."""

import os
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from paramcalc.budgets import METRICS, Budget, parse_budget
from paramcalc.errors import ParamcalcError, did_you_mean

CHECK_KEYS = ("files", "name", "message", *METRICS, "dtype", "layers")
MAX_UP = 40


class ConfigError(ParamcalcError):
    """A configuration that makes no sense; the message names the file."""


class Check(NamedTuple):
    """Files and the budget they keep; `files` are globs below the configuration's folder, `!` excludes."""

    files: tuple[str, ...]
    budget: Budget
    name: str | None = None
    message: str | None = None


class Config(NamedTuple):
    """The checks found, and the folder their globs start from."""

    path: Path
    checks: list[Check]


def find_config(start: Path) -> Path | None:
    """The nearest configuration from a folder upward; None when there is none."""
    for folder in [start, *start.parents][:MAX_UP]:
        for name in ("paramcalc.yaml", "paramcalc.yml"):
            if (folder / name).is_file():
                return folder / name
        project = folder / "pyproject.toml"
        if project.is_file() and "tool.paramcalc" in project.read_text(encoding="utf-8", errors="replace"):
            return project
    return None


def read_config(path: Path) -> Config:
    """The checks of one configuration file.

    Raises:
        ConfigError: for what cannot be read or understood.
    """
    raw = read_toml(path) if path.suffix == ".toml" else read_yaml(path)
    checks = raw.get("checks") if isinstance(raw, dict) else None
    if not isinstance(checks, list) or not checks:
        raise ConfigError(f"{path.name}: there are no checks in it")
    return Config(path, [parse_check(item, f"{path.name}: check {n}") for n, item in enumerate(checks, 1)])


def read_toml(path: Path) -> Any:
    """`tool.paramcalc` of a pyproject.toml."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("paramcalc", {})
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path.name}: {error}") from None


def read_yaml(path: Path) -> Any:
    """The whole of a paramcalc.yaml, read as strictly as a spec."""
    from paramcalc.readers.document import parse

    try:
        return parse(path.read_bytes(), str(path)).value
    except OSError as error:
        raise ConfigError(f"{path.name}: {error.strerror}") from None


def parse_check(item: Any, where: str) -> Check:
    """One entry of `checks`."""
    if not isinstance(item, dict):
        raise ConfigError(f"{where} is not a mapping")
    for key in item:
        if key not in CHECK_KEYS:
            raise ConfigError(f"{where}: unknown key '{str(key)[:60]}'{did_you_mean(str(key), CHECK_KEYS)}")
    files = item.get("files")
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list) or not files or not all(isinstance(file, str) for file in files):
        raise ConfigError(f"{where}: files must be a glob or a list of globs")
    limits = {key: value for key, value in item.items() if key not in ("files", "name", "message")}
    try:
        budget = parse_budget(limits)
    except ParamcalcError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Check(tuple(files), budget, item.get("name"), item.get("message"))


def expand(patterns: tuple[str, ...] | list[str], root: Path) -> list[str]:
    """The files that globs name, sorted, without the excluded; relative to where the user stands.

    Raises:
        ConfigError: for a glob that matches no file: a gate must not pass because it found nothing.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        if pattern.startswith("!"):
            continue
        matches = sorted(glob(pattern, root_dir=root, recursive=True))
        if not matches:
            raise ConfigError(f"no file matches '{pattern}'")
        found |= dict.fromkeys(matches)
    for pattern in patterns:
        if pattern.startswith("!"):
            for match in glob(pattern[1:], root_dir=root, recursive=True):
                found.pop(match, None)
    files = [root / name for name in found if (root / name).is_file()]
    if not files:
        raise ConfigError(f"the globs {', '.join(patterns)} leave no file to check")
    return [os.path.relpath(file) if file.is_absolute() else str(file) for file in files]
