# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ternary networks from PyTorch on associative processors, every integer against the oracle."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pumice._mlir_libs._pumice")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import ap_oracle  # noqa: E402
import oracle  # noqa: E402
import pumice  # noqa: E402
from exactness import compare, same_bits  # noqa: E402
from nets import random_net  # noqa: E402
from pumice.frontend.ptq import is_quantized  # noqa: E402


def make_ternary(model: nn.Module, sparsity: float, seed: int = 0) -> nn.Module:
    """Weights of -a, 0 and a, with an a for each output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                shape = module.weight.shape
                sign = torch.randint(0, 2, shape, generator=generator) * 2 - 1
                kept = torch.rand(shape, generator=generator) >= sparsity
                scale = torch.rand(shape[0], *[1] * (len(shape) - 1), generator=generator) + 0.1
                module.weight.copy_(sign * kept * scale * (shape[1:].numel() ** -0.5))
    return model.eval()


def check(model: nn.Module, x: torch.Tensor) -> pumice.Program:
    quantized = model if is_quantized(model) else pumice.quantize(model, [x])
    program = pumice.compile(quantized, x, device="rtm-ap")
    result = program.run(x, keep=True)
    expected = oracle.run_oracle(quantized, (x,))
    exactness = compare(result.tensors, expected)
    assert not set(exactness.different) & set(exactness.codes)
    assert exactness.different == {}
    assert exactness.codes
    assert same_bits(result.outputs.numpy(), expected.outputs[0])
    assert (result.outputs == pumice.compile(quantized, x, device="ideal").run(x).outputs).all()
    return program


def test_a_cnn() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, groups=3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(24 * 16, 10),
    )
    program = check(make_ternary(model, 0.7), torch.randn(2, 3, 18, 18))
    report = program.estimate()
    kinds = [kind for layer in report.layers for kind in layer.kinds]
    assert kinds.count("ap") == 3
    assert "mvm" not in kinds
    assert report.counters["ap_passes"] > 1000
    assert program.ir("crossbar").count("ap.run") == 3


@pytest.mark.parametrize(("seed", "bits"), [(3, 8), (4, 8), (0, 3), (3, 4), (4, 2)])
def test_odd_networks(seed: int, bits: int) -> None:
    """Grouped, depthwise, strided, dilated, residual; few bits stay on processors."""
    torch.manual_seed(seed)
    model, x = make_ternary(random_net(seed), 0.5, seed), torch.randn(2, 6, 19, 23)
    check(pumice.quantize(model, [x], activation_bits=bits), x)


class Residual(nn.Module):
    """A block with a residual addition, one with a downsampled one, functions that are not ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 6, 3, padding=1)
        self.first, self.second = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.down, self.wide = nn.Conv2d(6, 10, 1, stride=2), nn.Conv2d(6, 10, 3, 2, padding=1)
        self.head, self.classes = nn.Linear(10, 12), nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(torch.relu(self.stem(x)), 2)
        x = torch.relu(x + self.norm(self.second(nn.functional.hardtanh(self.first(x)))))
        x = nn.functional.leaky_relu(self.down(x) + self.wide(x))
        return self.classes(nn.functional.relu6(self.head(x.mean((2, 3)))))


@pytest.mark.parametrize("bits", [2, 4, 6])
def test_what_follows_layers_runs_on_processors_too(bits: int) -> None:
    torch.manual_seed(bits)
    x = torch.randn(2, 2, 14, 14)
    quantized = pumice.quantize(make_ternary(Residual(), 0.4), [x], activation_bits=bits)
    on = pumice.Device("rtm-ap").replace(ap={"elementwise_bits": bits})
    off = on.replace(ap={"elementwise_bits": bits - 1})
    runs = [pumice.compile(quantized, x, device=device).run(x) for device in (on, off, "ideal")]
    assert (runs[0].outputs == runs[2].outputs).all()
    assert (runs[1].outputs == runs[2].outputs).all()
    text = pumice.compile(quantized, x, device=on).ir("crossbar")
    # All layers but the last make codes; so do a pooling, two additions and a mean.
    results = re.findall(r"ap\.run .*-> tensor<\S+x(i\d+)>", text)
    assert sorted(results) == ["i32"] + ["i8"] * 10
    assert "arith.maxui" not in text
    # What is left: the input's codes, the last layer's numbers.
    digital, alone = (run.report.components["digital"] for run in runs[:2])
    assert digital < 0.5 * alone
    assert runs[0].report.counters["ap_passes"] > runs[1].report.counters["ap_passes"]


