"""The checks of a project: `[[tool.paramcalc.checks]]` in pyproject.toml, or `checks:` in paramcalc.yaml."""

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.budgets import METRICS, Budget, parse_budget
from paramcalc.errors import ParamcalcError, Position, did_you_mean
from paramcalc.globs import MAGIC, find, names
from paramcalc.limits import MAX_GLOB, MAX_GLOBS, MAX_KEY_PARTS, MAX_TOML_BYTES, max_bytes
from paramcalc.readers.source import check_size

if TYPE_CHECKING:
    from paramcalc.readers.document import Document

CHECK_KEYS = ("files", "name", "message", *METRICS, "dtype", "layers")
NAMES = ("paramcalc.yaml", "paramcalc.yml", "pyproject.toml")
CHECK_HEADER = rb"(?m)^[ \t]*\[\[[ \t]*tool[ \t]*\.[ \t]*paramcalc[ \t]*\.[ \t]*checks[ \t]*\]\]"
_KEY_PART = rb"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
LONG_KEY = rb"(?m)(?:^|[\[{,])[ \t]*(?:%b){%d}" % (_KEY_PART, MAX_KEY_PARTS)
"""A dotted key that would take tomllib minutes to read."""


class ConfigError(ParamcalcError):
    """A configuration that makes no sense; the message names the file."""


class Check(NamedTuple):
    """Files and the budget they keep; `files` are globs below the configuration's folder, `!` excludes."""

    files: tuple[str, ...]
    budget: Budget


class Config(NamedTuple):
    """The checks found, and the file they stand in: their globs start from its folder, and never name it."""

    path: str
    checks: list[Check]

    @property
    def folder(self) -> str:
        """Where globs start; empty for the current folder."""
        return os.path.dirname(self.path)


def find_config(start: str) -> str | None:
    """The nearest configuration from a folder upward, as far as the top of its repository; None when there is none.

    Raises:
        ConfigError: when a folder has two: neither may be passed over in silence.
    """
    folder = os.path.abspath(start)
    while True:
        found = [name for name in NAMES if is_config(os.path.join(folder, name))]
        if len(found) > 1:
            raise ConfigError(f"{' and '.join(found)} both have checks: keep them in one")
        if found:
            return os.path.relpath(os.path.join(folder, found[0]), start)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = above


def is_config(path: str) -> bool:
    """Whether a file is a configuration; a pyproject.toml is one when it has a `tool.paramcalc`."""
    if not os.path.isfile(path):
        return False
    return not path.endswith(".toml") or (b"paramcalc" in read_bytes(path) and read_toml(path) is not None)


def read_config(path: str) -> Config:
    """The checks of one configuration file.

    Raises:
        ConfigError: for what cannot be read or understood.
    """
    document = None if path.endswith(".toml") else read_yaml(path)
    raw = document.value if document else read_toml(path)
    raw = {} if raw is None else raw
    for key in raw if isinstance(raw, dict) else ():
        if key != "checks":
            raise ConfigError(f"{path}: unknown key '{str(key)[:60]}'{did_you_mean(str(key), ['checks'])}")
    checks = raw.get("checks") if isinstance(raw, dict) else None
    if not isinstance(checks, list) or not checks:
        raise ConfigError(f"{path}: there are no checks in it")
    found = []
    for index, item in enumerate(checks):
        try:
            found.append(parse_check(item))
        except ParamcalcError as error:
            raise ConfigError(f"{place_of(path, document, index, len(checks))}: {error}") from None
    if sum(len(check.files) for check in found) > MAX_GLOBS:
        raise ConfigError(f"{path}: its checks have more than {MAX_GLOBS:,} globs")
    return Config(path, found)


def place_of(path: str, document: "Document | None", index: int, count: int) -> str:
    """Where a check stands, as errors begin: `paramcalc.yaml:3:5: check 2`.

    A TOML reader gives no lines: they are those of the headers, where there is one for each of the `count` checks.
    """
    position = None
    if document:
        position = document.locate(("checks", index))
    else:
        text = read_bytes(path)
        headers = [match.start() for match in re.finditer(CHECK_HEADER, text)]
        if len(headers) == count:
            position = Position(text.count(b"\n", 0, headers[index]) + 1, 1)
    place = f"{path}:{position.line}:{position.column}" if position else path
    return f"{place}: check {index + 1}"


