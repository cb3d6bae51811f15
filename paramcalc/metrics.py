"""The names of the numbers that a budget can limit."""

COUNTS = ("params", "trainable_params", "non_trainable_params", "macs")
BYTES = ("size", "peak_memory")
METRICS = (*COUNTS, *BYTES, "layer_params")
"""What a budget can limit. `layer_params` applies to each layer on its own; `peak_memory` is that of the activations of
one sample, for the whole model only."""

GROWING = (*COUNTS, "size")
"""What can be held against a baseline."""
