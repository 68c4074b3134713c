# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gaps to the optimum by size: `pumice.experiments.aras.optimum` as a table.

python test/python/helpers/scheduling_gap.py --units 5 7 8 --count 20
"""

from __future__ import annotations

import argparse
import statistics
import time

from pumice.experiments.aras.optimum import Gap, gap


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--units", type=int, nargs="+", default=[5, 7, 8])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    every: list[Gap] = []
    print("units  instances  proven  mean gap  worst gap  mean gap of bound  seconds")
    for units in args.units:
        begin = time.perf_counter()
        gaps = [gap(seed, units, args.seconds, args.workers) for seed in range(args.count)]
        every += gaps
        shares = [g.share for g in gaps]
        bound = statistics.mean(g.optimum_ps / g.bound_ps - 1 for g in gaps)
        print(
            f"{units:5} {len(gaps):10} {sum(g.is_proven for g in gaps):7} "
            f"{statistics.mean(shares):8.2%} {max(shares):9.2%} {bound:17.1%} "
            f"{time.perf_counter() - begin:12.0f}",
            flush=True,
        )
    shares = [g.share for g in every]
    print(f"all: mean {statistics.mean(shares):.2%}, worst {max(shares):.2%}")


if __name__ == "__main__":
    main()
