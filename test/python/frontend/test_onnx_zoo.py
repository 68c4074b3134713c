# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that torch.onnx.export and onnxruntime's quantizer write of the zoo's networks."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import onnx_files as files
import pumice
from pumice.zoo import NETWORKS

torch = files.torch

#: The smallest of them run with the suite.
NAMES = (
    "lenet lstm mnist-cnn resnet18 resnet34 densenet161 unet gru vgg9 capsnet inception-v3"
    " mobilenet-v2 mixer-b16 transformer decoder convnext-tiny vit-b16 swin-tiny"
).split()
EXPORTED = [pytest.param(n, marks=[] if n in NAMES[:2] else pytest.mark.nightly) for n in NAMES]
QUANTIZED = [
    pytest.param(n, marks=pytest.mark.nightly)
    for n in ("lenet", "resnet18", "mobilenet-v2", "unet", "vgg9", "densenet161")
]


def export(name: str, folder):
    """The file of a small network, and what to feed it."""
    instance = NETWORKS[name].small()
    given = instance.inputs(0)
    arguments = given if isinstance(given, tuple) else tuple(given.values())
    path = folder / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            instance.model.eval(), arguments, str(path), dynamo=False, opset_version=17
        )
    names = [value.name for value in files.onnx.load(str(path)).graph.input]
    return path, {key: value.numpy() for key, value in zip(names, arguments, strict=True)}


def run(path, feeds):
    outputs = pumice.compile(path, feeds).run(**feeds).outputs
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


@pytest.mark.parametrize("name", EXPORTED)
def test_exported(name, tmp_path) -> None:
    path, feeds = export(name, tmp_path)
    for found, expected in zip(run(path, feeds), files.reference(path, feeds), strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized(name, tmp_path) -> None:
    """Float arithmetic between integer layers rounds ties differently: a few steps at most."""
    path, feeds = export(name, tmp_path)
    (key,) = feeds
    random = np.random.default_rng(0)
    batches = [{key: feeds[key] * np.float32(f)} for f in random.uniform(0.8, 1.2, 4)]
    quantized = files.quantize(
        path, batches, tmp_path / "q.onnx", per_channel=True, reduce_range=True
    )
    for found, expected in zip(
        run(quantized, feeds), files.reference(quantized, feeds), strict=True
    ):
        spread = float(expected.std()) or 1.0
        assert np.abs(found - expected).mean() < 0.02 * spread
