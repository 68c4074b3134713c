# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice reproduce`: comparisons of papers, computed again."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from pumice.cli.errors import UsageError
from pumice.cli.terminal import counting, say, show, working
from pumice.errors import PumiceError

__all__ = ["rtm_ap"]

#: What `--quick` compares, where no option says otherwise.
QUICK: dict[str, Any] = {"networks": ("vgg9",), "sparsities": (0.8,), "activation_bits": (4,)}


def rtm_ap(args: Namespace) -> None:
    """Estimates what is not in the folder yet, prints tables."""
    from pumice import reproduce
    from pumice.report import write_text

    given: dict[str, Any] = {
        "networks": args.networks,
        "sparsities": args.sparsity,
        "activation_bits": args.activation_bits,
    }
    chosen: dict[str, Any] = QUICK if args.quick else {}
    chosen = chosen | {name: tuple(dict.fromkeys(v)) for name, v in given.items() if v}
    try:
        settings = reproduce.Settings(**chosen, run=args.run, threads=args.threads)
    except PumiceError as error:
        raise UsageError(str(error)) from None
    path = None if args.out is None else Path(args.out) / "rtm-ap.jsonl"
    with working("loading PyTorch"):
        import torch  # noqa: F401
    with counting(reproduce.count(settings)) as advance:
        results = reproduce.reproduce(settings, path=path, advance=advance)
    text = json.dumps(results.to_dict(), indent=2)
    if args.markdown:
        reproduce.write_markdown(results, args.markdown, "rtm-ap")
    if args.json == "-":
        print(text)
        return
    if args.json:
        write_text(args.json, text + "\n")
    for table in reproduce.tables(results):
        show(table)
        show("")
    for sentence in reproduce.summary(results):
        show(sentence)
    for file in filter(None, [path, args.json, args.markdown]):
        say(f"wrote {file}")
