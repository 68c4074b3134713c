# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Model definitions for demos, tests and benchmarks. Importing this imports torch."""

from pumice.zoo.digits import ccexam_mnist, demo_cnn, mnist_cnn
from pumice.zoo.resnet import ResNet, resnet18, resnet34, resnet50

__all__ = ["ResNet", "ccexam_mnist", "demo_cnn", "mnist_cnn", "resnet18", "resnet34", "resnet50"]
