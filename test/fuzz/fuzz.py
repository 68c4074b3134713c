# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs mutated inputs until there are `--count`, keeps and minimises what fails.

    python test/fuzz/fuzz.py --count 1000000 --folder found

Inputs are numbered: number n of a target is always the same. Each is written to the folder before
it is run, in a child process; one that ends the child or takes too long is kept. `state.json` in
the folder tells how far each target has come, so that the command can be repeated to go on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python" / "helpers")]

import targets  # noqa: E402

BATCH = 50
LIMIT_SECONDS = 60
OUTCOMES = ("passed", "refused", "unparsed", "failed")


def make(target: str, seed: int, number: int) -> bytes:
    """Input `number` of a target."""
    return targets.TARGETS[target].make(random.Random(f"{target} {seed} {number}"))


def outcome_of(target: str, data: bytes) -> tuple[str, str]:
    """What comes of one input, and how it fails; in this process."""
    try:
        targets.TARGETS[target].check(data)
        return "passed", ""
    except targets.Refused as refused:
        return ("refused" if refused.parsed else "unparsed"), ""
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return "failed", f"{type(error).__name__} at {frame.name}: {error}"


def in_child(work: Callable[[int], None], seconds: float) -> tuple[str, str]:
    """What a child writes to its descriptor, and how it ended if not well."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(source)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(nowhere, stream)
            signal.alarm(int(seconds) + 1)
            work(sink)
            status = 0
        finally:
            os._exit(status)
    os.close(sink)
    with os.fdopen(source) as stream:
        said = stream.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return said, signal.Signals(os.WTERMSIG(status)).name
    return said, "" if status == 0 else f"exit status {os.waitstatus_to_exitcode(status)}"


def run_one(target: str, data: bytes) -> tuple[str, str]:
    """What comes of one input in a child."""
    targets.TARGETS[target].prepare()

    def work(sink: int) -> None:
        os.write(sink, json.dumps(outcome_of(target, data)).encode())

    said, end = in_child(work, LIMIT_SECONDS)
    if end:
        return "failed", end
    outcome, how = json.loads(said)
    return outcome, how


def run_range(target: str, seed: int, numbers: range) -> tuple[dict[str, int], list[tuple]]:
    """Counts by outcome, and (number, how) of failures."""
    counts, failures = dict.fromkeys(OUTCOMES, 0), []
    targets.TARGETS[target].prepare()
    start = numbers.start
    while start < numbers.stop:

        def work(sink: int, start: int = start) -> None:
            for number in range(start, numbers.stop):
                signal.alarm(LIMIT_SECONDS)
                outcome = outcome_of(target, make(target, seed, number))
                os.write(sink, (json.dumps([number, *outcome]) + "\n").encode())

        said, end = in_child(work, LIMIT_SECONDS)
        for line in said.splitlines():
            number, outcome, how = json.loads(line)
            counts[outcome] += 1
            if outcome == "failed":
                failures.append((number, how))
            start = number + 1
        if end:
            counts["failed"] += 1
            failures.append((start, end))
            start += 1
    return counts, failures


def minimise(target: str, data: bytes, how: str) -> bytes:
    """Leaves out lines, or blocks of bytes, while the input still fails in the same way."""
    joint = b"\n" if b"\n" in data and target not in ("saved", "arrays") else b""
    parts = data.split(b"\n") if joint else [data[i : i + 16] for i in range(0, len(data), 16)]
    size = max(len(parts) // 2, 1)
    while True:
        at = 0
        while at < len(parts):
            fewer = parts[:at] + parts[at + size :]
            if fewer and run_one(target, joint.join(fewer)) == ("failed", how):
                parts = fewer
            else:
                at += size
        if size == 1:
            return joint.join(parts)
        size = max(size // 2, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=list(targets.TARGETS), action="append")
    parser.add_argument("--folder", type=Path, default=Path("fuzz-found"))
    args = parser.parse_args()
    chosen = args.target or list(targets.TARGETS)
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / f"state-{args.seed}.json"
    state = json.loads(path.read_text()) if path.exists() else {}
    known = {entry["how"] for entry in state.get("found", [])}
    start = time.monotonic()
    while True:
        done = {t: sum(state.get(t, {}).values()) for t in chosen}
        if sum(done.values()) >= args.count:
            break
        target = min(chosen, key=lambda t: done[t])
        counts, failures = run_range(target, args.seed, range(done[target], done[target] + BATCH))
        for number, how in failures:
            key = f"{target}: {how}"
            if key in known:
                continue
            known.add(key)
            data = minimise(target, make(target, args.seed, number), how)
            name = f"{target}-{args.seed}-{number}"
            (args.folder / name).write_bytes(data)
            state.setdefault("found", []).append({"how": key, "file": name})
            print(f"{name}: {how}", flush=True)
        sums = state.setdefault(target, dict.fromkeys(OUTCOMES, 0))
        for outcome in OUTCOMES:
            sums[outcome] += counts[outcome]
        part = path.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1))
        part.replace(path)
    for target in chosen:
        sums = state.get(target, {})
        total = max(sum(sums.values()), 1)
        past = 100 * (total - sums.get("unparsed", 0)) / total
        print(f"{target}: {total} inputs, {past:.0f} % past parsing, {sums}")
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if state.get("found") else 0


if __name__ == "__main__":
    sys.exit(main())
