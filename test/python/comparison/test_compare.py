# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Program.compare: the right tensors side by side, and a seeded fault that is named first."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import pumice  # noqa: E402
from pumice import Program, PumiceError, ir  # noqa: E402
from pumice._mlir_libs import _pumice  # noqa: E402
from pumice.comparison import errors_of  # noqa: E402


class Mixed(torch.nn.Module):
    """A convolution with a batch norm, an op in place, attention, layer norm, softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.attention = torch.nn.MultiheadAttention(16, 2, batch_first=True)
        self.layer_norm = torch.nn.LayerNorm(16)
        self.head = torch.nn.Linear(16, 16)

    def forward(self, x):
        x = torch.nn.functional.relu_(self.norm(self.conv(x[:, None]))).sum(1)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = torch.nn.functional.gelu(self.layer_norm(x))
        return torch.softmax(self.head(x), -1), x.argmax(-1)


@pytest.fixture(scope="module")
def mixed():
    torch.manual_seed(0)
    model = Mixed().eval()
    with torch.no_grad():
        model.norm.running_mean.uniform_(-1, 1)
        model.norm.weight.uniform_(0.5, 2)
    x = torch.randn(2, 5, 16)
    return model, x, pumice.compile(model, x)


def layer_of(op) -> str:
    """The outer name of an operation's location."""
    return op.location.name_str if op.location.is_a_name() else ""


def edited(program, edit):
    """The program with `edit` applied to the operations of its machine program."""
    module = _pumice.clone_module(program.module())
    module.operation.walk(lambda op: (edit(op), ir.WalkResult.ADVANCE)[1])
    other = Program(
        {level: program.module(level) for level in program.levels} | {"simulator": module}, {}
    )
    other.signature = program.signature
    other.exported, other.float_model = program.exported, program.float_model
    return other


def test_machine_tensors_are_those_of_a_run_in_order(digits, isaac, mixed):
    for program, x in ((isaac.program, isaac.x), (mixed[2], mixed[1])):
        names: list[str] = []
        program.run(x, keep=names.append)
        assert [t.name for t in program.tensors()] == names


def test_ideal_machine_equals_pytorch(digits):
    x = digits.inputs[:1]
    found = pumice.compile(digits.quantized, x).compare(x)
    assert found.within_tolerance
    assert found.first is None
    assert found.ir == ""
    sums = [t for t in found.tensors if t.kind == "sums"]
    assert len(sums) == 7  # every layer
    assert all(t.own.equal == 1 and t.own.max_abs == 0 and t.own.cosine == 1 for t in sums)
    codes = [t for t in found.tensors if t.kind == "codes"]
    assert len(codes) >= 7
    assert min(t.own.equal for t in codes) > 0.99
    assert found.outputs[0].errors.relative < 0.05
    # Every op of the network is either compared or listed as fused.
    assert len(found.skipped) + len({t.node for t in found.tensors}) == len(
        [n for n in digits_graph(digits, x) if "per_channel" not in n]
    )


def digits_graph(digits, x):
    exported = torch.export.export(digits.quantized, (x,))
    return [node.name for node in exported.graph.nodes if node.op == "call_function"]


