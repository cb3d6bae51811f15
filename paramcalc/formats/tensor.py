"""A tensor as a file describes it: what every reader of checkpoints returns and `checkpoint` turns into a model."""

from msgspec import Struct

from paramcalc.layers.base import Kind


class Tensor(Struct, gc=False):
    """One tensor as a file describes it.

    Attributes:
        name: its whole name, unique in the file.
        shape: its dimensions as they are stored.
        dtype: the dtype of its elements: "float32", "bfloat16", "Q4_K".
        size: its bytes in the file; 0 if it is tied.
        kind: its kind; None to derive it from name and dtype.
        elements: the number of parameters, if several are packed into each element.
        frozen: whether no training changes it.
        tied_to: the name of the tensor that holds the same bytes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    kind: Kind | None = None
    elements: int | None = None
    tied_to: str | None = None
    frozen: bool = False
