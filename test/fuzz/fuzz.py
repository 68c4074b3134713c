# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs mutated inputs until there are `--count`, keeps and minimises what fails.

    python test/fuzz/fuzz.py --count 1000000 --folder found

Inputs are numbered: number n of a target is always the same. They run in batches, each batch in a
child process; one that ends the child or takes too long is kept. `state-SEED.json` in the folder
tells how far each target has come, so that the command can be repeated to go on. `--table` prints
it.

Children read MLIR themselves, so that what ends its reader is counted. Each such input then runs
again as a user would run it: it is contained if it gets an error there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python" / "helpers")]

import targets  # noqa: E402

#: Processor time that a batch should take, and that one input may.
BATCH_SECONDS = 10
LIMIT_SECONDS = 20
#: How long an input may wait for what never comes.
WAIT_SECONDS = 900
OUTCOMES = ("passed", "refused", "unparsed", "contained", "failed")
#: Of a child that reads without another one.
READERS_END = ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGPROF")


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


def limit() -> None:
    """Ends this process if what follows takes too long."""
    signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
    signal.alarm(WAIT_SECONDS)


def in_child(work: Callable[[int], None]) -> tuple[str, str]:
    """What a child writes to its descriptor, and how it ended if not well."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="pumice-fuzz-", dir=memory)
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(source)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(nowhere, stream)
            tempfile.tempdir = folder
            os.environ["PUMICE_CACHE_DIR"] = os.path.join(folder, "code")
            limit()
            work(sink)
            status = 0
        finally:
            os._exit(status)
    os.close(sink)
    with os.fdopen(source) as stream:
        said = stream.read()
    status = os.waitpid(child, 0)[1]
    shutil.rmtree(folder, ignore_errors=True)
    if os.WIFSIGNALED(status):
        return said, signal.Signals(os.WTERMSIG(status)).name
    return said, "" if status == 0 else f"exit status {os.waitstatus_to_exitcode(status)}"


def seconds_of_children() -> float:
    """Processor time, which other work on the machine does not change."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_one(target: str, data: bytes) -> tuple[str, str]:
    """What comes of one input in a child, with all protections."""
    targets.TARGETS[target].prepare()

    def work(sink: int) -> None:
        os.write(sink, (json.dumps(outcome_of(target, data)) + "\n").encode())

    said, end = in_child(work)
    if end:
        return "failed", end
    answers = said.splitlines()
    if len(answers) != 1:
        return "failed", f"{len(answers)} processes went on"
    outcome, how = json.loads(answers[0])
    return outcome, how


def run_range(target: str, seed: int, numbers: range) -> tuple[dict[str, int], list[tuple]]:
    """Counts by outcome, and (number, how) of failures."""
    counts, failures = dict.fromkeys(OUTCOMES, 0), []
    targets.TARGETS[target].prepare()
    start = numbers.start
    while start < numbers.stop:

        def work(sink: int, start: int = start) -> None:
            targets.read_here()
            for number in range(start, numbers.stop):
                limit()
                outcome = outcome_of(target, make(target, seed, number))
                os.write(sink, (json.dumps([number, *outcome]) + "\n").encode())

        said, end = in_child(work)
        for line in said.splitlines():
            number, outcome, how = json.loads(line)
            if number < start:
                outcome, how = "failed", "two processes went on"
            counts[outcome] += 1
            if outcome == "failed":
                failures.append((number, how))
            start = number + 1
        if end:
            again = ("failed", end)
            if end in READERS_END:
                again = run_one(target, make(target, seed, start))
            if again[0] == "failed":
                counts["failed"] += 1
                failures.append((start, again[1]))
            else:
                counts["contained"] += 1
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


def kind_of(how: str) -> str:
    """Numbers and names of values differ between inputs that fail alike."""
    words = how.split("\n")[0].split()[:12]
    return " ".join("#" if any(c.isdigit() for c in word) else word for word in words)


def table(state: dict[str, Any]) -> str:
    """Figures by target, and of all."""
    rows = [("target", "inputs", "past parsing", *OUTCOMES, "per s")]
    sums = dict.fromkeys((*OUTCOMES, "seconds"), 0)
    entries = {name: state[name] for name in targets.TARGETS if name in state}
    for entry in entries.values():
        for key in sums:
            sums[key] += entry.get(key, 0)
    for name, entry in {**entries, "all": sums}.items():
        total = sum(entry.get(key, 0) for key in OUTCOMES)
        if total == 0:
            continue
        parsed = total - entry["unparsed"] - entry.get("contained", 0)
        rate = total / max(entry.get("seconds", 0), 1e-9)
        figures = (str(entry.get(key, 0)) for key in OUTCOMES)
        rows.append((name, str(total), f"{100 * parsed / total:.0f} %", *figures, f"{rate:.0f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join((first.strip().ljust(widths[0]), *rest)))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=list(targets.TARGETS), action="append")
    parser.add_argument("--folder", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--table", action="store_true", help="print the figures of the folder")
    args = parser.parse_args()
    chosen = args.target or list(targets.TARGETS)
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / f"state-{args.seed}.json"
    state = json.loads(path.read_text()) if path.exists() else {}
    known = {entry["kind"] for entry in state.get("found", [])}
    for target in chosen:
        state.setdefault(target, {**dict.fromkeys(OUTCOMES, 0), "seconds": 0})

    def done(target: str) -> int:
        return sum(state[target][key] for key in OUTCOMES)

    while not args.table and sum(map(done, chosen)) < args.count:
        target = min(chosen, key=lambda t: state[t]["seconds"] / targets.TARGETS[t].share)
        sums, first = state[target], done(target)
        size = BATCH_SECONDS * first / sums["seconds"] if sums["seconds"] else 10
        size = max(10, min(int(size), 5000))
        start = seconds_of_children()
        counts, failures = run_range(target, args.seed, range(first, first + size))
        sums["seconds"] += seconds_of_children() - start
        for number, how in failures:
            kind = f"{target}: {kind_of(how)}"
            if kind in known:
                continue
            known.add(kind)
            data = make(target, args.seed, number)
            if how not in ("SIGPROF", "SIGALRM"):
                data = minimise(target, data, how)
            name = f"{target}-{args.seed}-{number}"
            (args.folder / name).write_bytes(data)
            state.setdefault("found", []).append({"kind": kind, "how": how, "file": name})
            print(f"{name}: {how}", flush=True)
        for outcome in OUTCOMES:
            sums[outcome] += counts[outcome]
        part = path.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1))
        part.replace(path)
    print(table(state))
    return 1 if state.get("found") else 0


if __name__ == "__main__":
    sys.exit(main())
