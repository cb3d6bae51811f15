"""Low-rank adaptation (LoRA): a frozen kernel, and two small matrices whose product is added to it."""

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Weight

Macs = tuple[Factors, ...]


def adapted(
    kernel: Weight,
    others: tuple[Weight, ...],
    macs: Macs,
    rank: int | None,
    constraint: object = None,
    dtype: str | None = None,
) -> tuple[tuple[Weight, ...], Macs]:
    """The weights and MACs of a layer whose kernel may be adapted; without a rank, those of the plain layer.

    Args:
        kernel: the weight that the two matrices adapt.
        others: further weights, placed between the kernel and the matrices.
        macs: the layer's MACs without the adaptation.
        rank: the inner size of the two matrices; None or 0 for none.
        constraint: the kernel's constraint, if it has one.
        dtype: the dtype of the matrices; None for the dtype of the layer.

    Raises:
        LayerError: as `lora` does.
    """
    if not rank:
        return (kernel, *others), macs
    frozen, a, b = lora(kernel, rank, constraint, dtype)
    return (frozen, *others, a, b), (*macs, lora_macs(kernel, rank))


def lora(
    kernel: Weight, rank: int, constraint: object = None, dtype: str | None = None
) -> tuple[Weight, Weight, Weight]:
    """The kernel, frozen, and the two trainable matrices that adapt it (Hu et al. 2021, arXiv:2106.09685).

    Raises:
        LayerError: when the kernel has a constraint, which its sum with the matrices would violate; or has no axes.
    """
    if constraint is not None:
        raise LayerError(f"lora_rank cannot be used together with a constraint on the {kernel.name}")
    if not kernel.shape:
        raise LayerError("lora_rank needs a kernel with at least one axis")
    frozen = replace(kernel, trainable=False)
    last = kernel.factors[-1]
    inner = ("lora_rank", rank)
    a = Weight(f"lora_{kernel.name}_a", (*kernel.shape[:-1], rank), (*kernel.factors[:-1], inner), dtype=dtype)
    b = Weight(f"lora_{kernel.name}_b", (rank, kernel.shape[-1]), (inner, last), dtype=dtype)
    return frozen, a, b


def lora_macs(kernel: Weight, rank: int) -> Factors:
    """The MACs of the product of the two matrices, computed once per call."""
    return (*kernel.factors[:-1], ("lora_rank", rank), kernel.factors[-1])
