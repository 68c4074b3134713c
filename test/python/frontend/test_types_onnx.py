# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every elementwise operator, comparison, reduction and cast of ONNX on every type.

Each is equal to onnx.reference, or refused by its name.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest

import onnx_files as files
import pumice
from onnx_files import onnx
from pumice.frontend import FrontendError

KINDS = {
    name: getattr(onnx.TensorProto, name)
    for name in (
        "BOOL UINT8 INT8 UINT16 INT16 UINT32 INT32 UINT64 INT64 FLOAT16 BFLOAT16 FLOAT DOUBLE"
    ).split()
}
UNARY = """Abs Neg Sign Sqrt Exp Log Sigmoid Tanh Relu LeakyRelu Elu Selu Celu HardSigmoid HardSwish
    Softplus Softsign ThresholdedRelu Gelu Mish Erf Ceil Floor Round Reciprocal Not IsNaN IsInf
    BitwiseNot Identity Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Atanh Softmax LogSoftmax Hardmax
    ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceSumSquare ArgMax ArgMin Flatten Transpose Shrink LpNormalization
    """.split()
BINARY = """Add Sub Mul Div Mod Pow Max Min Sum Mean And Or Xor Equal Less LessOrEqual Greater
    GreaterOrEqual BitwiseAnd BitwiseOr BitwiseXor PRelu MatMul Concat""".split()
#: What overflows of what they compute are is not defined: they get small numbers.
SMALL = """ReduceSum ReduceMean ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
    ReduceSumSquare""".split()
ATTRIBUTES: dict[str, dict[str, Any]] = {"Concat": {"axis": 0}}
OPSET = 21

#: Of types, what is refused: 64 bits without a sign, where those with one differ.
REFUSED = {"UINT64"}


def dtype_of(kind: str) -> Any:
    return onnx.helper.tensor_dtype_to_np_dtype(KINDS[kind])


def values(kind: str, size: int) -> tuple[Any, Any]:
    """As those of `torch_ops`, in two rows."""
    dtype, random = dtype_of(kind), np.random.default_rng(size)
    shape = (2, size)
    if kind == "BOOL":
        return random.integers(0, 2, shape).astype(bool), np.ones(shape, bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        a = random.integers(info.min, info.max, shape, dtype, endpoint=True)
        a.flat[:3] = [info.max, info.min, 1][: min(3, a.size)]
        b = random.integers(1, min(info.max, 100), shape).astype(dtype)
        if info.min < 0:
            b[:, ::3] *= -1
        return a, b
    a = random.normal(size=shape) * 0.9
    return a.astype(dtype), random.uniform(0.5, 1.5, shape).astype(dtype)


def nodes(kind: str, size: int) -> list[Any]:
    """One node an operator that has the type, its result named after it."""
    found = []
    name_of = {value: f"tensor({name.lower()})" for name, value in KINDS.items()}
    for op in [*UNARY, *BINARY]:
        schema = onnx.defs.get_schema(op, OPSET)
        (rule,) = (
            rule
            for rule in schema.type_constraints
            if rule.type_param_str == schema.inputs[0].type_str
        )
        if name_of[KINDS[kind]] not in rule.allowed_type_strs or (op == "MatMul" and size != 2):
            continue
        inputs = ["a", "b"] if op in BINARY else ["c" if op in SMALL else "a"]
        attributes = ATTRIBUTES.get(op, {})
        if op == "Mod" and dtype_of(kind).kind not in "iu":
            attributes = {"fmod": 1}
        found.append(onnx.helper.make_node(op, inputs, [f"y_{op}"], f"n_{op}", **attributes))
    if kind != "BOOL" and kind.startswith("U"):
        for direction in ("LEFT", "RIGHT"):
            found.append(onnx.helper.make_node("BitShift", ["a", "b"], [f"y_{direction}"],
                                               f"n_{direction}", direction=direction))  # fmt: skip
    for other, number in KINDS.items():
        found.append(
            onnx.helper.make_node("Cast", ["a"], [f"y_to_{other}"], f"n_to_{other}", to=number)
        )
    return found


def reference(one: Any, kind: str, feeds: dict[str, Any]) -> Any:
    """What onnx.reference gives for a node; None if it fails."""
    from onnx.reference import ReferenceEvaluator

    info = onnx.helper.make_tensor_value_info
    inputs = [info(name, KINDS[kind], list(feeds[name].shape)) for name in one.input]
    graph = onnx.helper.make_graph(
        [one], "one", inputs, [onnx.helper.make_empty_tensor_value_info(one.output[0])]
    )
    imports = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=imports)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return np.asarray(
                ReferenceEvaluator(model).run(None, {n: feeds[n] for n in one.input})[0]
            )
        except Exception:  # it has no such kernel
            return None


