"""Dropout: the identity as far as shapes and weights are concerned."""

from paramcalc.layers.base import Rate
from paramcalc.layers.torch.common import Unchanged, check_ranks
from paramcalc.shapes import Shape


class Dropping(Unchanged, frozen=True):
    """Base of the dropout layers."""

    p: Rate = 0.5
    inplace: bool = False


class Dropout(Dropping, frozen=True):
    """Set random elements to 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout.html
    Example: {framework: torch, input: [10], layers: [{Dropout: 0.1}]}
    """


class Dropout1d(Dropping, frozen=True):
    """Set random channels of sequences to 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout1d.html
    Example: {framework: torch, input: [8, 10], layers: [{Dropout1d: 0.1}]}
    """

    def check(self, x: Shape) -> None:
        """Refuse other ranks, as PyTorch does here; for images and volumes it only warns."""
        check_ranks(x, (2, 3), "(batch, channels, length)")


class Dropout2d(Dropping, frozen=True):
    """Set random channels of images to 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout2d.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{Dropout2d: 0.1}]}
    """


class Dropout3d(Dropping, frozen=True):
    """Set random channels of volumes to 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Dropout3d.html
    Example: {framework: torch, input: [8, 4, 5, 5], layers: [{Dropout3d: 0.1}]}
    """


class AlphaDropout(Dropping, frozen=True):
    """Dropout for SELU: it keeps mean and variance.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AlphaDropout.html
    Example: {framework: torch, input: [10], layers: [{AlphaDropout: 0.1}]}
    """


class FeatureAlphaDropout(Dropping, frozen=True):
    """Alpha dropout of whole channels.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.FeatureAlphaDropout.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{FeatureAlphaDropout: 0.1}]}
    """