def test_sums_codes_and_values_are_the_reference_computed_by_hand(digits):
    """The numbers of the table against plain PyTorch and NumPy, on a device that is not exact."""
    device = pumice.Device("isaac").replace(name="rough", array={"adc": {"bits": 6}})
    x = digits.inputs[:2]
    program = pumice.compile(digits.quantized, x, device=device)
    found = {(t.node, t.kind): t for t in program.compare(x, tolerance=10).tensors}
    kept = program.run(x, keep=True).tensors
    reference = values_of(torch.export.export(digits.quantized, (x,)), x)
    codes = kept["quantize_per_tensor_3"].view(np.uint8).astype(float)
    expected = reference["quantize_per_tensor_3"].numpy().astype(float)
    scale = reference["quantize_per_tensor_3.scale"]
    errors = found["quantize_per_tensor_3", "codes"].errors
    assert errors.equal == (codes == expected).mean() < 1
    assert errors.max_abs == pytest.approx(scale * np.abs(codes - expected).max())
    assert errors.mean_abs == pytest.approx(scale * np.abs(codes - expected).mean())
    noise = ((codes - expected) ** 2).sum() / (expected**2).sum()
    assert errors.relative == pytest.approx(math.sqrt(noise))
    assert errors.sqnr_db == pytest.approx(-10 * math.log10(noise))
    cosine = (codes * expected).sum() / np.linalg.norm(codes) / np.linalg.norm(expected)
    assert errors.cosine == pytest.approx(cosine)
    # What the last layer adds by itself: its sums on the codes that the machine had.
    given = kept["flatten"].view(np.uint8).astype(float)
    weights = digits.quantized.get_buffer("_frozen_param6").numpy().astype(float)
    sums = given @ weights.T  # the zero point is 0
    worth = reference["quantize_per_tensor_11.scale"]
    worth = worth * digits.quantized.get_buffer("_scale_6").numpy()
    own = found["linear", "sums"].own
    assert own.equal == (kept["linear"] == sums).mean()
    difference = np.abs(kept["linear"] - sums) * worth
    assert own.max_abs == pytest.approx(difference.max(), rel=1e-6)
    assert own.relative == pytest.approx(
        np.linalg.norm(difference) / np.linalg.norm(sums * worth), rel=1e-6
    )
    assert found["linear", "sums"].errors.relative != own.relative
    # 32 rows of 2-bit cells need fewer bits than the converters have.
    assert found["conv2d_3", "sums"].own.equal == 1 > found["conv2d_3", "sums"].errors.equal


def values_of(exported, x):
    """Values of all nodes of an exported graph, by a plain interpreter."""
    values: dict[str, object] = {}

    class Keep(torch.fx.Interpreter):
        def run_node(self, node):
            values[node.name] = super().run_node(node)
            if "quantize_per_tensor" in str(node.target):
                values[f"{node.name}.scale"] = node.args[1]
            return values[node.name]

    Keep(exported.module()).run(x)
    return values


@pytest.mark.parametrize("part", ["depthwise", "pointwise"])
def test_names_the_layer_with_wrong_weights_first(digits, part):
    x = digits.inputs[:1]
    program = pumice.compile(digits.quantized, x)
    layer, other = f"block2.{part}", f"block1.{part}"  # of one shape
    weights = {}

    def swap(op):
        if op.name == "simulator.constant":
            weights[layer_of(op)] = op.results[0]
        if op.name == "simulator.program" and layer_of(op) == layer:
            op.operands[0] = weights[other]

    faulty = edited(program, swap)
    found = faulty.compare(x)
    assert not found.within_tolerance
    assert found.first is not None
    assert (found.first.layer, found.first.kind) == (layer, "sums")
    assert found.first.source is not None
    assert found.first.source.partition(":")[0].endswith("digits.py")
    assert "crossbar.conv_2d" in found.ir
    before = found.tensors[: found.tensors.index(found.first)]
    assert all(t.errors.relative <= 0.05 for t in before)
    # Later layers are wrong too, but not by themselves.
    assert found.worst is found.first
    later = found.tensors[found.tensors.index(found.first) + 1 :]
    assert later
    assert max(t.own.relative for t in later) < 0.01
    text = str(found)
    assert f"first beyond a relative error of 0.05: layer '{layer}'" in text


def test_float_model_is_compared_where_it_has_the_same_tensor(mixed):
    _, x, program = mixed
    found = program.compare(x)
    assert found.within_tolerance
    rows = {(t.layer, t.kind): t for t in found.tensors}
    # The convolution holds the batch norm: its sums are compared with the batch norm's output.
    assert rows["conv", "sums"].float_errors.sqnr_db > 30
    assert rows["head", "sums"].float_errors.sqnr_db > 25
    assert len(found.outputs) == 2
    assert found.outputs[0].float_errors.relative < 0.05
    assert found.outputs[1].errors.equal > 0.9
    assert str(found).splitlines()[1].split()[-2:] == ["local", "float"]


