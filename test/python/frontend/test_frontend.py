# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.frontend: models in, linalg text and weights out. Needs torch and torch_mlir."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import zoo  # noqa: E402
from pumice.errors import PumiceError  # noqa: E402
from pumice.frontend import FrontendError, InputSpec, Signature, lower_to_text  # noqa: E402

F = nn.functional
RESOURCE = re.compile(r"dense_resource<([^>]+)>")


def line_of(pattern: str) -> int:
    """The line of this file whose code ends with a marker comment."""
    with open(__file__, encoding="utf-8") as source:
        return next(i for i, line in enumerate(source, 1) if line.rstrip().endswith(pattern))


def resources_in(text: str) -> set[str]:
    return set(RESOURCE.findall(text))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.bn(self.conv(x))
        return torch.relu(x + y)  # MARK residual


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.head(x.mean((2, 3)))  # MARK head


IMAGE = (torch.zeros(2, 1, 8, 8),)


def test_import_is_lazy() -> None:
    code = (
        "import sys, pumice.frontend, pumice.errors\n"
        "pumice.frontend.FrontendError\n"
        "assert not {'torch', 'torch_mlir', 'torchao'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_attribute() -> None:
    import pumice.frontend

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pumice.frontend.nothing


# ------------------------------------------------------------------------------- weights


def test_weights_stay_out_of_the_text() -> None:
    model = Net().eval()
    lowered = lower_to_text(model, IMAGE)
    assert resources_in(lowered.text) == set(lowered.resources)
    assert "0x0400" not in lowered.text
    assert "dialect_resources" not in lowered.text
    # The same memory, under the parameter's own name.
    for name in ("stem.weight", "blocks.1.conv.weight", "head.weight"):
        parameter = model.get_parameter(name)
        assert lowered.resources[name].data_ptr() == parameter.data_ptr()


def test_weights_that_are_not_contiguous_are_copied() -> None:
    class Transposed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.arange(6.0).reshape(2, 3).t())

        def forward(self, x):
            return x @ self.w

    lowered = lower_to_text(Transposed(), torch.zeros(1, 3))
    assert lowered.resources["w"].is_contiguous()
    assert torch.equal(lowered.resources["w"], torch.arange(6.0).reshape(2, 3).t())


def test_tied_weights_are_one_resource() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(7, 5)
            self.head = nn.Linear(5, 7, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, ids):
            return self.head(self.embedding(ids))

    lowered = lower_to_text(Tied(), torch.zeros(2, 3, dtype=torch.long))
    assert len(lowered.resources) == 1
    assert lowered.signature.inputs[0].dtype == "int64"


def test_buffers_persistent_or_not_and_bool() -> None:
    class Buffers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("kept", torch.arange(4.0))
            self.register_buffer("lost", torch.arange(4.0) + 10, persistent=False)
            self.register_buffer("mask", torch.tensor([True, False, True, True]))

        def forward(self, x):
            return torch.where(self.mask, x * self.kept, self.lost)

    lowered = lower_to_text(Buffers(), torch.zeros(4))
    assert set(lowered.resources) >= {"kept", "lost"}
    assert len(lowered.resources) == 3
    mask = next(value for name, value in lowered.resources.items() if name not in ("kept", "lost"))
    assert mask.dtype is torch.uint8
    assert mask.tolist() == [1, 0, 1, 1]


def test_constants_made_in_forward() -> None:
    class Constant(nn.Module):
        def forward(self, x):
            return x + torch.tensor([1.0, 2.0, 3.0])

    lowered = lower_to_text(Constant(), torch.zeros(3))
    assert [value.tolist() for value in lowered.resources.values()] == [[1.0, 2.0, 3.0]]


def test_weights_in_lists() -> None:
    class Indexed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("order", torch.tensor([2, 0, 1]))
            self.register_buffer("tail", torch.arange(3.0))

        def forward(self, x):
            return torch.cat([x[self.order], self.tail, self.tail, self.tail * self.tail])

    lowered = lower_to_text(Indexed(), torch.zeros(3))
    assert set(lowered.resources) == {"order", "tail"}


def test_what_depends_on_shapes_alone_is_evaluated() -> None:
    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Parameter(torch.arange(12.0).reshape(6, 2))

        def forward(self, x):
            ids = torch.cumsum(torch.ones(x.shape[:2], dtype=torch.long), 1) - 1
            return x + self.table[ids], ids

    lowered = lower_to_text(Positions(), torch.zeros(1, 4, 2))
    assert lowered.signature.outputs[1].value.tolist() == [[0, 1, 2, 3]]
    # Weights are not part of it.
    assert lowered.resources["table"].shape == (6, 2)


