# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions by nets and tables: `pumice.compile(..., nonlinear=...)` end to end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import pumice
from function_oracle import functions_of
from pumice import CompileError


def compiled(model: nn.Module, x: torch.Tensor, batches: list, **options):
    nonlinear = options.pop("nonlinear", "neon")
    torch.manual_seed(0)
    return pumice.compile(
        model,
        x,
        device=options.pop("device", "neon"),
        calibration=batches,
        quantize=False,
        nonlinear=nonlinear,
        options=options,
    )


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


class Activations(nn.Module):
    """An activation between two linear layers."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.first = nn.Linear(16, 32)
        self.activation = activation
        self.last = nn.Linear(32, 8)

    def forward(self, x):
        return self.last(self.activation(self.first(x)))


@pytest.fixture
def batches() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [3 * torch.randn(8, 16, generator=generator) for _ in range(4)]


@pytest.mark.parametrize("method", ["neon", "lut"])
@pytest.mark.parametrize("quantize", [False, True])
def test_gelu_is_a_net_or_a_table(method: str, quantize: bool, batches: list) -> None:
    torch.manual_seed(0)
    model = Activations(nn.GELU()).eval()
    common = {"device": "neon", "calibration": batches, "quantize": quantize}
    digital = pumice.compile(model, batches[0], **common)
    program = pumice.compile(
        model,
        batches[0],
        **common,
        nonlinear={"gelu": method},
        options={"probe_kinds": ("gelu",)},
    )
    x = batches[0]
    result, reference = program.run(x), digital.run(x)
    (use,) = result.report.functions
    assert (use.kind, use.method, use.elements) == ("gelu", method, 256)
    assert cosine(result.outputs.numpy(), reference.outputs.numpy()) > 0.99999
    # To the bit what NumPy makes of the function in the IR.
    seen = program.observe([x], samples=256)
    (name,) = [name for name in seen if not name.endswith(".input")]
    (function,) = functions_of(program.ir("simulator", elide=False)).values()
    read = seen[f"{name}.input"].samples.astype(np.float32)
    assert np.array_equal(function(read), seen[name].samples.astype(np.float32))
    # GELU is a line on both sides: what lies outside of the domain is counted, and right.
    assert 0 < use.outside < use.elements
    far = program.run(100 * x)
    assert far.report.functions[0].outside > use.outside
    assert cosine(far.outputs.numpy(), digital.run(100 * x).outputs.numpy()) > 0.99999


@pytest.mark.parametrize(
    "activation",
    [nn.GELU(approximate="tanh"), nn.SiLU(), nn.Mish(), nn.Softplus(), nn.ELU(), nn.LogSigmoid()],
    ids=lambda module: type(module).__name__,
)
def test_any_function_of_one_number(activation: nn.Module, batches: list) -> None:
    model = Activations(activation).eval()
    program = compiled(model, batches[0], batches, net_bits=12)
    result = program.run(batches[0])
    assert len(result.report.functions) == 1
    with torch.no_grad():
        expected = model(batches[0]).numpy()
    assert cosine(result.outputs.numpy(), expected) > 0.9999


class Attention(nn.Module):
    """A block of a transformer, with a mask of keys."""

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.activation = nn.GELU()

    def weights(self, x, mask):
        n, t, _ = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + mask
        return torch.softmax(scores, -1), v

    def forward(self, x, mask):
        n, t, width = x.shape
        p, v = self.weights(x, mask)
        mixed = (p @ v).transpose(1, 2).reshape(n, t, width)
        x = self.norm1(x + self.out(mixed))
        return self.norm2(x + self.down(self.activation(self.up(x)))), p


@pytest.fixture
def attention():
    torch.manual_seed(3)
    model = Attention().eval()
    with torch.no_grad():
        model.qkv.weight *= 6  # attention that is far from uniform
    x = torch.randn(2, 12, 32)
    mask = torch.zeros(1, 1, 1, 12)
    mask[..., 9:] = -torch.inf
    return model, x, mask


@pytest.mark.parametrize(("bits", "least"), [(16, 0.9999), (12, 0.999)])
def test_a_transformer_block(attention, bits: int, least: float) -> None:
    model, x, mask = attention
    program = pumice.compile(
        model,
        (x, mask),
        device="neon",
        quantize=False,
        nonlinear="neon",
        options={"net_bits": bits},
    )
    result = program.run(x, mask)
    kinds = [use.kind for use in result.report.functions]
    assert sorted(kinds) == ["exp", "gelu", "reciprocal", "rsqrt"]
    with torch.no_grad():
        expected, p = model(x, mask)
    y, found = result.outputs
    assert cosine(y.numpy(), expected.numpy()) > least
    # Masked keys contribute exactly 0, and rows still add up to 1.
    assert (found.numpy()[..., 9:] == 0).all()
    assert np.abs(found.numpy().sum(-1) - 1).max() < (1e-3 if bits == 16 else 5e-3)
    assert np.abs(found.numpy() - p.numpy()).max() < (1e-3 if bits == 16 else 1e-2)
    # Uniform attention, and a constant for GELU, would not pass.
    uniform = torch.where(mask == 0, 1 / 9, 0.0).expand_as(p)
    assert np.abs(uniform.numpy() - p.numpy()).max() > 0.1


def test_controls_fail_the_gate(attention) -> None:
    model, x, mask = attention
    with torch.no_grad():
        expected = model(x, mask)[0]
        model.activation = nn.Sequential()
        model.activation.forward = lambda x: torch.full_like(x, 0.3)
        assert cosine(model(x, mask)[0].numpy(), expected.numpy()) < 0.9999
        model.activation = nn.GELU()
        model.weights = lambda x, mask: (
            torch.full((2, 4, 12, 12), 1 / 12),
            Attention.weights(model, x, mask)[1],
        )
        assert cosine(model(x, mask)[0].numpy(), expected.numpy()) < 0.9999


def test_sites_with_equal_functions_share_arrays(attention) -> None:
    model, x, mask = attention
    program = pumice.compile(
        model, (x, mask), device="neon", quantize=False, nonlinear={"layer_norm": "neon"}
    )
    text = program.ir("simulator")
    assert text.count("crossbar.neon_net") == 1
    assert text.count("simulator.apply") == 2
    assert text.count("simulator.program") == 2


def test_recurrent_networks_need_no_nets(batches: list) -> None:
    """Sigmoid goes through tanh, which is native."""

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LSTMCell(16, 8)

        def forward(self, x):
            h, c = self.cell(x)
            return self.cell(x, (h, c))[0]

    torch.manual_seed(0)
    model = Recurrent().eval()
    program = compiled(model, batches[0], batches)
    result = program.run(batches[0])
    assert result.report.functions == ()
    assert "math.exp" not in program.ir("crossbar")
    with torch.no_grad():
        expected = model(batches[0]).numpy()
    assert np.abs(result.outputs.numpy() - expected).max() < 1e-5


def test_by_module_path_and_by_kind(batches: list) -> None:
    model = nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU()).eval()
    program = compiled(model, batches[0], batches, nonlinear={"1": "lut", "gelu": "neon"})
    methods = [use.method for use in program.run(batches[0]).report.functions]
    assert methods == ["lut", "neon"]
    with pytest.raises(
        CompileError, match="names neither a kind of nonlinear function nor a layer"
    ):
        compiled(model, batches[0], batches, nonlinear={"7": "lut"})


def test_auto_takes_what_keeps_the_bound_with_the_least_energy(batches: list) -> None:
    model = Activations(nn.GELU()).eval()
    costly = pumice.Device("neon").replace(ops={"special": {"energy_pj": 1e4}})
    for device, chosen in (("neon", ()), (costly, ("lut",))):
        program = compiled(
            model, batches[0], batches, device=device, nonlinear="auto", max_error=0.03
        )
        used = program.run(batches[0]).report.functions
        assert tuple(use.method for use in used) == chosen
        energy = {
            method: compiled(
                model, batches[0], batches, device=device, nonlinear=method, max_error=0.03
            )
            .estimate()
            .dynamic_energy_pj
            for method in ("neon", "lut", "digital")
        }
        assert program.estimate().dynamic_energy_pj == pytest.approx(min(energy.values()))
    # Nothing but the digital unit keeps a bound of less than a step of the output.
    tight = compiled(model, batches[0], batches, device=costly, nonlinear="auto", max_error=2e-6)
    assert tight.run(batches[0]).report.functions == ()


def test_a_bound_out_of_reach_states_the_best(batches: list) -> None:
    model = Activations(nn.GELU()).eval()
    with pytest.raises(CompileError, match=r"at most 1e-06 of the range with at most 4 hidden"):
        compiled(model, batches[0], batches, max_error=1e-6, max_hidden=4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([torch.full((8, 16), 2.0)] * 2, "calibration is constant"),
        ([torch.full((8, 16), torch.nan)], "NaN or infinite"),
        ([], "calibration is empty|shows nothing"),
    ],
)
def test_bad_calibration(data: list, message: str) -> None:
    class Alone(nn.Module):
        def forward(self, x):
            return torch.exp(x)

    with pytest.raises(CompileError, match=message):
        pumice.compile(
            Alone(), torch.zeros(8, 16), device="neon", calibration=data, quantize=False,
            nonlinear="neon",
        )  # fmt: skip


def test_recompile_for_another_device(batches: list) -> None:
    model = Activations(nn.GELU()).eval()
    program = compiled(model, batches[0], batches)
    other = program.recompile("isaac")
    assert other.run(batches[0]).report.functions[0].elements == 256
    digital = compiled(model, batches[0], batches, nonlinear="digital")
    with pytest.raises(CompileError, match="compiled with nets or tables"):
        digital.recompile("isaac", {"nonlinear": "neon"})


def test_options_are_checked() -> None:
    with pytest.raises(CompileError, match="expected a method of digital, lut, neon, auto for"):
        pumice.CompileOptions(nonlinear={"gelu": "analog"})
    with pytest.raises(CompileError, match="expected a max_error above 0 and less than 1, got 2"):
        pumice.CompileOptions(max_error=2)


def test_a_module_needs_calibration_inputs() -> None:
    from pumice import ir

    text = """
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = math.exp %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }"""
    with ir.Context() as context:
        module = ir.Module.parse(text, context)
    options = {"nonlinear": "neon"}
    with pytest.raises(
        CompileError,
        match="expected calibration inputs: 1 nonlinear functions to approximate have no domain",
    ):
        pumice.compiler.compile_module(module, "neon", options=options)
    x = np.linspace(-1, 1, 4, dtype=np.float32)
    program = pumice.compiler.compile_module(module, "neon", options=options, calibration=[x])
    assert np.abs(program.run(x).outputs - np.exp(x)).max() < 1e-3


def test_digits_lose_no_accuracy() -> None:
    """A CNN with GELU and SiLU, trained here on real digits: at most 0.1 points less."""
    from pumice.demo import load_digits, preprocess

    images, labels = load_digits()
    x, y = torch.from_numpy(preprocess(images)), torch.from_numpy(labels.astype(np.int64))
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.GELU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(16 * 49, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[:200]), y[:200]).backward()
        optimizer.step()
    model.eval()
    common = {"device": "neon", "calibration": [x[:100]]}
    digital = pumice.compile(model, x[:100], **common)
    program = pumice.compile(model, x[:100], **common, nonlinear="neon")
    right, exact = 0, 0
    for begin in (100, 200):
        part = slice(begin, begin + 100)
        result = program.run(x[part])
        assert {use.kind for use in result.report.functions} == {"gelu", "silu"}
        right += int((result.outputs.argmax(1) == y[part]).sum())
        exact += int((digital.run(x[part]).outputs.argmax(1) == y[part]).sum())
    assert exact > 150  # of 200, so that there is something to lose
    assert right >= exact - 0.001 * 200
    # Without its activations, the network loses much more.
    model[1] = nn.Sequential(
        nn.Flatten(0), nn.Threshold(torch.inf, 0.1), nn.Unflatten(0, (-1, 8, 14, 14))
    )
    with torch.no_grad():
        assert int((model(x[100:]).argmax(1) == y[100:]).sum()) < exact - 20
