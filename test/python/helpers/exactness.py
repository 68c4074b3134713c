# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every integer tensor of a run against the oracle's, bit by bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import oracle

__all__ = ["Exactness", "compare", "oracle_of", "same_bits"]


@dataclass
class Exactness:
    """What was compared.

    Attributes:
        codes, accumulators: names of tensors that both have, with one shape.
        different: names of those whose integers differ, with how many differ.
        missing: the oracle's tensors that the run did not keep in this shape (fused away).
    """

    codes: list[str] = field(default_factory=list)
    accumulators: list[str] = field(default_factory=list)
    different: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def same_bits(found: Any, expected: Any) -> bool:
    """Equal shapes and equal bits, whatever the types are called."""
    found, expected = np.ascontiguousarray(found), np.ascontiguousarray(expected)
    return (
        found.shape == expected.shape
        and found.dtype.itemsize == expected.dtype.itemsize
        and found.tobytes() == expected.tobytes()
    )


def compare(tensors: Mapping[str, Any], expected: oracle.OracleResult) -> Exactness:
    """Compares kept tensors with the oracle's by name; codes are signless."""
    result = Exactness()
    for name, codes in expected.codes.items():
        found = tensors.get(name)
        if found is None or found.shape != codes.shape or found.dtype.itemsize != 1:
            result.missing.append(name)
            continue
        result.codes.append(name)
        wrong = int((found.view(codes.dtype) != codes).sum())
        if wrong:
            result.different[name] = wrong
    for name, sums in expected.accumulators.items():
        found = tensors.get(name)
        if found is None or found.shape != sums.shape or found.dtype.kind != "i":
            result.missing.append(name)
            continue
        result.accumulators.append(name)
        wrong = int((found.astype(np.int64) != sums).sum())
        if wrong:
            result.different[name] = wrong
    return result


def oracle_of(fields: Mapping[str, Any]) -> oracle.Crossbar | None:
    """The oracle's array for the fields of a device; None for one without loss."""
    array = oracle.Crossbar.of(fields["array"])
    return None if array.adc_mode == "lossless" else array
