"""What a GGUF file says of itself: what it holds, for whom, and how it is quantised."""

import re
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from paramcalc.errors import MAX_ECHO, listed
from paramcalc.formats.checkpoint import Details
from paramcalc.formats.gguf.types import FILE_TYPES, GUESSED
from paramcalc.formats.tensor import Tensor

ROLES = {
    "mmproj": "multimodal projector",
    "adapter": "LoRA adapter",
    "imatrix": "importance matrix",
    "controlvector": "control vector",
}
"""`general.type` of files that are no model, or the architecture in it → what to call them."""

ARCHITECTURES = {"clip": "mmproj", "controlvector": "controlvector"}
"""What files of before 2025, which have no `general.type`, say instead."""

LEAF = re.compile(r"\.((?:weight|bias|scale|input_scale)(?:\.[^.]+)*)$")
"""Where the name of a weight begins: `blk.0.ssm_a` is no weight of `blk.0`, and `v.patch_embd.weight.1` one of
`v.patch_embd`."""

PROJECTORS = ("clip.projector_type", "clip.vision.projector_type", "clip.audio.projector_type")
ENCODERS = {
    "clip.has_vision_encoder": "vision",
    "clip.has_audio_encoder": "audio",
    "clip.has_text_encoder": "text",
}
LENGTH = ".context_length"
"""What the key ends in that says how many tokens a model was trained for; the architecture's name begins it."""

KEPT = frozenset(
    (
        *("general.architecture", "general.type", "general.name", "general.size_label"),
        *("general.file_type", "general.alignment"),
        *("split.no", "split.count", "split.tensors.count"),
        *("adapter.type", "adapter.lora.alpha", "imatrix.chunk_count", "imatrix.chunk_size"),
        *PROJECTORS,
        *ENCODERS,
    )
)
"""Keys whose values are used; the others are only counted."""


def role_of(values: dict[str, Any]) -> str:
    """What the tensors are for: "model", or a key of `ROLES`."""
    said = values.get("general.type")
    if isinstance(said, str) and said in ROLES:
        return said
    architecture = values.get("general.architecture")
    return ARCHITECTURES.get(architecture, "model") if isinstance(architecture, str) else "model"


def details_of(values: dict[str, Any], role: str, keys: int, tokens: int, tensors: Sequence[Tensor]) -> Details:
    """What the metadata say, and the bits that a weight takes on average."""
    found: Details = {} if role == "model" else {"holds": ROLES[role]}
    found |= dict(texts_of(values))
    length = values.get(f"{values.get('general.architecture')}{LENGTH}")
    if type(length) is int:
        found["context_length"] = length
    if role == "mmproj":
        found |= projector_of(values)
    elif role == "adapter":
        from paramcalc.formats.gguf.lora import described  # most files are none

        found |= described(tensors, values.get("adapter.lora.alpha"))
    elif role == "imatrix":
        found |= {
            name: values[key]
            for key, name in (("imatrix.chunk_count", "chunks"), ("imatrix.chunk_size", "chunk_size"))
            if type(values.get(key)) is int
        }
    kind = values.get("general.file_type")
    if type(kind) is int:
        found["file_type"] = FILE_TYPES.get(kind & ~GUESSED, str(kind))
    found |= {"tensors": len(tensors), "metadata_keys": keys}
    if tokens:
        found["tokens"] = tokens
    return found if role == "imatrix" else found | bits_per_weight(tensors)


def texts_of(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a file is called, and what it is of."""
    for key in ("general.name", "general.architecture", "general.size_label"):
        value = values.get(key)
        if isinstance(value, str) and value:
            yield key.partition(".")[2], value[:MAX_ECHO]


def projector_of(values: dict[str, Any]) -> Details:
    """What a multimodal projector reads, and what its last layers are called."""
    kinds = [value[:MAX_ECHO] for key in PROJECTORS if isinstance(value := values.get(key), str) and value]
    encoders = [name for key, name in ENCODERS.items() if values.get(key) is True]
    found: Details = {"encoders": listed(encoders)} if encoders else {}
    return found | ({"projector": listed(list(dict.fromkeys(kinds)))} if kinds else {})


def bits_per_weight(tensors: Sequence[Tensor]) -> Details:
    """The bits of all tensors for each of their elements, to two digits, as llama.cpp prints them."""
    count = sum([prod(tensor.shape) for tensor in tensors])
    return {"bits_per_weight": round(8 * sum([tensor.size for tensor in tensors]) / count, 2)} if count else {}
