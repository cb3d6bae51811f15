"""The memory of graphics cards, by name: what the driver reports, which is less than what the box says."""

from typing import NamedTuple


class Card(NamedTuple):
    """One card: its name, and the MiB that `nvidia-smi` reports."""

    name: str
    mebibytes: int

    @property
    def memory(self) -> int:
        """Bytes."""
        return self.mebibytes * 2**20


CARDS = {
    "a10": Card("NVIDIA A10", 23028),
    "a100-40gb": Card("NVIDIA A100 40GB", 40960),
    "a100": Card("NVIDIA A100 80GB", 81920),
    "b200": Card("NVIDIA B200", 183359),
    "h100": Card("NVIDIA H100 80GB", 81559),
    "h200": Card("NVIDIA H200", 143771),
    "l4": Card("NVIDIA L4", 23034),
    "l40s": Card("NVIDIA L40S", 46068),
    "rtx-3090": Card("NVIDIA GeForce RTX 3090", 24576),
    "rtx-4090": Card("NVIDIA GeForce RTX 4090", 24564),
    "rtx-5090": Card("NVIDIA GeForce RTX 5090", 32607),
    "rtx-a6000": Card("NVIDIA RTX A6000", 49140),
    "t4": Card("NVIDIA T4", 15360),
    "v100": Card("NVIDIA V100 32GB", 32768),
}
"""Keyed by the names that `--gpu` takes. Source: outputs of nvidia-smi published by users; those of H100, A100, A10,
L40S, L4 and T4 are in https://github.com/modal-labs/modal-client/pull/2797."""
