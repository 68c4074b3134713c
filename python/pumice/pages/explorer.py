# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page of a program: its IR at every level side by side, with costs and passes."""

from __future__ import annotations

import difflib
import html
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumice.levels import LEVELS
from pumice.pages.page import COLOURS, json_text

if TYPE_CHECKING:
    from pumice.program import Program
    from pumice.report import Report

__all__ = ["explorer_page"]

#: Ops that only frame a computation.
_FRAMES = (
    "arith.constant", "func.func", "func.return", "linalg.fill", "linalg.transpose", "tensor.cast",
    "tensor.collapse_shape", "tensor.empty", "tensor.expand_shape",
)  # fmt: skip
#: Source files above this size are not shown.
_MOST_BYTES = 1 << 20


@dataclass
class _Pass:
    """Passes that changed a module, with a unified diff of its text."""

    level: str
    flags: str
    added: int
    removed: int
    diff: str


@dataclass
class _Pane:
    """A text and its ops: line, layer, node, source, and time, energy and arrays if known."""

    name: str
    text: str
    ops: list[list[Any]] = field(default_factory=list)


class _Names:
    """Numbers of names, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.all: dict[str, int] = {}

    def number(self, name: str | None) -> int:
        """-1 for no name."""
        return self.all.setdefault(name, len(self.all)) if name else -1


def explorer_page(program: Program, *, passes: bool = False, title: str | None = None) -> str:
    """A self-contained page.

    Args:
        program: levels that it does not hold are not shown.
        passes: run the pipelines again and show what each pass changed.
        title: of the page.

    Raises:
        CompileError: a pass fails.
        PumiceError: the cost of the program cannot be estimated.
    """
    from pumice._mlir_libs import _pumice

    report = program.estimate()
    listings = {
        level: json.loads(_pumice.listing(program.module(level)))
        for level in LEVELS
        if level in program.levels
    }
    layers, nodes, sources = _Names(), _Names(), _Names()
    for layer in report.layers:  # in the order of the machine; others follow
        layers.number(layer.name)
    costs = _costs(listings["simulator"]["ops"], report)
    panes = []
    for level, listing in listings.items():
        pane = _Pane(level, listing["text"])
        marked = _marked(listing["ops"])
        for op in listing["ops"]:
            node = op.get("node")
            source = f"{op['file']}:{op['source_line']}" if "file" in op else None
            row = [op["line"], layers.number(op.get("layer")), nodes.number(node)]
            row.append(sources.number(source))
            if level == "simulator":
                cost = _instruction_cost(op, report) if "instruction" in op else None
            else:
                cost = costs.get(node) if node and marked[node] is op else None
            pane.ops.append(row + (cost or []))
        panes.append(pane)
    panes = [*_sources(sources), *panes]
    data = {
        "panes": [vars(pane) for pane in panes],
        "layers": _layers(layers, report),
        "nodes": list(nodes.all),
        "sources": [_short(place) for place in sources.all],
        "passes": [vars(item) for item in _passes(program)] if passes else [],
        "latency_ns": report.latency_ns,
        "energy_pj": report.dynamic_energy_pj,
        "note": _note(program, passes),
    }
    return _page(title or f"Program for device '{report.device}'", data)


def _note(program: Program, passes: bool) -> str:
    missing = [level for level in LEVELS if level not in program.levels]
    if "crossbar" in missing and "pum" in missing:
        return (
            "This program was loaded from a file, which holds the machine program only."
            " `pumice explore MODEL` compiles a model and shows every level."
        )
    return "" if passes else "--show-passes shows what each pass changed."


def _instruction_cost(op: Mapping[str, Any], report: Report) -> list[Any]:
    """Time, energy and arrays of the instruction that an op is."""
    books = report.setup if op.get("setup") else report
    assert books is not None
    item = books.instructions[op["instruction"]]
    return [item["end_ns"] - item["start_ns"], item["energy_pj"]["total"], item["arrays"]]


def _marked(ops: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The op of each node that shows its cost: the first one that computes something."""
    found: dict[str, Mapping[str, Any]] = {}
    for op in ops:
        node = op.get("node")
        if node and (node not in found or found[node]["name"] in _FRAMES):
            found[node] = op
    return found


def _costs(ops: Sequence[Mapping[str, Any]], report: Report) -> dict[str, list[Any]]:
    """Time, energy and arrays of the inference by node; the setup is not part of it."""
    sums: dict[str, list[Any]] = defaultdict(lambda: [0.0, 0.0, 0])
    for op in ops:
        if "instruction" in op and not op.get("setup") and "node" in op:
            time, energy, arrays = _instruction_cost(op, report)
            known = sums[op["node"]]
            known[0] += time
            known[1] += energy
            known[2] = max(known[2], arrays)
    return dict(sums)


def _layers(names: _Names, report: Report) -> list[dict[str, Any]]:
    """The layers of the IR in order, with their costs."""
    known = {layer.name: layer for layer in report.layers}
    rows = []
    for name in names.all:
        layer = known.get(name)
        rows.append(
            {"name": name}
            | (
                {
                    "time": layer.busy_ns,
                    "energy": layer.energy_pj,
                    "arrays": layer.arrays,
                    "kinds": list(layer.kinds),
                    "reasons": list(layer.reasons),
                }
                if layer
                else {}
            )
        )
    return rows


def _sources(names: _Names) -> list[_Pane]:
    """The model's source files, as far as they can be read, behind each other."""
    places: dict[str, dict[int, int]] = defaultdict(dict)
    for place, number in names.all.items():
        file, _, line = place.rpartition(":")
        places[file][int(line)] = number
    lines: list[str] = []
    ops: list[list[int]] = []
    for file, numbers in places.items():
        path = Path(file)
        try:
            if path.suffix != ".py" or path.stat().st_size > _MOST_BYTES:
                continue
            text = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        lines.append(f"# {_short(file)}")
        for index, line in enumerate(text, 1):
            number = numbers.get(index, -1)
            # Each line is an entry of its own, so that none belongs to the one above it.
            ops.append([len(lines), -1, -1, number])
            lines.append(line)
    return [_Pane("source", "\n".join(lines), list(ops))] if ops else []


def _short(place: str) -> str:
    """A path in a package, or from the working directory on, without what is in front of it."""
    for front in ("site-packages/", f"{Path.cwd()}/"):
        _, found, rest = place.rpartition(front)
        if found:
            return rest
    return place


def _passes(program: Program) -> list[_Pass]:
    """What each pass of the pipelines changed, on the levels that the program holds."""
    from pumice.compiler import record_passes

    found = []
    for level, before, records in record_passes(program):
        text = before
        for flags, after in records:
            diff = [
                line
                for line in difflib.unified_diff(
                    text.splitlines(), after.splitlines(), lineterm="", n=2
                )
                if not line.startswith(("---", "+++"))
            ]
            added = sum(line.startswith("+") for line in diff)
            removed = sum(line.startswith("-") for line in diff)
            found.append(_Pass(level, flags, added, removed, "\n".join(diff)))
            text = after
    return found


def _page(title: str, data: Mapping[str, Any]) -> str:
    here = files(__package__)
    style = (here / "explorer.css").read_text(encoding="utf-8")
    script = (here / "explorer.js").read_text(encoding="utf-8")
    body = (here / "explorer.txt").read_text(encoding="utf-8")
    text = json_text(data)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{COLOURS}{style}</style></head><body>"
        f"{body.replace('TITLE', html.escape(title))}"
        f'<script type="application/json" id="data">{text}</script>'
        f"<script>{script}</script></body></html>\n"
    )
