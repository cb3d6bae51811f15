"""Small modules of many kinds to export, each named after what it tests.

Used by `freeze_torch_export`; runs with PyTorch 2.5 and later. A twin is a module with the same products where
PyTorch's counter sees them, for one in which it does not.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional

R = torch.randn


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(0, 20, shape)


@dataclass
class Case:
    """A module with its inputs, and how it is exported."""

    module: nn.Module
    inputs: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    train: bool = False
    decompose: bool = False
    inference: bool = False
    twin: Any = None
    flops: int | None = -1
    """What the counter must say; −1 to ask it, None where the file does not tell."""


class Calls(nn.Module):
    """A function of its inputs, without any module in it."""

    def __init__(self, function: Any, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.w = nn.ParameterList([nn.Parameter(R(*shape)) for shape in shapes])

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs, *self.w)


class First(nn.Module):
    """The first output of a module."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any) -> Any:
        return self.module(*inputs)[0]


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.middle = nn.Linear(6, 6)
        self.head = nn.Linear(6, 20, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: Any) -> Any:
        return self.head(self.middle(self.embed(x)))


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(8, 8)
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.BatchNorm1d(8))
        self.head = nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        x = self.stem(self.stem(x)[:2])
        x = self.block(x) + 1
        return self.head(self.block(x))


class Bare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(R(1, 1, 6))
        self.register_buffer("mask", torch.ones(5, 6))
        self.register_buffer("positions", torch.arange(5.0), persistent=False)
        self.register_buffer("never_read", torch.ones(3))
        self.lost = nn.Parameter(R(7))
        self.inner = nn.Module()
        self.inner.scale = nn.Parameter(R(6))
        self.inner.proj = nn.Linear(6, 4)
        self.dropped = nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) * self.mask + self.positions[:, None]
        return functional.linear(x * self.inner.scale, self.inner.proj.weight, self.inner.proj.bias)


class Frozen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3).requires_grad_(False)
        self.b = nn.Conv2d(8, 8, 3)

    def forward(self, x: Any) -> Any:
        return self.b(self.a(x))


class Residual(nn.Module):
    """A module with a function, and functions named like modules."""

    def __init__(self) -> None:
        super().__init__()
        self.add = nn.Linear(8, 8)
        self.relu = nn.ReLU()

    def forward(self, x: Any) -> Any:
        return torch.relu(self.relu(self.add(x)) + x + 1) + x


class Split(nn.Module):
    """A leaf with several outputs, of which others read some."""

    class Halves(nn.Module):
        def forward(self, x: Any) -> Any:
            a, b, c = x.chunk(3, -1)
            return a, b.relu(), c.tanh()

    def __init__(self) -> None:
        super().__init__()
        self.halves = self.Halves()
        self.end = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        a, _, c = self.halves(x)
        return self.end(a) + self.end(c), x.split([2, 4], -1)


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small = nn.Linear(8, 8)
        self.large = nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 8))

    def forward(self, x: Any) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.small(x), lambda x: self.large(x), (x,))


