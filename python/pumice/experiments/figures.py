# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What plots of experiments share. Needs matplotlib (the optional dependencies `plot`)."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from pumice.errors import PumiceError

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
    """Writes a figure; equal figures are equal files.

    Raises:
        PumiceError: the file cannot be written.
    """
    try:
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(".")
        raise PumiceError(f"cannot write plot '{path}': {reason}") from None
