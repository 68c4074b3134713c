# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes of fewer than 8 bits: the oracle's integers, on fewer cells and in less time."""

from __future__ import annotations

import re

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from test_attention import run_and_check  # noqa: E402
from torch import nn  # noqa: E402

import attention_models  # noqa: E402
import pumice  # noqa: E402
from exactness import compare, oracle_of  # noqa: E402
from pumice.compiler import compile_imported  # noqa: E402
from pumice.frontend import FrontendError, PumiceQuantizer, import_model  # noqa: E402

#: Of weights and of activations.
WIDTHS = [(4, 4), (8, 4), (4, 8), (3, 5)]
#: An array whose converters saturate on a few rows, so that widths show in the sums.
SATURATING = {"adc": {"bits": 4}, "rows_per_read": 40}
PLACES = [(name, widths) for name in ("ideal", "isaac") for widths in WIDTHS]
PLACES += [("saturating", (4, 4)), ("saturating", (3, 5))]


class Net(nn.Module):
    """Uneven padding, groups, a stride, maxima, a concatenation, a residual addition, a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.grouped = nn.Conv2d(8, 8, 3, padding=(2, 0), dilation=(2, 1), groups=4)
        self.last = nn.Conv2d(16, 6, (2, 3), stride=2, bias=False)
        self.head = nn.Linear(6, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.max_pool2d(torch.relu(self.first(x)), 2, padding=1)
        y = self.grouped(x)
        y = torch.cat([x[..., 1:-1], torch.tanh(y) + x[..., 1:-1]], 1)
        return self.head(torch.relu(self.last(y)).mean((2, 3)))


@pytest.fixture(scope="module")
def cnn():
    """By widths: the quantized network, what is imported of it, and inputs."""
    known = {}

    def get(weight_bits, activation_bits):
        key = weight_bits, activation_bits
        if key not in known:
            torch.manual_seed(3)
            model, x = Net().eval(), torch.randn(4, 3, 13, 10)
            widths = {"weight_bits": weight_bits, "activation_bits": activation_bits}
            converted = pumice.quantize(model, [x], **widths)
            known[key] = converted, import_model(converted, x), x
        return known[key]

    return get


@pytest.fixture(scope="module")
def attention():
    """By widths: the quantized module, and its inputs."""
    known = {}

    def get(weight_bits, activation_bits):
        key = weight_bits, activation_bits
        if key not in known:
            module, inputs = attention_models.cases()["batch"]
            widths = {"weight_bits": weight_bits, "activation_bits": activation_bits}
            known[key] = pumice.quantize(module.eval(), [inputs], **widths), inputs
        return known[key]

    return get


def widths_of(program):
    """Widths of weights and of inputs that the program's layers have."""
    text = program.ir("crossbar")
    grids = re.findall(r"crossbar\.program .*!crossbar\.grid<\w+xi(\d+), [su]i(\d+)>", text)
    return {int(weights) for weights, _ in grids}, {int(inputs) for _, inputs in grids}


def costs_of(program):
    report = program.estimate().to_dict()
    tilings = re.findall(r"crossbar\.program .*slices = (\d+)", program.ir("crossbar"))
    return {
        "slices": sum(int(slices) for slices in tilings),
        "latency": report["latency_ns"],
        "energy": report["energy_pj"]["total"],
        "dynamic": report["energy_pj"]["dynamic"],
    }


@pytest.mark.parametrize(("name", "widths"), PLACES, ids=str)
def test_cnn(cnn, name, widths) -> None:
    device = pumice.Device("ideal" if name == "ideal" else "isaac")
    if name == "saturating":
        device = device.replace(array=SATURATING)
    converted, imported, x = cnn(*widths)
    program = compile_imported(imported, device)
    result = program.run(x, keep=True)
    exported = oracle.export(converted, (x,))
    expected = oracle.run_oracle(converted, (x,), program=exported, array=oracle_of(device.fields))
    assert np.array_equal(result.outputs.numpy(), expected.outputs[0])
    exactness = compare(result.tensors, expected)
    assert not exactness.different
    assert len(exactness.accumulators) >= 3
    largest = 2 ** widths[1] - 1
    assert max(int(codes.max()) for codes in expected.codes.values()) == largest
    assert widths_of(program) == ({widths[0]}, {widths[1]})
    exact = oracle.run_oracle(converted, (x,), program=exported)
    assert np.array_equal(exact.outputs[0], expected.outputs[0]) == (name != "saturating")


