# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice compare`."""

from __future__ import annotations

from argparse import Namespace

from pumice.cli.errors import UsageError
from pumice.cli.files import is_model, load_model
from pumice.cli.run import program_of
from pumice.cli.terminal import show, working

__all__ = ["DIVERGES", "compare"]

#: Exit code when a tensor is beyond the tolerance.
DIVERGES = 3


def compare(args: Namespace) -> int:
    """Prints the comparison of a program or model on inputs."""
    if not args.tolerance >= 0:
        raise UsageError(f"expected --tolerance to be at least 0, got {args.tolerance}")
    if not args.reference and args.program.endswith(".onnx"):
        args.reference = args.program
    if not args.reference and not is_model(args.program):
        raise UsageError(
            "expected --reference, the PyTorch or ONNX model to compare with:"
            f" '{args.program}' holds none"
        )
    program, inputs, keywords = program_of(args)
    reference = args.reference
    if reference and not reference.endswith(".onnx"):
        reference = load_model(reference)
    with working("comparing"):
        found = program.compare(
            *inputs,
            tolerance=args.tolerance,
            reference=reference,
            threads=args.threads,
            **keywords,
        )
    if args.json:
        print(found.to_json())
    else:
        show(found)
    return 0 if found.within_tolerance else DIVERGES
