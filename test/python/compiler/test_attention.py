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


#: Those of which both places are checked; the others on arrays only.
BOTH = {"causal", "cross"}


@pytest.mark.parametrize("name", CASES)
def test_integers_are_the_oracles(quantized, name) -> None:
    converted, inputs = quantized(name)
    for where in ("digital", "crossbar") if name in BOTH else ("crossbar",):
        program, result = run_and_check(converted, inputs, device_of("ideal", where))
        text = program.ir("crossbar")
        assert ("quantized_batch_matmul" in text) == (where == "digital")
        kinds = [one["kind"] for one in result.report.to_dict()["instructions"]]
        assert kinds.count("program") == (0 if where == "digital" else 2)


@pytest.mark.parametrize("encoding", ["offset", "offset_flip"])
def test_saturating_converters(quantized, encoding) -> None:
    """Products on arrays lose what their converters lose; on the digital unit nothing."""
    converted, inputs = quantized("batch")
    array = {"encoding": encoding, "adc": {"bits": 4}}
    for where in ("digital", "crossbar"):
        run_and_check(converted, inputs, device_of("isaac", where, array=array))


def test_operations_of_a_digital_product(quantized) -> None:
    """A multiply and an add per term, and an add per element of a factor with a zero point."""
    converted, inputs = quantized("batch")
    report = pumice.compile(converted, inputs).run(*inputs).report.to_dict()
    counts = [
        {kind: n for kind, n in one["counters"]["digital_ops"].items() if kind != "move"}
        for one in report["instructions"]
        if one["kind"] == "digital" and one["layer"].startswith("matmul")
    ]
    terms = 3 * 4 * 7 * 7 * 6  # batch, heads, queries, keys, size of a head
    factor = 3 * 4 * 7 * 6
    assert {"multiply": terms, "add": terms + 2 * factor, "convert": 2 * factor} in counts
    # Softmax weights have the zero point 0.
    convert = factor + 3 * 4 * 7 * 7
    assert {"multiply": terms, "add": terms + factor, "convert": convert} in counts


def test_bert() -> None:
    """Two layers, padded sentences: both places give the same, near the float model."""
    transformers = pytest.importorskip("transformers")
    from pumice.compiler import compile_imported
    from pumice.frontend import import_model

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=16,
    )

    class Sentences(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = transformers.BertModel(config, add_pooling_layer=False)

        def forward(self, tokens, mask):
            return self.bert(input_ids=tokens, attention_mask=mask).last_hidden_state

    model = Sentences().eval()
    tokens = torch.randint(0, 50, (2, 11))
    mask = torch.ones(2, 11, dtype=torch.int64)
    mask[1, 7:] = 0
    inputs = (tokens, mask)
    imported = import_model(pumice.quantize(model, [inputs]), inputs)
    with torch.no_grad():
        expected = model(*inputs)
    found = {}
    for name in ("ideal", "isaac"):
        for where in ("digital", "crossbar"):
            program = compile_imported(imported, device_of(name, where))
            result = program.run(*inputs)
            found[name, where] = result.outputs
            cosine = torch.cosine_similarity(result.outputs.flatten(), expected.flatten(), 0)
            assert cosine > 0.99
            kinds = [one["kind"] for one in result.report.to_dict()["instructions"]]
            assert kinds.count("program") == (4 if where == "crossbar" else 0)
    assert torch.equal(found["ideal", "digital"], found["ideal", "crossbar"])