def outcome(path: Any, wanted: list[Any], kind: str, feeds: dict[str, Any]) -> Any:
    """Results of the compiled nodes by name, and why others were refused."""
    refused: dict[str, str] = {}
    left = list(wanted)
    size = list(feeds["a"].shape)
    while left:
        files.write(
            path, left, {name: (KINDS[kind], size) for name in feeds},
            {one.output[0]: (0, None) for one in left}, {},
        )  # fmt: skip
        model = onnx.load(str(path))
        model.opset_import[0].version = OPSET
        for output in model.graph.output:
            output.ClearField("type")
        onnx.save(model, str(path))
        try:
            program = pumice.compile(path, feeds)
            break
        except FrontendError as error:
            found = re.search(r"node '(n_\w+)'", str(error))
            if found is None:
                raise
            name = found.group(1)
            refused[name] = str(error)
            left = [one for one in left if one.name != name]
    if not left:
        return {}, refused
    outputs = program.run(**feeds).outputs
    outputs = outputs if isinstance(outputs, dict) else {left[0].output[0]: outputs}
    return {one.name: outputs[one.output[0]] for one in left}, refused


TOLERANCES = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-5, "float64": 1e-6}


def differs(found: Any, expected: Any) -> str | None:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"{found.dtype}{list(found.shape)} for {expected.dtype}{list(expected.shape)}"
    if expected.dtype.name not in TOLERANCES:
        return None if np.array_equal(found, expected) else f"{found} for {expected}"
    tolerance = TOLERANCES[expected.dtype.name]
    ours, theirs = found.astype(np.float64), expected.astype(np.float64)
    close = np.allclose(ours, theirs, tolerance, tolerance, equal_nan=True)
    return None if close else f"{found} for {expected}"


def is_defined(one: Any, kind: str, a: Any) -> bool:
    """False for casts of floats below 0 to types without a sign."""
    if one.op_type != "Cast" or dtype_of(kind).kind in "iub":
        return True
    return not one.name.startswith("n_to_U") or bool((a.astype(np.float64) >= 0).all())


def check(folder: Any, kind: str, size: int) -> tuple[int, int]:
    """Compares all operators on a type; returns how many are equal and how many are refused."""
    a, b = values(kind, size)
    small = a if dtype_of(kind).kind not in "iu" else a % dtype_of(kind).type(5)
    feeds = {"a": a, "b": b, "c": small}
    expected = {}
    wanted = []
    for one in nodes(kind, size):
        value = reference(one, kind, feeds)
        if one.op_type in SMALL and value is not None:
            value = value.astype(a.dtype)  # NumPy sums small types in larger ones
        if value is not None and is_defined(one, kind, a):
            expected[one.name] = value
            wanted.append(one)
    found, refused = outcome(folder / "m.onnx", wanted, kind, feeds)
    wrong = {name: text for name in found if (text := differs(found[name], expected[name]))}
    assert not wrong
    if kind not in REFUSED:
        assert not refused
    assert all("uint64" in text for text in refused.values()), refused
    print(f"{kind}[2, {size}]: {len(found)} operators equal, {len(refused)} refused")
    return len(found), len(refused)


#: Each refusal costs an export: those of UINT64 are left to the nightly run.
CASES = [pytest.param(k, marks=pytest.mark.nightly if k in REFUSED else []) for k in KINDS]


@pytest.mark.parametrize("kind", CASES)
def test_all_operators(tmp_path, kind) -> None:
    equal, refused = check(tmp_path, kind, 7)
    assert equal + refused >= 20


@pytest.mark.nightly
@pytest.mark.parametrize("size", [1, 2, 3, 5, 17, 31, 33, 65])
@pytest.mark.parametrize("kind", KINDS)
def test_all_lengths(tmp_path, kind, size) -> None:
    check(tmp_path, kind, size)
