# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Problems of decoder transformers from their configuration alone: no weights are allocated.

    run = decoders.Run("decode", batch=8, context=2048)
    problem = decoders.problem(decoders.LLAMA_8B, run)
    result = schedule(problem, "steady", detail=False)
    print(decoders.Figures.of(problem, run, result.summary).tokens_per_second)

Prefill computes all tokens of a context at once; decoding computes one token of each sequence of a
batch, with keys and values of the context from a cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumice.scheduling.networks import Builder, Constants, Matrix, machine
from pumice.scheduling.problem import Problem
from pumice.scheduling.records import SchedulingError
from pumice.scheduling.schedule import Summary

__all__ = ["CACHES", "CONFIGURATIONS", "LLAMA_1B", "LLAMA_8B", "Configuration", "Figures", "Run",
           "problem"]  # fmt: skip

#: Where keys and values of the context are: read by digital lanes, or written into arrays.
CACHES = ("digital", "arrays")


@dataclass(frozen=True)
class Configuration:
    """Shapes of a decoder with gated feed-forward layers and grouped heads."""

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    hidden: int
    vocabulary: int

    @property
    def head(self) -> int:
        """Width of a head."""
        return self.width // self.heads

    @property
    def weights(self) -> int:
        """Weights of all matrices; the embedding is a table in DRAM."""
        kv = 2 * self.width * self.kv_heads * self.head
        layer = 2 * self.width**2 + kv + 3 * self.width * self.hidden
        return self.layers * layer + self.width * self.vocabulary


#: Like Llama 3.2 1B and Llama 3.1 8B; source: their published configurations.
LLAMA_1B = Configuration("llama-1b", 16, 2048, 32, 8, 8192, 128256)
LLAMA_8B = Configuration("llama-8b", 32, 4096, 32, 8, 14336, 128256)
CONFIGURATIONS = {c.name: c for c in (LLAMA_1B, LLAMA_8B)}


@dataclass(frozen=True)
class Run:
    """What is computed.

    Attributes:
        phase: "prefill" (all tokens of a context) or "decode" (one more token).
        batch: sequences.
        context: tokens of each sequence: all of them in prefill, those before in decoding.
        cache: of `CACHES`, in decoding. In prefill, products of activations are digital.

    Raises:
        SchedulingError: another phase or cache, or numbers below 1.
    """

    phase: str = "decode"
    batch: int = 1
    context: int = 2048
    cache: str = "digital"

    def __post_init__(self) -> None:
        if self.phase not in ("prefill", "decode"):
            raise SchedulingError(f"expected a phase of prefill, decode, got '{self.phase}'")
        if self.cache not in CACHES:
            raise SchedulingError(f"expected a cache of {', '.join(CACHES)}, got '{self.cache}'")
        if self.batch < 1 or self.context < 1:
            raise SchedulingError(
                f"expected a batch and a context of at least 1, got {self.batch}, {self.context}"
            )

    @property
    def tokens(self) -> int:
        """Tokens that pass all layers."""
        return self.batch * (self.context if self.phase == "prefill" else 1)


@dataclass(frozen=True)
class Figures:
    """What a schedule of one run gives."""

    seconds: float
    tokens_per_second: float
    joules_per_token: float
    dynamic_joules_per_token: float
    pinned_share: float
    """of the bytes of all weights"""

    @staticmethod
    def of(problem: Problem, run: Run, summary: Summary) -> Figures:
        """The figures of a schedule of `problem`, which `problem` made for `run`."""
        seconds = summary.time_ps / 1e12
        kept = summary.kept_tiles
        weights = [unit for unit in problem.units if unit.kind != "digital"]
        share = sum(
            u.bytes * kept.get(u.name, 0) / (u.row_tiles * u.col_tiles) for u in weights
        ) / sum(u.bytes for u in weights)
        dynamic = summary.energy.dynamic_pj / 1e12 / run.tokens
        return Figures(
            seconds,
            run.tokens / seconds,
            dynamic + summary.energy.static_pj / 1e12 / run.tokens,
            dynamic,
            share,
        )


class _Decoder:
    def __init__(self, configuration: Configuration, run: Run, constants: Constants) -> None:
        self.c, self.run = configuration, run
        self.builder = Builder(constants)

    def attention(self, name: str, inputs: list[str]) -> str:
        """Scores and mixed values, of grouped heads."""
        c, run, b = self.c, self.run, self.builder
        # Each key and value serves the queries of its group of heads.
        queries = c.heads // c.kv_heads * (run.context if run.phase == "prefill" else 1)
        groups = c.kv_heads * run.batch
        products = [
            Matrix(f"{name}.scores", c.head, run.context, queries, groups, is_weight=False),
            Matrix(f"{name}.mixed", run.context, c.head, queries, groups, is_weight=False),
        ]
        out = c.width * run.tokens
        if run.phase == "prefill" or run.cache == "digital":
            # In prefill, keys and values have just been made.
            cached = 0 if run.phase == "prefill" else 2 * groups * c.head * run.context
            return b.digital(name, inputs, products, out, run.tokens, cached_bytes=cached)
        for product in products:
            inputs = [b.temporary(product, inputs)]
        return inputs[0]

    def build(self) -> None:
        c, run, b = self.c, self.run, self.builder
        kv = c.kv_heads * c.head
        x: list[str] = []
        for i in range(c.layers):

            def linear(name: str, inputs: list[str], k: int, n: int, at: int = i) -> str:
                return b.layer(f"layer{at}.{name}", inputs, k, n, run.tokens)

            heads = [
                linear("query", x, c.width, c.width),
                linear("key", x, c.width, kv),
                linear("value", x, c.width, kv),
            ]
            mixed = linear(
                "output", [self.attention(f"layer{i}.attention", heads), *x], c.width, c.width
            )
            wide = [linear(name, [mixed], c.width, c.hidden) for name in ("gate", "up")]
            x = [linear("down", [*wide, mixed], c.hidden, c.width)]
        # Only the last token of a context is asked for the next one.
        b.layer("head", x, c.width, c.vocabulary, run.batch)


def problem(
    configuration: Configuration, run: Run | None = None, constants: Constants | None = None
) -> Problem:
    """One pass of all tokens of a run through all layers."""
    constants = constants or Constants()
    decoder = _Decoder(configuration, run or Run(), constants)
    decoder.build()
    return Problem(machine(constants), decoder.builder.units, configuration.name)
