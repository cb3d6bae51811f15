"""Embedding: tables of vectors."""

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.shapes import Shape


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
        """A look-up multiplies nothing."""
        check_padding(self.padding_idx, self.num_embeddings)
        return Inferred((*x, self.embedding_dim), (table(self.num_embeddings, self.embedding_dim),))


def table(rows: int, columns: int) -> Weight:
    """The vectors, a row each."""
    return Weight("weight", (rows, columns), (("num_embeddings", rows), ("embedding_dim", columns)))


def check_padding(index: int | None, rows: int) -> None:
    """Refuse a padding index that is no row of the table."""
    if index is not None and not -rows <= index < rows:
        raise LayerError(f"padding_idx is {index}, but there are {rows} embeddings")
