# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The examples in the documentation of ops, attributes and types parse.

What an example uses without defining becomes an argument of a function around it; the types of
these arguments come from the parser's own complaints.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig

import pytest
from sources import Definition, definitions

ARRAY = (
    "#crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,"
    " dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>"
)
# What an example cannot stand without.
AROUND = {
    "pum.yield": "%y, %t = pum.digital () : () -> tensor<4xf32> {{\n"
    "%0 = arith.constant dense<1.0> : tensor<4xf32>\n{}\n}}",
}
BESIDE = {
    "simulator.digital": "func.func private @digital_0(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
    "  return %x : tensor<4xf32>\n}\n",
}
# Examples of symbols stand in the module, not in a function.
SYMBOLS = {"crossbar.neon_net", "crossbar.table"}
EXAMPLES = [(definition, text) for definition in definitions() for text in definition.examples]


def tool() -> str:
    folder = os.environ.get("PUMICE_TOOLS_DIR") or sysconfig.get_path("scripts")
    found = shutil.which("pumice-opt", path=folder)
    if not found:
        pytest.skip("pumice-opt is not installed")
    return found


def complaint(module: str) -> str:
    done = subprocess.run([tool(), "-o", os.devnull], input=module, capture_output=True, text=True)
    assert "Stack dump" not in done.stderr
    return done.stderr if done.returncode else ""


def undefined(text: str) -> list[str]:
    results = re.findall(r"^\s*(%\w+(?::\d+)?(?:\s*,\s*%\w+(?::\d+)?)*)\s*=", text, re.M)
    defined = {name for line in results for name in re.findall(r"%\w+", line)}
    defined |= {name for line in re.findall(r"\^\w+\((.*)\)", text)
                for name in re.findall(r"%\w+(?=:)", line)}  # fmt: skip
    names = dict.fromkeys(re.findall(r"%\w+", text))
    return [name for name in names if name not in defined]


def problem_with(definition: Definition, text: str) -> str:
    """What the parser says in the end; nothing if all is well."""
    prelude = f"#array = {ARRAY}\n" + BESIDE.get(definition.name, "")
    if definition.kind == "attr":
        attribute = re.sub(r"//[^\n]*", "", text)
        return complaint(f"func.func private @f() attributes {{test.a = {attribute}}}")
    if definition.kind == "type":
        return complaint(f"func.func private @f({text})")
    if definition.name in SYMBOLS:
        return complaint(f"{prelude}{text}")
    if definition.name in ("crossbar.apply", "simulator.apply"):
        net = next(t for d, t in EXAMPLES if d.name == "crossbar.neon_net")
        prelude += re.sub(r"neon_net @\w+", "neon_net @gelu", net)
    text = AROUND.get(definition.name, "{}").format(text)
    types = dict.fromkeys(undefined(text), "none")
    while True:
        arguments = ", ".join(f"{name}: {type_}" for name, type_ in types.items())
        said = complaint(f"{prelude}func.func @f({arguments}) {{\n{text}\nreturn\n}}")
        expected = re.search(
            r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs 'none'", said
        )
        if not expected or types.get(expected[1]) != "none":
            return said
        types[expected[1]] = expected[2]


@pytest.mark.parametrize(("definition", "text"), EXAMPLES, ids=lambda v: getattr(v, "name", ""))
def test_example_parses(definition: Definition, text: str) -> None:
    said = problem_with(definition, text)
    assert not said, f"{definition.file}: the example of {definition.name}:\n{said}"