def test_model_state_is_restored() -> None:
    model = Net().train()
    model.blocks[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lower_to_text(model, IMAGE)
    assert model.training
    assert not model.blocks[0].training
    assert model.blocks[1].training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


# ------------------------------------------------------------------------------- locations


def test_locations_name_module_node_and_source() -> None:
    text = lower_to_text(Net().eval(), IMAGE).text
    residual, head = line_of("# MARK residual"), line_of("# MARK head")
    assert f'"blocks.1"("relu_1"("{__file__}":{residual}:0))' in text
    assert f'"head"("linear"("{__file__}":{head}:0))' in text
    assert re.search(r'"blocks.0.conv"\("conv2d_1"\("[^"]*test_frontend.py":\d+:0\)\)', text)
    assert "pumice-node" not in text
    assert "site-packages/torch" not in text


def test_nodes_without_metadata_have_locations_too() -> None:
    program = torch.export.export(Net().eval(), IMAGE)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
        node.meta.pop("nn_module_stack", None)
    text = lower_to_text(program).text
    assert '"relu_1"(unknown)' in text
    # The user's own program is left as it was.
    assert all("stack_trace" not in node.meta for node in program.graph.nodes)


# ------------------------------------------------------------------------------- signatures


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("constant", torch.arange(3.0))

    def forward(self, a, pair, scale=1.0, *, mask=None, unused=None):
        first, second = pair["x"], pair["y"]
        total = (a + first) * scale
        if mask is not None:
            total = torch.where(mask, total, second)
        return {"total": total, "rest": [a, (self.constant, total, None, 3)]}


def test_nested_inputs_and_outputs() -> None:
    a, x, y = torch.zeros(3), torch.ones(3), torch.full((3,), 2.0)
    mask, unused = torch.tensor([True, False, True]), torch.zeros(2, dtype=torch.int32)
    lowered = lower_to_text(Nested(), (a, {"x": x, "y": y}, 2.0), {"mask": mask, "unused": unused})
    signature = Signature.from_dict(json.loads(json.dumps(lowered.signature.to_dict())))
    assert [spec.dtype for spec in signature.inputs] == [
        "float32",
        "float32",
        "float32",
        None,
        "bool",
        "int32",
    ]
    header = re.search(r"func.func @main\((.*?)\) -> (.*) \{$", lowered.text, re.M)
    assert header is not None
    types = re.findall(r"%arg\d+: (\S+)", header.group(1))
    assert types == ["tensor<3xf32>"] * 3 + ["tensor<3xi1>", "tensor<2xi32>"]
    assert header.group(2) == "tensor<3xf32>"

    tensors = signature.flatten_inputs((a, {"y": y, "x": x}, 2.0), {"unused": unused, "mask": mask})
    assert [id(tensor) for tensor in tensors] == [id(t) for t in (a, x, y, mask, unused)]
    result = signature.unflatten_outputs(["result"], tensors)
    assert list(result) == ["total", "rest"]
    assert result["total"] == "result"
    echoed, (constant, total, none, three) = result["rest"]
    assert echoed is a
    assert total == "result"
    assert none is None
    assert three == 3
    assert torch.equal(constant, torch.arange(3.0))
    arrays = signature.unflatten_outputs([np.zeros(3)], [value.numpy() for value in tensors])
    assert arrays["rest"][1][0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, r"expected 1 positional inputs \(input\), got 0"),
        ((torch.zeros(2, 3), 1), {}, r"expected 1 positional inputs \(input\), got 2"),
        ((torch.zeros(3, 2),), {}, r"input 'input': expected float32\[2, 3\], got float32\[3, 2\]"),
        ((torch.zeros(2, 3).long(),), {}, r"expected float32\[2, 3\], got int64\[2, 3\]"),
        ((np.zeros((2, 3)),), {}, r"expected float32\[2, 3\], got float64\[2, 3\]"),
        ((3.5,), {}, r"expected float32\[2, 3\], got float"),
        ((torch.zeros(2, 3),), {"y": 1}, r"expected the keyword inputs \[\], got \['y'\]"),
    ],
)
def test_wrong_calls(args, kwargs, message) -> None:
    signature = lower_to_text(nn.ReLU(), torch.zeros(2, 3)).signature
    with pytest.raises(FrontendError, match=message):
        signature.flatten_inputs(args, kwargs)


