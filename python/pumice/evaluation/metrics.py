# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Metrics for `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pumice.arrays import to_numpy
from pumice.errors import PumiceError

__all__ = ["Metric", "accuracy", "cosine", "metric_of", "squared_error"]


class Metric(Protocol):
    """Scores a batch."""

    def __call__(self, outputs: Any, targets: Any) -> Mapping[str, float]:
        """Named sums over the batch's items; `evaluate` divides by the number of all items.

        Args:
            outputs: in the structure that the model returns.
            targets: as the data has them.
        """


def accuracy(*top: int) -> Metric:
    """Share of items whose target is among the k largest outputs: "top1" for k = 1, ...

    Outputs are (items, classes), or have `logits`; targets are indices of classes. Among equal
    outputs, the first counts as larger.
    """
    if any(k < 1 for k in top):
        raise PumiceError(f"expected numbers of at least 1, got {top}")

    def score(outputs: Any, targets: Any) -> dict[str, float]:
        scores, wanted = _scores(outputs), to_numpy(targets)
        if scores.ndim != 2 or wanted.shape != scores.shape[:1]:
            raise PumiceError(
                "expected outputs of shape (items, classes) and a target per item, got"
                f" {scores.shape} and {wanted.shape}"
            )
        classes = scores.shape[1]
        wrong = wanted[~((wanted >= 0) & (wanted < classes) & (wanted == np.floor(wanted)))]
        if wrong.size:
            raise PumiceError(
                f"expected targets that are whole numbers from 0 to {classes - 1}, got {wrong[0]}"
            )
        own = np.take_along_axis(scores, wanted[:, None].astype(np.int64), 1)
        before = np.arange(classes) < wanted[:, None]
        rank = ((scores > own) | ((scores == own) & before)).sum(1)
        rank[np.isnan(own[:, 0])] = classes
        return {f"top{k}": float((rank < k).sum()) for k in top or (1,)}

    return score


def cosine(outputs: Any, targets: Any) -> dict[str, float]:
    """Cosine of the angle between output and target of each item, seen as vectors."""
    ours, theirs = _pairs(outputs, targets)
    ours, theirs = ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    products = (ours * theirs).sum(1)
    safe = np.where(lengths == 0, 1.0, lengths)
    return {"cosine": float((products / safe).sum())}


def squared_error(outputs: Any, targets: Any) -> dict[str, float]:
    """Mean squared difference of output and target of each item ("mse")."""
    ours, theirs = _pairs(outputs, targets)
    errors = np.square(ours - theirs).reshape(len(ours), -1)
    return {"mse": float(errors.mean(1).sum()) if errors.size else 0.0}


def _pairs(outputs: Any, targets: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Outputs and targets of one shape, in double precision."""
    ours = _scores(outputs).astype(np.float64)
    theirs = to_numpy(targets).astype(np.float64)
    if ours.shape != theirs.shape:
        raise PumiceError(
            f"expected targets of the outputs' shape {ours.shape}, got {theirs.shape}"
        )
    return ours, theirs


def _scores(outputs: Any) -> npt.NDArray[Any]:
    if isinstance(outputs, Mapping) and "logits" in outputs:
        outputs = outputs["logits"]
    elif hasattr(outputs, "logits"):
        outputs = outputs.logits
    if isinstance(outputs, list | tuple) and len(outputs) == 1:
        outputs = outputs[0]
    if not hasattr(outputs, "shape"):
        raise PumiceError(
            f"expected one tensor of outputs or `logits`, got {type(outputs).__name__}: pass a"
            " metric of your own"
        )
    return to_numpy(outputs)


def metric_of(metric: str | Metric) -> Metric:
    """A metric by its name, or as it is."""
    known: dict[str, Metric] = {"accuracy": accuracy(), "cosine": cosine, "mse": squared_error}
    if not isinstance(metric, str):
        return metric
    if metric in known:
        return known[metric]
    top = metric.removeprefix("top")
    if top != metric and top.isdecimal() and int(top):
        return accuracy(int(top))
    raise PumiceError(f"expected a metric of {', '.join(known)} or topK, got '{metric}'")
