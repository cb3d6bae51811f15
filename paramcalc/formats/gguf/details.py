"""Facts from a GGUF file's metadata: its contents, its purpose and its quantisation."""

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
"""Role of a file that is not a model, from its `general.type` or architecture → its name in messages."""

ARCHITECTURES = {"clip": "mmproj", "controlvector": "controlvector"}
"""`general.architecture` → role, for files from before 2025, which have no `general.type`."""

LEAF = re.compile(r"\.((?:weight|bias|scale|input_scale)(?:\.[^.]+)*)$")
"""Where a weight's own name begins: `blk.0.ssm_a` is not a weight of `blk.0`, but `v.patch_embd.weight.1` is one of
`v.patch_embd`."""

PROJECTORS = ("clip.projector_type", "clip.vision.projector_type", "clip.audio.projector_type")
ENCODERS = {
    "clip.has_vision_encoder": "vision",
    "clip.has_audio_encoder": "audio",
    "clip.has_text_encoder": "text",
}
LENGTH = ".context_length"
"""The end of the key, after the architecture's name, for the context length that a model was trained for."""

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
    """The facts from the metadata, and the average bits per weight."""
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
    """The texts among the metadata: the file's name, architecture and the like."""
    for key in ("general.name", "general.architecture", "general.size_label"):
        value = values.get(key)
        if isinstance(value, str) and value:
            yield key.partition(".")[2], value[:MAX_ECHO]


def projector_of(values: dict[str, Any]) -> Details:
    """The input kinds of a multimodal projector, and the type of its last layers."""
    kinds = [value[:MAX_ECHO] for key in PROJECTORS if isinstance(value := values.get(key), str) and value]
    encoders = [name for key, name in ENCODERS.items() if values.get(key) is True]
    found: Details = {"encoders": listed(encoders)} if encoders else {}
    return found | ({"projector": listed(list(dict.fromkeys(kinds)))} if kinds else {})


def bits_per_weight(tensors: Sequence[Tensor]) -> Details:
    """The average bits per element over all tensors, to two digits, as printed by llama.cpp."""
    count = sum([prod(tensor.shape) for tensor in tensors])
    return {"bits_per_weight": round(8 * sum([tensor.size for tensor in tensors]) / count, 2)} if count else {}
