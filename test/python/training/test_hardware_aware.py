# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hardware-aware training: against the compiled program; seeds, options and errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import Device, PumiceError  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402
from pumice.training.chip import Chip, Matrix, matrices_of  # noqa: E402
from training_networks import (  # noqa: E402
    CELLS,
    LAYER_NAMES,
    LAYERS,
    isaac,
    lossless,
    network_of,
    source_of,
)


def sums_of(program: Any, x: torch.Tensor) -> dict[str, np.ndarray]:
    """The integer sums of a program's layers, by node."""
    names = [(tensor.name, tensor) for tensor in program.tensors()]
    found: dict[str, np.ndarray] = {}

    def take(name: str, value: np.ndarray) -> None:
        place = next(i for i, (known, _) in enumerate(names) if known == name)
        tensor = names.pop(place)[1]  # those of one name come in order
        if tensor.kind == "sums" and tensor.places:
            found[tensor.places[0].node] = np.array(value)

    program.run_flat([x], observe=take)
    return found


# ---- against the compiled program -------------------------------------------------------------


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_and_activations_are_those_of_the_program(kind: str) -> None:
    net, _ = network_of(kind, Device("isaac"))
    quantized = net.convert()
    state = quantized.state_dict()
    found = 0
    for [layer] in net._layers:
        assert layer.matrix is not None
        weight = net.graph_module.get_parameter(source_of(net, layer))
        codes, scale = layer.quantized(weight)
        stored = [v for v in state.values() if v.dtype == torch.int8 and v.shape == weight.shape]
        assert any(torch.equal(v.float(), codes) for v in stored)
        scales = [v for v in state.values() if v.dtype == torch.float32]
        assert any(v.shape == scale.flatten().shape and torch.equal(v, scale.flatten())
                   for v in scales)  # fmt: skip
        found += 1
    assert found == len(net.layers) == len([1 for _ in matrices_of(net.program())])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    "array",
    [
        {"adc": {"mode": "clip", "bits": 5}},
        {"adc": {"mode": "calibrated", "bits": 5}, "analog": {"read_noise": 0.5, "seed": 2}},
        {"adc": {"mode": "full_scale", "bits": 7}, "encoding": "differential", "analog": CELLS},
    ],
    ids=["clip", "calibrated, noise", "cells"],
)
def test_sums_of_layers_are_those_of_the_program(kind: str, array: dict[str, Any]) -> None:
    """Mode "arrays" with the device's cells, fed with what the program feeds its layers."""
    net, x = network_of(kind, isaac(**array), options={"mode": "arrays", "cells": "device"})
    net.eval()
    net.evaluation = "arrays"
    program = net.program()
    wanted = sums_of(program, x)
    seen: dict[str, np.ndarray] = {}
    chip = net._chip
    inner = chip.sums

    def record(matrix: Matrix, *arguments: Any) -> torch.Tensor:
        result = inner(matrix, *arguments)
        seen[matrix.node] = result.numpy()
        return result

    chip.sums = record
    with torch.no_grad():
        y = net(x)
    assert seen.keys() == wanted.keys() == {layer.node for [layer] in net._layers}
    first = net._layers[0][0].node
    for node, sums in wanted.items():
        assert seen[node].size == sums.size, node
        # From the second layer on, a rounding between layers may differ by one.
        same = np.mean(seen[node].reshape(sums.shape) == sums)
        assert same == 1 if node == first else same > 0.9, (node, same)
    assert torch.equal(program.run(x).outputs, _evaluated(net, x))
    assert (y - program.run(x).outputs).abs().max() < 0.1 * y.abs().max()


def _evaluated(net: Any, x: torch.Tensor) -> torch.Tensor:
    net.evaluation = "program"
    with torch.no_grad():
        result: torch.Tensor = net(x)
    return result


@pytest.mark.parametrize("kind", LAYERS)
def test_evaluation_is_the_compiled_program(kind: str) -> None:
    net, x = network_of(kind, isaac(analog={"read_noise": 0.4, "program_error_absolute": 0.02}))
    net.eval()
    compiled = pumice.compile(net)
    assert compiled.inputs[0][2] == tuple(x.shape)
    with torch.no_grad():
        assert torch.equal(net(x), compiled.run(x).outputs)
        assert net(x[:4]).shape == net(torch.cat([x, x, x]))[:4].shape
    # The parameters change: so does the program.
    before = net.program()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)
        changed = net(x)
    assert net.program() is not before
    assert torch.equal(changed, pumice.compile(net).run(x).outputs)
    assert not torch.equal(changed, compiled.run(x).outputs)


def test_compile_takes_another_device_and_calibrates() -> None:
    net, x = network_of("Every", isaac(adc={"mode": "calibrated", "bits": 6}))
    net.eval()
    ranges = [matrix.adc_range for matrix in matrices_of(pumice.compile(net)).values()]
    assert all(value > 0 for value in ranges)
    assert [layer.matrix.adc_range for [layer] in net._layers] == ranges
    other = pumice.compile(net, x[:2], device="ideal")
    with torch.no_grad():
        net.evaluation = "quantized"
        assert (other.run(x[:2]).outputs - net(x[:2])).abs().max() < 1e-2


# ---- seeds, options ---------------------------------------------------------------------------


def test_same_seed_same_numbers() -> None:
    device = isaac(analog={"read_noise": 0.3, "program_error_absolute": 0.02})

    def results(seed: int) -> list[torch.Tensor]:
        net, x = network_of("Every", device, seed=seed)
        with torch.no_grad():
            return [net(x) for _ in range(3)]

    first, again, other = results(1), results(1), results(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0], first[1])


