# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights in a prefix code in DRAM: bytes, energy and time against a code built here."""

from __future__ import annotations

import heapq
import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pumice
from pumice import Device

MLIR = """
func.func @main(%x: tensor<1x{rows}xi8>) -> tensor<1x{columns}xi32> {{
  %w = arith.constant dense<"0x{data}"> : tensor<{rows}x{columns}xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x{columns}xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x{columns}xi32>) -> tensor<1x{columns}xi32>
  %y = linalg.quantized_matmul
      ins(%x, %w, %zero, %zero : tensor<1x{rows}xi8>, tensor<{rows}x{columns}xi8>, i32, i32)
      outs(%init : tensor<1x{columns}xi32>) -> tensor<1x{columns}xi32>
  return %y : tensor<1x{columns}xi32>
}}
"""
FILE = Path(__file__).resolve().parents[2] / "Inputs" / "decoder-device.mlir"
DEVICE = Device(str(FILE))
LONGEST = 15


def compressed(weights: np.ndarray, device: Device = DEVICE, **options: Any) -> pumice.Program:
    columns, rows = weights.shape
    text = MLIR.format(rows=rows, columns=columns, data=weights.T.tobytes().hex())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "layer.mlir")
        file.write_text(text)
        return pumice.compile(
            str(file), device=device, options={"compress_weights": True, **options}
        )


def bytes_in_dram(program: pumice.Program) -> int:
    return program.estimate().setup.counters["dram_bytes_read"]


def huffman_bits(counts: Counter[int]) -> tuple[int, int]:
    """Bits of all values and the longest word, by joining the two rarest trees again and again."""
    ties = itertools.count()
    trees = [(count, next(ties), [(count, 0)]) for count in counts.values()]
    heapq.heapify(trees)
    while len(trees) > 1:
        a, b = heapq.heappop(trees), heapq.heappop(trees)
        leaves = [(count, depth + 1) for count, depth in a[2] + b[2]]
        heapq.heappush(trees, (a[0] + b[0], next(ties), leaves))
    leaves = trees[0][2]
    return sum(count * max(depth, 1) for count, depth in leaves), max(d for _, d in leaves)


