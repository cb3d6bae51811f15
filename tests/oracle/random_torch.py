"""Random specs of torch.nn's modules, with what PyTorch says of the same network on the meta device.

    python -m tests.oracle.random_torch          rewrites tests/data/torch/random.jsonl.gz
    python -m tests.oracle.random_torch 1000 50  holds paramcalc against seeds 1000 to 1049

needs `torch`. A network is grown layer by layer: what PyTorch refuses is left out, or ends the spec as a mistake that
paramcalc must find, too.
"""

import gzip
import json
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from paramcalc.layers.registry import snake_case

PATH = Path(__file__).parents[1] / "data" / "torch" / "random.jsonl.gz"
FROZEN = 400
BATCH = 2

Options = dict[str, Any]
Shape = list[int]


class Chain(nn.Module):
    """Modules with the names that a spec gives them, one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Callable[[torch.Tensor], torch.Tensor]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Each step reads the one before."""
        for step in self.steps:
            x = step(x)
        return x


def first(output: Any) -> torch.Tensor:
    """What the next layer of a spec reads: the first of several outputs."""
    return output if isinstance(output, torch.Tensor) else first(output[0])


def call(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What a module gives for one input; attention reads it three times."""
    return first(module(x, x, x) if isinstance(module, nn.MultiheadAttention) else module(x))


class RefusedError(Exception):
    """PyTorch does not take the last layer; the spec ends with it."""


class Grower:
    """Grows one random network and its spec side by side."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.root = Chain()

    def some(self, *choices: Any) -> Any:
        """One of these."""
        return self.rng.choice(choices)

    def maybe(self, chance: float) -> bool:
        """True with this probability."""
        return self.rng.random() < chance

    def grow(self) -> dict[str, Any]:
        """A spec, and PyTorch's facts of it or "refused"."""
        shape = self.some([5, 16, 16], [4, 9, 7], [6, 8], [10, 12], [24], [8, 10, 10])
        spec: dict[str, Any] = {"framework": "torch", "input": shape, "layers": ["Identity"]}
        self.root.add_module("identity", nn.Identity())
        try:
            with warnings.catch_warnings(), torch.device("meta"):
                warnings.simplefilter("ignore")
                self.layers(spec["layers"], self.root, [BATCH, *shape], self.rng.randint(2, 8), {"identity": 1}, 0)
                return {"spec": spec, **self.facts([BATCH, *shape])}
        except RefusedError as error:
            return {"spec": spec, "refused": str(error)[:100]}

    def facts(self, shape: Shape) -> dict[str, Any]:
        """The output, the state_dict and the multiplications of the whole network."""
        self.root.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            output = self.root(torch.zeros(shape))
        parameters = {name for name, _ in self.root.named_parameters()}
        return {
            "output": list(output.shape),
            "weights": {name: list(tensor.shape) for name, tensor in self.root.state_dict().items()},
            "params": sum(parameter.numel() for parameter in self.root.parameters()),
            "buffers": sorted(set(self.root.state_dict()) - parameters),
            "macs": counter.get_total_flops() // 2,
        }

    # -- growing ---------------------------------------------------------------------------------------

    def layers(
        self, entries: list[Any], chain: Chain, shape: Shape, count: int, counters: dict[str, int], depth: int
    ) -> Shape:
        """Add so many entries; the output shape."""
        for _ in range(count):
            if depth < 2 and self.maybe(0.12):
                shape = self.repeat(entries, chain, shape, counters, depth)
            elif depth < 2 and self.maybe(0.12):
                shape = self.branches(entries, chain, shape, counters, depth)
            else:
                shape = self.layer(entries, chain, shape, counters)
        return shape

    def name(self, base: str, counters: dict[str, int]) -> str:
        """The automatic name that a spec gives next."""
        count = counters.get(base, 0)
        counters[base] = count + 1
        return f"{base}_{count}" if count else base

    def repeat(self, entries: list[Any], chain: Chain, shape: Shape, counters: dict[str, int], depth: int) -> Shape:
        """Layers that keep the shape, a few times."""
        inner: list[Any] = []
        entry = {"repeat": self.rng.randint(1, 3), "layers": inner}
        entries.append(entry)
        state = self.rng.getstate()
        trial = Chain()
        if self.layers(inner, trial, shape, self.rng.randint(1, 2), {}, depth + 1) != shape:
            entries.remove(entry)
            return shape
        outer = Chain()
        for number in range(entry["repeat"]):
            self.rng.setstate(state)
            one, again = Chain(), []
            self.layers(again, one, shape, self.rng.randint(1, 2), {}, depth + 1)
            outer.add_module(str(number), one)
            outer.steps.append(one)
        self.rng.seed(f"{state[1][:3]}")
        chain.add_module(self.name("repeat", counters), outer)
        chain.steps.append(outer)
        return shape

    def branches(self, entries: list[Any], chain: Chain, shape: Shape, counters: dict[str, int], depth: int) -> Shape:
        """Two branches of the same output shape, added; the second may be nothing."""
        sides: list[tuple[list[Any], Chain, Shape]] = []
        entry: dict[str, Any] = {"branches": [[], []], "merge": "Add"}
        entries.append(entry)
        for index, count in enumerate((self.rng.randint(1, 3), self.rng.randint(0, 1))):
            inner = entry["branches"][index]
            side = Chain()
            sides.append((inner, side, self.layers(inner, side, shape, count, counters, depth + 1)))
        a, b = sides
        for name, module in [*a[1].named_children(), *b[1].named_children()]:
            chain.add_module(name, module)
        if a[2] == b[2]:
            merge, output = {"Add": {}}, a[2]
            chain.steps.append(lambda x: a[1](x) + b[1](x))
        elif a[2][:1] + a[2][2:] == b[2][:1] + b[2][2:] and len(a[2]) > 1:
            merge, output = {"Cat": 1}, [a[2][0], a[2][1] + b[2][1], *a[2][2:]]
            chain.steps.append(lambda x: torch.cat([a[1](x), b[1](x)], 1))
        else:
            merge, output = {"Mul": {}}, []
            chain.steps.append(lambda x: a[1](x) * b[1](x))
        entry["merge"] = merge
        if not output:
            try:
                output = list(torch.broadcast_shapes(a[2], b[2]))
            except RuntimeError as error:
                raise RefusedError(str(error)) from None
        self.name(snake_case(next(iter(merge))), counters)
        return output

    def layer(self, entries: list[Any], chain: Chain, shape: Shape, counters: dict[str, int]) -> Shape:
        """One layer that PyTorch takes; now and then one that it does not."""
        for _ in range(20):
            kind, options = self.choice(shape)
            try:
                module = getattr(nn, kind)(**self.made(kind, options, shape))
                with torch.device("cpu"), torch.no_grad():  # which checks what the meta device does not
                    trial = getattr(nn, kind)(**self.made(kind, options, shape)).eval()
                    output = list(call(trial, torch.zeros(shape)).shape)
            except Exception as error:  # whatever PyTorch raises is its refusal
                if self.maybe(0.02):
                    entries.append({kind: self.written(options)})
                    raise RefusedError(str(error)) from None
                continue
            if max(output) < 4096 and min(output) > 0:
                break
        else:
            return shape
        name = self.name(snake_case(kind), counters)
        if self.maybe(0.2):
            name = f"own_{len(entries)}_{self.rng.randrange(10**6)}"
            counters[snake_case(kind)] -= 1
            entries.append({kind: self.written(options), "name": name})
        else:
            entries.append({kind: self.written(options)} if options else kind)
        chain.add_module(name, module)
        chain.steps.append(lambda x: call(module, x))
        return output

    def made(self, kind: str, options: Options, shape: Shape) -> Options:
        """The options as PyTorch takes them, what a spec may leave out filled in."""
        told = {
            "in_features": shape[-1],
            "input_size": shape[-1],
            "embed_dim": shape[-1],
            "d_model": shape[-1],
            "in_channels": shape[1],
            "num_features": shape[1],
            "num_channels": shape[1],
        }
        full = dict(options)
        for name in TOLD.get(kind, ()):
            full.setdefault(name, told[name])
        return {name: tuple(value) if isinstance(value, list) else value for name, value in full.items()}

    def written(self, options: Options) -> Any:
        """The fields of a spec."""
        return dict(options)

    # -- what there is to choose from ------------------------------------------------------------------

    def choice(self, shape: Shape) -> tuple[str, Options]:
        """A class for an input of this shape, and options."""
        if self.maybe(0.25):
            return self.anywhere(shape)
        table = {2: self.vectors, 3: self.sequences, 4: self.images}
        return table.get(len(shape), self.anywhere)(shape)

    def anywhere(self, shape: Shape) -> tuple[str, Options]:
        """Layers for inputs of any rank."""
        axis = self.rng.randrange(-len(shape), len(shape))
        return self.some(
            (
                self.some(
                    "ReLU", "GELU", "SiLU", "Tanh", "Sigmoid", "Hardswish", "Mish", "ELU", "Identity", "LogSigmoid"
                ),
                {},
            ),
            (self.some("Softmax", "LogSoftmax", "Softmin"), {"dim": axis}),
            ("Dropout", {"p": self.some(0.1, 0.5)}),
            ("LeakyReLU", {"negative_slope": 0.2}),
            ("PReLU", {"num_parameters": self.some(1, shape[min(1, len(shape) - 1)])}),
            ("GLU", {"dim": axis}),
            ("Flatten", {"start_dim": self.some(1, 2), "end_dim": self.some(-1, 2)}),
            ("Unflatten", {"dim": self.some(1, -1), "unflattened_size": self.some([2, -1], [-1, 3], [-1, 1])}),
            ("Linear", {"out_features": self.some(4, 6, 8), "bias": self.some(True, False)}),
            ("LayerNorm", {"normalized_shape": shape[self.some(-1, -1, 1) :], "bias": self.some(True, False)}),
            ("RMSNorm", {"normalized_shape": shape[-1], "elementwise_affine": self.some(True, False)}),
            ("GroupNorm", {"num_groups": self.some(1, 2, 3, shape[min(1, len(shape) - 1)])}),
            ("LocalResponseNorm", {"size": 3}),
            ("ConstantPad1d", {"padding": self.some(1, [0, 2], [-1, 1]), "value": 0.5}),
        )

    def vectors(self, shape: Shape) -> tuple[str, Options]:
        """Layers for (batch, features)."""
        return self.some(
            ("Linear", {"in_features": shape[-1], "out_features": self.some(3, 8, 12)}),
            ("BatchNorm1d", {"affine": self.some(True, False), "track_running_stats": self.some(True, False)}),
            ("RNNCell", {"hidden_size": self.some(4, 6)}),
            ("LSTMCell", {"hidden_size": 5, "bias": self.some(True, False)}),
            ("GRUCell", {"input_size": shape[-1], "hidden_size": 6}),
        )

    def sequences(self, shape: Shape) -> tuple[str, Options]:
        """Layers for (batch, length, features), or (batch, channels, length)."""
        recurrent = {
            "hidden_size": self.some(4, 6),
            "batch_first": self.some(True, False),
            "num_layers": self.some(1, 2, 3),
        }
        recurrent |= {"bidirectional": self.some(True, False), "bias": self.some(True, False)}
        block = {"nhead": self.some(1, 2, 3), "dim_feedforward": 9, "batch_first": self.some(True, False)}
        return self.some(
            ("RNN", recurrent | {"nonlinearity": "relu"}),
            ("LSTM", recurrent | {"proj_size": self.some(0, 3)}),
            ("GRU", recurrent),
            (
                "MultiheadAttention",
                {"num_heads": self.some(1, 2, 4), "batch_first": True, "add_bias_kv": self.some(True, False)},
            ),
            ("TransformerEncoderLayer", block | {"norm_first": self.some(True, False), "bias": self.some(True, False)}),
            ("Linear", {"out_features": self.some(4, 8, 12)}),
            *self.windows(shape, 1),
        )

    def images(self, shape: Shape) -> tuple[str, Options]:
        """Layers for (batch, channels, height, width)."""
        return self.some(
            *self.windows(shape, 2),
            *self.windows(shape, 2),
            ("PixelShuffle", {"upscale_factor": 2}),
            ("PixelUnshuffle", {"downscale_factor": self.some(2, 3)}),
            ("ChannelShuffle", {"groups": self.some(2, 3)}),
            ("Unfold", {"kernel_size": self.some(2, [2, 3]), "stride": self.some(1, 2), "padding": self.some(0, 1)}),
            ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": self.some(0.5, [0.6, 0.7])}),
            ("UpsamplingBilinear2d", {"scale_factor": 2}),
            ("Softmax2d", {}),
            ("CrossMapLRN2d", {"size": 3}),
        )

    def windows(self, shape: Shape, rank: int) -> list[tuple[str, Options]]:
        """Convolutions, poolings, paddings and norms over the last `rank` axes."""
        channels = shape[1]
        kernel = self.some(1, 2, 3, [self.some(1, 2, 3) for _ in range(rank)])
        steps = {"stride": self.some(1, 2), "padding": self.some(0, 1), "dilation": self.some(1, 1, 2)}
        groups = self.some(1, 1, 2, channels)
        convolution = {"out_channels": self.some(4, 6, 2 * channels), "kernel_size": kernel, "groups": groups, **steps}
        pooling = {"kernel_size": kernel, "stride": self.some(None, 1, 2), "padding": self.some(0, 1)}
        sizes = [self.some(None, 2, 5) for _ in range(rank)]
        return [
            (f"Conv{rank}d", convolution | {"padding_mode": self.some("zeros", "zeros", "reflect", "circular")}),
            (f"Conv{rank}d", {"in_channels": channels, "out_channels": 6, "kernel_size": kernel, "padding": "same"}),
            (
                f"ConvTranspose{rank}d",
                convolution | {"output_padding": self.some(0, 0, 1), "bias": self.some(True, False)},
            ),
            (
                f"MaxPool{rank}d",
                pooling | {"ceil_mode": self.some(True, False), "return_indices": self.some(True, False)},
            ),
            (f"AvgPool{rank}d", pooling | {"ceil_mode": self.some(True, False)}),
            (f"LPPool{rank}d", {"norm_type": 2, "kernel_size": 2, "ceil_mode": self.some(True, False)}),
            (f"AdaptiveAvgPool{rank}d", {"output_size": self.some(1, 4, sizes)}),
            (f"AdaptiveMaxPool{rank}d", {"output_size": self.some(1, 3)}),
            (f"BatchNorm{rank}d", {"affine": self.some(True, False), "track_running_stats": self.some(True, False)}),
            (f"InstanceNorm{rank}d", {"affine": self.some(True, False), "track_running_stats": self.some(True, False)}),
            (f"{self.some('Zero', 'Reflection', 'Replication', 'Circular')}Pad{rank}d", {"padding": self.some(1, 2)}),
            (
                "Upsample",
                {"scale_factor": self.some(2, 1.5), "mode": self.some("nearest", "area", "linear", "bilinear")},
            ),
            (f"Dropout{rank}d", {}),
        ]


TOLD = {
    "Linear": ("in_features",),
    **dict.fromkeys(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"), ("input_size",)),
    **dict.fromkeys(("Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"), ("in_channels",)),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "InstanceNorm1d", "InstanceNorm2d"), ("num_features",)),
    "GroupNorm": ("num_channels",),
    "MultiheadAttention": ("embed_dim",),
    "TransformerEncoderLayer": ("d_model",),
}
"""What a spec leaves out and PyTorch requires."""


def main() -> None:
    """Freeze, or compare."""
    if len(sys.argv) > 1:
        from tests.layers.torch.test_random_specs import difference

        seeds = range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2]))
        found = [(seed, difference(Grower(seed).grow())) for seed in seeds]
        for seed, line in found:
            if line:
                print(seed, line)
        print(f"{sum(line is None for _, line in found)} of {len(found)} agree")
        return
    lines = [json.dumps(case, separators=(",", ":")) for case in (Grower(seed).grow() for seed in range(FROZEN))]
    with PATH.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as out:
        out.write(("\n".join(lines) + "\n").encode())
    refused = sum('"refused":' in line for line in lines)
    print(f"{PATH.name}: {len(lines)} specs, {refused} refused, {PATH.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
