"""`each` runs every case and hides no failure."""

import pytest

from tests.each import each


def test_every_case_is_run_and_all_that_fail_are_named():
    run = []

    @each("value", range(5), label=lambda value: f"number {value}")
    def check(value):
        run.append(value)
        assert value % 2 == 0

    with pytest.raises(ExceptionGroup, match="2 of 5 fail, in the case number 1; in the case number 3") as caught:
        check()
    assert run == [0, 1, 2, 3, 4]
    assert all(isinstance(failure, AssertionError) for failure in caught.value.exceptions)


def test_an_error_that_is_not_raised_is_a_failure():
    @each("value, wrong", [("a", KeyError)])
    def check(value, wrong):
        with pytest.raises(wrong):
            str(value)

    with pytest.raises(BaseExceptionGroup, match="1 of 1 fail, in the case a, <class 'KeyError'>"):
        check()


@each("value", [1, 2])
def test_fixtures_are_passed_on(tmp_path, value):
    assert tmp_path.is_dir()
    assert value in (1, 2)


def test_no_cases_at_all_are_an_error():
    with pytest.raises(AssertionError, match="no cases"):
        each("value", [])
