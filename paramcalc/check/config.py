"""The checks of a project: `[[tool.paramcalc.checks]]` in pyproject.toml, or `checks:` in paramcalc.yaml."""

import os
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc.budget import Budget, parse_budget
from paramcalc.check.globs import MAGIC, Search, begins, names
from paramcalc.errors import InputError, ParamcalcError, Position, Problem, clipped, unknown_keys
from paramcalc.formats.source import open_source
from paramcalc.limits import (
    MAX_GLOB,
    MAX_GLOB_TEXT,
    MAX_GLOBS,
    MAX_JSON_BYTES,
    MAX_KEY_PARTS,
    MAX_TOML_BYTES,
    check_size,
    max_bytes,
)
from paramcalc.metrics import CONDITIONS, METRICS

if TYPE_CHECKING:
    from paramcalc.analysis.assumptions import Assumption
    from paramcalc.formats.text.document import Document

CHECK_KEYS = ("files", "name", "message", "assume", *METRICS, "dtype", *CONDITIONS, "layers")
NAMES = ("paramcalc.yaml", "paramcalc.yml", "pyproject.toml")
CHECK_HEADER = rb"(?m)^[ \t]*\[\[[ \t]*tool[ \t]*\.[ \t]*paramcalc[ \t]*\.[ \t]*checks[ \t]*\]\]"
_KEY_PART = rb"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
LONG_KEY = rb"(?m)(?:^|[\[{,])[ \t]*(?:%b){%d}" % (_KEY_PART, MAX_KEY_PARTS)
"""Matches a dotted key so long that tomllib would take minutes."""


class ConfigError(InputError):
    """A configuration that makes no sense."""

    def __init__(self, path: str, message: str, position: Position | None = None) -> None:
        super().__init__(path, [Problem(clipped(message), position=position)])


class Check(NamedTuple):
    """Files and their budget; `files` are globs relative to the configuration's folder, `!` excludes.

    `assume` is about layers that cannot be computed, by path or class; see `Assumption`.
    """

    files: tuple[str, ...]
    budget: Budget
    assume: "Mapping[str, Assumption]" = MappingProxyType({})


class Config(NamedTuple):
    """The checks and the file they are in: their globs are relative to its folder, and never match it."""

    path: str
    checks: list[Check]

    @property
    def folder(self) -> str:
        """Where globs start; empty for the current folder."""
        return os.path.dirname(self.path)


def find_config(start: str) -> str | None:
    """The nearest configuration from a folder upward, up to the top of its repository; None if there is none.

    Raises:
        ConfigError: if a folder has two, as neither may be ignored silently.
    """
    folder = os.path.abspath(start)
    while True:
        paths = [os.path.relpath(os.path.join(folder, name)) for name in NAMES]
        found = [path for path in paths if is_config(path)]
        if len(found) > 1:
            raise ConfigError(found[1], f"{found[0]} has checks as well: keep them in one of the two")
        if found:
            return os.path.relpath(found[0], start)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = above


def is_config(path: str) -> bool:
    """Whether a file is a configuration; a pyproject.toml is one if it has a `tool.paramcalc` table.

    Anything else with its name counts as well: searching further up would ignore it silently.
    """
    if not os.path.lexists(path):
        return False
    return not path.endswith(".toml") or (b"paramcalc" in read_bytes(path) and read_toml(path) is not None)


def read_config(path: str) -> Config:
    """The checks of one configuration file.

    Raises:
        ConfigError: for a file that cannot be read or understood.
    """
    document = None if path.endswith(".toml") else read_yaml(path)
    raw = document.value if document else read_toml(path)
    raw = {} if raw is None else raw
    for key, near in unknown_keys(raw, ["checks"]) if isinstance(raw, dict) else ():
        raise ConfigError(path, f"unknown key '{str(key)[:60]}'{near}")
    checks = raw.get("checks") if isinstance(raw, dict) else None
    if isinstance(checks, dict):
        right = '- files: ["…"]' if document else "[[tool.paramcalc.checks]], in two brackets"
        raise ConfigError(path, f"its checks are a list: write {right}")
    if not isinstance(checks, list) or not checks:
        raise ConfigError(path, "there are no checks in it")
    found = []
    for index, item in enumerate(checks):
        try:
            found.append(parse_check(item))
        except ParamcalcError as error:
            position = place_of(path, document, index, len(checks))
            raise ConfigError(path, f"check {index + 1}: {error}", position) from None
    if sum(len(check.files) for check in found) > MAX_GLOBS:
        raise ConfigError(path, f"its checks have more than {MAX_GLOBS:,} globs")
    if sum(len(glob) for check in found for glob in check.files) > MAX_GLOB_TEXT:
        raise ConfigError(path, f"the globs of its checks have more than {MAX_GLOB_TEXT:,} characters together")
    return Config(path, found)


def place_of(path: str, document: "Document | None", index: int, count: int) -> Position | None:
    """The place of a check.

    A TOML reader gives no lines, so they are those of the headers, if there is one for each of the `count` checks.
    """
    if document:
        return document.locate(("checks", index))
    text = read_bytes(path)
    headers = [match.start() for match in re.finditer(CHECK_HEADER, text)]
    return Position(text.count(b"\n", 0, headers[index]) + 1, 1) if len(headers) == count else None


