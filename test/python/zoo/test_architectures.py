# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Architectures of `transformers` that the zoo does not have, one small layer of each, quantized.

As many layers as have weights must be on arrays, and outputs near those of the float model.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402

import pumice  # noqa: E402

SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
TEXT = {**SIZE, "vocab_size": 99, "intermediate_size": 64, "max_position_embeddings": 64}
IMAGE = {**SIZE, "image_size": 32, "patch_size": 8}
T5 = {"vocab_size": 99, "d_model": 32, "num_heads": 4, "num_layers": 1, "d_kv": 8, "d_ff": 64}
WHISPER = {
    "vocab_size": 99,
    "d_model": 32,
    "num_mel_bins": 20,
    "max_source_positions": 32,
    **{f"{part}_layers": 1 for part in ("encoder", "decoder")},
    **{f"{part}_attention_heads": 4 for part in ("encoder", "decoder")},
    **{f"{part}_ffn_dim": 64 for part in ("encoder", "decoder")},
    **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1},
}


def tokens(count: int = 16) -> Any:
    return torch.randint(3, 99, (1, count), generator=torch.Generator().manual_seed(3))


def values(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


#: Name -> fields of the configuration, names and values of inputs, layers on arrays.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    # Position ids are cumulative sums of a mask.
    "Roberta": (TEXT, {"input_ids": tokens()}, 6),
    # Attention to relative positions, by gathered products.
    "DebertaV2": (
        {**TEXT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
        {"input_ids": tokens()},
        7,
    ),
    # Fourier transforms in place of attention.
    "FNet": (TEXT, {"input_ids": tokens()}, 4),
    # Rotary embeddings, RMS norms, heads that share keys and values, gated SiLU; a window.
    "Llama": ({**TEXT, "num_key_value_heads": 2}, {"input_ids": tokens()}, 7),
    "Mistral": (
        {**TEXT, "num_key_value_heads": 2, "sliding_window": 8},
        {"input_ids": tokens()},
        7,
    ),
    # Biases by distance (ALiBi).
    "Bloom": (
        {"vocab_size": 99, "hidden_size": 32, "n_layer": 1, "n_head": 4},
        {"input_ids": tokens()},
        4,
    ),
    # A state-space scan, unrolled; its step sizes are a product with the matrix on the left.
    "Mamba": (
        {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 1, "state_size": 8},
        {"input_ids": tokens(8)},
        4,
    ),
    # Encoder and decoder; buckets of relative positions.
    "T5": (
        {**T5, "decoder_start_token_id": 0},
        {"input_ids": tokens(), "decoder_input_ids": tokens(6)},
        16,
    ),
    "Whisper": (
        WHISPER,
        {"input_features": values(1, 20, 64), "decoder_input_ids": tokens(6)},
        18,
    ),
    # Convolutions over time whose weights weight norm makes.
    "Wav2Vec2": (
        {
            **SIZE,
            "intermediate_size": 64,
            "conv_dim": (16, 16, 16),
            "conv_stride": (5, 2, 2),
            "conv_kernel": (10, 3, 3),
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 4,
            "feat_extract_norm": "layer",
        },
        {"input_values": values(1, 800)},
        11,
    ),
    "Dinov2": ({**IMAGE, "mlp_ratio": 2}, {"pixel_values": values(1, 3, 32, 32)}, 7),
    # Attention to a reduced image, depthwise convolutions between.
    "Segformer": (
        {
            "num_encoder_blocks": 2,
            "depths": [1, 1],
            "sr_ratios": [4, 2],
            "hidden_sizes": [16, 32],
            "patch_sizes": [7, 3],
            "strides": [4, 2],
            "num_attention_heads": [1, 2],
            "mlp_ratios": [2, 2],
        },
        {"pixel_values": values(1, 3, 64, 64)},
        18,
    ),
    # Groups and squeeze-and-excitation.
    "RegNet": (
        {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1], "groups_width": 8},
        {"pixel_values": values(1, 3, 32, 32)},
        13,
    ),
}


class FirstResult(nn.Module):
    def __init__(self, model: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Any) -> Any:
        return self.model(**dict(zip(self.names, inputs, strict=True)))[0]


@pytest.mark.parametrize("name", CASES)
def test_architecture(name: str) -> None:
    fields, inputs, layers = CASES[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**fields)
    config.use_cache = False
    model = getattr(transformers, f"{name}Model")(config).eval()
    model = FirstResult(model, list(inputs))
    given = tuple(inputs.values())
    with torch.no_grad():
        wanted = model(*given)
    result = pumice.compile(model, given, device="ideal").run(*given)
    assert sum(layer.arrays > 0 for layer in result.report.layers) == layers
    error = float((result.outputs - wanted).norm() / wanted.norm())
    assert -20 * math.log10(error) > 28
