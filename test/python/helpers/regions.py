# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of one digital region, from the text of its body."""

from __future__ import annotations

from typing import Any

from pumice import ir
from pumice.device import as_device
from pumice.program import Program

_MAIN = """
func.func @main({arguments}) -> {result} {{
  {transfers}
  %y = simulator.buffer : {buffer}
  %t = simulator.digital @r({buffers}) to(%y) after({tokens}) : ({types}) -> {buffer}
  %o = simulator.buffer : {result}
  %d = simulator.transfer %y to %o after(%t) : {buffer} to {result}
  return %o : {result}
}}
func.func private @r({parameters}) -> tensor<{out}> {{
{body}
}}
"""


def region_program(body: str, *inputs: str, out: str = "4xf32") -> Program:
    """A program that runs `body` on its inputs and returns its result.

    Args:
        body: the function of tensors %a, %b, ...; it ends in a return.
        inputs: their types, such as "4xf32"; one of that type if none is given.
        out: the type of the result.
    """
    module = ir.Module.parse(_text(body, *inputs, out=out), ir.Context())
    with module.context as context:
        module.operation.attributes["pum.device"] = as_device("ideal").to_attribute(context)
    return Program({"simulator": module}, {})


def region_text(body: str, *inputs: str, out: str = "4xf32") -> str:
    """The IR of `region_program`."""
    return str(region_program(body, *inputs, out=out).module())


def _text(body: str, *inputs: str, out: str) -> str:
    inputs = inputs or ("4xf32",)
    names = "abcdefgh"[: len(inputs)]

    def memory(type_: str, where: str) -> str:
        return f"memref<{type_}, #simulator.memory<{where}>>"

    return _MAIN.format(
        arguments=", ".join(
            f"%h{n}: {memory(t, 'host')}" for n, t in zip(names, inputs, strict=True)
        ),
        transfers="\n  ".join(
            f"%{n} = simulator.buffer : {memory(t, 'buffer')}\n"
            f"  %t{n} = simulator.transfer %h{n} to %{n} : {memory(t, 'host')} to"
            f" {memory(t, 'buffer')}"
            for n, t in zip(names, inputs, strict=True)
        ),
        buffers=", ".join(f"%{n}" for n in names),
        tokens=", ".join(f"%t{n}" for n in names),
        types=", ".join(memory(t, "buffer") for t in inputs),
        parameters=", ".join(f"%{n}: tensor<{t}>" for n, t in zip(names, inputs, strict=True)),
        buffer=memory(out, "buffer"),
        result=memory(out, "host"),
        out=out,
        body=body,
    )


def run_region(body: str, *arrays: Any, types: tuple[str, ...] = (), out: str = "4xf32") -> Any:
    """The result of `region_program` for these arrays."""
    return region_program(body, *types, out=out).run(*arrays).outputs
