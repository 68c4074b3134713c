# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.evaluate: values, batches of any size, resuming, refusing what is not the same."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import pumice  # noqa: E402
from pumice import PumiceError  # noqa: E402
from pumice.evaluation import accuracy, cosine  # noqa: E402


@pytest.fixture(scope="module")
def bench():
    """A float classifier compiled for batches of 4, data, and what PyTorch answers."""
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 5)
    x, y = torch.randn(30, 6), torch.randint(5, (30,))
    program = pumice.compile(model, x[:4], quantize=False)
    with torch.no_grad():
        answers = model(x)
    return model, program, x, y, answers


def batches(x, y, size):
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]


def right(answers, y):
    return float((answers.argmax(1) == y).sum()) / len(y)


@pytest.mark.parametrize("size", [1, 4, 7, 30])
def test_batches_of_any_size(bench, size):
    """Smaller ones are filled up, larger ones cut; the values are those of the items alone."""
    model, program, x, y, answers = bench
    found = pumice.evaluate(program, batches(x, y, size))
    assert found.values == {"top1": pytest.approx(right(answers, y))}
    assert (found.items, found.batches) == (30, -(-30 // size))
    assert found.report is not None
    assert found.report.latency_ns > 0
    same = pumice.evaluate(model, batches(x, y, size))
    assert same.values == found.values
    assert same.report is None


def test_data_loader_limit_numpy_and_callables(bench):
    _, program, x, y, answers = bench
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    found = pumice.evaluate(program, loader, limit=2, progress=False)
    assert found.items == 8
    assert found.values["top1"] == pytest.approx(right(answers[:8], y[:8]))
    arrays = pumice.evaluate(program, batches(x.numpy(), y.numpy(), 8), accuracy(1, 2, 5))
    assert arrays.values["top5"] == 1
    assert arrays.values["top1"] <= arrays.values["top2"] < 1
    given = pumice.evaluate(lambda x: x[:, :5], batches(x, y, 8))
    assert given.values["top1"] == pytest.approx(right(x[:, :5], y))


def test_module_is_left_in_its_mode():
    model = torch.nn.Sequential(torch.nn.Dropout(0.9), torch.nn.Linear(3, 2)).train()
    x, y = torch.randn(8, 3), torch.randint(2, (8,))
    found = pumice.evaluate(model, batches(x, y, 3))
    assert model.training
    assert model[0].training
    with torch.no_grad():
        assert found.values["top1"] == pytest.approx(right(model[1](x), y))


class Named(torch.nn.Module):
    def forward(self, x, *, shift, scale=2.0):
        return {"logits": x * scale + shift, "twice": (x, x + x)}


def test_named_inputs_structured_outputs_and_inputs_without_batch():
    x, shift = torch.randn(5, 3), torch.randn(1, 3)
    y = torch.randint(3, (5,))
    program = pumice.compile(
        Named(), None, example_kwargs={"x": x[:2], "shift": shift}, quantize=False
    )
    data = [({"shift": shift, "x": x}, y)]
    seen = []

    def shapes(outputs, targets):
        seen.append((outputs["logits"].shape, outputs["twice"][1].shape, len(targets)))
        assert torch.allclose(outputs["twice"][1], x + x)
        return accuracy()(outputs, targets)

    found = pumice.evaluate(program, data, shapes)
    assert seen == [((5, 3), (5, 3), 5)]
    assert found.values["top1"] == pytest.approx(right(x * 2 + shift, y))


def test_outputs_without_a_batch_cannot_be_cut():
    class Sum(torch.nn.Module):
        def forward(self, x):
            return x.sum()

    x = torch.randn(4, 3)
    program = pumice.compile(Sum(), x, quantize=False)
    total = pumice.evaluate(program, [(x, x)], lambda out, _: {"sum": float(out)})
    assert total.values["sum"] == pytest.approx(float(x.sum()) / 4)
    with pytest.raises(
        PumiceError,
        match="expected outputs with the program.s batch of 4 in front, got .*: give it batches of",
    ):
        pumice.evaluate(program, [(x[:3], x)], lambda out, _: {"sum": float(out)})


class Stop(Exception):
    pass


def stopping(data, after):
    for number, batch in enumerate(data):
        if number == after:
            raise Stop
        yield batch


def test_resume_gives_the_same_and_runs_nothing_twice(bench, tmp_path):
    model, program, x, y, _ = bench
    data = batches(x, y, 4)
    whole = pumice.evaluate(program, data)
    path = tmp_path / "state.json"
    with pytest.raises(Stop):
        pumice.evaluate(program, stopping(data, 3), resume=path)
    state = json.loads(path.read_text())
    assert (state["batches"], state["items"]) == (3, 12)
    assert list(tmp_path.iterdir()) == [path]
    # The same model compiled again is the same program.
    again = pumice.compile(model, x[:4], quantize=False)
    runs = []
    run = again.run
    again.run = lambda *args, **kwargs: (runs.append(1), run(*args, **kwargs))[1]
    found = pumice.evaluate(again, data, resume=path)
    assert len(runs) == len(data) - 3
    assert (found.values, found.items, found.batches) == (whole.values, 30, 8)
    finished = pumice.evaluate(program, data, resume=path)
    assert finished.values == whole.values
    assert finished.report is None


def test_resume_refuses_what_is_not_the_same(bench, tmp_path):
    model, program, x, y, _ = bench
    data = batches(x, y, 4)
    path = tmp_path / "state.json"
    pumice.evaluate(program, data, resume=path, limit=3)
    other = torch.nn.Linear(6, 5)
    words = "expected '.*' to be the state of this program and metric, got that of another"
    for model_, metric in (
        (pumice.compile(other, x[:4], quantize=False), "accuracy"),
        (program, accuracy(2)),
        (program, lambda out, _: {"top1": 1.0}),
        (model, "accuracy"),
        (lambda x: x, "accuracy"),
    ):
        with pytest.raises(PumiceError, match=words):
            pumice.evaluate(model_, data, metric, resume=path)
    with pytest.raises(
        PumiceError, match="expected the 3 batches that .* was made with, got others"
    ):
        pumice.evaluate(program, batches(x.flip(0), y, 4), resume=path)
    with pytest.raises(PumiceError, match="expected at least the 3 batches that .* holds, got 2"):
        pumice.evaluate(program, data[:2], resume=path)
    path.write_text("[3]")
    with pytest.raises(PumiceError, match="expected '.*' to be the state of an evaluation"):
        pumice.evaluate(program, data, resume=path)
    with pytest.raises(PumiceError, match="cannot resume from '.*': Is a directory"):
        pumice.evaluate(program, data, resume=tmp_path)
    with pytest.raises(PumiceError, match="cannot write '.*': No such file"):
        pumice.evaluate(program, data, resume=tmp_path / "none" / "s.json")


def test_weights_of_modules_are_part_of_what_is_resumed(bench, tmp_path):
    _, _, x, y, _ = bench
    path = tmp_path / "state.json"
    model = torch.nn.Linear(6, 5)
    pumice.evaluate(model, batches(x, y, 10), resume=path, limit=1)
    with torch.no_grad():
        model.weight[0, 0] += 1
    with pytest.raises(PumiceError, match="got that of another"):
        pumice.evaluate(model, batches(x, y, 10), resume=path)


def test_metrics():
    scores = np.array([[0.0, 2.0, 1.0], [5.0, 5.0, 5.0], [1.0, 2.0, 3.0], [np.nan, 1.0, 2.0]])
    targets = np.array([2, 1, 2, 0])
    assert accuracy(1, 2)(scores, targets) == {"top1": 1, "top2": 3}
    vectors = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    others = np.array([[0.0, 2.0], [4.0, 3.0], [1.0, 1.0]])
    assert cosine(vectors, others)["cosine"] == pytest.approx(24 / 25)
    assert cosine((torch.ones(2, 3, 4),), torch.ones(2, 3, 4))["cosine"] == pytest.approx(2)
    assert math.isclose(cosine(vectors[:1], -vectors[:1])["cosine"], -1)


def test_errors(bench):
    _, program, x, y, _ = bench
    data = batches(x, y, 4)
    for call, words in (
        (lambda: pumice.evaluate(program, []), "expected at least one batch, got none"),
        (lambda: pumice.evaluate(program, [x]), r"batch 0: expected a tuple \(inputs, targets\)"),
        (lambda: pumice.evaluate(program, [(3, y)]), "expected inputs with a batch dimension"),
        (
            lambda: pumice.evaluate(program, data, "f1"),
            "expected a metric of accuracy, cosine, mse or topK, got 'f1'",
        ),
        (lambda: pumice.evaluate(program, data, limit=0), "expected a limit of at least 1 batch"),
        (lambda: pumice.evaluate(program, [(x[:, :3], y)]), "expected float32.4, 6., got float32"),
        (lambda: accuracy(0), "expected numbers of at least 1, got"),
        (lambda: accuracy()(x[0], y), r"expected outputs of shape \(items, classes\) and a target"),
        (
            lambda: accuracy()({"a": x}, y),
            "one tensor of outputs or `logits`, got dict: pass a metric of your own",
        ),
        (lambda: cosine(x, x[:2]), r"expected targets of the outputs' shape \(30, 6\), got \(2, 6"),
    ):
        with pytest.raises(PumiceError, match=words):
            call()
    with pytest.raises(PumiceError, match="expected the metric to return named sums, got float"):
        pumice.evaluate(program, data, lambda *_: 1.0)
    names = iter("ab")
    with pytest.raises(PumiceError, match="expected the metric to give .'a'. for each batch, got"):
        pumice.evaluate(program, data, lambda *_: {next(names): 1.0})


@pytest.mark.parametrize("wrong", [[0, 3], [0, -1], [0.0, 1.5], [0.0, float("nan")]])
def test_accuracy_refuses_targets_that_are_no_classes(wrong: list[float]) -> None:
    outputs = np.zeros((2, 3), np.float32)
    match = f"expected targets that are whole numbers from 0 to 2, got {wrong[1]}"
    with pytest.raises(pumice.PumiceError, match=match):
        accuracy()(outputs, np.array(wrong))
    assert accuracy()(outputs, np.array([0.0, 1.0])) == {"top1": 1.0}