def test_float_programs_have_no_codes(mixed):
    model, x, _ = mixed
    found = pumice.compile(model, x, quantize=False).compare(x, tolerance=1e-5)
    assert found.within_tolerance
    assert {t.kind for t in found.tensors} == {"values"}
    assert {"conv2d", "layer_norm", "softmax"} & {t.node for t in found.tensors}
    # Intermediates of one PyTorch op have its name, but are not its output.
    assert sum(t.node == "softmax" for t in found.tensors) == 1


def test_loaded_programs_need_a_reference(digits, tmp_path):
    x = digits.inputs[:1]
    program = pumice.compile(digits.quantized, x)
    program.save(tmp_path / "p.mlirbc")
    loaded = pumice.load(tmp_path / "p.mlirbc")
    with pytest.raises(PumiceError, match="expected `reference`, the PyTorch model"):
        loaded.compare(x)
    found = loaded.compare(x.numpy(), reference=digits.quantized)
    assert [t.node for t in found.tensors] == [t.node for t in program.compare(x).tensors]
    # A float model has no codes: only float tensors and results can be compared.
    found = loaded.compare(x, reference=digits.model, tolerance=0.2)
    assert {t.kind for t in found.tensors} <= {"values"}
    assert 0 < found.outputs[0].errors.relative < 0.2


def test_reference_with_other_results_is_refused(mixed):
    _, x, program = mixed
    with pytest.raises(PumiceError, match="expected a reference with results like the program's"):
        pumice.compile(torch.nn.Linear(16, 3), x, quantize=False).compare(
            x, reference=torch.nn.Linear(16, 4)
        )
    with pytest.raises(PumiceError, match="expected an input for 'y' of the reference"):
        pumice.compile(torch.nn.ReLU(), x, quantize=False).compare(x, reference=pumice_add(x))
    with pytest.raises(PumiceError, match="expected a tolerance of at least 0, got -1"):
        program.compare(x, tolerance=-1)


def pumice_add(x):
    class Add(torch.nn.Module):
        def forward(self, x, y):
            return x + y

    return torch.export.export(Add(), (x, x))


def test_json_has_no_infinities(digits):
    x = digits.inputs[:1]
    found = pumice.compile(digits.quantized, x).compare(x)
    data = json.loads(found.to_json(), parse_constant=lambda name: pytest.fail(name))
    assert data["within_tolerance"] is True
    assert data["first"] is None
    exact = [t for t in data["tensors"] if t["own"]["max_abs"] == 0]
    assert exact
    assert all(t["own"]["sqnr_db"] is None and t["own"]["cosine"] == 1 for t in exact)


def test_errors_of_numbers_that_are_not_finite():
    inf, nan = math.inf, math.nan
    masked = errors_of(np.array([1.0, -inf, nan]), np.array([1.0, -inf, nan]))
    assert (masked.relative, masked.equal, masked.cosine, masked.sqnr_db) == (0, 1, 1, inf)
    lost = errors_of(np.array([1.0, nan]), np.array([1.0, 2.0]))
    assert (lost.relative, lost.max_abs, lost.sqnr_db) == (inf, inf, -inf)
    assert errors_of(np.array([1.0]), np.array([0.0])).relative == inf
    assert errors_of(np.array([0.0]), np.array([0.0])).cosine == 1
    assert errors_of(np.zeros((0, 3)), np.zeros((0, 3))).equal == 1
    with pytest.raises(ValueError, match="expected the shape"):
        errors_of(np.zeros(3), np.zeros(4))
    halves = errors_of(np.array([3, 5]), np.array([4, 5]), np.array([0.5, 2.0]))
    assert (halves.max_abs, halves.equal) == (0.5, 0.5)
    assert halves.relative == pytest.approx(0.5 / math.hypot(2, 10))


def test_a_network_that_computes_nothing():
    found = pumice.compile(torch.nn.Identity(), torch.zeros(2, 3)).compare(torch.ones(2, 3))
    assert "nothing to compare: the network computes nothing" in str(found)
    assert "within a relative error" not in str(found)
