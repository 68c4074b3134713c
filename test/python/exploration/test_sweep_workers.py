# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sweeps in several processes and on a cluster give the same points; they survive deaths."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from postgres import PostgresServer
from sweep_metrics import DiesOnce, Waits, always_dies
from torch import nn

import pumice
from pumice import PumiceError
from pumice.errors import FileError
from pumice.exploration import evaluator as evaluators
from pumice.exploration.evaluator import Point
from pumice.exploration.workers import _chunks

FIELDS = {"array.rows": [64, 128], "energy.adc_pj": [1.0, 2.0], "timing.read_ns": [50, 100]}


def make() -> pumice.Program:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    return pumice.compile(model, torch.randn(4, 20))


@pytest.fixture(scope="module")
def program() -> pumice.Program:
    return make()


@pytest.fixture(scope="module")
def data() -> list[Any]:
    torch.manual_seed(1)
    return [(torch.randn(8, 20), torch.randint(0, 3, (8,)))]


@pytest.fixture(scope="module")
def alone(program, data):
    return pumice.sweep(program, ["isaac", "puma"], FIELDS, data=data).records


def test_chunks_share_what_a_program_depends_on() -> None:
    points = [
        (number, Point("", "isaac", {"array.rows": rows, "energy.adc_pj": pj}))
        for number, (rows, pj) in enumerate((r, e) for e in range(50) for r in (64, 128))
    ]
    chunks = _chunks(points, 2)
    assert sorted(number for chunk in chunks for number, _ in chunk) == list(range(100))
    assert all(len({point.values["array.rows"] for _, point in chunk}) == 1 for chunk in chunks)
    assert max(map(len, chunks)) == 50
    assert max(map(len, _chunks(points * 10, 1))) == 64


def test_processes_give_the_same_points_though_one_dies(program, data, alone, tmp_path) -> None:
    """A worker is killed in the middle: another one computes its points."""
    flag = tmp_path / "died"
    seen = []
    found = pumice.sweep(
        {"": program}, ["isaac", "puma"], FIELDS, data=data, metric=DiesOnce(str(flag)),
        workers=2, on_point=seen.append,
    )  # fmt: skip
    assert flag.exists()
    assert found.records == alone
    assert len(seen) == len(alone)


def test_points_that_kill_every_worker_have_an_error(program, data, tmp_path) -> None:
    """It may be for want of memory: the store does not keep it."""
    store = tmp_path / "s.jsonl"
    found = pumice.sweep(program, ["isaac"], data=data, metric=always_dies, workers=2, store=store)
    assert found.records == [
        {"device": "isaac", "error": "3 workers died with this point or one near it"}
    ]
    assert store.read_text() == ""


def test_a_full_disk_is_no_result_of_a_point(program, tmp_path, monkeypatch) -> None:
    def full(self: Any, device: Any) -> Any:
        raise FileError("cannot write 'x': No space left on device")

    store = tmp_path / "s.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(evaluators.Evaluator, "_estimated", full)
        with pytest.raises(FileError, match="No space left"):
            pumice.sweep(program, ["isaac"], store=store)
    assert store.read_text() == ""
    assert len(pumice.sweep(program, ["isaac"], store=store).records) == 1


@pytest.mark.parametrize("value", [5, {"latency_ns": "x"}, {"error": 1}])
def test_stored_values_that_are_no_figures(value, program, tmp_path) -> None:
    store = tmp_path / "s.jsonl"
    pumice.sweep(program, ["isaac"], store=store)
    record = json.loads(store.read_text())
    store.write_text(json.dumps(record | {"value": value}) + "\n")
    with pytest.raises(
        PumiceError, match="expected stored results of this .*, got something else for {"
    ):
        pumice.sweep(program, ["isaac"], store=store)
    store.write_text(json.dumps(record) + "\n")
    assert len(pumice.sweep(program, ["isaac"], store=store).records) == 1


def test_an_interrupt_ends_the_workers(program, data, tmp_path) -> None:
    """At once, though their points take a minute."""
    flag = tmp_path / "pid"
    sent = []

    def send() -> None:
        while not flag.exists():
            time.sleep(0.05)
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    sender = threading.Thread(target=send)
    try:
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            pumice.sweep(program, ["isaac"], FIELDS, data=data, metric=Waits(str(flag)), workers=2)
        assert time.monotonic() - sent[0] < 5
    finally:
        signal.signal(signal.SIGINT, before)
        sender.join()
    worker = int(flag.read_text())
    end = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()
    assert len(pumice.sweep(program, ["isaac"], FIELDS).records) == 8