class Modes(nn.Module):
    """Graphs that are run once: without gradients, under autocast."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            y = self.a(x) * 2
        with torch.autocast("cpu", torch.bfloat16):
            z = self.b(y)
        return self.a(z.float())


def zoo() -> dict[str, Case]:
    """Modules of torch.nn and such as people write."""
    seq = nn.Sequential
    encoder = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    return {
        "tied": Case(Tied(), (tokens(2, 5),)),
        "shared": Case(Shared(), (R(3, 8),)),
        "bare": Case(Bare(), (R(2, 4, 6),)),
        "frozen": Case(Frozen(), (R(2, 3, 9, 9),)),
        "residual": Case(Residual(), (R(2, 8),)),
        "split": Case(Split(), (R(2, 6),)),
        "modes": Case(Modes(), (R(2, 8),)),
        "training": Case(seq(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)), (R(2, 3, 8, 8),), train=True),
        "dynamic_batch": Case(
            seq(nn.Conv2d(3, 4, 3), nn.Flatten(2), nn.Linear(36, 5), nn.Flatten(0, 1)),
            (R(2, 3, 8, 8),),
            {"dynamic_shapes": ({0: torch.export.Dim("batch")},)},
        ),
        "decomposed": Case(
            seq(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 5)),
            (R(2, 3, 8, 8),),
            decompose=True,
        ),
        "strict": Case(Bare(), (R(2, 4, 6),), {"strict": True}),
        "half": Case(nn.Linear(8, 8).half(), (R(2, 8).half(),)),
        "lstm": Case(First(nn.LSTM(10, 12, 2, batch_first=True, bidirectional=True, proj_size=3)), (R(2, 7, 10),)),
        "gru": Case(First(nn.GRU(10, 12, 3, bias=False)), (R(7, 2, 10),)),
        "rnn": Case(First(nn.RNN(10, 12, nonlinearity="relu")), (R(7, 10),)),
        "cells": Case(seq(nn.GRUCell(10, 12), First(nn.LSTMCell(12, 5)), nn.RNNCell(5, 4)), (R(2, 10),)),
        "attention": Case(
            First(nn.MultiheadAttention(32, 4, batch_first=True, kdim=24, vdim=20, add_bias_kv=True)),
            (R(2, 5, 32), R(2, 6, 24), R(2, 6, 20)),
        ),
        "encoder": Case(nn.TransformerEncoder(encoder, 2, enable_nested_tensor=False), (R(2, 5, 16),)),
        "norms": Case(
            seq(
                nn.GroupNorm(2, 8),
                nn.InstanceNorm2d(8, affine=True, track_running_stats=True),
                nn.BatchNorm2d(8, affine=False),
                nn.LayerNorm([5, 5]),
                nn.RMSNorm(5),
            ),
            (R(2, 8, 5, 5),),
        ),
        "transposed": Case(
            seq(nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2), nn.ConvTranspose2d(6, 2, (2, 3))), (R(2, 4, 10, 10),)
        ),
        "unbatched": Case(seq(nn.Conv2d(4, 6, 3), nn.ConvTranspose2d(6, 2, 3)), (R(4, 10, 10),)),
        "convolutions": Case(
            seq(
                nn.Conv3d(2, 4, 3, padding="same", groups=2),
                nn.Flatten(1, 2),
                nn.Conv2d(24, 4, 3, 2),
                nn.Flatten(2),
                nn.Conv1d(4, 8, 3, 2, 1, 2, 2),
            ),
            (R(2, 2, 6, 8, 8),),
        ),
        "embeddings": Case(
            seq(nn.Embedding(20, 8, padding_idx=0), nn.PReLU(8), nn.Upsample(scale_factor=2)), (tokens(2, 8),)
        ),
        "weight_norm": Case(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)), (R(2, 8),)),
        "spectral_norm": Case(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)), (R(2, 3, 8, 8),)),
    }


def bilinear(a: Any, w: Any, b: Any) -> Any:
    return torch.einsum("bi,oij,bj->bo", a, w, b)


def newer() -> dict[str, Case]:
    """What PyTorch 2.5 cannot export or lacks."""
    from torch._higher_order_ops.map import map as each
    from torch._higher_order_ops.scan import scan
    from torch._higher_order_ops.while_loop import while_loop

    linear = nn.Linear(8, 8)

    class Loop(nn.Module):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.linear = linear
            self.function = function

        def forward(self, *inputs: Any) -> Any:
            return self.function(self.linear, *inputs)

    def step(linear: Any, state: Any, x: Any) -> Any:
        state = linear(state) + x
        return state, state.clone()

    def repeat(linear: Any, x: Any) -> Any:
        return while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, linear(x)), (torch.tensor(0), x))

    with torch.device("meta"):
        meta = Tied(), (tokens(2, 5),)

    return {
        "cond": Case(Branches(), (R(2, 8),), flops=2 * 2 * (8 * 32 * 2)),
        "scan": Case(
            Loop(lambda f, x, h: scan(lambda a, b: step(f, a, b), h, x, dim=0)),
            (R(5, 2, 8), R(2, 8)),
            flops=2 * 5 * 2 * 8 * 8,
        ),
        "map": Case(Loop(lambda f, x: each(lambda y: f(y), x)), (R(5, 2, 8),), flops=2 * 5 * 2 * 8 * 8),
        "while_loop": Case(Loop(repeat), (R(2, 8),), flops=None),
        "checkpointed": Case(
            Loop(lambda f, x: torch.utils.checkpoint.checkpoint(f, x, use_reentrant=False)), (R(2, 8),)
        ),
        "meta": Case(*meta, flops=2 * 10 * (36 + 120)),
        "bilinear": Case(
            nn.Bilinear(5, 6, 7), (R(2, 5), R(2, 6)), twin=(Calls(bilinear), (R(2, 5), R(7, 5, 6), R(2, 6)))
        ),
        "grouped": Case(
            Calls(lambda x, w, ends: torch._grouped_mm(x, w, offs=ends)),
            (R(32, 16).bfloat16(), R(4, 16, 8).bfloat16(), torch.tensor([8, 16, 24, 32], dtype=torch.int32)),
            flops=2 * 32 * 16 * 8,
        ),
        "fast_encoder": Case(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (R(2, 5, 16),), inference=True),
    }
