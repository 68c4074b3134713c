# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions of PyTorch: the kind that their region gets, and what the region computes."""

from __future__ import annotations

import re
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import pumice  # noqa: E402
from pumice.compiler import compile_imported  # noqa: E402
from pumice.frontend import import_model  # noqa: E402


class Function(nn.Module):
    """A module that calls a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.function(x)
        return y


def squash(x: Tensor) -> Tensor:
    squares = (x * x).sum(-1, keepdim=True)
    return x * (squares / (1 + squares) / torch.sqrt(squares))


def squash_by_norm(x: Tensor) -> Tensor:
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return (norm**2 / (1 + norm**2)) * (x / norm)


def annotated_norm(x: Tensor) -> Tensor:
    """The layer norm of "The Annotated Transformer": unbiased, epsilon beside the root."""
    return 3 * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6) + 1


def causal(x: Tensor) -> Tensor:
    mask = torch.ones(3, 8, dtype=torch.bool).triu(1)
    return F.softmax((x * 0.125).masked_fill(mask, float("-inf")), -1)


def biased(x: Tensor) -> Tensor:
    return F.softmax(x / 8 + torch.full((3, 8), -1e4).triu(2), -1)


def gelu_by_hand(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def norm(module: nn.Module) -> nn.Module:
    """With scales and shifts that are not 1 and 0."""
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        parameter.data = torch.rand(parameter.shape, generator=generator) + 0.5
    return module


TENSOR, IMAGE, POSITIVE = "tensor", "image", "positive"

# name: (module or function, kind of input, kinds with dimensions)
CASES: dict[str, tuple[Any, str, list[str]]] = {
    "softmax": (nn.Softmax(-1), TENSOR, ["softmax [2]"]),
    "softmax_first": (nn.Softmax(0), TENSOR, ["softmax [0]"]),
    "softmax_middle": (nn.Softmax(1), IMAGE, ["softmax [1]"]),
    "softmax_causal": (causal, TENSOR, ["softmax [2] masked"]),
    "softmax_biased": (biased, TENSOR, ["softmax [2] masked"]),
    "softmin": (nn.Softmin(-1), TENSOR, ["softmax [2]"]),
    "log_softmax": (nn.LogSoftmax(1), TENSOR, ["log_softmax [1]"]),
    "layer_norm": (norm(nn.LayerNorm(8)), TENSOR, ["layer_norm [2]"]),
    "layer_norm_plain": (nn.LayerNorm(8, elementwise_affine=False), TENSOR, ["layer_norm [2]"]),
    "layer_norm_two": (norm(nn.LayerNorm((3, 8))), TENSOR, ["layer_norm [1, 2]"]),
    "annotated_norm": (annotated_norm, TENSOR, ["layer_norm [2]"]),
    "rms_norm": (norm(nn.RMSNorm(8, eps=1e-5)), TENSOR, ["rms_norm [2]"]),
    "group_norm": (norm(nn.GroupNorm(2, 4)), IMAGE, ["group_norm [1, 2, 3]"]),
    "group_norm_plain": (nn.GroupNorm(2, 4, affine=False), IMAGE, ["layer_norm [2, 3]"]),
    "instance_norm": (norm(nn.InstanceNorm2d(4, affine=True)), IMAGE, ["group_norm [1, 2]"]),
    "normalize": (lambda x: F.normalize(x, dim=-1), TENSOR, ["l2_norm [2]"]),
    "squash": (squash, TENSOR, ["squash [2]"]),
    "squash_by_norm": (squash_by_norm, TENSOR, ["squash [2]"]),
    "max_pool": (nn.MaxPool2d(2), IMAGE, ["max_pool [2, 3]"]),
    "max_pool_padded": (nn.MaxPool2d(3, 2, 1), IMAGE, ["max_pool [2, 3]"]),
    "max_pool_ceil": (nn.MaxPool2d(3, 2, ceil_mode=True), IMAGE, ["max_pool [2, 3]"]),
    "max_pool_1d": (nn.MaxPool1d(2), TENSOR, ["max_pool [3]"]),
    "adaptive_max_pool": (nn.AdaptiveMaxPool2d(1), IMAGE, ["max_pool [2, 3]"]),
    "maximum_over": (lambda x: x.amax(1), TENSOR, ["max_pool [1]"]),
    "avg_pool": (nn.AvgPool2d(2), IMAGE, ["avg_pool [2, 3]"]),
    "avg_pool_padded": (nn.AvgPool2d(3, 2, 1), IMAGE, ["avg_pool [2, 3]"]),
    "avg_pool_counting": (
        nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        IMAGE,
        ["avg_pool [2, 3]"],
    ),
    "avg_pool_ceil": (nn.AvgPool2d(3, 2, ceil_mode=True), IMAGE, ["avg_pool [2, 3]"]),
    "avg_pool_1d": (nn.AvgPool1d(2), TENSOR, ["avg_pool [3]"]),
    "adaptive_avg_pool": (nn.AdaptiveAvgPool2d(1), IMAGE, ["avg_pool [2, 3]"]),
    "adaptive_avg_pool_even": (nn.AdaptiveAvgPool2d(4), IMAGE, ["avg_pool [2, 3]"]),
    "mean": (lambda x: x.mean((2, 3)), IMAGE, ["avg_pool [2, 3]"]),
    "relu": (nn.ReLU(), TENSOR, ["relu"]),
    "relu6": (nn.ReLU6(), TENSOR, ["clamp"]),
    "hardtanh": (nn.Hardtanh(-1.0, 2.0), TENSOR, ["clamp"]),
    "clamp_below": (lambda x: x.clamp(min=-0.5), TENSOR, ["clamp"]),
    "leaky_relu": (nn.LeakyReLU(0.2), TENSOR, ["leaky_relu"]),
    "prelu": (nn.PReLU(4), IMAGE, ["leaky_relu"]),
    "elu": (nn.ELU(0.7), TENSOR, ["elu"]),
    "selu": (nn.SELU(), TENSOR, ["elu"]),
    "celu": (nn.CELU(), TENSOR, ["elu"]),
    "gelu": (nn.GELU(), TENSOR, ["gelu"]),
    "gelu_tanh": (nn.GELU("tanh"), TENSOR, ["gelu_tanh"]),
    "gelu_by_hand": (gelu_by_hand, TENSOR, ["gelu_tanh"]),
    "silu": (nn.SiLU(), TENSOR, ["silu"]),
    "quick_gelu": (lambda x: x * torch.sigmoid(1.702 * x), TENSOR, ["silu"]),
    "mish": (nn.Mish(), TENSOR, ["mish"]),
    "sigmoid": (nn.Sigmoid(), TENSOR, ["sigmoid"]),
    "log_sigmoid": (nn.LogSigmoid(), TENSOR, ["log_sigmoid"]),
    "glu": (nn.GLU(), TENSOR, ["sigmoid"]),
    "tanh": (nn.Tanh(), TENSOR, ["tanh"]),
    "softplus": (nn.Softplus(), TENSOR, ["softplus"]),
    "softplus_steep": (nn.Softplus(2.0, 1.0), TENSOR, ["softplus"]),
    "hard_sigmoid": (nn.Hardsigmoid(), TENSOR, ["hard_sigmoid"]),
    "hard_swish": (nn.Hardswish(), TENSOR, ["hard_swish"]),
    "exp": (torch.exp, TENSOR, ["exp"]),
    "log": (torch.log, POSITIVE, ["log"]),
    "sqrt": (torch.sqrt, POSITIVE, ["sqrt"]),
    "rsqrt": (torch.rsqrt, POSITIVE, ["rsqrt"]),
    "rsqrt_in_two": (lambda x: 1 / torch.sqrt(x), POSITIVE, ["rsqrt"]),
    "erf": (torch.erf, TENSOR, ["erf"]),
    "abs": (torch.abs, TENSOR, ["abs"]),
    "reciprocal": (torch.reciprocal, POSITIVE, ["reciprocal"]),
    "constant_over": (lambda x: 3.5 / x, POSITIVE, ["reciprocal"]),
    "division": (lambda x: x / (x + 1), POSITIVE, ["division"]),
    "power": (lambda x: x**2.5, POSITIVE, ["power"]),
    "sin": (torch.sin, TENSOR, ["elementwise"]),
    "threshold": (nn.Threshold(0.1, 20), TENSOR, ["elementwise"]),
    "linear": (lambda x: 3 * x + x * x - 1, TENSOR, []),
    "argmax": (lambda x: x.argmax(-1), TENSOR, []),
}  # fmt: skip


class Everything(nn.Module):
    """All cases, each on an input of its own, so that nothing is shared."""

    def __init__(self) -> None:
        super().__init__()
        for name, (case, _, _) in CASES.items():
            module = case if isinstance(case, nn.Module) else Function(case)
            self.add_module(f"case_{name}", module)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(case(x) for case, x in zip(self.children(), inputs, strict=True))


def example(kind: str, generator: torch.Generator) -> Tensor:
    shape = (2, 4, 8, 8) if kind == IMAGE else (2, 3, 8)
    x = torch.randn(shape, generator=generator) * 2
    return x.abs() + 0.5 if kind == POSITIVE else x


@pytest.fixture(scope="module")
def everything() -> tuple[pumice.Program, list[Tensor], dict[str, list[str]]]:
    """The program, its results, and the kinds of the regions of each case."""
    from pumice.passmanager import PassManager

    generator = torch.Generator().manual_seed(0)
    inputs = tuple(example(kind, generator) for _, kind, _ in CASES.values())
    model = Everything().eval()
    imported = import_model(model, inputs)
    program = compile_imported(imported, "ideal")
    kinds: dict[str, list[str]] = {name: [] for name in CASES}
    with imported.module.context:
        PassManager.parse("builtin.module(linalg-to-quantized)").run(imported.module.operation)
    text = imported.module.operation.get_asm(
        enable_debug_info=True, use_local_scope=True, large_elements_limit=0, large_resource_limit=0
    )
    for kind, dimensions, header, case in re.findall(
        r"pum\.nonlinear (\w+)\([^)]*\)(?: dimensions (\[.*?\]))?(.*?)\n"
        r".*?^    } loc\(\"case_(\w+)\"",
        text,
        re.M | re.S,
    ):
        mask = "masked" if "masked" in header else None
        kinds[case].append(" ".join(filter(None, (kind, dimensions, mask))))
    return program, list(zip(program.run(*inputs).outputs, model(*inputs), strict=True)), kinds


@pytest.mark.parametrize("name", CASES)
def test_kind(everything, name: str) -> None:
    assert everything[2][name] == CASES[name][2]


@pytest.mark.parametrize("name", CASES)
def test_value(everything, name: str) -> None:
    """Through the region and back in line: PyTorch's values up to rounding."""
    ours, theirs = everything[1][list(CASES).index(name)]
    # torch-mlir writes 0.797724 for sqrt(2 / pi).
    atol = 1e-3 if name == "gelu_tanh" else 1e-5
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=atol)


class Layers(nn.Module):
    """Residual sums from one norm to the next, as in BERT and in GPT."""

    def __init__(self, norms: list[nn.Module], first: bool) -> None:
        super().__init__()
        self.norms, self.first = nn.ModuleList(norms), first

    def forward(self, x: Tensor) -> Tensor:
        for norm in self.norms:
            x = x + torch.relu(norm(x)) if self.first else norm(x + torch.relu(x))
        return x


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", [nn.LayerNorm, nn.RMSNorm])
def test_norms_of_many_layers(kind: Any, first: bool) -> None:
    """The way back from one norm leads through all norms before it."""
    torch.manual_seed(0)
    model, x = Layers([norm(kind(8)) for _ in range(20)], first).eval(), torch.randn(2, 8)
    program = pumice.compile(model, x, quantize=False, device="ideal")
    name = "layer_norm" if kind is nn.LayerNorm else "rms_norm"
    assert len(re.findall(rf"pum\.nonlinear {name}\(", program.ir("quantized"))) == 20
    with torch.no_grad():
        torch.testing.assert_close(program.run(x).outputs, model(x), rtol=1e-4, atol=1e-4)