def read_bytes(path: str) -> bytes:
    """The content of a configuration."""
    with open_source(path) as source:
        return source.read(max_bytes(MAX_JSON_BYTES), "the configuration")


def read_toml(path: str) -> Any:
    """The `tool.paramcalc` of a pyproject.toml; None if it has none."""
    import tomllib

    data = read_bytes(path)
    check_size(path, len(data), max_bytes(MAX_TOML_BYTES), "the configuration")
    if re.search(LONG_KEY, data):
        raise ConfigError(path, f"a key has more than {MAX_KEY_PARTS} parts")
    try:
        tool = tomllib.loads(data.decode("utf-8-sig")).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message, _, place = str(error).partition(" (at line ")
        line, _, column = place.removesuffix(")").partition(", column ")
        position = Position(int(line), int(column)) if column.isdigit() else None
        raise ConfigError(path, message if position else str(error), position) from None
    except RecursionError:
        raise ConfigError(path, "lists and tables are nested too deep in it") from None
    except ValueError:  # raised by `int` for more than 4,300 digits
        raise ConfigError(path, "an integer in it has too many digits") from None
    return tool.get("paramcalc") if isinstance(tool, dict) else None


def read_yaml(path: str) -> "Document":
    """The content of a paramcalc.yaml, read as strictly as a spec."""
    from paramcalc.formats.text.document import parse

    return parse(read_bytes(path), path)


def parse_check(item: Any) -> Check:
    """One entry of `checks`.

    Raises:
        ParamcalcError: for an unknown key or a wrong value.
    """
    if not isinstance(item, dict):
        raise ParamcalcError("must be a mapping")
    for key, near in unknown_keys(item, CHECK_KEYS):
        raise ParamcalcError(f"unknown key '{str(key)[:60]}'{near}")
    files = item.get("files")
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files) or not wanted(files):
        raise ParamcalcError("files must be a glob or a list of globs, not all of them with !")
    if any(len(file) > MAX_GLOB for file in files):
        raise ParamcalcError(f"files: a glob has at most {MAX_GLOB:,} characters")
    for key in ("name", "message"):
        if not isinstance(item.get(key, ""), str):
            raise ParamcalcError(f"{key} must be text")
    limits = {key: value for key, value in item.items() if key not in ("files", "name", "message", "assume")}
    budget = parse_budget(limits)._replace(check=item.get("name"), hint=item.get("message"))
    return Check(tuple(files), budget, assumed(item["assume"]) if "assume" in item else {})


def assumed(value: Any) -> "dict[str, Assumption]":
    """A check's assumptions about layers that cannot be computed; not every file needs to have these layers.

    Raises:
        ParamcalcError: for a wrong value.
    """
    from paramcalc.analysis.assumptions import parse_assumptions  # rare in configurations

    return parse_assumptions(value, optional=True)


def wanted(patterns: Sequence[str]) -> list[str]:
    """The globs that do not exclude."""
    return [pattern for pattern in patterns if not pattern.startswith("!")]


def excluded(patterns: Sequence[str]) -> list[str]:
    """The globs that exclude, without their `!`."""
    return [pattern[1:] for pattern in patterns if pattern.startswith("!")]


def covers(check: Check, folder: str, file: str) -> bool:
    """Whether a check applies to a file; its globs are relative to `folder`."""
    name = os.path.relpath(file, folder or os.curdir)
    left_out = any(names(pattern, name, within=True) for pattern in excluded(check.files))
    return not left_out and any(names(pattern, name) for pattern in wanted(check.files))


class Fault(NamedTuple):
    """A glob without matches, or a folder that could not be searched: a gate must not ignore it."""

    place: str
    message: str


def expand(patterns: Sequence[str], folder: str) -> tuple[list[str], list[Fault]]:
    """The files that globs match, without the excluded ones, as paths from here; and what went wrong."""
    files: dict[str, None] = {}
    faults: dict[Fault, None] = {}
    for pattern in wanted(patterns):
        found, faulty = search(pattern, folder, patterns)
        files |= dict.fromkeys(found)
        faults |= dict.fromkeys(faulty if found or faulty else [no_file(pattern)])
    return list(files), list(faults)


def search(pattern: str, folder: str, patterns: Sequence[str] = ()) -> tuple[list[str], list[Fault]]:
    """The matches of one of several globs that others do not exclude; and folders that none of them searched."""
    without = excluded(patterns)
    searched = Search(pattern, folder or os.curdir)
    found = [name for name in searched.files() if not any(names(each, name, within=True) for each in without)]
    faulty = [
        Fault(os.path.join(folder, place), message)
        for place, message in searched.faults.items()
        if not any(names(each, f"{place}/-", within=True) for each in without)
        and not any(begins(each, place) for each in wanted(patterns) if each != pattern)
    ]
    return [os.path.join(folder, name) for name in found], faulty


def no_file(pattern: str) -> Fault:
    """The fault of a glob without matches."""
    return Fault(pattern, "no file matches this glob")


def named_files(name: str) -> tuple[list[str], list[Fault]]:
    """The files for a name on the command line: the file itself and its matches as a glob; and what went wrong.

    A file whose name looks like a glob does not hide its matches: a pull request could add a `models/*.yaml`.
    """
    if MAGIC.isdisjoint(name):
        return [name], []
    found, faults = search(name, "")
    found += [name] if os.path.lexists(name) else []
    return found, faults if found or faults else [no_file(name)]
