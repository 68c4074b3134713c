# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command `pumice`.

This module only parses arguments. A subcommand imports torch, MLIR and NumPy when it runs, so that
`pumice --help` is fast.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from pumice.cli.errors import UsageError
from pumice.cli.parsers import parser
from pumice.errors import PumiceError

__all__ = ["guarded", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `pumice` and returns the exit code.

    0 for success, 1 for a failure, 2 for incorrect usage, 3 if `compare` finds a divergence.
    """
    return guarded(lambda: _run(argv), "--debug" in (sys.argv[1:] if argv is None else argv))


def _run(argv: Sequence[str] | None) -> int:
    args = parser().parse_args(argv)
    if args.command is None:
        parser().print_help()
        return 0
    run = importlib.import_module(args.module)
    return int(getattr(run, args.command)(args) or 0)


def guarded(function: Callable[[], int], debug: bool = False) -> int:
    """The exit code of a command: problems are a line on standard error, not a traceback.

    Args:
        debug: let exceptions pass.
    """
    try:
        try:
            code = function()
        except SystemExit:  # argparse leaves after it has printed a help text
            sys.stdout.flush()
            raise
        sys.stdout.flush()
        return code
    except PumiceError as error:
        return _fail(error, debug) + isinstance(error, UsageError)
    except BrokenPipeError:  # the reader of our output closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno == errno.ENOSPC:  # what is left in the buffer cannot be written either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(error, debug)
    except (ImportError, MemoryError) as error:
        return _fail(error, debug)
    except KeyboardInterrupt:
        return _fail("interrupted", False) + 129  # as shells count SIGINT


def _fail(error: BaseException | str, debug: bool) -> int:
    if debug and isinstance(error, BaseException):
        raise error
    lines = str(error).splitlines() or [type(error).__name__]
    print(f"pumice: error: {lines[0]}", file=sys.stderr)
    for line in lines[1:]:
        print(f"  {line}", file=sys.stderr)
    return 1
