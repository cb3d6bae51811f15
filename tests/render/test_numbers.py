"""Numbers are rounded as people expect and labelled with the unit they are in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.render.numbers import format_bytes, format_count, format_int, format_share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00K"),
        (19_082, "19.1K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (138_357_544, "138M"),
        (15_470_264_320, "15.5B"),
        (10**12, "1.00T"),
        (10**18, "1,000,000T"),
    ],
)
def test_counts_have_three_digits_and_a_decimal_unit(value, text):
    assert format_count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (76_328, "74.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (553_430_176, "527.8 MiB"),
        (8 * 10**18, "6.9 EiB"),
        (None, "?"),
    ],
)
def test_bytes_are_in_units_of_1024_and_say_so(value, text):
    assert format_bytes(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.0%"), (1e-9, "<0.1%"), (0.932, "93.2%"), (0.99999, "99.9%"), (1.0, "100.0%"), (None, "?")],
)
def test_a_tiny_share_is_not_zero_and_a_large_one_not_all(share, text):
    assert format_share(share) == text


@given(st.integers(0, 10**400))
def test_no_number_is_too_large_to_show(value):
    assert format_int(value).replace(",", "") == str(value)
    assert format_count(value)
    assert format_bytes(value)
