"""What the types of all layers' fields promise."""

import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from paramcalc.layers.registry import Registry
from tests.each import each

CLASSES = Registry().built_in()


def alternatives(hint: Any) -> list[Any]:
    """The members of a union; the type itself where it is none."""
    return list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]


def bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def is_bounded_number(hint: Any) -> bool:
    return get_origin(hint) is Annotated and bare(hint) in (int, float)


def is_fixed_tuple(hint: Any) -> bool:
    return get_origin(bare(hint)) is tuple and Ellipsis not in get_args(bare(hint))


def crashes_msgspec(hint: Any) -> bool:
    """Whether a bounded number stands beside a tuple of fixed length, at any depth."""
    members = alternatives(hint)
    if any(map(is_bounded_number, members)) and any(map(is_fixed_tuple, members)):
        return True
    inner = [each for member in members for each in get_args(bare(member)) if each is not Ellipsis]
    return any(crashes_msgspec(each) for each in inner)


@each("name", CLASSES)
def test_no_field_type_crashes_msgspec(name: str) -> None:
    """Msgspec 0.22 reads out of bounds on `Positive | tuple[int, int]`: use `layers.base.Two`."""
    hints = get_type_hints(Registry().get(name), include_extras=True)
    risky = [field for field, hint in hints.items() if crashes_msgspec(hint)]
    assert risky == []