def test_redraw_keeps_cells() -> None:
    net, x = network_of("Every", lossless(program_error_absolute=0.05), options={"redraw": 2})
    layer = net._layers[0][0]
    with torch.no_grad():
        seeds = [net(x) is None or layer._cells[0] for _ in range(4)]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]


def test_copies_and_pickles_go_on_alike() -> None:
    net, x = network_of("Every", isaac(analog={"read_noise": 0.3}))
    twin, read = copy.deepcopy(net), copy.deepcopy(net)
    read.load_state_dict(net.state_dict())
    with torch.no_grad():
        assert torch.equal(net(x), twin(x))
        assert torch.equal(net.eval()(x), twin.eval()(x))
    assert pickle.loads(pickle.dumps(net._chip)).device == net.device


def test_options_of_layers() -> None:
    net, x = network_of(
        "Every",
        isaac(analog={"read_noise": 0.3}),
        options=pumice.LayerOptions(noise=2),
        layers={"*": {"refresh": 5}, "head": {"mode": "quantized", "weight_bits": 4},
                "u*": {"weight_clip": 1.0}},
    )  # fmt: skip
    by_name = {layer.name: layer for [layer] in net._layers}
    assert by_name["head"].options == pumice.LayerOptions(
        "quantized", noise=2, refresh=5, weight_bits=4
    )
    weight = net.graph_module.get_parameter(source_of(net, by_name["head"]))
    assert by_name["head"].quantized(weight)[0].abs().max() == 7
    up = net.graph_module.get_parameter(source_of(net, by_name["up"]))
    assert (by_name["up"].clipped(up) != up).any()
    net.eval()
    with torch.no_grad():
        assert torch.equal(net(x), pumice.compile(net).run(x).outputs)
    assert matrices_of(net.program())[by_name["head"].node].weight_bits == 4
    assert net.layers == dict.fromkeys(LAYER_NAMES, "arrays")


def test_layers_on_the_digital_unit() -> None:
    """A device without crossbar arrays, and one whose arrays take narrower weights."""
    model = nn.Sequential(nn.Linear(4, 3))
    net = pumice.hardware_aware(model, "rtm-ap", [torch.randn(8, 4)])
    assert net.layers == {"0": "digital"}
    assert torch.equal(net.eval()(torch.ones(2, 4)).isfinite(), torch.ones(2, 3, dtype=torch.bool))


def test_errors() -> None:
    model, x = nn.Sequential(nn.Linear(4, 3)), [torch.randn(8, 4)]
    with pytest.raises(FrontendError, match=r"expected a torch.nn.Module, got int"):
        pumice.hardware_aware(3, "isaac", x)
    net = pumice.hardware_aware(model, "isaac", x)
    with pytest.raises(FrontendError, match="got one that is quantized already"):
        pumice.hardware_aware(net, "isaac", x)
    with pytest.raises(FrontendError, match="with a convolution or linear layer, got none"):
        pumice.hardware_aware(nn.ReLU(), "isaac", x)
    with pytest.raises(PumiceError, match="no device"):
        pumice.hardware_aware(model, "isaak", x)
    with pytest.raises(PumiceError, match="expected an option of layers of mode, .*, got 'bits'"):
        pumice.hardware_aware(model, "isaac", x, layers={"0": {"bits": 4}})
    with pytest.raises(
        PumiceError, match=r"expected a layer that 'head' fits, got none \(layers are 0\)"
    ):
        pumice.hardware_aware(model, "isaac", x, layers={"head": {"redraw": 4}})
    for option, text in (
        ({"mode": "fast"}, "mode to be one of float, quantized, statistical, arrays, got 'fast'"),
        ({"cells": "none"}, "expected cells to be one of fresh, device, got 'none'"),
        ({"redraw": 0}, "expected redraw of at least 1, got 0"),
        ({"refresh": 0}, "expected refresh of at least 1, got 0"),
        ({"noise": -1}, "expected noise of at least 0, got -1"),
        ({"weight_bits": 9}, "expected weight_bits of 2 to 8, got 9"),
        ({"weight_clip": 0}, "expected weight_clip above 0, got 0"),
    ):
        with pytest.raises(PumiceError, match=text):
            pumice.hardware_aware(model, "isaac", x, options=option)
    with pytest.raises(AttributeError, match="module 'pumice.training' has no attribute 'train'"):
        pumice.training.train  # noqa: B018
    with pytest.raises(PumiceError, match="expected evaluation to be one of program, .* 'exact'"):
        net.evaluation = "exact"


def test_bindings_refuse_what_does_not_fit() -> None:
    chip = Chip(Device("isaac"), 1)
    filters = np.zeros((3, 5), np.int8)
    good = Matrix("", "", "arrays", 1, 5, 3, 8, 8, False, 0, 0)
    with pytest.raises(ValueError, match="expected weights of 20 elements, got 15"):
        chip.effective(Matrix(**{**vars(good), "columns": 4}), filters, 0)
    with pytest.raises(ValueError, match="expected a group of crossbar arrays, got 'units'"):
        chip.effective(Matrix(**{**vars(good), "group": "units"}), filters, 0)
    image, window = torch.zeros(2, 5, 1, 1), [1, 1, 1, 1, 1, 1, 0, 0, 1, 1]
    assert chip.sums(good, filters, 0, image, window, 0).shape == (2, 3, 1, 1)
    with pytest.raises(ValueError, match="expected a window of 5 inputs per group"):
        chip.sums(good, filters, 0, torch.zeros(2, 6, 1, 1), window, 0)
    from pumice._mlir_libs import _pumice

    with pytest.raises(ValueError, match="expected a result for each weight"):
        _pumice.effective_weights(
            chip._attribute, "arrays", [1, 5, 3, 8, 8, 0, 0, 0, 0], filters,
            np.zeros((3, 4), np.float32), 1,
        )  # fmt: skip
