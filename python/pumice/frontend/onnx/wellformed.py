# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every node of an ONNX graph must keep before anything reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pumice.frontend.errors import FrontendError

__all__ = ["check_nodes"]


def check_nodes(onnx: Any, model: Any, known: Iterable[str]) -> None:
    """Checks versions, numbers of inputs and outputs, and that values exist where they are read.

    Operators of ONNX's own set are compared with their definitions; those of other sets, such as
    com.microsoft, are left to whoever reads them.

    Args:
        onnx: the package.
        model: a ModelProto whose nodes have names.
        known: names of inputs and initializers.

    Raises:
        FrontendError: names the node, with what was expected and found.
    """
    versions = {item.domain: item.version for item in model.opset_import}
    for domain, version in versions.items():
        if version < 1:
            raise FrontendError(
                f"expected a version of the operators of '{domain or 'ai.onnx'}' of at least 1,"
                f" got {version}"
            )
    version = versions.get("", versions.get("ai.onnx"))
    _check_graph(onnx, model.graph.node, version, set(known))


def _check_graph(onnx: Any, nodes: Any, version: int | None, known: set[str]) -> None:
    for index, node in enumerate(nodes):
        place = f"node '{node.name or f'{node.op_type}_{index}'}' ({node.op_type})"
        for name in node.input:
            if name and name not in known:
                raise FrontendError(f"{place} reads '{name}', which nothing before it computes")
        if node.domain in ("", "ai.onnx"):
            if version is None:
                raise FrontendError(f"{place}: expected a version of its operator, got none")
            _check_counts(onnx, node, version, place)
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                inner = {value.name for value in graph.input}
                inner |= {value.name for value in graph.initializer}
                _check_graph(onnx, graph.node, version, known | inner)
        repeated = known.intersection(name for name in node.output if name)
        if repeated:
            raise FrontendError(f"{place} computes '{min(repeated)}' a second time")
        known.update(node.output)


def _check_counts(onnx: Any, node: Any, version: int, place: str) -> None:
    try:
        schema = onnx.defs.get_schema(node.op_type, version, "")
    except Exception:  # of a later version, or of no version: whoever reads it says so
        return
    for what, found, least, most in (
        ("inputs", node.input, schema.min_input, schema.max_input),
        ("results", node.output, schema.min_output, schema.max_output),
    ):
        if not least <= len(found) <= most:
            expected = f"{least}" if least == most else f"{least} to {most}"
            raise FrontendError(
                f"{place}: expected {expected} {what}, got {len(found)}", op=node.op_type
            )
    for name, formal in zip(node.input, schema.inputs, strict=False):
        if not name and formal.option == onnx.defs.OpSchema.FormalParameterOption.Single:
            raise FrontendError(
                f"{place}: expected its input '{formal.name}', got none", op=node.op_type
            )
