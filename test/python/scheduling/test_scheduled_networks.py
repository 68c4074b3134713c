# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks on a tenth of their arrays and fewer: results, schedules, times.

The results are compared with those on enough arrays, schedules with a verifier that shares no code
with the compiler.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import CompileError, CompileOptions, Device  # noqa: E402
from pumice.zoo.registry import NETWORKS  # noqa: E402
from scheduling_oracle import violations  # noqa: E402

ALGORITHMS = ("naive", "strong", "overlap", "copies", "steady")


def with_arrays(count: int, base: str = "isaac", **changes: Any) -> Device:
    """`base` with as many arrays, in elements of four where that divides, and all of its buffer."""
    # With laws, the buffer would shrink with the chip.
    device = Device({key: value for key, value in Device(base).fields.items() if key != "laws"})
    first, *others = [level["name"] for level in device.crossbars["levels"]]
    each = 4 if count % 4 == 0 else 1
    levels = {first: {"holds": each}, **{name: {"holds": 1} for name in others}}
    levels[others[-1]] = {"holds": count // each}
    return device.replace(name=f"{base}-{count}", levels=levels, **changes)


class Branches(nn.Module):
    """Three branches of different depth, a residual sum and a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 3, padding=1)
        self.a = nn.Conv2d(24, 40, 1)
        self.b = nn.Sequential(nn.Conv2d(24, 16, 1), nn.ReLU(), nn.Conv2d(16, 40, 5, padding=2))
        self.c = nn.Sequential(nn.Conv2d(24, 48, (1, 3), padding=(0, 1)), nn.ReLU())
        self.head = nn.Linear(88, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        joined = torch.cat([torch.relu(self.a(x) + self.b(x)), self.c(x)], 1)
        return self.head(joined.mean((2, 3)))


class Depthwise(nn.Module):
    """An odd depthwise convolution, and a grouped one whose groups fill several arrays."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(37, 37, (3, 5), stride=(2, 1), padding=(0, 2), groups=37)
        self.grouped = nn.Conv2d(37 * 6, 37 * 6, 3, padding=1, groups=6)
        self.point = nn.Conv2d(37, 37 * 6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.grouped(torch.relu(self.point(torch.relu(self.depthwise(x)))))


@dataclass
class Case:
    model: Any
    inputs: Any


def instance(name: str) -> Case:
    small = NETWORKS[name].small()
    return Case(small.model, small.inputs(0))


CASES = {
    "resnet18": lambda: instance("resnet18"),
    "branches": lambda: Case(Branches(), (torch.randn(1, 3, 11, 13),)),
    "depthwise": lambda: Case(Depthwise(), (torch.randn(2, 37, 9, 10),)),
    "bert": lambda: instance("bert-base"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A program on enough arrays, its inputs, and its result."""
    torch.manual_seed(1)
    made = CASES[request.param]()
    inputs = made.inputs if isinstance(made.inputs, (tuple, dict)) else (made.inputs,)
    named = inputs if isinstance(inputs, dict) else None
    program = pumice.compile(
        made.model.eval(), None if named else inputs, example_kwargs=named, device="isaac"
    )
    run = (lambda p: p.run(**inputs)) if named else (lambda p: p.run(*inputs))
    least = 6 if request.param == "depthwise" else 1  # a group of a layer is not cut
    return program, run, run(program), least


def same(left: Any, right: Any) -> bool:
    from torch.utils import _pytree

    pairs = zip(_pytree.tree_leaves(left), _pytree.tree_leaves(right), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_tenth_of_the_arrays(case, tmp_path) -> None:
    program, run, expected, least = case
    assert expected.report.schedule is None
    device = with_arrays(max(least, expected.report.arrays // 10))
    latency = {}
    for algorithm in ALGORITHMS:
        path = tmp_path / f"{algorithm}.json"
        options = {
            "schedule": algorithm,
            "pipelines": {"crossbar-to-pum": {"schedule-json": str(path)}},
        }
        few = program.recompile(device, options)
        result = run(few)
        assert same(result.outputs, expected.outputs)
        report = result.report
        assert few.estimate().latency_ns == report.latency_ns
        assert report.schedule["algorithm"] == algorithm
        latency[algorithm] = report.latency_ns
        written = json.loads(path.read_text())
        assert violations(written["problem"], written["schedule"]) == []
        arrays = sum(g["elements"] * g["arrays_per_element"]
                     for g in written["problem"]["machine"]["groups"])  # fmt: skip
        assert arrays == max(least, expected.report.arrays // 10)
        assert report.utilisation["array"].count == arrays
        assert report.schedule["time_ps"] == written["schedule"]["end_ps"]
        assert report.schedule["bound_ps"] <= 1000 * report.latency_ns
    assert latency["overlap"] <= latency["naive"]
    assert latency["copies"] <= latency["naive"]


def test_networks_that_fit_stay_as_they_were(case) -> None:
    program, _, expected, _ = case
    same_size = program.recompile(with_arrays(expected.report.arrays))
    assert same_size.estimate().latency_ns == expected.report.latency_ns
    assert same_size.estimate().schedule is None
    # One array fewer, and it is scheduled.
    fewer = program.recompile(with_arrays(expected.report.arrays - 1)).estimate()
    assert fewer.schedule["algorithm"] == "overlap"


def test_one_array_is_enough(case) -> None:
    program, run, expected, _ = case
    if expected.report.arrays > 200:
        pytest.skip("takes long")
    if any("grouped" in layer.name for layer in expected.report.layers):
        # A group of it takes several arrays, and columns of groups are not cut.
        with pytest.raises(CompileError, match="arrays at once for its smallest split"):
            program.recompile(with_arrays(1))
        return
    assert same(run(program.recompile(with_arrays(1))).outputs, expected.outputs)


class Activated(nn.Module):
    """Layers with two kinds of activations, each used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(70, 70) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer, act in zip(
            self.layers, (nn.GELU(), nn.SiLU(), nn.GELU(), nn.SiLU()), strict=True
        ):
            x = act(layer(x))
        return x


@pytest.mark.parametrize("method", ["neon", "lut"])
def test_nets_and_tables_stay(method) -> None:
    """Functions on arrays keep theirs; the layers take turns on what is left."""
    torch.manual_seed(0)
    model, x = Activated().eval(), torch.randn(5, 70)
    arguments = dict(calibration=[x], nonlinear=method, options=CompileOptions(net_copies=4))
    everything = pumice.compile(model, x, device="aras", **arguments).run(x)
    # 4 layers of 3 arrays (8-bit weights in 2-bit cells: 32 weights per row); one fits at a time.
    functions = everything.report.arrays - 4 * 3
    device = with_arrays(functions + 4, "aras")
    program = pumice.compile(model, x, device=device, schedule="overlap", **arguments)
    result = program.run(x)
    assert functions > 0
    assert torch.equal(result.outputs, everything.outputs)
    assert program.estimate().latency_ns == result.report.latency_ns
    assert [f.name for f in result.report.functions] == [
        f.name for f in everything.report.functions
    ]
    with pytest.raises(CompileError, match=rf"nets and tables take {functions}, temporary weigh"):
        pumice.compile(model, x, device=with_arrays(functions, "aras"), **arguments)


@pytest.mark.parametrize("share", [-0.1, float("inf"), float("nan")])
def test_shares_out_of_range(share) -> None:
    with pytest.raises(CompileError, match="expected a finite schedule_time_share of at least 0"):
        CompileOptions(schedule_time_share=share)


def test_options_as_text() -> None:
    options = CompileOptions(schedule="steady", schedule_time_share=0.05)
    text = "crossbar-to-pum{schedule=steady schedule-time-share=0.05}"
    assert options.pipeline("crossbar-to-pum") == text
    assert options.with_schedule(None) is options
    assert options.with_schedule("naive").schedule == "naive"


def test_aras_keeps_cells_and_shows_elements(tmp_path) -> None:
    """Twice the same layer on its only arrays: later inferences change no cell."""
    torch.manual_seed(0)
    layer = nn.Conv2d(8, 8, 3, padding=1)
    model = nn.Sequential(layer, nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)).eval()
    model[2].load_state_dict(layer.state_dict())
    x = torch.randn(1, 8, 9, 7)
    device = with_arrays(1, "aras")
    program = pumice.compile(model, x, device=device, schedule="overlap")
    enough = program.recompile("aras", {"schedule": None})
    result = program.run(x)
    assert same(result.outputs, enough.run(x).outputs)
    report = result.report
    assert report.schedule["arrays_written"] == 2
    assert report.schedule["arrays_resident"] == 0
    assert report.cells_kept == 1
    assert report.steady_state.components["cell_write"] == 0 < report.components["cell_write"]
    # Every run says the same, though it looks at the cells only once.
    assert program.run(x).report.to_dict()["wear"] == report.to_dict()["wear"]
    assert report.waiting_ns["weights"] > 0
    assert "waiting of instructions" in str(report).lower()
    baseline = program.recompile(with_arrays(1, "aras-baseline"), {"schedule": "naive"}).estimate()
    assert baseline.cells_kept is None
    assert baseline.static_energy_pj > 0
    assert baseline.components["cell_write"] == 2 * 8 * 72 * 4 * 1.3
    report.to_trace(tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    names = {e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert "pe 0" in names
