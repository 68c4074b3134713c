# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of two activations: on the digital unit, and as temporary weights on arrays."""

from __future__ import annotations

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

import attention_models  # noqa: E402
import pumice  # noqa: E402
from exactness import oracle_of  # noqa: E402

CASES = attention_models.cases()


@pytest.fixture(scope="module")
def quantized():
    known = {}

    def get(name):
        if name not in known:
            module, inputs = CASES[name]
            known[name] = pumice.quantize(module.eval(), [inputs], example_inputs=inputs), inputs
        return known[name]

    return get


def device_of(name, where, **changes):
    return pumice.Device(name).replace(dynamic_matmul=where, **changes)


def softmax_codes(program):
    """Names of the quantize nodes whose codes depend on exp, and of the products they enter."""
    names = {}
    for node in program.graph.nodes:
        source = node.args[0] if "quantize_per_tensor" in str(node.target) else None
        if str(getattr(source, "target", "")).split(".")[1:2] in (["softmax"], ["where"]):
            (dequantize,) = node.users
            names[node.name] = next(iter(dequantize.users)).name
    return names


def kept(tensors, names, like, size):
    """The kept tensor of one of these nodes, whatever its groups were joined to."""
    found = [
        value
        for name, value in tensors.items()
        if name.split("#")[0] in names and value.dtype.itemsize == size
        if value.size == like.size and value.shape[-2:] == like.shape[-2:]
    ]
    assert len(found) == 1
    return found[0].reshape(like.shape)


def run_and_check(converted, inputs, device):
    """Runs, and compares sums and outputs with the oracle's, bit for bit."""
    program = pumice.compile(converted, inputs, device=device)
    result = program.run(*inputs, keep=True)
    exported = oracle.export(converted, inputs)
    array = oracle_of(device.fields)
    how = {"array": array, "products": array if device.dynamic_matmul == "crossbar" else None}
    own = oracle.run_oracle(converted, inputs, program=exported, **how)
    given = {
        name: kept(result.tensors, (name, product), own.codes[name], 1).view(np.uint8)
        for name, product in softmax_codes(exported).items()
    }
    assert given
    expected = oracle.run_oracle(converted, inputs, program=exported, given=given, **how)
    for name in given:  # exp within an ulp: at most a code apart, and rarely
        agreement = oracle.agreement(given[name], own.codes[name])
        assert agreement.largest <= 1
        assert agreement.equal > 0.98
    products = [name for name in expected.accumulators if name.startswith(("matmul", "bmm"))]
    assert len(products) == 2
    for name in products:
        sums = expected.accumulators[name]
        assert np.array_equal(kept(result.tensors, (name,), sums, 4), sums), name
    outputs = result.outputs if isinstance(result.outputs, tuple) else (result.outputs,)
    for ours, theirs in zip(outputs, expected.outputs, strict=True):
        assert np.array_equal(ours.numpy(), theirs)
    return program, result


@pytest.mark.parametrize("where", ["digital", "crossbar"])
@pytest.mark.parametrize("name", CASES)
def test_integers_are_the_oracles(quantized, name, where) -> None:
    converted, inputs = quantized(name)
    program, _ = run_and_check(converted, inputs, device_of("ideal", where))
    text = program.ir("crossbar")
    assert ("quantized_batch_matmul" in text) == (where == "digital")
    assert text.count("crossbar.mvm") == text.count("crossbar.program")


def test_both_places_give_the_same(quantized) -> None:
    for name in ("causal", "grouped", "cached"):
        converted, inputs = quantized(name)
        outputs = []
        for where in ("digital", "crossbar"):
            program = pumice.compile(converted, inputs, device=device_of("ideal", where))
            found = program.run(*inputs).outputs
            outputs.append(found if isinstance(found, tuple) else (found,))
        assert all(torch.equal(a, b) for a, b in zip(*outputs, strict=True))
