"""Which files to check, each with all the budgets that apply to it, and their reports.

In: the configuration, and the names and limits on the command line. Out: a `FileReport` per file.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from paramcalc.answer import Question
from paramcalc.budget import Budget
from paramcalc.check.baseline import ASKED, open_baseline
from paramcalc.check.config import Check, Config, covers, expand, find_config, named_files, read_config
from paramcalc.check.gate import Growth, check_file, unreadable
from paramcalc.check.outcome import FileReport
from paramcalc.errors import ParamcalcError

if TYPE_CHECKING:
    from paramcalc.analysis.assumptions import Assumption


class Job(NamedTuple):
    """A file to check, or the `error` of a glob without matches.

    `assume` has the assumptions of its checks about layers that cannot be computed.
    """

    file: str
    budgets: Sequence[Budget] = ()
    error: str | None = None
    assume: "Mapping[str, Assumption]" = MappingProxyType({})


class Asked(NamedTuple):
    """The settings for every file.

    Attributes:
        budget: limits in addition to the file's own and those of the configuration.
        options: the options that change what is computed.
        dtype: what sizes are judged as where a budget names no dtype.
        with_diff: report what changed since the baseline, layer by layer.
        depth: the depth of blocks in explanations of an outcome; None for single layers.
    """

    budget: Budget
    options: Question = ASKED
    dtype: str | None = None
    with_diff: bool = False
    depth: int | None = None


def find_checks(path: str | None) -> Config | None:
    """The given configuration, or else the nearest one."""
    path = find_config(os.curdir) if path is None else os.path.relpath(path or os.curdir)
    return None if path is None else read_config(path)


def config_jobs(config: Config | None) -> Iterator[Job]:
    """Every file of the configuration once, with all the budgets that apply to it.

    Raises:
        ParamcalcError: if there is no configuration.
    """
    if config is None:
        raise ParamcalcError(
            "nothing to check: name a spec, or write [[tool.paramcalc.checks]] in pyproject.toml or checks: in "
            "paramcalc.yaml"
        )
    checks: dict[str, list[Check]] = {}
    for check in config.checks:
        files, faults = expand(check.files, config.folder)
        for file in files:
            checks.setdefault(file, []).append(check)
        yield from (Job(fault.place, error=fault.message) for fault in faults)
    checks.pop(config.path, None)
    yield from (job_of(file, found) for file, found in checks.items())


def job_of(file: str, checks: Sequence[Check]) -> Job:
    """The job for a file, from all the checks that apply to it."""
    assume = {name: said for check in checks for name, said in check.assume.items()}
    return Job(file, [check.budget for check in checks], None, assume)


def named_jobs(names: Iterable[str], config: Config | None) -> Iterator[Job]:
    """The files on the command line, with globs expanded if the shell did not, and the budgets that apply to them."""
    files: dict[str, str] = {}
    for name in names:
        found, faults = named_files(name)
        for file in found:
            files.setdefault(os.path.normpath(file), file)
        yield from (Job(fault.place, error=fault.message) for fault in faults)
    for file in files.values():
        checks = [check for check in config.checks if covers(check, config.folder, file)] if config else []
        yield job_of(file, checks)


@contextmanager
def run_jobs(
    jobs: Sequence[Job], folder: str, asked: Asked, against: str | None, increases: Mapping[str, str]
) -> Iterator[Iterator[FileReport]]:
    """The report of each file, computed lazily; a broken file does not hide the others.

    Args:
        jobs: the files to check.
        folder: the folder of the configuration, which a baseline's paths are relative to.
        asked: the settings for every file.
        against: the baseline's name, if there is one.
        increases: the allowed growth of each metric.

    Raises:
        ParamcalcError: for a baseline that cannot be read.
    """
    before = replace(asked.options, weights=None)  # a checkpoint belongs to the current architecture
    found = None if against is None else open_baseline(against, folder or os.curdir, before, alone=len(jobs) == 1)
    growth = None if found is None or against is None else Growth(against, found, increases)
    with closing(found) if found else nullcontext():
        yield (report_of(job, asked, growth) for job in jobs)


def report_of(job: Job, asked: Asked, growth: Growth | None) -> FileReport:
    """The report of one file."""
    if job.error:
        return unreadable(job.file, ParamcalcError(job.error))
    budgets = [*job.budgets, asked.budget]
    options = asked.options
    if job.assume:
        options = replace(options, assume={**job.assume, **options.assume})
    return check_file(job.file, budgets, growth, options, asked.dtype, asked.with_diff, asked.depth)
