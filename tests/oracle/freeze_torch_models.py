"""Freeze PyTorch's facts of the networks in specs/torch/: every key, shape and multiplication.

    python -m tests.oracle.freeze_torch_models

needs `torch` and `torchvision`, and rewrites `tests/data/torch/models.json.gz`. The networks are torchvision's where it
has them; the others are written here as their authors wrote them.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

PATH = Path(__file__).parents[1] / "data" / "torch" / "models.json.gz"
OF_TORCHVISION = ("alexnet", "mobilenet_v2", "resnet50", "vgg16", "vit_b_16")


class Tagger(nn.Module):
    """https://github.com/bentrevett/pytorch-pos-tagging, the first notebook."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(8866, 100, padding_idx=1)
        self.lstm = nn.LSTM(100, 128, num_layers=2, bidirectional=True, dropout=0.25, batch_first=True)
        self.fc = nn.Linear(256, 18)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        return self.fc(self.lstm(self.embedding(text))[0])


class Translator(nn.Module):
    """torch.nn.Transformer between one table of embeddings, which is the generator's, too."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(37000, 512)
        self.transformer = nn.Transformer(batch_first=True)
        self.generator = nn.Linear(512, 37000, bias=False)
        self.generator.weight = self.embedding.weight

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.generator(self.transformer(self.embedding(source), self.embedding(target)))


class Generator(nn.Module):
    """https://github.com/pytorch/examples/blob/main/dcgan/main.py."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, steps in ((100, 512, (1, 0)), (512, 256, (2, 1)), (256, 128, (2, 1)), (128, 64, (2, 1))):
            layers += [nn.ConvTranspose2d(before, after, 4, *steps, bias=False), nn.BatchNorm2d(after), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.main(x)


class Double(nn.Module):
    """Two convolutions of https://github.com/milesial/Pytorch-UNet."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        layers = [
            layer
            for size in (before, after)
            for layer in (nn.Conv2d(size, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
        ]
        self.double_conv = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.double_conv(x)


class Down(nn.Module):
    """Half the size, then two convolutions."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Double(before, after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Twice the size, joined with what comes from across, then two convolutions."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(before, before // 2, 2, 2)
        self.conv = Double(before, before // 2)

    def forward(self, x: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
        return self.conv(torch.cat([across, self.up(x)], 1))


class Out(nn.Module):
    """The last convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(64, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class UNet(nn.Module):
    """UNet(n_channels=3, n_classes=1, bilinear=False) of https://github.com/milesial/Pytorch-UNet."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = Double(3, 64)
        self.down1, self.down2, self.down3, self.down4 = (Down(size, 2 * size) for size in (64, 128, 256, 512))
        self.up1, self.up2, self.up3, self.up4 = (Up(size) for size in (1024, 512, 256, 128))
        self.outc = Out()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.inc(x)
        two = self.down1(one)
        three = self.down2(two)
        four = self.down3(three)
        x = self.up2(self.up1(self.down4(four), four), three)
        return self.outc(self.up4(self.up3(x, two), one))


def networks() -> dict[str, tuple[nn.Module, list[torch.Tensor]]]:
    """The network of each spec, and inputs of one sample."""
    image = torch.zeros(1, 3, 224, 224)
    found: dict[str, Any] = {name: (torchvision.models.get_model(name), [image]) for name in OF_TORCHVISION}
    found["lstm_tagger"] = Tagger(), [torch.zeros(1, 20, dtype=torch.int64)]
    found["transformer"] = Translator(), [torch.zeros(1, size, dtype=torch.int64) for size in (30, 25)]
    found["dcgan"] = Generator(), [torch.zeros(1, 100, 1, 1)]
    found["unet"] = UNet(), [torch.zeros(1, 3, 512, 512)]
    return found


def facts(module: nn.Module, inputs: list[torch.Tensor]) -> dict[str, Any]:
    """What PyTorch says of one network."""
    module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        output = module(*inputs)
    parameters = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    return {
        "output": list(output.shape),
        "params": sum(parameter.numel() for parameter in module.parameters()),
        "macs": counter.get_total_flops() // 2,
        "weights": {name: list(tensor.shape) for name, tensor in module.state_dict().items()},
        "buffers": sorted(set(module.state_dict()) - parameters),
    }


def main() -> None:
    """Rewrite the data file."""
    with torch.device("meta"):
        found = {name: facts(*network) for name, network in networks().items()}
    with PATH.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as out:
        out.write(json.dumps(found, separators=(",", ":"), sort_keys=True).encode())
    print(f"{PATH.name}: {len(found)} networks, {PATH.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
