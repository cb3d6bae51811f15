"""Baselines: the state of a model at a git revision, in a folder, or in a summary saved as JSON.

A pull request must not choose its own baseline. A revision is looked up in the repository of the configuration, not in
one that a file happens to be in, and a file is found by the path that was given: no link or submodule of the current
working tree can lead to another file.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec.structs import replace

from paramcalc.analysis.summarize import total
from paramcalc.answer import Question, answer
from paramcalc.check.git import (
    AmbiguousError,
    GitError,
    NoRepositoryError,
    Repository,
    path_below,
    split_revision,
)
from paramcalc.errors import ParamcalcError, why
from paramcalc.shapes import MAX_COUNT
from paramcalc.summary import SCHEMA_VERSION, Summary
from paramcalc.units import size_of, variable_dtype

STDIN = "-"


class BaselineError(ParamcalcError):
    """The baseline as a whole cannot be read."""


class Baseline(Protocol):
    """The models at the baseline."""

    def find(self, file: str, asked: Question | None = None) -> Summary | None:
        """The summary of `file` at the baseline; None if it is new. `asked` replaces the question for all files.

        Raises:
            ParamcalcError: if the file was there but cannot be read.
        """

    def close(self) -> None:
        """Release resources."""


ASKED = Question(allow_unknown=True)
"""The question of a check: unknown numbers are findings of their own, not errors."""
NOTHING_ASKED = Question()


def open_baseline(against: str, root: str, asked: Question = ASKED, alone: bool = False) -> Baseline:
    """Open a baseline by name. It must exist; a model that is not in it is new.

    Args:
        against: a folder, a file of saved summaries, or a revision.
        root: the folder of the configuration: revisions are those of the repository around it, and in a baseline folder
            the names of files are relative to it.
        asked: the options that change what is computed, the same as for the models to compare.
        alone: whether only one model is compared: then a single saved summary is taken for it, whatever its name.

    Raises:
        ParamcalcError: if there is no such baseline, or it cannot be read.
    """
    if os.path.exists(against):
        refuse_two_meanings(against, against)
    if os.path.isdir(against):
        return Folder(against, root, asked)
    if os.path.isfile(against):
        return Saved(against, root, alone)
    if against.endswith((".json", ".jsonl", "/")):
        advice = "save one with: paramcalc summary FILE... --format jsonl -o baseline.jsonl"
        raise BaselineError(f"there is no baseline '{against}'; {advice}")
    return History(against, root, asked)


def refuse_two_meanings(name: str, revision: str) -> None:
    """Refuse a name that is both a file or folder here and a revision.

    Git does so as well, and a gate must: a pull request that adds a folder `origin/main` would bring its own baseline.

    Raises:
        BaselineError: if it names both.
    """
    try:
        with Repository(os.curdir) as repository:
            is_revision = repository.commit_of(revision) is not None
    except AmbiguousError:
        is_revision = True
    except GitError:
        is_revision = False
    if is_revision:
        advice = f"write ./{name} for what is here, or rename it"
        raise BaselineError(f"'{name}' is here, and '{revision}' is a revision of this repository, too: {advice}")


class Folder:
    """A folder with the former state of the same files."""

    def __init__(self, folder: str, root: str, asked: Question) -> None:
        self.folder, self.root, self.asked = folder, root, asked

    def find(self, file: str, asked: Question | None = None) -> Summary | None:
        """The file at the same relative path; if the folder is a checkout, relative to the top of the repository."""
        if file == STDIN:
            raise BaselineError(f"standard input cannot be found in {self.folder}")
        start = self.root
        if os.path.exists(os.path.join(self.folder, ".git")):
            start = repository_of(self.root, file)[0].top
        name = path_below(start, file)
        if name is None:
            raise BaselineError(f"{file} is not below {start}, so it cannot be found in the folder {self.folder}")
        old = os.path.join(self.folder, name)
        try:
            os.lstat(old)  # a broken link exists, and so does a file that may not be inspected
            same = os.path.samefile(old, file)
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(old):
                raise BaselineError(f"{old} is a link that leads nowhere") from None
            return None
        except OSError as error:
            raise BaselineError(f"{old} cannot be read: {why(error)}") from None
        if same:
            raise BaselineError(f"{file} would be compared with itself: {self.folder} holds the same file")
        return answer(old, asked or self.asked)

    def close(self) -> None:
        """Nothing to release."""


class Saved:
    """Summaries written by `summary --format json` or `jsonl`."""

    def __init__(self, path: str, root: str, alone: bool) -> None:
        self.path = path
        self.only: Summary | None = None
        self.summaries: dict[str, Summary] = {}
        found = list(read_summaries(path))
        for summary in found:
            # Paths are relative to the folder of that run: the current folder, or that of the configuration.
            for start in (os.curdir, root):
                place = os.path.abspath(os.path.join(start, summary.source))
                if self.summaries.setdefault(place, summary) is not summary:
                    raise BaselineError(f"{path} has two summaries of {summary.source}")
        if alone and len(found) == 1:
            self.only = found[0]

    def find(self, file: str, asked: Question | None = None) -> Summary | None:
        """The summary of the same file."""
        found = self.summaries.get(os.path.abspath(file), self.only)
        like = [place for place in self.summaries if os.path.basename(place) == os.path.basename(file)]
        if found is None and like:
            raise BaselineError(f"{self.path} has a summary of {self.summaries[like[0]].source}, but none of {file}")
        return found

    def close(self) -> None:
        """Nothing to release."""


def read_summaries(path: str) -> Iterator[Summary]:
    """The summaries in a file: one JSON document, or one per line.

    Raises:
        BaselineError: if it is anything else.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise BaselineError(f"{path} cannot be read: {why(error)}") from None
    lines = [line for line in data.splitlines() if line.strip()]
    whole = not all(line.startswith(b"{") and line.endswith(b"}") for line in lines)
    for line in [data] if whole or not lines else lines:
        try:
            summary = msgspec.json.decode(line, type=Summary)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BaselineError(f"{path} is not a summary that paramcalc saved: {error}") from None
        if summary.schema_version != SCHEMA_VERSION:
            raise BaselineError(f"{path} has schema_version {summary.schema_version}, not {SCHEMA_VERSION}")
        summary = upgraded(summary)
        check_sound(path, summary)
        yield summary


