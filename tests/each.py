"""Run hundreds of small cases in one test, which names every case that fails."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

FAILURES = (Exception, pytest.fail.Exception)
"""What makes a case fail; a skip or an interrupt ends the whole test."""


def label_of(values: tuple[Any, ...]) -> str:
    """Return the name of a case, unless its test has another."""
    return ", ".join(map(str, values))[:200]


def each(names: str, cases: Iterable[Any], label: Callable[..., str] | None = None) -> Callable[..., Any]:
    """Run a test for each case, as `pytest.mark.parametrize` does, but as one test.

    For cases of a millisecond or two, which cost less than a test of their own. All cases run, even if some fail. They
    share the test's fixtures, so a test whose fixture keeps state between cases needs `pytest.mark.parametrize`.

    Args:
        names: the arguments that a case supplies, separated by commas.
        cases: the values: one, or a tuple with one for each name.
        label: a function of a case's values that names it; the values themselves if None.
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
    """Fail with all failures, and name the first of them in the line of pytest's summary."""
    if failures:
        named = "; ".join(failure.__notes__[-1] for failure in failures[:5])
        raise BaseExceptionGroup(f"{len(failures)} of {cases} fail, {named}", failures)
