# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What plots of experiments share. Needs matplotlib (the optional dependencies `plot`)."""

from __future__ import annotations

import io
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pumice.errors import PumiceError
from pumice.files import replacing

__all__ = ["LINES", "STYLE", "require_matplotlib", "save"]

#: Colour-blind safe (Okabe and Ito), with a marker each, so that print works too.
LINES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"))
STYLE: Any = {
    "font.size": 8, "svg.hashsalt": "pumice", "svg.fonttype": "none", "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e4e4e4",
}  # fmt: skip


def require_matplotlib() -> None:
    """Raises PumiceError if there is no matplotlib."""
    if find_spec("matplotlib") is None:
        raise PumiceError(
            "expected matplotlib to be installed for a plot, it is not (pip install 'pumice[plot]')"
        )


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """Writes a figure of matplotlib; equal figures are equal files.

    Args:
        path: its ending says the format; PNG without one.

    Raises:
        PumiceError: matplotlib does not know the format, or the file cannot be written.
    """
    target = Path(path)
    target = target if target.suffix else target.with_name(f"{target.name}.png")
    kind, drawn = target.suffix[1:].lower(), io.BytesIO()
    try:
        figure.savefig(drawn, format=kind, metadata={"Date": None} if kind == "svg" else None)
    except ValueError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise PumiceError(f"cannot write '{path}': {reason}") from None
    with replacing(target) as stream:
        stream.write(drawn.getvalue())
