"""The names of the numbers that a budget can limit."""

COUNTS = ("params", "trainable_params", "non_trainable_params", "macs")
MEMORY = ("kv_cache", "inference_memory", "training_memory")
"""What a model takes at a context and a batch: what a decoder keeps, and the peaks of running and of training it."""

WHOLE = ("peak_memory", *MEMORY)
"""What is of the whole model only; `peak_memory` is that of the activations of one sample."""

BYTES = ("size", *WHOLE)
METRICS = (*COUNTS, *BYTES, "layer_params")
"""What a budget can limit. `layer_params` applies to each layer on its own."""

CONDITIONS = ("context", "batch_size", "optimizer")
"""What a budget is for, beside its dtype."""

GROWING = (*COUNTS, "size")
"""What can be held against a baseline."""

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "adamw-8bit", "adafactor", "muon", "lion")
"""Optimizers whose memory is known, of some framework; listed here, so that no formula is loaded for their names."""
