# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generates text token by token: the key-value cache is state of the program."""

import copy

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.integrations.executorch import TorchExportableModuleWithStaticCache

import pumice

TOKENS, PROMPT = 12, [11, 42, 7]

torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32,
)  # fmt: skip
model = LlamaForCausalLM(config).eval()
model.generation_config.cache_implementation = "static"
# A module for one token: its cache is in buffers, which it updates.
decoder = TorchExportableModuleWithStaticCache(model, batch_size=1, max_cache_len=16)
reference = copy.deepcopy(decoder)


def token_at(position: int, token: int) -> dict[str, torch.Tensor]:
    return {"input_ids": torch.tensor([[token]]), "cache_position": torch.tensor([position])}


program = pumice.compile(decoder, example_kwargs=token_at(0, 0), device="isaac", quantize=False)
print("state:", ", ".join(f"{name} {list(value.shape)}" for name, value in program.state.items()))


def generate(step) -> list[int]:  # type: ignore[no-untyped-def]
    """The most likely token, again and again."""
    tokens = list(PROMPT)
    for position in range(TOKENS):
        logits = step(token_at(position, tokens[position]))
        if position + 1 == len(tokens):
            tokens.append(int(logits[0, -1].argmax()))
    return tokens


with torch.no_grad():
    expected = generate(lambda inputs: reference(**inputs))
print("pytorch:", *expected)
print("machine:", *generate(lambda inputs: program.run(**inputs).outputs))
program.reset()  # an empty cache
print("again:  ", *generate(lambda inputs: program.run(**inputs).outputs))
