"""Automatic names: `dense`, `dense_1`, `dense_2`, as Keras numbers them and every reader and writer here does."""

from collections.abc import Callable, MutableMapping


def unique_name(
    base: str, is_taken: Callable[[str], bool], numbers: MutableMapping[str, int], *, second: int = 1
) -> str:
    """The first of `base`, `base_1`, `base_2` … that is not taken; whoever asks then takes it.

    Args:
        base: the name as it would be if it were the only one.
        is_taken: whether a name is taken.
        numbers: the number that the last name for each base had. A long chain of equal layers costs one try a layer.
        second: the number that comes first, behind the bare name.
    """
    number = numbers.get(base, 0)
    name = f"{base}_{number}" if number else base
    while is_taken(name):
        number = number + 1 if number else second
        name = f"{base}_{number}"
    numbers[base] = number
    return name