def test_wrong_structure_and_constant() -> None:
    a, pair = torch.zeros(3), {"x": torch.ones(3), "y": torch.ones(3)}
    signature = lower_to_text(Nested(), (a, pair, 2.0)).signature
    with pytest.raises(FrontendError, match=r"expected 2\.0, which the model was compiled for"):
        signature.flatten_inputs((a, pair, 3.0))
    with pytest.raises(FrontendError, match="expected a dict of 2, got Tensor"):
        signature.flatten_inputs((a, a, 2.0))
    with pytest.raises(FrontendError, match=r"expected the keys \['x', 'y'\], got"):
        signature.flatten_inputs((a, {"x": a, "z": a}, 2.0))


def test_structures_that_cannot_be_restored() -> None:
    from pumice.frontend.pytree import unflatten

    with pytest.raises(ValueError, match="expected 2 leaves, got 1"):
        unflatten({"kind": "tuple", "children": [{"kind": "leaf"}] * 2}, [1])
    unknown = json.dumps([1, {"type": "nowhere.Result", "context": "null", "children_spec": []}])
    with pytest.raises(PumiceError, match="has a type that is not known here"):
        unflatten({"kind": "torch", "spec": unknown, "children": 0}, [])

    leaf = {"kind": "leaf"}
    signature = Signature((InputSpec("x", None, None, object()),), (), leaf, leaf)
    with pytest.raises(FrontendError, match="cannot save a model with the value"):
        signature.to_dict()


def test_exported_program_and_batches() -> None:
    program = torch.export.export(Net().eval(), (torch.zeros(5, 1, 8, 8),))
    lowered = lower_to_text(program)
    assert lowered.signature.inputs[0].shape == (5, 1, 8, 8)
    assert "-> tensor<5x3xf32>" in lowered.text
    assert set(lowered.timings) == {"export", "decompose", "torch_mlir", "print"}


def test_bert_with_model_output(monkeypatch) -> None:
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        # transformers imports it when it is installed, even if it does not fit this torch.
        monkeypatch.setitem(sys.modules, "torchvision", None)
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        vocab_size=50,
        max_position_embeddings=16,
        attn_implementation="eager",
    )
    model = transformers.BertModel(config)
    ids = torch.zeros(2, 8, dtype=torch.long)
    lowered = lower_to_text(model, None, {"input_ids": ids, "attention_mask": ids + 1})
    assert "linalg.batch_matmul" in lowered.text
    count = sum(spec.source == "result" for spec in lowered.signature.outputs)
    tensors = lowered.signature.flatten_inputs((), {"attention_mask": ids + 1, "input_ids": ids})
    signature = Signature.from_dict(lowered.signature.to_dict())
    output = signature.unflatten_outputs([f"r{i}" for i in range(count)], tensors)
    assert type(output).__name__ == "BaseModelOutputWithPoolingAndCrossAttentions"
    assert output.last_hidden_state == "r0"


# ------------------------------------------------------------------------------- errors


class BranchOnData(nn.Module):
    def forward(self, x):
        if x.sum() > 0:  # MARK branch
            return x
        return -x


class ShapeOfData(nn.Module):
    def forward(self, x):
        y = x[x > 0]  # MARK index
        return y * 2


class Item(nn.Module):
    def forward(self, x):
        return torch.zeros(int(x.sum().item()))  # MARK item


class Svd(nn.Module):
    def forward(self, x):
        return torch.linalg.svd(x)[1]  # MARK svd


class Put(nn.Module):
    def forward(self, x):
        places = x.to(torch.int64) % 4
        return torch.zeros(4, 4).index_put((places,), x) + 1  # MARK put


class Noise(nn.Module):
    def forward(self, x):
        return x + torch.rand(4)  # MARK rand


class Cond(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))  # MARK cond


@pytest.mark.parametrize(
    ("model", "mark", "words"),
    [
        (BranchOnData(), "branch", "depend on data"),
        (ShapeOfData(), "index", "'aten.index.Tensor' gives a data-dependent shape"),
        (Item(), "item", "depend on data"),
        (Svd(), "svd", "is not supported by torch-mlir"),
        (Put(), "put", "has no linalg form ('tm_tensor.scatter' is left)"),
        (Noise(), "rand", "'aten.rand.default' draws random numbers"),
        (Cond(), "cond", "control flow operator 'cond' is not supported"),
    ],
)
def test_errors_name_the_op_and_its_line(model, mark, words) -> None:
    with pytest.raises(FrontendError) as caught:
        lower_to_text(model, torch.randn(4, 4))
    source = f"{__file__}:{line_of(f'# MARK {mark}')}"
    assert words in str(caught.value)
    assert source in str(caught.value)
    assert caught.value.source == source
    assert caught.value.op
    assert "\n" not in str(caught.value)


