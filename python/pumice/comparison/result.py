# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results of comparisons as data, table and JSON."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pumice.comparison.metrics import Errors
from pumice.files import write_text

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Comparison", "TensorComparison"]


@dataclass(frozen=True)
class TensorComparison:
    """Comparison of one tensor of the machine with PyTorch's.

    Attributes:
        layer: path of the module of the PyTorch model; the node's name outside of modules.
        node, op: name and operation of the graph node.
        kind: "codes" (quantized values), "sums" (integer sums of arrays) or "values".
        shape: of the node's output.
        source: "file:line" of the user's code, or None.
        errors: against PyTorch on the same inputs: errors of all layers so far.
        own: against PyTorch on the machine's previous values: the error that this tensor adds; None
            against onnxruntime.
        float_errors: `errors` against the float model, where there is one with this node.
    """

    layer: str
    node: str
    op: str
    kind: str
    shape: tuple[int, ...]
    source: str | None
    errors: Errors
    own: Errors | None
    float_errors: Errors | None = None

    def to_dict(self) -> dict[str, Any]:
        """Data that json can write."""
        return {
            **vars(self),
            "shape": list(self.shape),
            "errors": self.errors.to_dict(),
            "own": self.own.to_dict() if self.own else None,
            "float_errors": self.float_errors.to_dict() if self.float_errors else None,
        }


@dataclass(repr=False)
class Comparison:
    """Comparison of the machine with PyTorch, tensor by tensor, in the order of the machine.

    Attributes:
        device: name of the device.
        tolerance: largest `errors.relative` that passes.
        tensors: the tensors that exist in both.
        outputs: the model's results; `layer` is "output", `node` their number.
        first: the first of `tensors`, or else of `outputs`, beyond the tolerance.
        ir: operations that compute `first` from tensors that passed; "" without one.
        skipped: names of graph nodes that were not compared: fused with the next, or unused.
        reference: what the machine was compared with: "PyTorch" or "onnxruntime".
    """

    device: str
    tolerance: float
    tensors: list[TensorComparison]
    outputs: list[TensorComparison]
    first: TensorComparison | None = None
    ir: str = ""
    skipped: list[str] = field(default_factory=list)
    reference: str = "PyTorch"

    @property
    def within_tolerance(self) -> bool:
        """True if nothing diverges."""
        return self.first is None

    @property
    def worst(self) -> TensorComparison | None:
        """The tensor that adds the largest relative error."""
        added = [(tensor.own.relative, tensor) for tensor in self.tensors if tensor.own is not None]
        lossy = [pair for pair in added if pair[0] > 0]
        return max(lossy, key=lambda pair: pair[0], default=(0.0, None))[1]

    def to_dict(self) -> dict[str, Any]:
        """Data that json can write; what is infinite is None."""
        return {
            "device": self.device,
            "reference": self.reference,
            "tolerance": self.tolerance,
            "within_tolerance": self.within_tolerance,
            "first": self.first.to_dict() if self.first else None,
            "worst": self.worst.to_dict() if self.worst else None,
            "ir": self.ir,
            "tensors": [tensor.to_dict() for tensor in self.tensors],
            "outputs": [output.to_dict() for output in self.outputs],
            "skipped": self.skipped,
        }

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """JSON text, also written to a file if there is a path.

        Raises:
            PumiceError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        from pumice.tables import counted, simple_table

        columns = [
            "layer", "node", "kind", "max error", "mean", "SQNR", "cosine", "equal %",
            *(["local"] if self._has_own else []),
            *(["float"] if self._has_float else []),
        ]  # fmt: skip
        rows = [self._row(tensor) for tensor in (*self.tensors, *self.outputs)]
        title = (
            f"Device '{self.device}' against {self.reference}, in the order of the machine"
            " (SQNR in dB)"
        )
        optional = ["kind", "mean", "cosine", "equal %", "max error"]
        table = simple_table(title, columns, rows, left=3, optional=optional)
        parts: list[RenderableType] = [table]
        parts.append(
            Text(
                f"{counted(len(self.tensors), 'tensor')} compared;"
                f" {counted(len(self.skipped), 'graph node')} without one"
            )
        )
        if self.worst is not None:
            parts.append(Text(f"largest error of its own: {_where(self.worst)}"))
        if not self.tensors and not self.outputs:
            parts.append(Text("nothing to compare: the network computes nothing"))
            return Group(*parts)
        if self.first is None:
            parts.append(Text(f"all within a relative error of {self.tolerance:g}", style="green"))
            return Group(*parts)
        relative = self.first.errors.relative
        text = f"first beyond a relative error of {self.tolerance:g}: {_where(self.first)}"
        parts.append(Text(f"{text}, {relative:.3g}", style="red"))
        if self.ir:
            parts.append(Text(self.ir, style="dim"))
        return Group(*parts)

    def __str__(self) -> str:
        from pumice.tables import plain_text

        return plain_text(self)

    def __repr__(self) -> str:
        first = f"{self.first.layer!r}" if self.first else None
        return (
            f"Comparison(device={self.device!r}, tensors={len(self.tensors)},"
            f" tolerance={self.tolerance:g}, first={first})"
        )

    def _repr_html_(self) -> str:
        from pumice.tables import html_text

        return html_text(self)

    @property
    def _has_float(self) -> bool:
        return any(tensor.float_errors for tensor in (*self.tensors, *self.outputs))

    @property
    def _has_own(self) -> bool:
        return any(tensor.own for tensor in (*self.tensors, *self.outputs))

    def _row(self, tensor: TensorComparison) -> list[str]:
        errors = tensor.errors
        mark = " <" if tensor is self.first else ""
        row = [
            tensor.layer,
            tensor.node,
            tensor.kind + mark,
            f"{errors.max_abs:.2g}",
            f"{errors.mean_abs:.2g}",
            decibels(errors.sqnr_db),
            f"{errors.cosine:.5f}",
            _floored(errors.equal),
        ]
        if self._has_own:
            row.append(decibels(tensor.own.sqnr_db) if tensor.own else "")
        if self._has_float:
            other = tensor.float_errors
            row.append(decibels(other.sqnr_db) if other else "")
        return row


def decibels(value: float) -> str:
    """A ratio in dB, for people."""
    if math.isinf(value):
        return "exact" if value > 0 else "none"
    return f"{value:.1f}"


def _floored(share: float) -> str:
    """Per cent, so that 100 says that all are equal."""
    return f"{math.floor(share * 1e4) / 100:.2f}" if share < 1 else "100"


def _where(tensor: TensorComparison) -> str:
    source = f" at {tensor.source}" if tensor.source else ""
    return f"layer '{tensor.layer}', node '{tensor.node}' ({tensor.op}){source}"
