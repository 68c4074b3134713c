# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hardware-aware training: against the compiled program, the oracles and the simulator's noise."""

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
pytest.importorskip("scipy")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from array_oracle import Crossbar, Layer  # noqa: E402
from cell_oracle import STEPS, conductances, lay_out  # noqa: E402
from pumice import Device, PumiceError  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402
from pumice.training.chip import Chip, Matrix, matrices_of, rounding_deviation  # noqa: E402

CELLS: dict[str, Any] = {
    "seed": 3,
    "program_error_absolute": 0.03,
    "program_error_relative": 0.05,
    "on_off_ratio": 10.0,
    "stuck_on": 0.01,
    "stuck_off": 0.02,
    "drift_exponent": 0.02,
    "drift_exponent_sigma": 0.01,
    "drift_time_s": 100.0,
}


def isaac(**array: Any) -> Device:
    return Device("isaac").replace(name="study", array=array)


def lossless(**analog: Any) -> Device:
    return isaac(adc={"mode": "lossless", "bits": 16}, analog=analog or None)


class Every(nn.Module):
    """One of each layer: plain, depthwise, grouped, transposed, grouped transposed, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, (3, 1), padding=(1, 0), groups=8)
        self.grouped = nn.Conv2d(8, 12, 3, padding="same", groups=2, dilation=2)
        self.up = nn.ConvTranspose2d(12, 6, 3, stride=2, padding=1, output_padding=1)
        self.spread = nn.ConvTranspose2d(6, 4, (2, 3), stride=(1, 2), groups=2)
        self.head = nn.Linear(4 * 11 * 21, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(self.depthwise(x)) + x
        x = torch.relu(self.up(torch.relu(self.grouped(x))))
        x = torch.tanh(self.spread(x))
        return self.head(x.flatten(1))


class Sequence(nn.Module):
    """Inputs of three dimensions: 1-D convolutions, and a linear layer on each step."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 5, stride=2, padding=2)
        self.up = nn.ConvTranspose1d(8, 6, 4, stride=3, dilation=2, padding=1)
        self.mix = nn.Linear(6, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.up(torch.relu(self.conv(x))))
        return self.mix(x.transpose(1, 2))


LAYERS = {"Every": (Every, (2, 10, 10)), "Sequence": (Sequence, (3, 11))}


def network_of(kind: str, device: Device, **options: Any) -> tuple[Any, torch.Tensor]:
    torch.manual_seed(0)
    make, shape = LAYERS[kind]
    model = make()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
    x = torch.randn(6, *shape)
    return pumice.hardware_aware(model.eval(), device, [x], **options), x


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


def source_of(net: Any, layer: Any) -> str:
    """The parameter of a layer."""
    for node in net.graph_module.graph.nodes:
        if node.op == "call_module" and net.graph_module.get_submodule(node.target) is layer:
            return str(node.args[1].target)
    raise AssertionError(layer.name)


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


# ---- cells against the oracle -----------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("analog", [CELLS, {**CELLS, "wire_resistance_ohm": 5.0,
                                            "on_resistance_ohm": 1e4}, {"read_noise": 1.0}],
                         ids=["cells", "wires", "ideal"])  # fmt: skip
def test_effective_weights(encoding: str, groups: int, analog: dict[str, Any]) -> None:
    rng = np.random.default_rng(groups)
    inputs, outputs = 21, 5
    weights = rng.integers(-127, 128, (groups, inputs, outputs))
    device = isaac(rows=16, columns=24, encoding=encoding, columns_per_adc=24, analog=analog)
    filters = weights.transpose(0, 2, 1).reshape(groups * outputs, inputs).astype(np.int8)
    matrix = Matrix("", "", "arrays", groups, inputs, outputs, 8, 8, False, 0, 4)
    found, gain = Chip(device, 2).effective(matrix, filters, 11)
    array, layer = Crossbar(rows=16, encoding=encoding, adc_mode="lossless"), Layer()
    arrays = lay_out(weights, layer, array, 24)
    cells = [
        conductances(levels, array, analog, (11, 4, 0, i)) for i, levels in enumerate(arrays.levels)
    ]
    wanted = np.zeros(weights.shape)
    for (group, tile, slice_), part in arrays.parts.items():
        rows = slice(16 * tile, 16 * tile + len(part.levels))
        for n, (i, top, column) in enumerate(arrays.places[group, tile, slice_]):
            g = cells[i][top : top + len(part.levels), column] / STEPS
            wanted[group, rows, n] += part.signs[n] * part.shift * g
            wanted[group, rows, n] += np.broadcast_to(part.exact, (outputs,))[n]
    if encoding != "differential":
        wanted -= 128
    wanted = wanted.transpose(0, 2, 1).reshape(found.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-4)
    if "read_noise" in analog:
        assert (found == filters).all()
    # 2 tiles, digits 1, 2, ..., 128, slices 1, 4, 16, 64 (twice with differential encoding).
    squares = 2 * (4**8 - 1) / 3 * (16**4 - 1) / 15 * (1 + (encoding == "differential"))
    assert gain == pytest.approx(np.sqrt(squares))
    assert (Chip(device, 1).effective(matrix, filters, 11)[0] == found).all()


@pytest.mark.parametrize("read_noise", [0.0, 0.1, 0.3, 1.0, 4.0])
def test_rounding_deviation(read_noise: float) -> None:
    rng = np.random.default_rng(0)
    noise = read_noise * rng.standard_normal(400_000)
    fraction = rng.uniform(-0.5, 0.5, noise.size)
    error = 4 * max(read_noise, 1) / np.sqrt(2 * noise.size)  # four of its standard deviations
    assert rounding_deviation(read_noise, True) == pytest.approx(np.round(noise).std(), abs=error)
    assert rounding_deviation(read_noise, False) == pytest.approx(
        (np.round(fraction + noise) - fraction).std(), abs=error
    )


