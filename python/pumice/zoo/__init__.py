# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Network definitions for demos, tests and benchmarks, and a registry of all of them.

`python -m pumice.zoo` compiles, runs and compares them. Importing this package does not import
torch; its attributes import it when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumice.zoo.capsule import capsnet
    from pumice.zoo.densenet import densenet161
    from pumice.zoo.digits import ccexam_mnist, demo_cnn, lenet, mnist_cnn
    from pumice.zoo.hub import bert, convnext_tiny, gpt2, minilm, minilm_tokens, swin_tiny, vit_b16
    from pumice.zoo.inception import inception_v3
    from pumice.zoo.mixer import mixer_b16
    from pumice.zoo.mobilenet import mobilenet_v2
    from pumice.zoo.recurrent import gru, lstm
    from pumice.zoo.registry import NETWORKS, Instance, Network
    from pumice.zoo.resnet import ResNet, resnet18, resnet34, resnet50
    from pumice.zoo.transformer import cached_decoder, transformer_base
    from pumice.zoo.unet import unet
    from pumice.zoo.vgg import vgg9, vgg11, vgg16
    from pumice.zoo.weights import images

__all__ = [
    "NETWORKS",
    "Instance",
    "Network",
    "ResNet",
    "bert",
    "cached_decoder",
    "capsnet",
    "ccexam_mnist",
    "convnext_tiny",
    "demo_cnn",
    "densenet161",
    "gpt2",
    "gru",
    "images",
    "inception_v3",
    "lenet",
    "lstm",
    "minilm",
    "minilm_tokens",
    "mixer_b16",
    "mnist_cnn",
    "mobilenet_v2",
    "resnet18",
    "resnet34",
    "resnet50",
    "swin_tiny",
    "transformer_base",
    "unet",
    "vgg9",
    "vgg11",
    "vgg16",
    "vit_b16",
]

_HOME = {
    "capsule": "capsnet",
    "densenet": "densenet161",
    "digits": "ccexam_mnist demo_cnn lenet mnist_cnn",
    "hub": "bert convnext_tiny gpt2 minilm minilm_tokens swin_tiny vit_b16",
    "inception": "inception_v3",
    "mixer": "mixer_b16",
    "mobilenet": "mobilenet_v2",
    "recurrent": "gru lstm",
    "registry": "NETWORKS Instance Network",
    "resnet": "ResNet resnet18 resnet34 resnet50",
    "transformer": "cached_decoder transformer_base",
    "unet": "unet",
    "vgg": "vgg9 vgg11 vgg16",
    "weights": "images",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'pumice.zoo' has no attribute '{name}'")
    found = getattr(importlib.import_module(f"pumice.zoo.{_MODULE_OF[name]}"), name)
    # The submodule `unet` has just been bound to the name of its function.
    globals()[name] = found
    return found
