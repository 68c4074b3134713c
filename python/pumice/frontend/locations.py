# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Source locations of FX nodes, and their way through torch-mlir.

torch-mlir keeps one ``file:line`` per node, read from ``node.meta["stack_trace"]``. Before the
import each node's trace is replaced by a tag that names an entry of a table; tags survive
decompositions and every pass of torch-mlir, and are replaced in the printed text by

    loc("<module path>"("<fx node name>"("<user's source file>":line:0)))
"""

from __future__ import annotations

import re
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.fx import Graph, Node

__all__ = [
    "GIVEN", "LIBRARY_FILE", "LocationTable", "NodeLocation", "layer_path", "module_path",
    "source_line",
]  # fmt: skip

#: Key of a node's meta: (name, op) where the FX node's own mean nothing to the user.
GIVEN = "pumice_given"

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_TAG = re.compile(r'"pumice-node-(\d+)":\d+:\d+')
#: Files of packages whose code is never the user's own.
LIBRARY_FILE = re.compile(
    r"[/\\](?:torch|torchao|torch_mlir)[/\\]|^<|^"
    + re.escape(sysconfig.get_path("stdlib"))
    + r"[/\\](?!(?:site|dist)-packages)"
)


@dataclass(frozen=True)
class NodeLocation:
    """The origin of an FX node.

    Attributes:
        module: path of the module in the model ("layer1.0.conv1"; "" at the top or unknown).
        node: name of the FX node.
        op: its target, as a word.
        file, line: the user's own source, or None and 0 if unknown.
    """

    module: str
    node: str
    op: str
    file: str | None
    line: int

    @property
    def source(self) -> str | None:
        """``file:line``, or None."""
        return f"{self.file}:{self.line}" if self.file else None

    def describe(self) -> str:
        """For error texts: ``'aten.sort.default' (node 'sort', module 'head') at net.py:12``."""
        module = f", module '{self.module}'" if self.module not in ("", self.node) else ""
        source = f" at {self.source}" if self.file else ""
        return f"'{self.op}' (node '{self.node}'{module}){source}"

    def to_mlir(self) -> str:
        """The text that belongs between the parentheses of ``loc(...)``."""
        inner = f"{_quote(self.file)}:{self.line}:0" if self.file else "unknown"
        text = f"{_quote(self.node)}({inner})"
        return f"{_quote(self.module)}({text})" if self.module else text


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def source_line(stack_trace: str | None) -> tuple[str | None, int]:
    """(file, line) of the innermost frame of the user's own code, or (None, 0)."""
    for file, line in reversed(_FRAME.findall(stack_trace or "")):
        if not LIBRARY_FILE.search(file):
            return file, int(line)
    return None, 0


def module_path(node: Node) -> str:
    """Path of the innermost module that the node was traced in, or ""."""
    path = ""
    for name, kind in (node.meta.get("nn_module_stack") or {}).values():
        # torch.export wraps GraphModules in local classes whose names mean nothing to the user.
        if "<locals>" not in str(kind):
            path = str(name)
    return path.removeprefix("L['self'].").removeprefix("L['self']")


def _is_boundary(node: Node) -> bool:
    return "quantize" in str(node.target)


def layer_path(node: Node) -> str:
    """Nodes that PT2E inserted belong to the layer that produces or, if none does, uses them."""
    path = module_path(node)
    if path or not _is_boundary(node):
        return path
    seen = node
    while seen.all_input_nodes:
        seen = seen.all_input_nodes[0]
        if module_path(seen):
            return module_path(seen)
        if not _is_boundary(seen):
            break
    queue = [node]
    while queue:
        seen = queue.pop(0)
        for user in seen.users:
            if module_path(user):
                return module_path(user)
            if _is_boundary(user):
                queue.append(user)
    return ""


class LocationTable:
    """Tags every node of a graph, and reads tags back from text and diagnostics."""

    def __init__(self) -> None:
        self._entries: list[NodeLocation] = []

    def tag(self, graph: Graph) -> dict[Node, Any]:
        """Replaces all stack traces by tags; returns the old ones for `restore`."""
        old: dict[Node, Any] = {}
        for node in graph.nodes:
            if node.op not in ("call_function", "placeholder"):
                continue
            old[node] = node.meta.get("stack_trace")
            file, line = source_line(old[node])
            if file is None and _is_boundary(node) and node.all_input_nodes:
                file, line = source_line(old.get(node.all_input_nodes[0]))
            name, op = node.meta.get(GIVEN, (node.name, str(node.target)))
            entry = NodeLocation(layer_path(node), name, op, file, line)
            node.meta["stack_trace"] = f'File "pumice-node-{len(self._entries)}", line 1, in _'
            self._entries.append(entry)
        # Source lines of inserted nodes come from tagged ones, so look at the table for those.
        return old

    @staticmethod
    def restore(old: dict[Node, Any]) -> None:
        """Undoes `tag`, for graphs that belong to the user."""
        for node, trace in old.items():
            if trace is None:
                node.meta.pop("stack_trace", None)
            else:
                node.meta["stack_trace"] = trace

    def find(self, text: str | None) -> NodeLocation | None:
        """The first tagged location in a text, if there is one."""
        match = re.search(r"pumice-node-(\d+)", text or "")
        return self._entries[int(match.group(1))] if match else None

    def rewrite(self, text: str) -> str:
        """Replaces every tag in the locations of an MLIR text by its location."""
        words = [entry.to_mlir() for entry in self._entries]
        return _TAG.sub(lambda match: words[int(match.group(1))], text)