class Means(nn.Module):
    """Means of windows and of whole images, and a sum of two matrices."""

    def __init__(self, flat: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 12, 3, padding=1)
        self.third, self.fourth, self.last = (nn.Linear(12, n) for n in (12, 12, 5))
        self.flat = flat

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.avg_pool2d(F.relu(self.first(x)), 2)
        x = F.relu(self.second(x))
        x = x.mean((2, 3)) if self.flat else F.adaptive_avg_pool2d(x, 1).flatten(1)
        x = F.relu(self.third(x))
        return self.last(F.relu(x + self.fourth(x)))


@pytest.mark.parametrize("flat", [False, True])
def test_means_run_on_processors_too(flat: bool) -> None:
    torch.manual_seed(1)
    x = torch.randn(3, 2, 12, 12)
    quantized = pumice.quantize(make_ternary(Means(flat), 0.3), [x], activation_bits=4)
    program = check(quantized, x)
    text = program.ir("crossbar")
    # Four layers, two means and a sum give codes, the last layer numbers.
    results = re.findall(r"ap\.run .*-> tensor<\S+x(i\d+)>", text)
    assert sorted(results) == ["i32"] + ["i8"] * 7
    assert "arith.addi" not in text


def test_means_of_large_windows_stay() -> None:
    """256 columns do not hold a window of 16 x 16 values."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(16), nn.Flatten(), nn.Linear(4, 3)
    )
    x = torch.randn(1, 2, 16, 16)
    quantized = pumice.quantize(make_ternary(model, 0.3), [x], activation_bits=4)
    assert "arith.addi" in check(quantized, x).ir("crossbar")


@pytest.mark.parametrize("function", [nn.Sigmoid, nn.Tanh, nn.GELU, nn.Hardswish, nn.SiLU])
def test_smooth_functions_run_on_processors_too(function: type[nn.Module]) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), function(), nn.Conv2d(4, 3, 3))
    x = torch.randn(1, 2, 9, 9)
    quantized = pumice.quantize(make_ternary(model, 0.3), [x], activation_bits=4)
    program = check(quantized, x)
    results = re.findall(r"ap\.run .*-> tensor<\S+x(i\d+)>", program.ir("crossbar"))
    assert sorted(results) == ["i32", "i8"]
    assert "math." not in re.sub(r"math\.roundeven", "", program.ir("crossbar"))


def test_going_on_from_compiled_programs(tmp_path) -> None:
    """A module whose only layers are those of processors is one of the level `crossbar`."""
    from pumice.compiler import compile_file

    torch.manual_seed(0)
    x = torch.randn(1, 6)
    model = make_ternary(nn.Sequential(nn.Linear(6, 4)), 0.5)
    program = pumice.compile(model, x, device="rtm-ap", calibration=[x])
    file = tmp_path / "layers.mlir"
    file.write_text(program.ir("crossbar", elide=False))
    again = compile_file(file)
    assert (again.run(x.numpy()).outputs == program.run(x).outputs.numpy()).all()
    with pytest.raises(pumice.CompileError, match="mapped to one already"):
        compile_file(file, device="isaac")


def test_layers_that_are_not_ternary_run_on_the_digital_unit() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).eval()
    make_ternary(model[2], 0.5)
    program = check(model, torch.randn(1, 2, 8, 8))
    assert program.ir("crossbar").count("ap.run") == 1
    assert "linalg.conv_2d_nchw_fchw_q" in program.ir("crossbar")


@pytest.mark.parametrize("bits", [2, 4])
def test_narrow_activations(bits: int) -> None:
    """A user's quantizer with fewer codes: processors take as many bits."""
    from torchao.quantization.pt2e import MinMaxObserver
    from torchao.quantization.pt2e.quantizer import QuantizationSpec

    from pumice.frontend.quantizer import PumiceQuantizer

    class Narrow(PumiceQuantizer):
        def __init__(self) -> None:
            super().__init__()
            self._activation = QuantizationSpec(
                dtype=torch.uint8,
                quant_min=0,
                quant_max=2**bits - 1,
                qscheme=torch.per_tensor_affine,
                observer_or_fake_quant_ctr=MinMaxObserver.with_args(eps=2.0**-30),
            )

    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 4, 3, stride=2),
        nn.Flatten(),
        nn.Linear(4 * 25, 3),
    )
    x = torch.randn(2, 2, 11, 11)
    quantized = pumice.quantize(make_ternary(model, 0.5), [x], quantizer=Narrow())
    program = check(quantized, x)
    text = program.ir("simulator", elide=False)
    blobs = re.findall(r'ap_program\w*: "0x(\w+)"', text)
    assert [ap_oracle.decode(bytes.fromhex(blob)[4:]).bits for blob in blobs] == [bits] * 3
