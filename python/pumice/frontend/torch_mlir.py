# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs torch-mlir: the only place that calls its importer and its pipelines."""

from __future__ import annotations

from typing import Any

from pumice.frontend.silence import quiet

__all__ = ["ENTRY", "first_line", "to_linalg"]

#: Name of the function that a model becomes.
ENTRY = "main"

#: What `torch_mlir.fx.stateless_fx_import` runs. That function prints the module with all weights
#: before each, for a crash report: text of four times their size, and time to match.
PIPELINES = (
    "func.func(torch-match-quantized-custom-ops),"
    "torchdynamo-export-to-torch-backend-pipeline{extra-library=}",
    "torch-backend-to-linalg-on-tensors-backend-pipeline{allow-non-finites=True}",
)


def to_linalg(
    graph_module: Any, names: dict[int, str]
) -> tuple[str | None, dict[str, Any], list[str]]:
    """Lowers a graph to linalg on tensors.

    Args:
        graph_module: a torch.fx.GraphModule without placeholders for weights.
        names: of the resources for tensors of the graph, by the tensors' `id`.

    Returns:
        The text of the module, and for each resource the `id` of a tensor of the graph, or an array
        where torch-mlir made another one; then nothing. Or None, nothing, and torch-mlir's
        diagnostics with the exception's text at the end.
    """
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras.fx_importer import FxImporter
    from torch_mlir.passmanager import PassManager

    from pumice.frontend.resources import ResourceHooks, literals_of

    context = ir.Context()
    torch_dialect.register_dialect(context)
    messages: list[str] = []

    def keep(diagnostic: Any) -> bool:
        messages.append(f"{diagnostic.location}: {diagnostic.message}")
        return True

    handler = context.attach_diagnostic_handler(keep)
    hooks = ResourceHooks(names)
    known = literals_of(graph_module)  # the import may put others in their place
    try:
        with quiet():
            importer = FxImporter(context=context, hooks=hooks)
            importer.import_stateless_graph(graph_module.graph, func_name=ENTRY)
            module = importer.module
            with context:
                # Diagnostics go to the handler, not into the exception.
                context.emit_error_diagnostics = True
                for pipeline in PIPELINES:
                    PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
            text = module.operation.get_asm(
                enable_debug_info=True, pretty_debug_info=False, large_resource_limit=0
            )
    except Exception as error:
        return None, {}, [*messages, first_line(error)]
    finally:
        handler.detach()
    found = {
        name: id(literal) if id(literal) in known else literal.numpy()
        for name, literal in hooks.literals.items()
    }
    return text, found, []


def first_line(error: Exception) -> str:
    """The first line of an exception's text without its full stop, or else the exception's type."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
