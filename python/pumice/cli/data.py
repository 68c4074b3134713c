# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Data sets in .npz files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice.errors import PumiceError

__all__ = ["Batches", "Data", "load_data"]


@dataclass(frozen=True)
class Data:
    """Inputs and targets.

    Attributes:
        inputs: by name; only "" for a single positional one.
        targets: (items, ...).
    """

    inputs: dict[str, npt.NDArray[Any]]
    targets: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.targets)

    def example(self, count: int) -> tuple[list[Any], dict[str, Any]]:
        """The first items, as positional and keyword inputs."""
        first = {name: values[:count] for name, values in self.inputs.items()}
        return ([first[""]], {}) if "" in first else ([], first)

    def batches(self, size: int, start: int = 0) -> Batches:
        """Batches for `pumice.evaluate`, from item `start` on; the last one may be smaller."""
        return Batches(self, size, start)


class Batches(Sequence[Any]):
    """Batches of data, as torch tensors."""

    def __init__(self, data: Data, size: int, start: int) -> None:
        self._data, self._size, self._start = data, size, start

    def __len__(self) -> int:
        return -(-(len(self._data) - self._start) // self._size)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        import torch

        begin = self._start + index * self._size
        part = slice(begin, begin + self._size)
        inputs = {k: torch.from_numpy(v[part]) for k, v in self._data.inputs.items()}
        targets = torch.from_numpy(self._data.targets[part])
        return (inputs[""] if "" in inputs else inputs), targets

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def load_data(path: str) -> Data:
    """Reads a data set.

    Raises:
        PumiceError: no such file, no such arrays, or arrays of different lengths.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
            targets = found.pop("y")
    except OSError as error:
        raise PumiceError(f"cannot read '{path}': {error.strerror or error}") from None
    except (KeyError, ValueError, AttributeError, TypeError):
        raise PumiceError(f"expected '{path}' to be an .npz file with arrays x and y") from None
    if not found:
        raise PumiceError(f"expected '{path}' to be an .npz file with arrays x and y")
    inputs = {"" if list(found) == ["x"] else name: values for name, values in found.items()}
    for name, values in inputs.items():
        if not values.ndim or not targets.ndim or len(values) != len(targets):
            raise PumiceError(
                f"expected as many targets as inputs in '{path}', got {_count(targets)} and"
                f" {_count(values)}" + (f" of '{name}'" if name else "")
            )
        if values.dtype.kind not in "biuf" or targets.dtype.kind not in "biuf":
            raise PumiceError(
                f"expected numbers in '{path}', got {values.dtype} and targets of {targets.dtype}"
            )
    if not len(targets):
        raise PumiceError(f"expected items in '{path}', got none")
    return Data(inputs, targets)


def _count(array: npt.NDArray[Any]) -> str:
    return str(len(array)) if array.ndim else "a number"
