# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Silences what torch and torchao print about themselves while they are imported or called."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

_LOGGERS = (
    "torchao",
    "torch.utils._pytree",
    "torch.export",
    "torch._export",
    "torch._subclasses.fake_tensor",
)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hides their warnings and log lines; what fails is raised."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
