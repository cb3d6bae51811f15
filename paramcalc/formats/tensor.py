"""One tensor as a file describes it: what every reader of checkpoints finds, and `checkpoint` makes a model of."""

from msgspec import Struct

from paramcalc.layers.base import Kind


class Tensor(Struct, gc=False):
    """One tensor as a file describes it.

    Attributes:
        name: its whole name, unique in the file.
        shape: its dimensions as they are stored.
        dtype: what its elements are stored as: "float32", "bfloat16", "Q4_K".
        size: the bytes that it takes in the file; 0 for one that is tied.
        kind: what it is; None for what its name and its dtype say.
        elements: the parameters in it, where it packs several into each element.
        tied_to: the name of the tensor whose bytes these are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    kind: Kind | None = None
    elements: int | None = None
    tied_to: str | None = None
