# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory and time of estimates of large models from their configurations, for docs/running.md.

python scripts/large_models.py [gpt2-xl] [llama-8b]    # both by default; each in a process
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

#: Class of the configuration, its values, and tokens.
MODELS = {
    "gpt2-xl": ("GPT2Config", {"n_embd": 1600, "n_layer": 48, "n_head": 25}, 128),
    "llama-8b": (
        "LlamaConfig",
        {
            "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336,
            "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        },
        8,
    ),
}  # fmt: skip


def estimate(name: str) -> None:
    """Prints what an estimate of a model took."""
    import torch
    import transformers

    import pumice

    kind, values, tokens = MODELS[name]
    words = {"input_ids": torch.zeros(1, tokens, dtype=torch.int64)}
    unlimited = {"levels": {"chip": {"holds": None}}, "buffer": {"capacity_bytes": None}}
    device = pumice.Device("isaac").replaced(unlimited)
    begin = time.process_time()
    program = pumice.compile(
        getattr(transformers, kind)(**values), example_kwargs=words, device=device
    )
    report = program.estimate()
    print(
        f"{name}, {tokens} tokens: {report.arrays:,} arrays, {report.latency_ns / 1e6:.1f} ms;"
        f" {time.process_time() - begin:.0f} s of the processor,"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB of memory"
    )


def main(names: list[str]) -> None:
    if len(names) == 1:
        estimate(names[0])
        return
    for name in names or MODELS:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
