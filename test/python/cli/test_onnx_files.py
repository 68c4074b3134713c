# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice run` on the files that others write of the zoo's networks, against onnxruntime.

Both exporters of torch.onnx.export, and onnxruntime's static and dynamic quantizers.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx_files as files
from pumice.cli import main
from pumice.zoo import NETWORKS

torch = files.torch

HAS_ONNXSCRIPT = importlib.util.find_spec("onnxscript") is not None
needs_onnxscript = pytest.mark.skipif(
    not HAS_ONNXSCRIPT, reason="torch's exporter with dynamo=True needs onnxscript"
)

#: Networks by who writes the file.
SCRIPTED = "lenet mnist-cnn resnet18 mobilenet-v2 lstm unet minilm".split()
DYNAMO = "lenet mnist-cnn resnet18 gru mixer-b16 vgg9 gpt2".split()
STATIC = "lenet resnet18 mobilenet-v2".split()
DYNAMIC = "lenet mixer-b16".split()


def export(name: str, folder: Path, dynamo: bool) -> tuple[Path, dict[str, Any]]:
    """The file of a small network, and what to feed it."""
    instance = NETWORKS[name].small()
    given = instance.inputs(0)
    arguments, named = (given, None) if isinstance(given, tuple) else ((), given)
    path = folder / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            instance.model.eval(), arguments, str(path), kwargs=named, dynamo=dynamo, verbose=False,
            opset_version=18,
        )  # fmt: skip
    values = given if isinstance(given, tuple) else tuple(given.values())
    names = [value.name for value in files.onnx.load(str(path)).graph.input]
    return path, {key: value.numpy() for key, value in zip(names, values, strict=True)}


def run(path: Path, feeds: dict[str, Any]) -> list[Any]:
    """The outputs that the command writes."""
    command = ["run", str(path), "--json", "-o", str(path.parent / "y.npy")]
    for name, value in feeds.items():
        file = path.parent / f"{name.replace('/', '_')}.npy"
        np.save(file, value)
        command += ["-i", f"{name}={file}"]
    assert main(command) == 0
    written = sorted(path.parent.glob("y*.npy"), key=lambda file: (len(file.name), file.name))
    return [np.load(file) for file in written]


def check(path: Path, feeds: dict[str, Any]) -> None:
    for found, expected in zip(run(path, feeds), files.reference(path, feeds), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SCRIPTED)
def test_torch_exporter(name, tmp_path) -> None:
    check(*export(name, tmp_path, dynamo=False))


@needs_onnxscript
@pytest.mark.parametrize("name", DYNAMO)
def test_torch_exporter_with_dynamo(name, tmp_path) -> None:
    check(*export(name, tmp_path, dynamo=True))


def scaled(feeds: dict[str, Any]) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    (key,) = feeds
    return [{key: feeds[key] * np.float32(f)} for f in random.uniform(0.8, 1.2, 4)]


def assert_near(path: Path, feeds: dict[str, Any]) -> None:
    """Float arithmetic between integer layers rounds ties differently: a few steps at most."""
    for found, expected in zip(run(path, feeds), files.reference(path, feeds), strict=True):
        assert found.dtype == expected.dtype
        spread = float(expected.std()) or 1.0
        assert np.abs(found - expected).mean() < 0.02 * spread
        assert np.array_equal(found.argmax(-1), expected.argmax(-1))


@pytest.mark.parametrize("name", STATIC)
def test_static_quantizer(name, tmp_path) -> None:
    path, feeds = export(name, tmp_path, dynamo=False)
    quantized = tmp_path / "q.onnx"
    files.quantize(path, scaled(feeds), quantized, per_channel=True, reduce_range=True)
    assert_near(quantized, feeds)


@pytest.mark.parametrize("name", DYNAMIC)
def test_dynamic_quantizer(name, tmp_path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    path, feeds = export(name, tmp_path, dynamo=False)
    quantized = tmp_path / "q.onnx"
    quantize_dynamic(str(path), str(quantized), reduce_range=True)
    assert_near(quantized, feeds)
