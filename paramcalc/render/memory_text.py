"""The memory of a model as lines under the table, each with what the number assumes."""

from paramcalc.render.numbers import format_bytes
from paramcalc.summary import DeviceMemory, KVCache, Memory, Training

Entries = list[tuple[str, str, str]]


def memory_entries(memory: Memory, unknown: str = "") -> Entries:
    """(label, number, note) of everything measured; `unknown` is why the activations are not known."""
    batch = f"batch of {memory.batch_size:,}"
    outputs = unknown if memory.activation_bytes is None and unknown else f"inputs and all outputs, {batch}"
    entries = [
        (f"Size in {bits}-bit", format_bytes(memory.weights_as[name]), note)
        for bits, name, note in ((16, "float16", "float16, bfloat16"), (8, "int8", "int8, float8"), (4, "int4", "int4"))
    ]
    entries += [
        ("Activations", format_bytes(memory.activation_bytes), outputs),
        ("Peak memory", format_bytes(memory.peak_bytes), "activations alive at once, no working space"),
    ]
    if memory.arena_bytes is not None and memory.arena_bytes != memory.peak_bytes:
        note = "the same with normalisations and ReLUs folded into what feeds them"
        entries.append(("Arena", format_bytes(memory.arena_bytes), note))
    entries += running_entries(memory)
    entries += (
        training_entries(memory.training, memory.activation_bytes is not None) if memory.training is not None else []
    )
    return entries + (device_entries(memory.device) if memory.device is not None else [])


def cache_entry(cache: KVCache) -> tuple[str, str, str]:
    """The cache of a decoder, and how it grows."""
    sequences = f"{cache.batch_size:,} × " if cache.batch_size > 1 else ""
    grows = f"{format_bytes(cache.per_token_bytes)} more with a token of each sequence"
    return "KV cache", format_bytes(cache.bytes), f"after {sequences}{cache.context:,} tokens in {cache.dtype}; {grows}"


def running_entries(memory: Memory) -> Entries:
    """The memory of inference; for a decoder with a context, its cache, a prompt and one more token."""
    entries = [] if memory.kv_cache is None else [cache_entry(memory.kv_cache)]
    space = f", {format_bytes(memory.workspace_bytes)} workspace" if memory.workspace_bytes else ""
    if memory.prefill_bytes is None and memory.decode_bytes is None:
        note = f"weights + activations alive at once{space}" if space else "weights + peak"
        return [*entries, ("Inference", format_bytes(memory.inference_bytes), note)]
    return [
        *entries,
        ("Prompt", format_bytes(memory.prefill_bytes), f"weights + cache + activations, last logits only{space}"),
        ("One more token", format_bytes(memory.decode_bytes), "the same, a layer's keys being copied"),
        ("Inference", format_bytes(memory.inference_bytes), "the larger of both"),
    ]


def training_entries(training: Training, shapes_known: bool) -> Entries:
    """The memory that training adds, the sum, and the peak."""
    whole = "kept for the backward pass" + (", parts computed again" if training.checkpointing else "")
    if training.activation_bytes is None and shapes_known:
        whole = "what a module of its own keeps for the backward pass is not known"
    entries = [
        ("Gradients", format_bytes(training.gradient_bytes), "one for each trainable weight"),
        (
            "Optimizer",
            format_bytes(training.optimizer_bytes),
            f"state of {training.optimizer}, as the model's framework keeps it",
        ),
    ]
    if training.master_bytes:
        entries.append(("Master weights", format_bytes(training.master_bytes), "copies in float32 for the optimizer"))
    return [
        *entries,
        ("Kept", format_bytes(training.activation_bytes), whole),
        ("Training", format_bytes(training.total_bytes), "weights + gradients + optimizer + kept"),
        ("Peak of a step", format_bytes(training.peak_bytes), peak_note(training)),
    ]


def peak_note(training: Training) -> str:
    """The note on how the peak of a step differs from the sum."""
    if not training.temporary_bytes:
        return "backward pass or optimizer, the larger"
    return f"backward pass, or optimizer with {format_bytes(training.temporary_bytes)} of its own"


def device_entries(device: DeviceMemory) -> Entries:
    """The memory of the device that needs most: its share, and the peaks."""
    over = f"{device.tensor} × {device.pipeline} × {device.data} devices"
    stage = f", stage {device.stage} of {device.pipeline}" if device.pipeline > 1 else ""
    parts = [("weights", device.weights_bytes), ("cache", device.kv_cache_bytes or None)]
    entries = [("A device of", over, f"tensor × pipeline × data; the largest{stage}")]
    if device.inference_bytes is not None:
        entries.append(("- inference", format_bytes(device.inference_bytes), summed(parts, "activations, workspace")))
    if device.training_bytes is not None:
        parts = [
            *parts[:1],
            ("gradients", device.gradient_bytes),
            ("optimizer", device.optimizer_bytes),
            ("a layer gathered", device.gathered_bytes or None),
        ]
        entries.append(("- training", format_bytes(device.training_bytes), summed(parts, "activations, workspace")))
    elif device.inference_bytes is None:
        entries.append(("- weights", format_bytes(device.weights_bytes), "its part"))
    return entries


def summed(parts: list[tuple[str, int | None]], rest: str) -> str:
    """`weights 16.1 GiB + cache 1.0 GiB + activations`."""
    return " + ".join([*[f"{name} {format_bytes(size)}" for name, size in parts if size is not None], rest])
