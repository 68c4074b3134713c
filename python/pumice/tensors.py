# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors that a machine program computes, and their graph nodes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["MachineTensor", "Place", "tensors_from_json"]


@dataclass(frozen=True)
class Place:
    """The origin of a tensor in the PyTorch model.

    Attributes:
        node: name of the node of the exported graph.
        layer: path of the module ("features.0"), or "" if there is none.
        source: "file:line" of the user's code, or None if unknown.
    """

    node: str
    layer: str = ""
    source: str | None = None


@dataclass(frozen=True)
class MachineTensor:
    """A tensor that a run computes.

    Attributes:
        name: the name in `Program.run(keep=...)`; several tensors may have the same name.
        kind: "sums" of a layer's arrays or processors, "values" of the digital unit, or "copy".
        shape: of the buffer that holds it.
        element: its element type as MLIR writes it ("i8", "f32").
        places: of the nodes whose output it is, up to reshapes; none for an intermediate.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    element: str
    places: tuple[Place, ...] = ()


def tensors_from_json(text: str) -> list[MachineTensor]:
    """Reads what `_pumice.Program.tensors` returns."""
    return [
        MachineTensor(
            item["name"],
            item["kind"],
            tuple(item["shape"]),
            item["element"],
            tuple(_place(place) for place in item["places"]),
        )
        for item in json.loads(text)
    ]


def _place(item: dict[str, Any]) -> Place:
    source = f"{item['file']}:{item['line']}" if item["file"] else None
    return Place(item["node"], item["layer"], source)
