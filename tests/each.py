"""Hundreds of small cases in one test, which names every case that fails."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

FAILURES = (Exception, pytest.fail.Exception)
"""What makes a case fail; a skip or an interrupt ends the whole test."""


def label_of(values: tuple[Any, ...]) -> str:
    """What a case is called unless its test says otherwise."""
    return ", ".join(map(str, values))[:200]


def each(names: str, cases: Iterable[Any], label: Callable[..., str] | None = None) -> Callable[..., Any]:
    """Run a test for each case, as `pytest.mark.parametrize` does, but as one test.

    For cases of a millisecond or two: being a test of its own costs each more than that. All are run, whatever comes of
    the others. They share the test's fixtures, so that one that keeps something from case to case is for
    `pytest.mark.parametrize`.

    Args:
        names: the arguments that a case is for, separated by commas.
        cases: the values: one, or a tuple of one for each name.
        label: what names a case, called with its values; the values themselves, if None.
    """
    arguments = [name.strip() for name in names.split(",")]
    rows = [case if len(arguments) > 1 else (case,) for case in cases]
    assert rows, "there are no cases"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def whole(**fixtures: Any) -> None:
            failures = []
            for values in rows:
                try:
                    test(**dict(zip(arguments, values, strict=True)), **fixtures)
                except FAILURES as failure:
                    failure.add_note(f"in the case {label(*values) if label else label_of(values)}")
                    failures.append(failure)
            report(failures, len(rows))

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in arguments]
        whole.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return whole

    return decorate


def report(failures: list[BaseException], cases: int) -> None:
    """Fail with all that failed, and name the first of them in the line of pytest's summary."""
    if failures:
        named = "; ".join(failure.__notes__[-1] for failure in failures[:5])
        raise BaseExceptionGroup(f"{len(failures)} of {cases} fail, {named}", failures)
