"""The two matrix products of attention: queries times keys (QKᵀ), and the resulting scores times values (AV)."""

from paramcalc.layers.base import Factors
from paramcalc.shapes import Dim


def score_factors(batch: Dim, queries: Dim, keys: Dim, heads: tuple[str, Dim]) -> Factors:
    """The number of scores: each head compares every query with every key. An unknown batch counts as one sample."""
    count: Factors = () if batch is None else (("batch", batch),)
    return (*count, ("queries", queries), ("keys", keys), heads)


def attention_macs(scores: Factors, key_size: tuple[str, Dim], value_size: tuple[str, Dim]) -> tuple[Factors, Factors]:
    """The multiply-accumulates of both products: each score sums over a key's size and weights one value.

    Args:
        scores: the factors of the number of scores.
        key_size: the name and size of one head's key (and query).
        value_size: the name and size of one head's value.
    """
    return (*scores, key_size), (*scores, value_size)