@pytest.mark.parametrize(("name", "widths"), PLACES, ids=str)
def test_attention(attention, name, widths) -> None:
    """Weights that are written at run time are as narrow as the activations they are."""
    device = pumice.Device("ideal" if name == "ideal" else "isaac")
    device = device.replace(dynamic_matmul="crossbar")
    if name == "saturating":
        device = device.replace(array=SATURATING)
    converted, inputs = attention(*widths)
    program, _ = run_and_check(converted, inputs, device)
    assert widths_of(program) == (set(widths), {widths[1]})


def test_costs(cnn) -> None:
    """Weights of half the width take half the cells, inputs of half the width half the reads."""
    costs = {}
    for widths in [(8, 8), *WIDTHS]:
        program = compile_imported(cnn(*widths)[1], "isaac")
        costs[widths] = costs_of(program)
        counters = [
            one["counters"]
            for one in program.estimate().to_dict()["instructions"]
            if one["kind"] == "mvm"
        ]
        for name in ("array_reads", "conversions"):
            costs[widths][name] = sum(one.get(name, 0) for one in counters)
    wide = costs[8, 8]
    for widths in WIDTHS:
        cells = -(-widths[0] // 2)  # cells of 2 bits
        assert costs[widths]["array_reads"] * 8 == wide["array_reads"] * widths[1]
        assert costs[widths]["conversions"] * 32 == wide["conversions"] * cells * widths[1]
        assert costs[widths]["slices"] * 4 == wide["slices"] * cells
        assert costs[widths]["energy"] < wide["energy"]
        assert costs[widths]["dynamic"] < wide["dynamic"]
        assert costs[widths]["latency"] <= wide["latency"]
        assert (costs[widths]["latency"] < wide["latency"]) == (widths[1] < 8)


def test_arrays() -> None:
    """A matrix that takes 2 x 4 arrays of 128 x 128 cells for weights of 8 bits."""
    torch.manual_seed(0)
    model, x = nn.Linear(200, 128), torch.randn(3, 200)
    arrays = {}
    for bits in (8, 4):
        converted = pumice.quantize(model, [x], weight_bits=bits)
        text = pumice.compile(converted, (x,), device="isaac").ir("crossbar")
        arrays[bits] = [int(number) for number in re.findall(r" arrays = (\d+)", text)]
    assert arrays == {8: [8], 4: [4]}


@pytest.mark.parametrize("bits", [1, 9, 4.0, True, "4"])
@pytest.mark.parametrize("name", ["weight_bits", "activation_bits"])
def test_widths_out_of_range(name, bits) -> None:
    text = f"expected {name} of 2 to 8, got {bits!r}"
    with pytest.raises(ValueError, match=re.escape(text)):
        PumiceQuantizer(**{name: bits})
    with pytest.raises(ValueError, match=re.escape(text)):
        pumice.quantize(nn.Linear(2, 2), [torch.randn(1, 2)], **{name: bits})


def test_widths_beside_a_quantizer() -> None:
    text = "expected weight_bits and activation_bits only without a quantizer"
    with pytest.raises(FrontendError, match=text):
        pumice.quantize(nn.Linear(2, 2), [], quantizer=PumiceQuantizer(), weight_bits=4)


@pytest.mark.parametrize("observer", ["minmax", "histogram"])
def test_two_bits(observer) -> None:
    """The least: weights of -1, 0 and 1, four codes of activations."""
    torch.manual_seed(0)
    x = torch.randn(16, 9)
    model = nn.Sequential(nn.Linear(9, 20), nn.Tanh(), nn.Linear(20, 3))
    quantizer = PumiceQuantizer(observer, weight_bits=2, activation_bits=2)
    converted = pumice.quantize(model, [x], quantizer=quantizer)
    program = pumice.compile(converted, (x,))
    assert widths_of(program) == ({2}, {2})
    expected = oracle.run_oracle(converted, (x,))
    assert np.array_equal(program.run(x).outputs.numpy(), expected.outputs[0])
    assert {int(code) for codes in expected.codes.values() for code in codes.flat} == {0, 1, 2, 3}
