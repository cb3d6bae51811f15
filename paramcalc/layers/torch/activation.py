"""Activations: functions of each element, and softmax."""

from typing import Literal

from paramcalc.layers.formulas.elementwise import Elementwise


class ReLU(Elementwise, frozen=True):
    """The larger of the input and 0.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReLU.html
    Example: {framework: torch, input: [10], layers: [ReLU]}
    """

    inplace: bool = False


class GELU(Elementwise, frozen=True):
    """The input times the normal distribution's share below it.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GELU.html
    Example: {framework: torch, input: [10], layers: [GELU]}
    """

    approximate: Literal["none", "tanh"] = "none"


class SiLU(Elementwise, frozen=True):
    """The input times its sigmoid, also called swish.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.SiLU.html
    Example: {framework: torch, input: [10], layers: [SiLU]}
    """

    inplace: bool = False
