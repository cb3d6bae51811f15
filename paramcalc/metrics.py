"""The names of the numbers that a budget can limit."""

COUNTS = ("params", "trainable_params", "non_trainable_params", "macs")
MEMORY = ("kv_cache", "inference_memory", "training_memory")
"""Memory at a context and a batch: a decoder's cache, and the peaks of inference and of training."""

WHOLE = ("peak_memory", *MEMORY)
"""Metrics of the whole model only; `peak_memory` is the peak of the activations of one sample."""

BYTES = ("size", *WHOLE)
METRICS = (*COUNTS, *BYTES, "layer_params")
"""What a budget can limit. `layer_params` applies to each layer on its own."""

CONDITIONS = ("context", "batch_size", "optimizer")
"""The keys that say what a budget is for, besides its dtype."""

GROWING = (*COUNTS, "size")
"""Metrics whose growth since a baseline can be limited."""

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "adamw-8bit", "adafactor", "muon", "lion")
"""Optimizers whose memory is known for some framework; listed here so that their names load no formulas."""
