# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Silences what torch and torchao print about themselves while they are imported or called."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
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
    """Hides their warnings and log lines; exceptions are raised."""
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


@contextlib.contextmanager
def without_partial_graph() -> Iterator[None]:
    """Keeps torch.export from printing the graph when it fails; other output comes through."""
    written = io.StringIO()
    graph = None
    try:
        with contextlib.redirect_stderr(written):
            yield
    except Exception as error:
        graph = getattr(error, "partial_fx_graph", None)
        raise
    finally:
        text = written.getvalue()
        if graph is not None:
            text = text.replace(f"{graph}\n", "")
        sys.stderr.write(text)