def read_bytes(path: str) -> bytes:
    """The content of a configuration."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def read_toml(path: str) -> Any:
    """`tool.paramcalc` of a pyproject.toml; None where it has none."""
    import tomllib

    data = read_bytes(path)
    check_size(path, len(data), max_bytes(MAX_TOML_BYTES), "the configuration")
    if re.search(LONG_KEY, data):
        raise ConfigError(f"{path}: a key has more than {MAX_KEY_PARTS} parts")
    try:
        tool = tomllib.loads(data.decode("utf-8-sig")).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: lists and tables are nested too deep in it") from None
    except ValueError:  # of `int`, which takes 4,300 digits
        raise ConfigError(f"{path}: an integer in it has too many digits") from None
    return tool.get("paramcalc") if isinstance(tool, dict) else None


def read_yaml(path: str) -> "Document":
    """The whole of a paramcalc.yaml, read as strictly as a spec."""
    from paramcalc.readers.document import parse

    return parse(read_bytes(path), path)


def parse_check(item: Any) -> Check:
    """One entry of `checks`.

    Raises:
        ParamcalcError: for an unknown key or a wrong value.
    """
    if not isinstance(item, dict):
        raise ConfigError("must be a mapping")
    for key in item:
        if key not in CHECK_KEYS:
            raise ConfigError(f"unknown key '{str(key)[:60]}'{did_you_mean(str(key), CHECK_KEYS)}")
    files = item.get("files")
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files) or not wanted(files):
        raise ConfigError("files must be a glob or a list of globs, not all of them with !")
    if any(len(file) > MAX_GLOB for file in files):
        raise ConfigError(f"files: a glob has at most {MAX_GLOB:,} characters")
    for key in ("name", "message"):
        if not isinstance(item.get(key, ""), str):
            raise ConfigError(f"{key} must be text")
    limits = {key: value for key, value in item.items() if key not in ("files", "name", "message")}
    return Check(tuple(files), parse_budget(limits)._replace(check=item.get("name"), hint=item.get("message")))


def wanted(patterns: tuple[str, ...] | list[str]) -> list[str]:
    """The globs that do not exclude."""
    return [pattern for pattern in patterns if not pattern.startswith("!")]


def excluded(patterns: tuple[str, ...] | list[str]) -> list[str]:
    """The globs that exclude, without their `!`."""
    return [pattern[1:] for pattern in patterns if pattern.startswith("!")]


def covers(check: Check, folder: str, file: str) -> bool:
    """Whether a check is about a file; `folder` is where its globs start."""
    name = os.path.relpath(file, folder or os.curdir)
    left_out = any(names(pattern, name, within=True) for pattern in excluded(check.files))
    return not left_out and any(names(pattern, name) for pattern in wanted(check.files))


def expand(patterns: tuple[str, ...] | list[str], folder: str) -> tuple[list[str], list[str]]:
    """The files that globs name, less the excluded ones, as paths from here; and the globs that name none.

    A gate must not pass because it found nothing: the caller has to report those.
    """
    files: dict[str, None] = {}
    empty = []
    without = excluded(patterns)
    for pattern in wanted(patterns):
        found = [name for name in find(pattern, folder or os.curdir)
                 if not any(names(each, name, within=True) for each in without)]  # fmt: skip
        if not found:
            empty.append(pattern)
        files |= dict.fromkeys([os.path.join(folder, name) for name in found])
    return list(files), empty


def named_files(name: str) -> list[str]:
    """The files that a name on the command line stands for: itself, and those it matches as a glob.

    A file named like a glob hides none of those: a pull request could add one called `models/*.yaml`.
    """
    if MAGIC.isdisjoint(name):
        return [name]
    return [*([name] if os.path.exists(name) else []), *find(name, os.curdir)]
