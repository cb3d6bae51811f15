"""The cache that a model keeps between tokens, in bytes.

In: an evaluation for a whole prompt. Out: the size of the cache after the prompt, and how it grows.
"""

from math import prod
from typing import NamedTuple

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.decoding import Text, find_text
from paramcalc.layers.base import Cache
from paramcalc.summary import KVCache
from paramcalc.units import output_dtype, size_of


class Kept(NamedTuple):
    """The bytes of one tensor of a cache, for one sequence.

    Attributes:
        token: what one more token adds.
        size: what it takes now.
    """

    token: int
    size: int


def measure_cache(
    evaluation: Evaluation, batch_size: int, dtype: str | None = None, kv_dtype: str | None = None
) -> KVCache | None:
    """The cache after the prompt; None for a model that keeps nothing, or where the length is not known.

    Args:
        evaluation: of the prompt.
        batch_size: how many sequences there are.
        dtype: takes the place of the dtypes in the file.
        kv_dtype: the dtype of what is kept for each token; states of fixed size keep their own.
    """
    text = find_text(evaluation)
    if text is None or text.tokens is None:
        return None
    found = [each for call in evaluation.calls for each in kept_by(call, text, dtype, kv_dtype)]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    total = sum([each.size for each in known])
    token = sum([each.token for each in known])
    return KVCache(
        context=text.tokens,
        batch_size=batch_size,
        dtype=kv_dtype or stored_as(evaluation, dtype),
        per_token_bytes=token,
        fixed_bytes=total - token * text.tokens,
        bytes=total * batch_size,
    )


def keeps_unknown(evaluation: Evaluation) -> bool:
    """Whether a model whose cache was not measured keeps one after all, of so many tokens, but of unknown size."""
    text = find_text(evaluation)
    return text is not None and text.tokens is not None


def kept_by(call: Call, text: Text, dtype: str | None, kv_dtype: str | None) -> list[Kept | None]:
    """What one call keeps, tensor by tensor; None for a tensor of unknown size."""
    if not call.cache:
        return []
    refs = call.node.inputs
    ref = refs[1] if len(refs) > 1 else refs[0]
    grows = ref is not None and text.written[ref.producer]
    return [kept(cache, cache_dtype(cache, call.node.instance.dtype, dtype, kv_dtype), grows) for cache in call.cache]


def kept(cache: Cache, dtype: str, grows: bool) -> Kept | None:
    """The bytes of one tensor."""
    sizes = [size for _, size in cache.factors]
    if None in sizes or (not cache.fixed and cache.tokens is None):
        return None
    one = prod([size for size in sizes if size is not None])
    if cache.fixed or cache.tokens is None:
        return Kept(0, size_of(one, dtype))
    full = cache.most is not None and cache.tokens >= cache.most
    tokens = cache.most if full and cache.most is not None else cache.tokens // cache.every
    return Kept(0 if full or not grows else size_of(one, dtype) // cache.every, size_of(one * tokens, dtype))


def cache_dtype(cache: Cache, policy: str, dtype: str | None, kv_dtype: str | None) -> str:
    """The dtype in which a tensor of the cache is stored."""
    if kv_dtype is not None and not cache.fixed:
        return kv_dtype
    return output_dtype(cache.dtype, policy, dtype)


def stored_as(evaluation: Evaluation, dtype: str | None) -> str:
    """The dtype of the cache: that of the first tensor that grows with the text, or else of the first tensor."""
    tensors = [(cache, call.node.instance.dtype) for call in evaluation.calls for cache in call.cache]
    cache, policy = next((each for each in tensors if not each[0].fixed), tensors[0])
    return output_dtype(cache.dtype, policy, dtype)
