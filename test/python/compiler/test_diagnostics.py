# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Diagnostics of the compiler as data and as text; the stub of the compiled module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pumice import CompileError, PumiceError, ir
from pumice._mlir_libs import _pumice
from pumice.compiler import compile_module
from pumice.diagnostics import text_of
from pumice.levels import LEVELS, level_of, parse_file

NESTED = """func.func @main(%x: tensor<?xf32> loc("x")) -> tensor<?xf32> {
  %y = math.exp %x : tensor<?xf32> loc("encoder.0"("exp_1"("net.py":12:4)))
  return %y : tensor<?xf32>
} loc("main"("net.py":3:0))
"""


def problem_of(text: str) -> CompileError:
    with ir.Context(), pytest.raises(CompileError) as caught:
        compile_module(ir.Module.parse(text), "ideal")
    return caught.value


def test_fields() -> None:
    error = problem_of(NESTED)
    (diagnostic,) = error.diagnostics
    assert diagnostic.severity == "error"
    assert "static" in diagnostic.message
    assert (diagnostic.layer, diagnostic.node) == ("encoder.0", "exp_1")
    assert (diagnostic.file, diagnostic.line, diagnostic.column) == ("net.py", 12, 4)
    assert str(error) == f"{diagnostic.message} (at 'encoder.0', 'exp_1', net.py:12)"


def test_places_of_files(tmp_path) -> None:
    path = tmp_path / "broken.mlir"
    path.write_text("module {\n  func.func @f( {\n}\n")
    with pytest.raises(
        PumiceError, match=r"is not an MLIR module: .* \(at .*broken.mlir:2:16\)"
    ) as e:
        parse_file(path)
    (diagnostic,) = e.value.diagnostics
    assert (diagnostic.file, diagnostic.line) == (str(path), 2)
    assert (diagnostic.layer, diagnostic.node) == ("", "")


def test_notes(tmp_path) -> None:
    """A note is part of its diagnostic, and an indented line of the text."""
    path = tmp_path / "twice.mlir"
    path.write_text("func.func @f() { return }\nfunc.func @f() { return }\n")
    with ir.Context() as context, pytest.raises(_pumice.DiagnosticError) as caught:
        _pumice.parse_file(context, str(path))
    (diagnostic,) = caught.value.diagnostics
    (note,) = diagnostic.notes
    assert note.severity == "note"
    assert note.line == 1
    first, second = text_of([diagnostic]).splitlines()
    assert re.fullmatch(r"redefinition of symbol named 'f' \(at .*:2:1\)", first)
    assert re.fullmatch(r"  see existing symbol definition here \(at .*:1:1\)", second)
    assert str(caught.value) == diagnostic.message


def test_several_errors() -> None:
    """Each is a line."""
    text = """func.func private @f(tensor<?xf32>)
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }
"""
    error = problem_of(text)
    assert len(str(error).splitlines()) == len(error.diagnostics)
    assert not PumiceError("x").diagnostics


def test_pipelines_that_are_none() -> None:
    with ir.Context():
        module = ir.Module.parse("module {}")
        with pytest.raises(ValueError, match="'heat' does not refer to a registered pass"):
            _pumice.run_pipeline(module, "heat")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("", "linalg"),
        ("func.func @f(%x: tensor<4xf32>) { %y = tosa.exp %x : (tensor<4xf32>) -> tensor<4xf32>\n"
         "return }", "tosa"),
        ("func.func @f(%x: memref<4xf32, #simulator.memory<host>>) { return }", "simulator"),
        ("func.func @f() -> tensor<4xi8> attributes {a = \"crossbar.x\"} {\n"
         "%y = arith.constant dense<1> : tensor<4xi8>\nreturn %y : tensor<4xi8> }", "linalg"),
    ],
)  # fmt: skip
def test_level_of(text: str, level: str) -> None:
    with ir.Context():
        assert level_of(ir.Module.parse(text)) == level


def test_levels_of_a_program(isaac) -> None:
    levels = [level_of(isaac.program.module(level)) for level in LEVELS]
    assert levels == ["linalg", "linalg", "crossbar", "pum", "simulator"]


def stubs() -> dict[str, list[str]]:
    """Names in the stub, with the names of parameters of functions."""
    path = Path(_pumice.__file__).parent / "_pumice.pyi"
    found: dict[str, list[str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = [argument.arg for argument in node.args.args]
        elif isinstance(node, ast.ClassDef):
            found[node.name] = []
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    names = [argument.arg for argument in item.args.args]
                    found[f"{node.name}.{item.name}"] = names
    return found


def test_stub_is_that_of_the_module() -> None:
    known = stubs()
    members = {name: getattr(_pumice, name) for name in dir(_pumice) if not name.startswith("_")}
    kinds = (
        _pumice.Program, _pumice.Collector, _pumice.Diagnostic, _pumice.Function, _pumice.Grid,
    )  # fmt: skip
    for kind in kinds:
        for name, member in vars(kind).items():
            if name == "__init__" or not name.startswith("_"):
                members[f"{kind.__name__}.{name}"] = member
    known.pop("Diagnostic.__init__", None)
    members.pop("Diagnostic.__init__", None)
    assert set(known) == set(members)
    for name, member in members.items():
        for signature in getattr(member, "__nb_signature__", ()):
            # Defaults are numbers of objects; arrays have keyword arguments in brackets.
            text = re.sub(r"\\\d+|(?<=ndarray)\[[^]]*\]", "", signature[0]).replace("= ,", ",")
            text = re.sub(r" = (?=[,)])", "", text)
            parameters = ast.parse(f"{text}: ...").body[0].args.args
            assert [parameter.arg for parameter in parameters] == known[name], name
