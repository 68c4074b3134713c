# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice study noise`: accuracy of networks against converters, errors, faults and noise."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable

from pumice.cli.errors import UsageError
from pumice.cli.terminal import counting, say, show, working
from pumice.errors import PumiceError

__all__ = ["noise"]

#: Digits of `--quick`, and which values of a sweep it takes.
QUICK_IMAGES, QUICK_EVERY = 50, 3


def noise(args: Namespace) -> None:
    """Runs what is not in the file yet, prints tables, plots."""
    from pumice import study
    from pumice.study.plots import require_matplotlib

    if args.plot:
        require_matplotlib()
    for name in args.sweep or []:
        if name not in study.SWEEPS:
            raise UsageError(
                f"expected --sweep to be one of {', '.join(study.SWEEPS)}, got '{name}'"
            )
    sweeps = args.sweep or list(study.SWEEPS)
    seeds = args.seeds or (1 if args.quick else 5)
    every = QUICK_EVERY if args.quick else 1
    points = list(study.points(sweeps, seeds, every=every))
    with working("loading PyTorch"):
        from pumice.study.networks import NETWORKS, load
    networks = args.network or list(NETWORKS)
    for name in networks:
        if name not in NETWORKS:
            raise UsageError(f"expected --network to be one of {', '.join(NETWORKS)}, got '{name}'")
    if not args.network:
        networks = [name for name in networks if _available(name, load)]
    images = args.images or (QUICK_IMAGES if args.quick else None)
    runs = len(networks) * (len(points) + len(study.REFERENCES))
    with counting(runs) as advance:
        results = study.run(
            points,
            networks,
            device=args.device,
            images=images,
            threads=args.threads,
            path=args.output,
            advance=advance,
        )
    rows = study.summarize(results.records)
    if args.plot:
        study.plot(rows, args.plot)
    if args.json:
        print(json.dumps([row.to_dict() for row in rows], indent=2))
    else:
        for index, table in enumerate(study.tables(rows)):
            if index:
                show("")
            show(table)
    if args.output:
        say(f"{len(results.records)} results in {args.output}")
    if args.plot:
        say(f"wrote {args.plot}")


def _available(name: str, load: Callable[[str], object]) -> bool:
    """False, with a remark, for a network whose wheels are not installed."""
    try:
        load(name)
    except PumiceError as error:
        say(f"without '{name}': {error}")
        return False
    return True
