# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Program.calibrate: ranges of converters from data, against sums that the array oracle forms."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import array_oracle
import machine
import pumice
from array_oracle import Crossbar, Layer
from pumice import Device, PumiceError

ARRAY = Crossbar(rows=48, rows_per_read=20, adc_bits=4, adc_mode="calibrated")
LAYER = Layer()


def ranges(program: pumice.Program) -> list[int]:
    """The adc_range of each program op."""
    return [int(found) for found in re.findall(r"adc_range = (\d+) : i64", program.ir())]


def every_sum(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """All column sums of a linear layer, one after another."""
    sums = []
    for tile in array_oracle.tiles(x.shape[1], ARRAY):
        for cells in array_oracle.columns(w[:, tile].T, LAYER, ARRAY):
            for segment in array_oracle.segments(tile, ARRAY):
                here = slice(segment.start - tile.start, segment.stop - tile.start)
                for _, digit in array_oracle.digits(x[:, segment], LAYER, ARRAY):
                    sums.append(array_oracle.column_sums(digit, cells.levels[here]).ravel())
    return np.concatenate(sums)


@pytest.fixture
def layer():
    random = np.random.default_rng(3)
    w = random.integers(-128, 128, (7, 100))
    batches = [random.integers(0, 256, (3, 100)) for _ in range(3)]
    program = machine.program_of((3, 100), w, LAYER, machine.device_of(ARRAY))
    return program, w, batches


def narrow(codes: np.ndarray) -> np.ndarray:
    """As the program's signless input."""
    return codes.astype(np.uint8).view(np.int8)


@pytest.mark.parametrize("percentile", [100.0, 99.0, 50.0, 1e-9])
def test_ranges_are_quantiles_of_all_sums(layer, percentile: float) -> None:
    program, w, batches = layer
    program.calibrate([narrow(x) for x in batches], percentile=percentile, threads=2)
    sums = np.sort(np.concatenate([every_sum(x, w) for x in batches]))
    wanted = int(np.ceil(percentile / 100 * len(sums)))
    assert ranges(program) == [max(int(sums[wanted - 1]), 1)]


def test_a_calibrated_layer_is_the_oracles(layer) -> None:
    program, w, batches = layer
    program.calibrate(map(narrow, batches), percentile=99.9)
    calibrated = Layer(adc_range=ranges(program)[0])
    expected = array_oracle.linear(batches[0], w, calibrated, ARRAY)
    np.testing.assert_array_equal(machine.run(program, batches[0]), expected)


def test_later_batches_replace_earlier_calibrations(layer) -> None:
    program, _, batches = layer
    program.calibrate([narrow(batches[0])])
    before = machine.run(program, batches[1])
    program.calibrate([np.zeros((3, 100), np.int8)])
    assert ranges(program) == [1]
    assert not np.array_equal(machine.run(program, batches[1]), before)


def test_saved_programs_keep_their_ranges(layer, tmp_path) -> None:
    program, _, batches = layer
    program.calibrate(map(narrow, batches))
    program.save(tmp_path / "layer.mlirbc")
    again = pumice.load(tmp_path / "layer.mlirbc")
    assert ranges(again) == ranges(program)
    np.testing.assert_array_equal(machine.run(again, batches[0]), machine.run(program, batches[0]))


def test_without_calibration(layer) -> None:
    program, _, batches = layer
    program.estimate()
    with pytest.raises(PumiceError, match="expected an adc_range for a calibrated converter, got"):
        machine.run(program, batches[0])


def test_a_failed_batch_leaves_nothing_behind(layer) -> None:
    program, w, batches = layer
    with pytest.raises(PumiceError, match="input 'input0' must be"):
        program.calibrate([narrow(batches[0]), np.zeros((2, 100), np.int8)])
    program.calibrate([narrow(batches[1])])
    assert ranges(program) == [int(every_sum(batches[1], w).max())]


@pytest.mark.parametrize(
    ("batches", "percentile", "text"),
    [
        ([], 100, "expected at least one batch to calibrate with, got none"),
        ([0], 0, "expected a percentile above 0 and at most 100, got 0"),
        ([0], 100.5, "expected a percentile above 0 and at most 100, got 100.5"),
        ([0], float("nan"), "expected a percentile above 0 and at most 100, got nan"),
    ],
)
def test_bad_calibrations(layer, batches, percentile, text) -> None:
    with pytest.raises(PumiceError, match=re.escape(text)):
        layer[0].calibrate(batches, percentile=percentile)


def test_bad_fractions(layer) -> None:
    from pumice._mlir_libs import _pumice

    text = "expected a fraction of column sums above 0 and at most 1, got 1.5"
    with pytest.raises(ValueError, match=text):
        layer[0]._machine.set_adc_ranges(_pumice.Collector(column_sums=True), 1.5)


def test_other_converters() -> None:
    w = np.ones((2, 3), int)
    program = machine.program_of((1, 3), w, LAYER, Device("isaac"))
    text = "expected a device with calibrated converters to calibrate, got 'isaac'"
    with pytest.raises(PumiceError, match=text):
        program.calibrate([np.zeros((1, 3), np.int8)])


def test_networks() -> None:
    """All layers of a network, in its own terms: dicts, tuples, torch tensors."""
    torch = pytest.importorskip("torch")
    from pumice import demo

    images, labels = demo.load_digits()
    x = torch.from_numpy(demo.preprocess(images[:40]))
    quantized = pumice.quantize(demo.load_model(), [x])
    array = {"adc": {"bits": 7, "mode": "calibrated"}}
    program = pumice.compile(quantized, x[:20], device=Device("isaac").replace(array=array))
    program.calibrate([x[:20], (x[20:],)], percentile=99.99)
    assert len(ranges(program)) == program.ir().count("simulator.program ")
    right = (program.run(x[:20]).outputs.argmax(1).numpy() == labels[:20]).sum()
    assert right >= 18
