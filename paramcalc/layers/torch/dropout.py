"""Dropout: nothing but the input, as far as shapes and weights go."""

from paramcalc.layers.base import Rate
from paramcalc.layers.formulas.elementwise import Elementwise


class Dropout(Elementwise, frozen=True):
    """Set random elements to 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout.html
    Example: {framework: torch, input: [10], layers: [{Dropout: 0.1}]}
    """

    p: Rate = 0.5
    inplace: bool = False
