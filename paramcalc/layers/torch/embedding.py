"""Embedding and EmbeddingBag: tables of vectors."""

from typing import Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.shapes import Dim, Shape, format_shape


class Embedding(Layer, frozen=True):
    """A table of vectors, one for each index.

    Shapes: (batch, ...) of integers → (batch, ..., embedding_dim)
    Formula: num_embeddings × embedding_dim
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Embedding.html
    Example: {framework: torch, inputs: {ids: {shape: [null], dtype: int64}}, layers: [{Embedding: [8000, 256]}]}
    """

    num_embeddings: Positive
    embedding_dim: Positive
    padding_idx: int | None = None
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Infer the table; a look-up multiplies nothing."""
        check_padding(self.padding_idx, self.num_embeddings)
        return Inferred((*x, self.embedding_dim), (table(self.num_embeddings, self.embedding_dim),))


def table(rows: int, columns: int) -> Weight:
    """Return the table, one vector per row."""
    return Weight("weight", (rows, columns), (("num_embeddings", rows), ("embedding_dim", columns)))


def check_padding(index: int | None, rows: int) -> None:
    """Refuse a padding index outside the table."""
    if index is not None and not -rows <= index < rows:
        raise LayerError(f"padding_idx is {index}, but there are {rows} embeddings")


class EmbeddingBag(Layer, frozen=True):
    """The sum, mean or maximum of the vectors of a bag of indices, without the vectors themselves.

    The input is (batch, indices), a bag a row; or all indices in one axis, with the bags' offsets as a second input.

    Shapes: (batch, indices) of integers → (batch, embedding_dim)
    Formula: num_embeddings × embedding_dim
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.EmbeddingBag.html
    Example: {framework: torch, inputs: {ids: {shape: [20], dtype: int64}}, layers: [{EmbeddingBag: [8000, 256]}]}
    """

    num_embeddings: Positive
    embedding_dim: Positive
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    mode: Literal["sum", "mean", "max"] = "mean"
    sparse: bool = False
    include_last_offset: bool = False
    padding_idx: int | None = None

    def infer(self, x: Shape, offsets: Shape | None = None) -> Inferred:
        """Infer one vector per bag; a look-up multiplies nothing."""
        check_padding(self.padding_idx, self.num_embeddings)
        if self.mode == "max" and (self.scale_grad_by_freq or self.sparse):
            raise LayerError("scale_grad_by_freq and sparse are not for mode: max")
        bags = self.bags(x, offsets)
        return Inferred((bags, self.embedding_dim), (table(self.num_embeddings, self.embedding_dim),))

    def bags(self, x: Shape, offsets: Shape | None) -> Dim:
        """Return the number of bags: the rows of the input, or the offsets."""
        if len(x) == 2 and offsets is None:
            return x[0]
        if len(x) != 1 or offsets is None or len(offsets) != 1:
            got = " and ".join(format_shape(shape) for shape in (x, offsets) if shape is not None)
            raise LayerError(f"expects (batch, indices), or indices and offsets in one axis each; got {got}")
        if self.include_last_offset and offsets[0] is not None:
            return offsets[0] - 1
        return offsets[0]