@pytest.mark.parametrize("spread", [0.2, 1.0, 5.0, 30.0])
def test_bytes_are_those_of_a_huffman_code(spread: float) -> None:
    rng = np.random.default_rng(3)
    weights = np.clip(np.rint(rng.normal(0, spread, (64, 96))), -127, 127).astype(np.int8)
    counts = Counter(weights.reshape(-1).tolist())
    bits, longest = huffman_bits(counts)
    assert longest <= LONGEST
    assert bytes_in_dram(compressed(weights)) == -(-bits // 8) + 128
    share = np.array(list(counts.values())) / weights.size
    entropy = -(share * np.log2(share)).sum() * weights.size
    assert entropy <= bits < entropy + weights.size


def test_words_are_not_longer_than_15_bits() -> None:
    """Counts of Fibonacci numbers make the longest words: Huffman's would have 18 bits."""
    counts = [1, 1]
    while len(counts) < 19:
        counts.append(counts[-1] + counts[-2])
    values = np.repeat(np.arange(19), counts)
    values = np.append(values, np.full(-len(values) % 128, 18))
    weights = values.reshape(-1, 128).astype(np.int8)
    counter = Counter(values.tolist())
    bits, longest = huffman_bits(counter)
    assert longest == 18
    found = 8 * (bytes_in_dram(compressed(weights)) - 128)
    # The least number of bits with words of at most 15, over all lengths that decrease with counts:
    # the recurrence takes the number of words of each length.
    assert bits < found < 1.001 * bits
    assert abs(found - least_bits(sorted(counter.values(), reverse=True), LONGEST)) < 8


def least_bits(counts: list[int], longest: int) -> int:
    """The best code, by a search over how many words each length has (Kraft's sum is at most 1)."""
    sums = [0, *itertools.accumulate(counts)]
    states = {(0, 1): 0}  # words given, open nodes at this depth: bits so far
    for depth in range(1, longest + 1):
        following: dict[tuple[int, int], int] = {}
        for (given, nodes), bits in states.items():
            left = len(counts) - given
            for words in range(min(2 * nodes, left) + 1):
                state = given + words, min(2 * nodes - words, left - words)
                cost = bits + depth * (sums[given + words] - sums[given])
                if cost < following.get(state, cost + 1):
                    following[state] = cost
        states = following
    return min(bits for (given, _), bits in states.items() if given == len(counts))


def test_energy_and_time_of_decoding() -> None:
    """0.5 weights per ns are slower than a byte per ns of fewer bytes than half the weights."""
    weights = np.full((64, 96), 7, np.int8)
    report = compressed(weights).estimate().setup
    assert report.counters["dram_bytes_read"] == 64 * 96 // 8 + 128
    assert report.components["dram_read"] == pytest.approx(64 * 96 // 8 + 128)
    assert report.components["decode"] == pytest.approx(0.25 * 64 * 96)
    plain = DEVICE.replace(groups={"packed": {"weight_decoder": {"weights_per_ns": 0}}})
    fast = compressed(weights, plain).estimate().setup

    def on_port(part: Any) -> float:
        (item,) = (x for x in part.instructions if x["kind"] == "program")
        return next(
            x["end_ns"] - x["start_ns"] for x in item["lanes"] if x["resource"] == "dram_port"
        )

    assert on_port(report) == pytest.approx(64 * 96 / 0.5)
    assert on_port(fast) == pytest.approx(64 * 96 // 8 + 128)


def test_results_and_parts_of_a_schedule() -> None:
    """Arrays for a part of the layer: the same results; parts have their share of the bytes."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-2, 3, (48, 64)).astype(np.int8)
    small = DEVICE.replace(groups={"packed": {"levels": {"chip": {"holds": 12}}}, "plain": None})
    x = rng.integers(-128, 128, (1, 64)).astype(np.int8)
    wanted = x.astype(np.int64) @ weights.T.astype(np.int64)
    whole = compressed(weights)
    parts = compressed(weights, small, schedule="overlap")
    assert np.array_equal(whole.run(x).outputs, wanted)
    result = parts.run(x)
    assert np.array_equal(result.outputs, wanted)
    bits, _ = huffman_bits(Counter(weights.reshape(-1).tolist()))
    read = result.report.counters["dram_bytes_read"] - x.size
    programs = [x for x in result.report.instructions if x["kind"] == "program"]
    assert len(programs) > 1
    assert 0 <= read - (-(-bits // 8) + 128) < len(programs)


@pytest.mark.parametrize("rate", [0.5, 0.05])
@pytest.mark.parametrize("arrays", [48, 12])
def test_a_schedule_takes_as_long_as_its_run(rate: float, arrays: int) -> None:
    """The decoder is slower than DRAM. Rows take no time, so that a write is a transfer; tasks
    follow one another. Only putting parts together is not in the schedule."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-2, 3, (48, 64)).astype(np.int8)
    packed = {
        "levels": {"chip": {"holds": arrays}},
        "timing": {"row_write_ns": 0},
        "weight_decoder": {"weights_per_ns": rate},
    }
    device = DEVICE.replace(groups={"packed": packed, "plain": None})
    program = compressed(weights, device, schedule="naive")
    estimate = program.estimate()
    run = program.run(rng.integers(-128, 128, (1, 64)).astype(np.int8)).report
    assert run.latency_ns == estimate.latency_ns
    joining = sum(i["end_ns"] - i["start_ns"] for i in run.instructions if i["kind"] == "digital")
    assert (joining > 0) == (arrays == 12)
    assert run.schedule is not None
    assert run.schedule["time_ps"] == pytest.approx((run.latency_ns - joining) * 1000, abs=0.5)
    assert run.schedule["bound_ps"] <= run.schedule["time_ps"]
    assert run.schedule["bound_ps"] > weights.size / rate * 1000 - 48
    # Without the time of the decoder, the schedule would be as fast as DRAM.
    fast = device.replace(groups={"packed": {"weight_decoder": {"weights_per_ns": 0}}})
    plain = compressed(weights, fast, schedule="naive").estimate()
    assert plain.schedule is not None
    assert plain.schedule["time_ps"] < run.schedule["time_ps"] / 2


def test_compressed_weights_go_where_a_decoder_is(tmp_path: Path) -> None:
    """Two groups of the same arrays: only one of them can take compressed weights."""
    text = FILE.read_text()
    text = text.replace("rows = 8,", "rows = 16,").replace("<bits = 8,", "<bits = 9,")
    assert text.count("<rows = 16, columns = 16,") == 2
    file = tmp_path / "two.mlir"
    file.write_text(text.replace("holds = 4096", "holds = 12"))
    weights = np.random.default_rng(0).integers(-2, 3, (48, 64)).astype(np.int8)
    program = compressed(weights, Device(str(file)), schedule="overlap")
    lanes = {
        lane["resource"]
        for item in program.estimate().instructions
        for lane in item["lanes"]
        if item["kind"] == "program"
    }
    assert {name for name in lanes if "array" in name} == {"packed.array"}
