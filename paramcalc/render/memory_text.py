"""The memory of a model as lines under the table; what each number takes for granted stands beside it."""

from paramcalc.render.numbers import format_bytes
from paramcalc.summary import KVCache, Memory, Training

Entries = list[tuple[str, str, str]]


def memory_entries(memory: Memory) -> Entries:
    """(label, number, note) of everything measured."""
    batch = f"batch of {memory.batch_size:,}"
    entries = [
        (f"Size in {bits}-bit", format_bytes(memory.weights_as[name]), note)
        for bits, name, note in ((16, "float16", "float16, bfloat16"), (8, "int8", "int8, float8"), (4, "int4", "int4"))
    ]
    entries += [
        ("Activations", format_bytes(memory.activation_bytes), f"inputs and all outputs, {batch}"),
        ("Peak memory", format_bytes(memory.peak_bytes), "activations alive at once, no working space"),
        ("Inference", format_bytes(memory.inference_bytes), "weights + peak"),
    ]
    if memory.kv_cache is not None:
        entries.append(cache_entry(memory.kv_cache))
    return entries + (training_entries(memory.training) if memory.training is not None else [])


def cache_entry(cache: KVCache) -> tuple[str, str, str]:
    """What a decoder keeps, and how it grows."""
    sequences = f"{cache.batch_size:,} × " if cache.batch_size > 1 else ""
    grows = f"{format_bytes(cache.per_token_bytes)} more with a token of each sequence"
    return "KV cache", format_bytes(cache.bytes), f"after {sequences}{cache.context:,} tokens in {cache.dtype}; {grows}"


def training_entries(training: Training) -> Entries:
    """What training adds, and the sum."""
    return [
        ("Gradients", format_bytes(training.gradient_bytes), "one for each trainable weight"),
        ("Optimizer", format_bytes(training.optimizer_bytes), f"state of {training.optimizer}, as Keras 3 keeps it"),
        ("Training", format_bytes(training.total_bytes), "weights + gradients + optimizer + all activations"),
    ]