# ---- the statistical mode against the simulator -----------------------------------------------


@pytest.mark.parametrize(
    ("array", "draws", "slack"),
    [
        ({"adc": {"mode": "lossless", "bits": 16}, "analog": {"read_noise": 0.4}}, 60, 0.1),
        ({"adc": {"mode": "lossless", "bits": 16}, "encoding": "differential",
          "analog": {"read_noise": 0.2}}, 60, 0.1),
        pytest.param(
            {"adc": {"mode": "lossless", "bits": 16}, "analog": CELLS}, 60, 0.1,
            marks=pytest.mark.xfail(reason="60 draws scatter by 13 %, and means differ slightly"),
        ),
        ({"adc": {"mode": "clip", "bits": 8}, "analog": {"read_noise": 0.5}}, 60, 0.15),
        ({"adc": {"mode": "calibrated", "bits": 5}, "analog": {"read_noise": 0.5}}, 60, 0.25),
    ],
    ids=["noise", "differential", "cells", "clip and noise", "calibrated and noise"],
)  # fmt: skip
def test_statistical_mode_agrees_with_the_simulator(
    array: dict[str, Any], draws: int, slack: float
) -> None:
    """Mean and standard deviation of a layer's results over chips and noise."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1))
    x = torch.relu(torch.randn(16, 3, 6, 6))
    found = {}
    for mode in ("arrays", "statistical"):
        net = pumice.hardware_aware(
            model, isaac(**array), [x], options={"mode": mode, "refresh": 1}
        )
        with torch.no_grad():
            observed = torch.stack([net(x) for _ in range(draws)]).numpy()
            net.eval().evaluation = "quantized"
            found[mode] = observed - net(x).numpy()
    mean = {mode: errors.mean((0, 1, 3, 4)) for mode, errors in found.items()}
    std = {mode: errors.std((0, 1, 3, 4)) for mode, errors in found.items()}
    assert (std["arrays"] > 0).all()
    np.testing.assert_allclose(std["statistical"], std["arrays"], rtol=slack)
    # Of a channel: the error of its mean over all draws and places.
    error = std["arrays"] * 4 / np.sqrt(draws)
    assert (np.abs(mean["statistical"] - mean["arrays"]) < error).all()


@pytest.mark.xfail(reason="the limit of 0.05 holds for some seeds only")
def test_cells_of_the_device_are_those_of_the_program() -> None:
    """Statistical mode with the device's cells, without noise: what the program computes."""
    device = lossless(program_error_absolute=0.05, seed=5)
    results = []
    for cells in ("device", "fresh"):
        net, x = network_of("Every", device, options={"cells": cells})
        net.eval().evaluation = "statistical"
        with torch.no_grad():
            statistical = net(x)
            net.evaluation = "program"
            exact = net(x)
        results.append(float((statistical - exact).std() / exact.std()))
    assert results[0] < 0.05 < results[1]


# ---- gradients, seeds, options ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["quantized", "statistical", "arrays"])
def test_gradients_are_those_of_the_layer_with_quantized_values(mode: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    x = torch.randn(8, 3, 6, 6)
    net = pumice.hardware_aware(
        model, isaac(analog={"read_noise": 0.3}), [x], options={"mode": mode}
    )
    head = net._layers[-1][0]
    taken: dict[str, torch.Tensor] = {}
    head.register_forward_hook(lambda module, args, result: taken.update(x=args[0]))
    net(x).square().sum().backward()
    gradients = {name: p.grad for name, p in net.graph_module.named_parameters()}
    assert all(g is not None and g.isfinite().all() and g.abs().sum() > 0
               for g in gradients.values())  # fmt: skip
    # Of the last layer: the sum of results times inputs, as for a plain linear layer.
    result = torch.zeros(8, 5, requires_grad=True)
    net.zero_grad()
    y = net(x)
    y.backward(torch.ones_like(result))
    weight = net.graph_module.get_parameter(source_of(net, head))
    torch.testing.assert_close(weight.grad, taken["x"].detach().sum(0).expand(5, -1))


def test_evaluation_has_gradients() -> None:
    net, x = network_of("Every", Device("isaac"))
    net.eval()
    y = net(x)
    assert torch.equal(y.detach(), pumice.compile(net).run(x).outputs)
    y.sum().backward()
    assert all(p.grad is not None for p in net.parameters())


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


LAYER_NAMES = ["stem", "depthwise", "grouped", "up", "spread", "head"]


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
        ({"mode": "fast"}, "expected mode to be one of quantized, statistical, arrays, got 'fast'"),
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


@pytest.mark.xfail(reason="training diverges at this read noise; the cause is not known")
def test_training_recovers_accuracy() -> None:
    """A few steps on a small task whose devices have much noise."""
    torch.manual_seed(0)
    centres = 0.6 * torch.randn(4, 1, 8, 8)
    labels = torch.arange(512) % 4
    x = centres[labels] + 0.8 * torch.randn(512, 1, 8, 8)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(x[:384]), labels[:384])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    device = isaac(adc={"mode": "lossless", "bits": 16}, analog={"read_noise": 4.0})
    net = pumice.hardware_aware(model.eval(), device, [x[:64]])

    def accuracy() -> float:
        with torch.no_grad():
            return float((net(x[384:]).argmax(1) == labels[384:]).float().mean())

    before = (net.eval(), accuracy())[1]
    net.train()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(80):
        loss = nn.functional.cross_entropy(net(x[:384]), labels[:384])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    after = accuracy()
    net.evaluation = "quantized"
    quantized = accuracy()
    assert quantized > before + 0.1
    assert after > before + 0.5 * (quantized - before)
