"""What a conversion refuses."""

from paramcalc.errors import ParamcalcError
from paramcalc.formats.native.names import check_name
from paramcalc.formats.native.problems import SpecError


class ConvertError(ParamcalcError):
    """The other format cannot say this; a model is never changed in silence."""


def checked(name: str, what: str) -> str:
    """A name that a spec can hold.

    Raises:
        ConvertError: with the character that it cannot.
    """
    try:
        return check_name(name, ())
    except SpecError as error:
        raise ConvertError(f"{what} cannot keep its name in a spec: {error}") from None