ORPHANS = """
import sys, torch, pumice
from sweep_metrics import Waits

if __name__ == "__main__":
    program = pumice.compile(torch.nn.Linear(20, 3).eval(), torch.zeros(8, 20))
    data = [(torch.zeros(8, 20), torch.zeros(8))]
    pumice.sweep(program, ["isaac"], data=data, metric=Waits(sys.argv[1]), workers=2)
"""


def test_workers_end_with_the_process_that_started_them(tmp_path) -> None:
    script, flag = tmp_path / "script.py", tmp_path / "pid"
    script.write_text(ORPHANS)
    places = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    with subprocess.Popen([sys.executable, script, flag], env=environment) as process:
        while not flag.exists() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    worker = Path("/proc", flag.read_text(), "status")
    end = time.monotonic() + 10

    def runs() -> bool:
        return worker.exists() and "(zombie)" not in worker.read_text()

    while runs() and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs()


def test_a_cluster_gives_the_same_points_though_a_worker_dies(
    program, data, alone, tmp_path
) -> None:
    """Two workers on this machine, as `dask worker` starts them."""
    distributed = pytest.importorskip("distributed")
    flag = tmp_path / "died"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        found = pumice.sweep(
            program, ["isaac", "puma"], FIELDS, data=data, metric=DiesOnce(str(flag)),
            cluster=cluster.scheduler_address,
        )  # fmt: skip
    assert flag.exists()
    assert found.records == alone


#: A sweep that is killed after some points: by itself, so that the test does not depend on time.
KILLED = """
import os, signal, sys
sys.path.insert(0, {folder!r})
from test_sweep_workers import FIELDS, make
import pumice

seen = []

def stop(record):
    seen.append(record)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

pumice.sweep(make(), ["isaac", "puma"], FIELDS, on_point=stop, {options})
"""


def killed(options: str, folder: Path) -> None:
    script = KILLED.format(folder=str(Path(__file__).parent), options=options)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=folder, capture_output=True, text=True,
        check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


@pytest.fixture
def computed(monkeypatch) -> list[Any]:
    """The points that are computed."""
    found: list[Any] = []
    figures = evaluators.Evaluator.figures

    def counted(self, base, values):
        found.append((base.name, dict(values)))
        return figures(self, base, values)

    monkeypatch.setattr(evaluators.Evaluator, "figures", counted)
    return found


def test_a_killed_sweep_goes_on(program, computed, tmp_path) -> None:
    killed("store='s.jsonl'", tmp_path)
    store = tmp_path / "s.jsonl"
    assert len(store.read_text().splitlines()) == 3
    found = pumice.sweep(program, ["isaac", "puma"], FIELDS, store=store)
    assert len(found.records) == 16
    assert len(computed) == 13
    assert found.records == pumice.sweep(program, ["isaac", "puma"], FIELDS).records


@pytest.fixture
def place(request) -> Iterator[str]:
    """Where a study is kept; a PostgreSQL server runs for as long as the test."""
    if request.param != "postgresql":
        yield request.param
        return
    pytest.importorskip("psycopg")
    if PostgresServer.programs() is None:
        pytest.skip("needs PostgreSQL")
    with PostgresServer() as server:
        yield server.url


@pytest.mark.parametrize(
    "place", ["journal.log", "sqlite:///study.db", "postgresql"], indirect=True
)
def test_a_killed_study_goes_on(program, computed, tmp_path, monkeypatch, place) -> None:
    optuna = pytest.importorskip("optuna")
    if "://" in place:
        pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    killed(f"search='optuna', trials=8, seed=3, study={place!r}", tmp_path)
    options: dict[str, Any] = {"search": "optuna", "seed": 3, "study": place}
    found = pumice.sweep(program, ["isaac", "puma"], FIELDS, trials=8, **options)
    before = len(found.records) - len(computed)
    assert before == 2  # the third had no result yet when its process died
    again = pumice.sweep(program, ["isaac", "puma"], FIELDS, trials=8, **options)
    key = lambda record: (record["device"], *(record[name] for name in FIELDS))  # noqa: E731
    assert sorted(map(key, again.records)) == sorted(map(key, found.records))
    assert len(computed) == len(found.records) - before
    storage = place if "://" in place else optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(place)
    )  # fmt: skip
    trials = optuna.load_study(study_name="sweep", storage=storage).trials
    states = [trial.state.name for trial in trials]
    assert states.count("COMPLETE") == 8
    assert states.count("FAIL") == 1
    with pytest.raises(PumiceError, match="expected a study of the same devices and fields in"):
        pumice.sweep(program, ["isaac"], {"array.rows": [32, 64, 128]}, trials=9, **options)


