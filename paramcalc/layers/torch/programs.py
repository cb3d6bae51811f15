"""The programs that run PyTorch models: PyTorch itself, and transformers for the models that it defines."""

from paramcalc.layers.programs import Program, Rule
from paramcalc.layers.torch.needs import FROZEN, MODULES, STACKS, normalised, normalised_channels
from paramcalc.layers.torch.written_out import (
    CAPPED,
    FULL_LOGITS,
    WRITTEN_OUT,
    frozen_norm,
    rules_of_class,
    written_norm,
)

WORKSPACE = 32 * 2**20
"""The workspace that cuBLAS reserves per thread on an H100, in bytes; its default is
8 MiB on other cards (https://docs.pytorch.org/docs/2.13/notes/cuda.html#cublas-workspaces).
"""

NORMS: dict[str, Rule] = {"RMSNorm": written_norm, "LayerNorm": normalised, "Norm2d": normalised_channels}
"""Rules for norm classes that are in no table, by the end of their names."""


def program(name: str | None, model: str) -> Program:
    """Return the program named "transformers" for a model of this class; PyTorch's own for any other name."""
    if name != "transformers":
        return Program(MODULES, FROZEN, STACKS, NORMS, workspace=WORKSPACE)
    return Program(
        {**MODULES, **WRITTEN_OUT, **rules_of_class(model)},
        {**FROZEN, "RMSNorm": frozen_norm},
        STACKS,
        NORMS,
        language_model=True,
        last_logits=model not in FULL_LOGITS,
        capped=model.startswith(CAPPED),
        workspace=WORKSPACE,
    )