def upgraded(summary: Summary) -> Summary:
    """A summary saved by paramcalc 0.1, with the numbers that it lacked: its layers had one dtype for all weights."""
    if summary.totals.active_params or not summary.totals.params:
        return summary
    rows = [
        replace(row, active_params=row.params, size_bytes=size_of(row.params, variable_dtype(row.dtype)))
        for row in summary.layers
    ]
    totals = replace(summary.totals, active_params=summary.totals.params)
    return replace(summary, layers=rows, totals=totals)


def check_sound(path: str, summary: Summary) -> None:
    """Refuse impossible numbers: an error in a baseline would allow a model to grow by as much.

    Raises:
        BaselineError: for negative or huge counts, duplicate layers, and totals that do not match the layers.
    """
    rows = summary.layers
    counts = [
        (row.params, row.trainable_params, row.non_trainable_params, row.weight_params, row.bias_params, row.macs or 0)
        for row in rows
    ]
    found = total(rows)
    what = f"{path} is not a summary that paramcalc saved"
    if min(map(min, counts), default=0) < 0 or max(found.params, found.macs or 0) > MAX_COUNT:
        raise BaselineError(f"{what}: a count is negative, or past {MAX_COUNT:,}")
    if len({row.path for row in rows}) < len(rows):
        raise BaselineError(f"{what}: a layer is in it twice")
    for name in found.__struct_fields__:
        if getattr(found, name) != getattr(summary.totals, name):
            raise BaselineError(f"{what}: its layers' {name} do not add up to its totals'")


def repository_of(root: str, file: str) -> tuple[Repository, str]:
    """The repository of the configuration and a file's path in it; for a file outside, the file's own repository.

    Raises:
        NoRepositoryError: if the file is in none.
    """
    own = os.path.dirname(os.path.abspath(file))
    for folder in (root, own):
        with suppress(NoRepositoryError):
            repository = Repository(folder)
            path = path_below(repository.top, file)
            if path is not None:
                return repository, path
    raise NoRepositoryError(f"{own} is in no git repository")


class History:
    """A revision of the configuration's repository."""

    def __init__(self, revision: str, root: str, asked: Question) -> None:
        self.revision, self.root, self.asked = revision, root, asked
        self.repositories: dict[str, tuple[Repository, str | None]] = {}
        with suppress(NoRepositoryError):  # the files themselves may still be in one
            self._commit(Repository(root))  # a missing revision is one error, and not one per file

    def find(self, file: str, asked: Question | None = None) -> Summary | None:
        """The file at the same path in the revision."""
        if file == STDIN:
            raise BaselineError(f"standard input cannot be found at {self.revision}")
        repository, path = repository_of(self.root, file)
        repository, commit = self._commit(repository)
        data = None if commit is None else repository.read(commit, path)
        if data is None:
            return None
        return answer(data, asked or self.asked, f"{self.revision}:{path}")

    def _commit(self, repository: Repository) -> tuple[Repository, str | None]:
        """The repository, shared by all files, and the commit of the revision in it."""
        if repository.top not in self.repositories:
            commit = repository.commit_of(self.revision)
            refuse_new_submodule(repository, self.revision)
            self.repositories[repository.top] = repository, commit
        return self.repositories[repository.top]

    def close(self) -> None:
        """Terminate git."""
        for repository, _ in self.repositories.values():
            repository.close()


def refuse_new_submodule(repository: Repository, revision: str) -> None:
    """Refuse a repository that is a submodule now but was none at the revision: the change brought its history.

    Raises:
        BaselineError: if it is one.
    """
    outer = repository.superproject()
    if outer is None:
        return
    with Repository(outer) as around:
        refuse_new_submodule(around, revision)
        try:
            commit = around.commit_of(revision)
        except GitError:  # the outer repository lacks the revision: the submodule's own was meant
            return
        path = os.path.relpath(repository.top, around.top)
        if commit is not None and not around.is_submodule(commit, path):
            raise BaselineError(
                f"'{path}' is a submodule now, but was none at {revision}: run paramcalc in {around.top} instead"
            )


def summary_at(name: str, asked: Question = NOTHING_ASKED) -> Summary | None:
    """The summary of `REV:path`, as git names it: from the top, or from here with `./`; None for other names.

    Raises:
        ParamcalcError: if it does not exist, or if a file has that name and the revision exists.
    """
    parts = split_revision(name)
    if parts is None:
        return None
    revision, given = parts
    if os.path.exists(name):
        refuse_two_meanings(name, revision)
        return None
    with Repository(os.curdir) as repository:
        commit = repository.commit_of(revision)
        here = os.path.relpath(os.path.realpath(os.curdir), repository.top)
        relative = given.startswith(("./", "../"))
        path = os.path.normpath(os.path.join(here, given) if relative else given)
        data = repository.read(commit, path) if commit and given else None
        if commit and data is None and not relative:
            beside = repository.read(commit, os.path.normpath(os.path.join(here, given)))
            hint = f"; the one in this folder is {revision}:./{given}" if beside is not None else ""
            raise GitError(f"there is no file '{given}' at {revision}{hint}")
    if data is None:
        raise GitError(f"there is no file '{given}' at {revision}")
    return answer(data, asked, name)