def test_half_a_line_of_a_study(program, computed, tmp_path) -> None:
    """It was written when a process was killed or the disk was full; the rest counts."""
    pytest.importorskip("optuna")
    path = tmp_path / "journal.log"
    options: dict[str, Any] = {"search": "tpe", "study": path}
    pumice.sweep(program, ["isaac"], FIELDS, trials=3, **options)
    with path.open("ab") as stream:
        stream.write(b'{"op_code": 4, "worker_id": "x')
    before = len(computed)
    for trials in (3, 4):
        assert len(pumice.sweep(program, ["isaac"], FIELDS, trials=trials, **options).records) >= 3
    assert len(computed) <= before + 1
    path.write_bytes(path.read_bytes() + b"something\n")
    with pytest.raises(FileError, match="cannot keep a study in '.*journal.log': Expecting value"):
        pumice.sweep(program, ["isaac"], FIELDS, trials=5, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": 0}, "expected at least 1 worker, or a cluster, got 0 and none"),
        (
            {"workers": 2, "cluster": "tcp://127.0.0.1:1"},
            "expected at least 1 worker, or a cluster",
        ),
        ({"study": "s.log"}, "expected a study with a search of optuna, nsga2, tpe, got grid"),
        (
            {"study": "nowhere://", "search": "optuna"},
            "cannot keep a study in 'nowhere://': ",
        ),
    ],
)
def test_what_is_refused(program, options, words) -> None:
    if "search" in options:
        pytest.importorskip("optuna")
    with pytest.raises(PumiceError, match=words):
        pumice.sweep(program, ["isaac"], **options)


def test_a_cluster_that_is_not_there(program, monkeypatch) -> None:
    distributed = pytest.importorskip("distributed")
    real = distributed.Client

    def impatient(address: str, **options: Any) -> Any:
        return real(address, **{**options, "timeout": 0.5})

    monkeypatch.setattr(distributed, "Client", impatient)
    with pytest.raises(PumiceError, match=r"no scheduler at 'tcp://127.0.0.1:1': "):
        pumice.sweep(program, ["isaac"], cluster="tcp://127.0.0.1:1")
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        monkeypatch.setattr(real, "wait_for_workers", _never)
        with pytest.raises(PumiceError, match="the scheduler at '.*' has no workers"):
            pumice.sweep(program, ["isaac"], cluster=cluster.scheduler_address)


def _never(*_: Any, **__: Any) -> None:
    raise TimeoutError


def test_libraries_that_are_missing(program, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PumiceError, match="expected dask and distributed for a cluster, which are"):
        pumice.sweep(program, ["isaac"], cluster="tcp://127.0.0.1:1")
    found = pumice.sweep(program, ["isaac"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PumiceError, match="expected pyarrow for Parquet, which is not installed"):
        found.to_parquet(tmp_path / "s.parquet")


def test_processes_need_the_network(program, tmp_path) -> None:
    program.save(tmp_path / "p.mlirbc")
    loaded = pumice.load(tmp_path / "p.mlirbc")
    with pytest.raises(PumiceError, match="contain their quantized networks for several processes"):
        pumice.sweep(loaded, ["isaac"], workers=2)


def test_parquet_has_the_records(alone, tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    records = [*alone, {"device": "isaac", "array.rows": "many", "error": "no"}]
    pumice.Sweep(records, {}).to_parquet(tmp_path / "s.parquet")
    read = parquet.read_table(tmp_path / "s.parquet").to_pylist()
    assert len(read) == len(records)
    for row, record in zip(read, records, strict=True):
        for name, value in row.items():
            expected = record.get(name)
            assert value == (str(expected) if name == "array.rows" else expected)


def test_parallel_coordinates(alone, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    devices = {name: pumice.Device(name) for name in ("isaac", "puma")}
    path = tmp_path / "p.svg"
    pumice.Sweep(alone, devices).plot_parallel(path, ["latency_ns", "-metric"])
    text = path.read_text()
    for word in ("array.rows", "timing.read_ns", "latency_ns", "metric", "isaac", "puma", "128"):
        assert word in text
