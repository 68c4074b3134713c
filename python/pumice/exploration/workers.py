# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Who computes points: this process, several processes, or the workers of a Dask cluster.

Points go to workers in chunks that share a shape of arrays, so that a worker lowers a network once
for all of a chunk. A chunk whose worker dies is computed again by another one.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from pumice.device import Device
from pumice.errors import PumiceError
from pumice.exploration.evaluator import Evaluator, Point, Study
from pumice.exploration.space import sets_costs_only

__all__ = ["LOST", "Workers", "cluster_of", "processes_of", "this_process"]

#: A chunk is given up after so many workers died with it.
_ATTEMPTS = 3
#: Points in a chunk, at most: what a death or an interrupt costs.
_LARGEST = 64
#: Error of the points of a chunk that was given up. Another sweep tries again: it may be for want
#: of memory.
LOST = f"{_ATTEMPTS} workers died with this point or one near it"

Chunk = list[tuple[int, Point]]
#: Called with the number of a point and its figures.
Done = Callable[[int, dict[str, Any]], None]


class Workers(Protocol):
    """Computes points, in any order."""

    count: int

    def run(self, points: Sequence[tuple[int, Point]], done: Done) -> None:
        """Calls `done` for each of the numbered points."""


def _chunks(points: Sequence[tuple[int, Point]], workers: int) -> list[Chunk]:
    """Points that share what a machine program depends on, in chunks for all workers."""
    groups: dict[Any, Chunk] = {}
    for number, point in points:
        shape = {k: v for k, v in point.values.items() if not sets_costs_only(k)}
        key = (point.network, point.device, repr(sorted(shape.items())))
        groups.setdefault(key, []).append((number, point))
    most = min(_LARGEST, math.ceil(len(points) / max(workers, 1)))
    return [chunk for group in groups.values() for chunk in _batched(group, max(most, 1))]


def _batched(items: Chunk, size: int) -> Iterator[Chunk]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


class _Local:
    """Points of several networks, in one process."""

    def __init__(self, evaluators: Mapping[str, Evaluator], devices: Mapping[str, Device]) -> None:
        self.evaluators, self.devices = evaluators, devices

    @staticmethod
    def of(study: Study) -> _Local:
        return _Local(
            {
                name: Evaluator(network, study.data, study.metric)
                for name, network in study.networks.items()
            },
            {name: Device(fields) for name, fields in study.devices.items()},
        )

    def figures(self, point: Point) -> dict[str, Any]:
        evaluator = self.evaluators[point.source]
        return evaluator.figures(self.devices[point.device], point.values)


# ------------------------------------------------------------------------------- this process


class _ThisProcess:
    count = 1

    def __init__(self, local: _Local) -> None:
        self._local = local

    def run(self, points: Sequence[tuple[int, Point]], done: Done) -> None:
        for chunk in _chunks(points, 1):
            for number, point in chunk:
                done(number, self._local.figures(point))


@contextlib.contextmanager
def this_process(
    evaluators: Mapping[str, Evaluator], devices: Mapping[str, Device]
) -> Iterator[Workers]:
    """Computes points here, one after the other."""
    yield _ThisProcess(_Local(evaluators, devices))


# ------------------------------------------------------------------------------ in workers

_known: dict[str, _Local] = {}
_lock = threading.Lock()
_study: Study | None = None


def _set_study(study: Study) -> None:
    global _study
    _study = study
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Nobody takes the results of a worker whose parent was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _compute(study: Study, chunk: Chunk) -> list[tuple[int, dict[str, Any]]]:
    """Points of a chunk in a worker, which keeps the programs of its last study."""
    with _lock:  # workers of Dask may have several threads
        if study.key not in _known:
            _known.clear()
            _known[study.key] = _Local.of(study)
        local = _known[study.key]
        return [(number, local.figures(point)) for number, point in chunk]


def _compute_here(chunk: Chunk) -> list[tuple[int, dict[str, Any]]]:
    assert _study is not None
    return _compute(_study, chunk)


def _given_up(chunk: Chunk, done: Done) -> None:
    for number, _ in chunk:
        done(number, {"error": LOST})


# ---------------------------------------------------------------------------- local processes


class _Processes:
    def __init__(self, study: Study, count: int) -> None:
        self._study, self.count = study, count
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # A fork would copy threads of MLIR and PyTorch that hold locks.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.count, context, _set_study, (self._study,))

    def run(self, points: Sequence[tuple[int, Point]], done: Done) -> None:
        waiting = [(chunk, 1) for chunk in _chunks(points, self.count)]
        while waiting:
            running: dict[Future[Any], tuple[Chunk, int]] = {}
            again: list[tuple[Chunk, int]] = []
            try:
                with _without_interrupts():
                    for chunk, attempt in waiting:
                        running[self._pool.submit(_compute_here, chunk)] = (chunk, attempt)
            except BrokenProcessPool:
                again += waiting[len(running) :]
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    chunk, attempt = running.pop(future)
                    try:
                        for number, figures in future.result():
                            done(number, figures)
                    except BrokenProcessPool:
                        if attempt >= _ATTEMPTS:
                            _given_up(chunk, done)
                        else:
                            again.append((chunk, attempt + 1))
            if again:
                self._pool.shutdown(wait=False)
                self._pool = self._new_pool()
            waiting = again

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """Ends the processes at once: what they compute may take minutes."""
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start in the block see no interrupts: of a terminal, all would have them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def processes_of(study: Study, count: int) -> Iterator[Workers]:
    """Computes points in `count` processes of this machine."""
    workers = _Processes(study, count)
    try:
        yield workers
    except BaseException:
        workers.stop()
        raise
    workers.close()


# ------------------------------------------------------------------------------------- Dask


class _Cluster:
    def __init__(self, client: Any, study: Study) -> None:
        self._client = client
        threads = client.nthreads()
        if not threads:
            client.wait_for_workers(1, timeout=60)
            threads = client.nthreads()
        self.count = max(len(threads), 1)
        self._study = client.scatter(study, broadcast=True)

    def run(self, points: Sequence[tuple[int, Point]], done: Done) -> None:
        import distributed
        from distributed.scheduler import KilledWorker

        as_completed: Any = distributed.as_completed  # has no types

        chunks = {
            self._client.submit(_compute, self._study, chunk, pure=False, retries=_ATTEMPTS): chunk
            for chunk in _chunks(points, self.count)
        }
        for future in as_completed(chunks, loop=self._client.loop):
            try:
                for number, figures in future.result():
                    done(number, figures)
            except KilledWorker:
                _given_up(chunks[future], done)


@contextlib.contextmanager
def cluster_of(study: Study, address: str) -> Iterator[Workers]:
    """Computes points on the workers of a Dask cluster.

    Raises:
        PumiceError: distributed is not installed, or no scheduler or worker answers.
    """
    try:
        import distributed
    except ImportError:
        raise PumiceError(
            "expected dask and distributed for a cluster, which are not installed:"
            " pip install 'pumice[cluster]'"
        ) from None
    make: Any = distributed.Client  # has no types
    try:
        client = make(address, timeout=30, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PumiceError(f"no scheduler at '{address}': {error}") from None
    with client:
        try:
            workers = _Cluster(client, study)
        except TimeoutError:
            raise PumiceError(f"the scheduler at '{address}' has no workers") from None
        yield workers
