# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values that stay in associative processors between layers, count for count as docs/ap.md says."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager
from test_ap import LAYOUTS
from test_ap_passes import good, loaded

import ap_oracle
from ap_blobs import encode, one_output_block
from ap_oracle import Source
from pumice import Device, Program, PumiceError, ir

DEVICE = Device("rtm-ap").replace(ap={"columns": 64, "domains": 32, "rows": 64})


def dense(array, width: int) -> str:
    shape = "x".join(map(str, array.shape))
    return f"dense<{array.tolist()}> : tensor<{shape}xi{width}>"


def tensor(*shape: int, element: str = "i8") -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def window(kernel: int, stride: int) -> str:
    return (
        f"window <kernel = [{kernel}, {kernel}], strides = [{stride}, {stride}],"
        " dilations = [1, 1], padding = [0, 0, 0, 0]>"
    )


def steps(rng, outputs: int, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """A step function to unsigned codes of 3 bits for each output."""
    thresholds = np.sort(rng.integers(-reach, reach, (outputs, 7)), axis=1)
    return thresholds, rng.integers(0, 8, (outputs, 8))


def reached(sums: np.ndarray, thresholds: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Codes of sums [positions, outputs]."""
    t = (sums[:, :, None] >= thresholds[None]).sum(axis=2)
    return np.take_along_axis(codes[None], t[:, :, None], 2)[:, :, 0]


def compiled(text: str, layout: str, device: Device = DEVICE, keep: str = "energy") -> Program:
    """Values stay if that makes `keep` less; "always": all but the last layer's."""
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        tasks = (
            "convert-crossbar-to-pum"
            if keep == "always"
            else f"crossbar-to-pum{{keep-codes={keep}}}"
        )
        for passes in (f"ap-compile-programs{{layout={layout} spread=1}}", tasks):
            PassManager.parse(f"builtin.module({passes})").run(module.operation)
        if keep == "always":
            first, *others, last = re.split(r"(?<=pum\.compute)", str(module))
            others = [re.sub(r"\)", ") {pum.kept}", other, count=1) for other in others]
            module = ir.Module.parse("".join([first, *others, last]))
            passes = "pum-allocate-arrays,verify-pum-scheduled"
            PassManager.parse(f"builtin.module({passes})").run(module.operation)
        PassManager.parse("builtin.module(pum-to-simulator)").run(module.operation)
        return Program({"simulator": module}, {})


@dataclass
class Stage:
    """A microprogram of the oracle after it has run."""

    blob: ap_oracle.Program
    rows: int
    results: np.ndarray
    processors: list[ap_oracle.Processor]
    waited: list[int]
    distance: int
    links: ap_oracle.Links
    keeps: bool

    def source(self, first_channel: int) -> Source:
        return Source(self.blob, self.processors, first_channel, self.rows)


def run_stage(blob, patches, sources=(), keeps=False) -> Stage:
    ap = DEVICE.processors["ap"]
    links = ap_oracle.take(blob, list(sources), ap["write_ns"], ap["read_ns"])
    processors: list[ap_oracle.Processor] = []
    results, counts = ap_oracle.execute(blob, patches, len(patches), processors, keeps)
    distance = counts.distance
    for block in blob.output_blocks if not blob.across else []:
        distance += 2 * block.planes * block.columns
        if not keeps:
            codes = block.planes - block.slot + blob.code_bits if blob.code_bits else block.planes
            distance += 2 * codes * block.columns
        for part in block.channel_blocks:
            columns = blob.lanes * blob.positions
            distance += 2 * -(-part.channels // blob.lanes) * blob.bits * columns
    waited = [processor.counts.waited for processor in processors]
    return Stage(blob, len(patches), results, processors, waited, distance, links, keeps)


def check_instruction(item, stage: Stage, in_buffer: int) -> None:
    """Shifts, energies and moved bytes of one instruction."""
    ap, blob = DEVICE.processors["ap"], stage.blob
    counters, energy = item["counters"], item["energy_pj"]
    shifts = stage.distance * stage.rows + stage.links.distance
    assert counters.get("ap_shifts", 0) == shifts
    assert energy.get("shift", 0) == pytest.approx(shifts * ap["shift_pj_per_bit"])
    sent = stage.links.bits * stage.rows
    read = (
        0
        if stage.keeps
        else sum(
            blob.result(block, i).width
            for block in blob.output_blocks
            for i in range(len(block.outputs))
        )
    )
    assert energy.get("link", 0) == pytest.approx(sent * ap["link_pj_per_bit"])
    read_pj = (sent + read * stage.rows) * ap["read_pj_per_bit"]
    assert energy.get("ap_read", 0) == pytest.approx(read_pj)
    assert counters.get("buffer_bytes_read", 0) == in_buffer
    written = 0 if stage.keeps else stage.results.size * (1 if blob.code_bits else 4)
    assert counters.get("buffer_bytes_written", 0) == written


def check_time(item, stage: Stage) -> None:
    """The time of a program across columns."""
    ap, blob, longest = DEVICE.processors["ap"], stage.blob, 0.0
    if not blob.across:
        return
    rows = min(stage.rows, 64)
    for q, (block, processor) in enumerate(zip(blob.output_blocks, stage.processors, strict=True)):
        ns = block.planes * ap["write_ns"]
        ns += processor.counts.passes * (ap["search_ns"] + ap["write_ns"])
        # Moves behind the program are those of later readers.
        ns += stage.waited[q] * ap["shift_ns"]
        for s in range(len(block.channel_blocks)):
            ns += stage.links.rows_ns[q, s] * rows + stage.links.moves[q, s] * ap["shift_ns"]
        if not stage.keeps:
            ns += block.planes * rows * ap["read_ns"]
        longest = max(longest, ns)
    assert item["end_ns"] - item["start_ns"] == pytest.approx(longest, abs=0.002)


def blobs_of(program: Program) -> list[ap_oracle.Program]:
    text = program.ir("simulator", elide=False)
    found = dict(re.findall(r'(ap_program\w*): "0x(\w+)"', text))
    names = re.findall(r"dense_resource<(ap_program\w*)>", text)
    return [ap_oracle.decode(bytes.fromhex(found[name])[4:]) for name in names]


# ------------------------------------------------------------------ products


def product_text(x, w, steps_of, v) -> str:
    thresholds, codes = steps_of
    shapes = tensor(*x.shape), tensor(len(x), len(w)), tensor(len(x), len(v), element="i32")
    given = f"thresholds = {dense(thresholds, 64)}, codes = {dense(codes, 8)}"
    return (
        f"func.func @main(%x: {shapes[0]}) -> {shapes[2]} {{\n"
        f"  %w = arith.constant {dense(w, 8)}\n  %v = arith.constant {dense(v, 8)}\n"
        f"  %c = ap.mvm %x, %w {{input_bits = 2, input_unsigned, {given}}}"
        f" : ({shapes[0]}, {tensor(*w.shape)}) -> {shapes[1]}\n"
        f"  %y = ap.mvm %c, %v {{input_bits = 3, input_unsigned, input_zero_point = 2}}"
        f" : ({shapes[1]}, {tensor(*v.shape)}) -> {shapes[2]}\n"
        f"  return %y : {shapes[2]}\n}}\n"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("hidden", "outputs"), [(9, 4), (40, 5), (20, 60)])
def test_every_count_of_two_products_is_the_oracles(layout, hidden, outputs) -> None:
    rng = np.random.default_rng(hidden)
    x, w = rng.integers(0, 4, (50, 12)), rng.integers(-1, 2, (hidden, 12))
    v, steps_of = rng.integers(-1, 2, (outputs, hidden)), steps(rng, hidden, 12)
    text = product_text(x, w, steps_of, v)
    program, plain = (compiled(text, layout, keep=keep) for keep in ("always", "never"))
    chosen = compiled(text, layout).estimate().dynamic_energy_pj
    assert chosen == min(each.estimate().dynamic_energy_pj for each in (program, plain))
    result, before = (each.run(x.astype(np.int8)) for each in (program, plain))
    hidden_codes = reached(x @ w.T, *steps_of)
    expected = (hidden_codes - 2) @ v.T
    np.testing.assert_array_equal(np.asarray(result.outputs), expected)
    np.testing.assert_array_equal(np.asarray(before.outputs), expected)
    assert "memory<processors>" not in plain.ir("simulator")
    assert "memory<processors>" in program.ir("simulator")

    first_blob, second_blob = blobs_of(program)
    first = run_stage(first_blob, x[:, :, None], keeps=True)
    np.testing.assert_array_equal(first.results, hidden_codes)
    second = run_stage(second_blob, first.results[:, :, None], [first.source(0)])
    items = [item for item in result.report.instructions if item["kind"] == "ap"]
    check_instruction(items[0], first, x.size * len(first_blob.output_blocks))
    check_instruction(items[1], second, 0)
    for item, stage in zip(items, (first, second), strict=True):
        check_time(item, stage)
    # Both programs hold the processors of the first.
    assert items[1]["arrays"] == sum(len(s.blob.output_blocks) for s in (first, second))
    assert result.report.peak_buffer_bytes < before.report.peak_buffer_bytes


# ------------------------------------------------------------------ feature maps


CHANNELS = 20


def maps_text(shape, weights, steps_of, sum_of) -> str:
    """Two 1x1 convolutions, a function of both, and a pooling of 2x2."""
    x, y = tensor(*shape), tensor(shape[0], CHANNELS, *shape[2:])
    z = tensor(shape[0], CHANNELS, shape[2] // 2, shape[3] // 2)
    text = f"func.func @main(%a: {x}, %b: {x}) -> {z} {{\n"
    for name, w, (thresholds, codes) in zip("ab", weights, steps_of, strict=True):
        given = f"thresholds = {dense(thresholds, 64)}, codes = {dense(codes, 8)}"
        text += (
            f"  %w{name} = arith.constant {dense(w[:, :, None, None], 8)}\n"
            f"  %c{name} = ap.conv_2d %{name}, %w{name} {window(1, 1)} groups 1"
            f" {{input_bits = 2, input_unsigned, {given}}}"
            f" : ({x}, {tensor(*w.shape, 1, 1)}) -> {y}\n"
        )
    given = f"thresholds = {dense(sum_of[0], 64)}, codes = {dense(sum_of[1], 8)}"
    return text + (
        f"  %s = ap.weighted_sum %ca, %cb by [3, -2] {{input_bits = 3, input_unsigned, {given}}}"
        f" : {y}\n"
        f"  %p = ap.max_pool_2d %s {window(2, 2)} {{input_bits = 3, input_unsigned}} : {y} -> {z}\n"
        f"  return %p : {z}\n}}\n"
    )


def rows_of(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_count_of_a_block_is_the_oracles(layout: str) -> None:
    rng = np.random.default_rng(1)
    shape = (1, 6, 6, 10)
    x = [rng.integers(0, 4, shape) for _ in range(2)]
    weights = [rng.integers(-1, 2, (CHANNELS, 6)) for _ in range(2)]
    steps_of = [steps(rng, CHANNELS, 8) for _ in range(2)]
    sum_of = steps(rng, CHANNELS, 20)
    text = maps_text(shape, weights, steps_of, sum_of)
    program, plain = (compiled(text, layout, keep=keep) for keep in ("always", "never"))
    arguments = [each.astype(np.int8) for each in x]
    result, before = (each.run(*arguments) for each in (program, plain))

    codes = [
        reached(rows_of(each) @ w.T, *function)
        for each, w, function in zip(x, weights, steps_of, strict=True)
    ]
    sums = reached(3 * codes[0] - 2 * codes[1], *sum_of)
    image = sums.reshape(1, *shape[2:], CHANNELS).transpose(0, 3, 1, 2)
    expected = image.reshape(1, CHANNELS, 3, 2, 5, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(np.asarray(result.outputs), expected)
    np.testing.assert_array_equal(np.asarray(before.outputs), expected)
    assert (
        program.ir("simulator").count(": memref<1x20x6x10xi8, #simulator.memory<processors>>\n")
        == 3
    )

    blobs = blobs_of(program)
    first = [
        run_stage(blob, rows_of(each)[:, :, None], keeps=True)
        for blob, each in zip(blobs, x, strict=False)
    ]
    both = np.concatenate([stage.results for stage in first], axis=1)
    total = run_stage(
        blobs[2], both[:, :, None], [first[0].source(0), first[1].source(CHANNELS)], keeps=True
    )
    np.testing.assert_array_equal(total.results, sums)
    patches = ap_oracle.patches(image, (2, 2), (2, 2), (1, 1), (0, 0, 0, 0), 0)
    pooled = run_stage(blobs[3], patches, [total.source(0)])
    items = [item for item in result.report.instructions if item["kind"] == "ap"]
    stages = [*first, total, pooled]
    for item, stage in zip(items, stages, strict=True):
        loaded = x[0].size * len(stage.blob.output_blocks) if stage in first else 0
        check_instruction(item, stage, loaded)
        check_time(item, stage)
    assert sum(stage.links.bits for stage in stages) == CHANNELS * 3 * (2 + 4)
    assert program.estimate().latency_ns == result.report.latency_ns
    if layout == "across":
        assert result.report.dynamic_energy_pj < before.report.dynamic_energy_pj
    # Loading, not reading, is what wears racetracks: as many writes, on more processors.
    writes = [
        report.wear.mean_writes_per_cell * report.wear.arrays_written
        for report in (result.report, before.report)
    ]
    assert writes[0] == pytest.approx(writes[1])


# ------------------------------------------------------------------ what is refused


def epilogue(code_bits: int) -> bytes:
    """A sum of one unsigned input of 2 bits, and its lowest bits as a result."""
    program = one_output_block(2, False, 1, [(4, 0)], good())
    program.code_bits = code_bits
    return encode(program)


SUMS = encode(one_output_block(2, False, 1, [(4, 0)], good()))


@pytest.mark.parametrize(
    ("first", "second", "element", "placed", "text"),
    [
        (SUMS, SUMS, "i8", (0, 1), "keeps sums in processors, expected quantized values"),
        (
            epilogue(3),
            SUMS,
            "i8",
            (0, 1),
            "reads 1 channels of 2 unsigned bits from processors that hold 1 of 3 unsigned bits",
        ),
        (epilogue(2), SUMS, "i8", (0, 0), "runs on processor 0, which holds values"),
        (epilogue(2), SUMS, "i8", (0, 1), ""),
    ],
)
def test_machine_programs_that_are_refused(first, second, element, placed, text) -> None:
    def program(blob: bytes) -> str:
        numbers = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in blob)
        return f"program dense<[{numbers}]> : tensor<{len(blob)}xi8>"

    x, c, y = (
        f"memref<2x1x{kind}, #simulator.memory<{memory}>>"
        for kind, memory in (("i8", "host"), (element, "processors"), ("i32", "host"))
    )
    found = loaded(
        f"func.func @main(%x: {x}) -> {y} {{\n"
        f"  %c = simulator.buffer : {c}\n  %y = simulator.buffer : {y}\n"
        f'  %0 = simulator.ap_exec %x, %c on <"processors", {placed[0]}, {placed[0] + 1}>'
        f" {program(first)} : {x}, {c}\n"
        f'  %1 = simulator.ap_exec %c, %y on <"processors", {placed[1]}, {placed[1] + 1}>'
        f" {program(second)} after(%0) : {c}, {y}\n"
        f"  return %y : {y}\n}}\n"
    )
    assert (text in found) if text else not found


def small(count: int) -> Device:
    """A device with so many processors."""
    levels = {"tile": {"holds": 1}, "bank": {"holds": 1}, "chip": {"holds": count}}
    return DEVICE.replace(levels=levels)


def test_processors_that_are_too_few() -> None:
    """Two layers of two row blocks each, on devices with one to four processors."""
    rng = np.random.default_rng(0)
    x, w, v = rng.integers(0, 4, (90, 5)), rng.integers(-1, 2, (4, 5)), rng.integers(-1, 2, (3, 4))
    text = product_text(x, w, steps(rng, 4, 5), v)
    for count in (3, 4):
        machine = compiled(text, "across", small(count)).ir("simulator")
        assert ("memory<processors>" in machine) == (count == 4)

    def kept(count: int) -> Program:
        with ir.Context() as context:
            module = ir.Module.parse(text)
            module.operation.attributes["pum.device"] = small(count).to_attribute(context)
            for passes in ("ap-compile-programs{layout=across}", "convert-crossbar-to-pum"):
                PassManager.parse(f"builtin.module({passes})").run(module.operation)
            task = str(module)
            end = task.index(")", task.index("pum.compute")) + 1
            module = ir.Module.parse(task[:end] + " {pum.kept}" + task[end:])
            for passes in ("pum-allocate-arrays", "convert-pum-to-simulator"):
                PassManager.parse(f"builtin.module({passes})").run(module.operation)
            return Program({"simulator": module}, {})

    for count in (1, 2):
        with pytest.raises(
            ir.MLIRError, match="needs processors, but all . hold results that later tasks read"
        ):
            kept(count)
    with pytest.raises(PumiceError, match="so it needs 2 of them at once, got 1") as error:
        kept(3)
    assert "keeps or reads values in processors, so it needs" in str(error.value)
