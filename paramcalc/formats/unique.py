"""Automatic names: `dense`, `dense_1`, `dense_2`, numbered as in Keras by every reader and writer here."""

from collections.abc import Callable, MutableMapping


def unique_name(
    base: str, is_taken: Callable[[str], bool], numbers: MutableMapping[str, int], *, second: int = 1
) -> str:
    """The first of `base`, `base_1`, `base_2` … that is not taken; the caller has to mark it as taken.

    Args:
        base: the name without a number.
        is_taken: whether a name is taken.
        numbers: the last number used for each base. With it, a long chain of equal layers needs only one try per layer.
        second: the first number after the bare name.
    """
    number = numbers.get(base, 0)
    name = f"{base}_{number}" if number else base
    while is_taken(name):
        number = number + 1 if number else second
        name = f"{base}_{number}"
    numbers[base] = number
    return name