def test_error_names_the_op_that_failed() -> None:
    with pytest.raises(FrontendError) as caught:
        lower_to_text(nn.Sequential(nn.ReLU(), Svd()), torch.randn(4, 4))
    assert caught.value.op == "aten.linalg_svd.default"
    assert "module '1'" in str(caught.value)


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (3, IMAGE, "expected a torch.nn.Module or a torch.export.ExportedProgram, got int"),
        (Net, IMAGE, "got the class Net"),
        (Net().eval(), None, "expected example inputs for Net, got none"),
        (Net().eval(), torch.zeros(1, 3, 8, 8), r"cannot export Net .*\(float32\[1, 3, 8, 8\]\)"),
        (Net().eval(), (*IMAGE, *IMAGE), "cannot export Net with example inputs"),
        (Net().eval(), {"y": IMAGE[0]}, "cannot export Net with example inputs .y=float32"),
    ],
)
def test_wrong_models_and_examples(model, inputs, message) -> None:
    with pytest.raises(PumiceError, match=message) as caught:
        lower_to_text(model, inputs)
    assert not str(caught.value).endswith(".")


def test_updated_buffer_is_an_argument() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(1))

        def forward(self, x):
            self.count.add_(1)
            return x + self.count

    lowered = lower_to_text(Counter(), torch.zeros(1))
    assert [(state.name, state.result) for state in lowered.states] == [("count", 1)]
    assert len(lowered.signature.tensor_inputs) == len(lowered.signature.outputs) == 1
    assert not lowered.resources


def test_dynamic_program_is_rejected() -> None:
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(Net().eval(), IMAGE, dynamic_shapes=({0: batch},))
    with pytest.raises(FrontendError, match="input 'x' has the dynamic shape"):
        lower_to_text(program)


# ------------------------------------------------------------------------------- zoo


@pytest.mark.parametrize(
    ("factory", "count"),
    [
        (zoo.resnet18, 11_689_512),
        (zoo.resnet34, 21_797_672),
        (zoo.resnet50, 25_557_032),
        (zoo.mnist_cnn, 421_642),
    ],
)
def test_zoo_sizes_and_seeds(factory, count) -> None:
    model = factory()
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    assert not model.training
    again, other = factory().state_dict(), factory(seed=1).state_dict()
    state = model.state_dict()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert not all(torch.equal(state[name], other[name]) for name in state)


def test_resnet50_lowers() -> None:
    lowered = lower_to_text(zoo.resnet50(classes=7), torch.zeros(1, 3, 64, 64))
    assert lowered.text.count("linalg.conv_2d_nchw_fchw") == 53
    assert "-> tensor<1x7xf32>" in lowered.text
    assert "layer4.2.conv3.weight" in lowered.resources


def test_roll_has_static_shapes() -> None:
    class Roll(torch.nn.Module):
        def forward(self, x):
            return torch.roll(x, (-3, 2), (1, 2))

    text = lower_to_text(Roll(), torch.randn(1, 7, 8, 2)).text
    assert "?" not in re.sub(r"loc\(.*", "", text)


def test_masks_of_nn_transformer_need_no_values() -> None:
    class Masked(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Transformer(16, 4, 1, 1, 32, batch_first=True)

        def forward(self, source, target):
            mask = torch.nn.Transformer.generate_square_subsequent_mask(target.shape[1])
            return self.layer(source, target, tgt_mask=mask)

    from torch.nn.modules import transformer

    original = transformer._detect_is_causal_mask
    model = Masked().eval()
    inputs = torch.randn(2, 9, 16), torch.randn(2, 7, 16)
    program = pumice.compile(model, inputs, quantize=False)
    found = program.run(*inputs).outputs
    with torch.no_grad():
        assert torch.allclose(found, model(*inputs), atol=1e-5)
    # The mask does what it says: what comes later changes nothing.
    later = inputs[1].clone()
    later[:, 4:] = 0
    assert torch.allclose(program.run(inputs[0], later).outputs[:, :4], found[:, :4], atol=1e-5)
    assert transformer._detect_is_causal_mask is original
