"""What PyTorch takes and paramcalc refuses, each with its reason."""

import re
from typing import Any

UNBATCHED = re.compile(r"^(Conv|ConvTranspose|\w*Pool|MaxUnpool|InstanceNorm)(\d)d$")
WITHOUT_BATCH = {"Fold": 2, "Unfold": 3, "RNN": 2, "LSTM": 2, "GRU": 2, "RNNCell": 1, "LSTMCell": 1, "GRUCell": 1}
WITHOUT_BATCH |= {"MultiheadAttention": 2, "TransformerEncoderLayer": 2, "TransformerDecoderLayer": 2}


def refused_deliberately(case: dict[str, Any]) -> str | None:
    """The reason why an accepted case is refused; None where there is none."""
    ((kind, options),) = case["layer"].items()
    match = UNBATCHED.match(kind)
    rank = int(match[2]) + 1 if match else WITHOUT_BATCH.get(kind)
    if len(case["inputs"][0]) == rank:
        return "in a spec every shape has a batch, and an input without one is a mistake"
    if kind == "FractionalMaxPool3d" and len(options.get("output_ratio", []) or []) > 3:
        return "PyTorch does not look at a fourth ratio for three axes"
    if re.match(r"(Circular|Reflection|Replication)Pad1d", kind) and len(options["padding"]) == 4:
        return "a padding of one axis has two sides; with four, PyTorch pads the channels as well"
    return None
