# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The packages that read PyTorch models, and the versions of them that were tested."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata

from pumice.frontend.errors import FrontendError

__all__ = ["TESTED", "require_torch"]

#: Versions that the tests of the front end ran with: the first, and the first that is too new.
#: `pyproject.toml` has the same ranges.
TESTED = {
    "torch": ("2.13", "2.14"),
    "torch-mlir": ("20261001", "20261002"),
    "torchao": ("0.18", "0.19"),
}


@cache
def require_torch(*packages: str) -> None:
    """Checks that packages are installed, in versions that were tested, without importing them.

    Args:
        packages: of `TESTED`; torch alone if not given.

    Raises:
        FrontendError: a package is not installed, or its version was not tested.
    """
    for name in packages or ("torch",):
        first, end = TESTED[name]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            raise FrontendError(
                f"expected {name} for PyTorch models, which is not installed:"
                " pip install 'pumice[torch]'"
            ) from None
        if not _key(first) <= _key(version) < _key(end):
            raise FrontendError(
                f"expected {name} from {first} to before {end}, got {version}:"
                " pip install 'pumice[torch]'"
            )


def _key(version: str) -> tuple[int, ...]:
    """The numbers of a release, without what follows them: 2.13.0+cpu is (2, 13, 0)."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()
