"""The two products of attention: queries with keys (QKᵀ), and the scores that they give with values (AV)."""

from paramcalc.layers.base import Factors
from paramcalc.shapes import Dim


def score_factors(batch: Dim, queries: Dim, keys: Dim, heads: tuple[str, Dim]) -> Factors:
    """How many scores there are: each head compares every query with every key. An unknown batch is one sample."""
    count: Factors = () if batch is None else (("batch", batch),)
    return (*count, ("queries", queries), ("keys", keys), heads)


def attention_macs(scores: Factors, key_size: tuple[str, Dim], value_size: tuple[str, Dim]) -> tuple[Factors, Factors]:
    """Each score sums over the size of a key, and weighs one value.

    Args:
        scores: the factors of the number of scores.
        key_size: the name and size of one head's key (and query).
        value_size: those of one head's value.
    """
    return (*scores, key_size), (*scores, value_size)
