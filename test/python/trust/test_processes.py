# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Forks, threads, interrupts, and whose code is run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pumice.passmanager import PassManager

import pumice
from pumice import ir, neon, reencoding, scheduling
from pumice.compiler import compile_module
from pumice.frontend.isolation import Crash, isolated
from pumice.lazy import cached_property
from pumice.passes import run_passes
from pumice.scheduling import networks
from regions import region_program

ROOT = Path(__file__).resolve().parents[3]
BODY = "%y = arith.addf %a, %a : tensor<4xf32>\nreturn %y : tensor<4xf32>"
X = np.arange(4, dtype=np.float32)
# 2^37 multiplications: many seconds on any machine.
LONG = """
%z = arith.constant 0.0 : f32
%e = tensor.empty() : tensor<4096x4096xf32>
%f = linalg.fill ins(%z : f32) outs(%e : tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
%y = linalg.matmul ins(%a, %a : tensor<4096x4096xf32>, tensor<4096x4096xf32>)
    outs(%f : tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
return %y : tensor<4096x4096xf32>
"""


def network() -> pumice.Program:
    text = (ROOT / "test" / "Inputs" / "network.mlir").read_text()
    return compile_module(ir.Module.parse(text, ir.Context()), "isaac")


def in_fork(function, seconds: float = 60) -> None:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(int(seconds))
            function()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("cached", [True, False])
def test_the_first_run_in_a_fork(cached: bool, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(tmp_path / "cache") if cached else "")
    program = network()
    x = np.zeros((1, 2, 13, 13), np.float32)

    def child() -> None:
        program.run(x)
        program.run(x, threads=2)

    in_fork(child)
    expected = program.run(x).outputs
    assert np.array_equal(program.run(x, threads=2).outputs, expected)
    in_fork(child)
    in_fork(lambda: in_fork(child))


def _run(path: str) -> list[float]:
    return pumice.load(path).run(X).outputs.tolist()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    path = tmp_path / "p.mlirbc"
    region_program(BODY).save(path)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_run, [str(path)] * 3) == [(2 * X).tolist()] * 3


def test_threads_on_one_and_on_several_programs() -> None:
    programs = [region_program(BODY) for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda i: programs[i % 3].run(X + i).outputs, range(24)))
    for i, outputs in enumerate(found):
        assert outputs.tolist() == (2 * (X + i)).tolist()


def test_a_fork_while_threads_run_programs() -> None:
    """Nothing that another thread holds at that moment is what the child waits for."""
    module = region_program(BODY).module()
    program = pumice.Program({"simulator": module}, {})
    left = threading.Event()

    def run() -> None:
        while not left.is_set():
            _, report = program.run_flat([X])
            assert report.latency_ns > 0
            pumice.Program({"simulator": module}, {}).run(X)

    def child() -> None:
        _, report = region_program(BODY).run_flat([X], threads=2)
        assert report.latency_ns > 0

    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    try:
        for _ in range(12):
            in_fork(child)
    finally:
        left.set()
        for runner in runners:
            runner.join()


def test_an_attribute_takes_no_lock_of_its_class() -> None:
    """One that computes it in a thread holds up no other object's."""
    computing, go_on = threading.Event(), threading.Event()

    class Slow:
        def __init__(self, waits: bool) -> None:
            self.waits = waits

        @cached_property
        def value(self) -> int:
            if self.waits:
                computing.set()
                go_on.wait(60)
            return 7

    slow, quick = Slow(True), Slow(False)
    runner = threading.Thread(target=lambda: slow.value)
    runner.start()
    assert computing.wait(60)
    assert quick.value == 7
    assert quick.__dict__ == {"waits": False, "value": 7}
    go_on.set()
    runner.join()
    assert slow.value == 7
    assert isinstance(Slow.value, cached_property)


@pytest.mark.parametrize("ignored", [False, True])
def test_a_process_that_ignores_its_children(ignored: bool, tmp_path: Path) -> None:
    """The system does not keep what ended a child then, and files are read in children."""
    deadly, good = tmp_path / "deadly.mlir", tmp_path / "good"
    deadly.write_text("module {" * 100000)
    region_program(BODY).save(good)

    def child() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN if ignored else signal.SIG_DFL)
        with pytest.raises(pumice.PumiceError, match="got what ends MLIR's reader"):
            pumice.load(deadly)
        assert pumice.load(good).run(X).outputs.tolist() == (2 * X).tolist()
        assert isolated(lambda: 5) == 5
        with pytest.raises(Crash):
            isolated(lambda: os.kill(os.getpid(), signal.SIGKILL))

    in_fork(child)


_NO_GRID = """
func.func @f(%x: tensor<8x4xi8>) -> tensor<8x2xi32> {
  %w = arith.constant dense<1> : tensor<2x4xi8>
  %y = crossbar.mvm %x, %w : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y : tensor<8x2xi32>
}
"""


def test_errors_of_passes_in_many_functions() -> None:
    """Each is reported from its own thread, none of which holds Python's lock."""

    def child() -> None:
        for _ in range(20):
            text = "".join(_NO_GRID.replace("@f", f"@f{i}") for i in range(40))
            module = ir.Module.parse(text, ir.Context())
            with module.context:
                passes = PassManager.parse("builtin.module(convert-crossbar-to-pum)")
            with pytest.raises(ir.MLIRError, match="'pum.compute' op reads no grid"):
                passes.run(module.operation)

    in_fork(child)


_FEW_THREADS = """
import resource, sys
import numpy as np
import pumice

program = pumice.compile(sys.argv[1], device="isaac")
x = np.zeros((1, 2, 13, 13), np.float32)
expected = program.run_flat([x], threads=1)[0]
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 2**28,) * 2)
found = program.run_flat([x], threads=2)[0]
print(all(a.tobytes() == b.tobytes() for a, b in zip(expected, found, strict=True)))
"""


def test_threads_that_cannot_start(tmp_path: Path) -> None:
    """Stacks larger than the memory allows: the caller computes alone."""
    import resource

    if resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY:
        pytest.skip("the system limits stacks")
    done = subprocess.run(
        [sys.executable, "-c", _FEW_THREADS, str(ROOT / "test" / "Inputs" / "network.mlir")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (2**33, -1)),
    )
    assert done.stdout == "True\n", done.stderr


#: An interrupt takes effect within 1 s on an idle machine; tests share theirs.
LIMIT_S = 5


def interrupted(function, after: float = 0.5) -> float:
    """Seconds from an interrupt until the function is left; for the main thread of a fork.

    Python loses an exception that a signal raises in a callback or destructor: then another
    interrupt follows, as a user's would.
    """
    # Workers of pytest-xdist ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sent = []
    left = threading.Event()

    def send() -> None:
        while not left.wait(2 if sent else after):
            sent.append(time.monotonic())
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        function()
    seconds = time.monotonic() - sent[-1]
    left.set()
    sender.join()
    return seconds


def test_an_interrupt_leaves_a_long_run() -> None:
    def child() -> None:
        program = region_program(LONG, "4096x4096xf32", out="4096x4096xf32")
        big = np.ones((4096, 4096), np.float32)
        assert interrupted(lambda: program.run(big)) < LIMIT_S
        other = region_program(BODY)
        assert other.run(X).outputs.tolist() == (2 * X).tolist()

    in_fork(child)


def test_an_interrupt_leaves_a_compilation() -> None:
    text = (ROOT / "test" / "Inputs" / "network.mlir").read_text()

    def child() -> None:
        module = ir.Module.parse(text, ir.Context())

        def compilations() -> None:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                compile_module(module, "isaac")

        assert interrupted(compilations) < LIMIT_S
        assert compile_module(module, "isaac").estimate().latency_ns > 0

    in_fork(child)


def _schedule() -> None:
    scheduling.schedule(networks.problem("resnet50"), "steady")


def _fit() -> None:
    for _ in range(100):
        neon.fit(np.tanh, -4, 4, bits=16)


def _reencode() -> None:
    tile = np.random.default_rng(0).integers(-128, 127, (128, 16), dtype=np.int8)
    reencoding.count([[tile, tile[::-1].copy()] * 100000])


def _own_pass() -> None:
    context = ir.Context()
    lines = "".join(f"%{i} = arith.addi %{i - 1}, %{i - 1} : i32\n" for i in range(1, 20000))
    text = f"func.func @f(%0: i32) -> i32 {{\n{lines}return %19999 : i32\n}}"
    run_passes(ir.Module.parse(text, context), "linalg", ["cse,canonicalize," * 1000 + "cse"], ())


@pytest.mark.parametrize("function", [_schedule, _fit, _reencode, _own_pass])
def test_an_interrupt_leaves_a_long_call(function) -> None:
    def child() -> None:
        assert interrupted(function) < LIMIT_S
        assert scheduling.schedule(networks.problem("resnet50"), "naive").summary.time_ps > 0

    in_fork(child)


@pytest.mark.parametrize("where", ["Pool", "ProcessPoolExecutor"])
def test_errors_come_from_other_processes(where: str) -> None:
    """With what the compiler said."""
    if where == "Pool":
        with multiprocessing.get_context("fork").Pool(1) as pool:
            error = pool.apply(_error)
    else:
        with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
            error = pool.submit(_error).result()
    assert isinstance(error, pumice.CompileError)
    assert "reads no grid" in str(error)
    assert [d.severity for d in error.diagnostics] == ["error"]
    assert "reads no grid" in error.diagnostics[0].message
    assert error.diagnostics[0].line > 0


def _error() -> Exception:
    module = ir.Module.parse(_NO_GRID, ir.Context())
    with pytest.raises(pumice.CompileError) as found:
        run_passes(module, "crossbar", ["convert-crossbar-to-pum"], ())
    return found.value


def test_a_cache_of_others_is_not_used(tmp_path: Path, monkeypatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(cache))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        region_program(BODY).run(X)
    assert cache.stat().st_mode & 0o777 == 0o700
    (entry,) = cache.glob("llvmcache-*")
    assert entry.stat().st_mode & 0o777 == 0o600
    cache.chmod(0o777)
    with pytest.warns(UserWarning, match="is not used: others than its owner may write it"):
        assert region_program(BODY).run(X).outputs.tolist() == (2 * X).tolist()
    cache.chmod(0o700)
    program = region_program(BODY)
    program.run(X)
    assert program.code.cached == 1
    entry.chmod(0o666)
    program = region_program(BODY)
    program.run(X)
    assert program.code.cached == 0
    if os.geteuid() == 0:
        os.chown(cache, 12345, 0)
        with pytest.warns(UserWarning, match="is not used: it belongs to another user"):
            region_program(BODY).run(X)
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(entry))
    with pytest.warns(UserWarning, match="is not used: "):
        region_program(BODY).run(X)


def test_a_pipe_or_link_in_the_place_of_an_entry(tmp_path: Path, monkeypatch) -> None:
    """Opening a pipe would wait; what a link leads to may not be the user's. Both are replaced."""
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(tmp_path))
    region_program(BODY).run(X)
    (entry,) = tmp_path.glob("llvmcache-*")
    entry.unlink()
    os.mkfifo(entry, 0o600)

    def child() -> None:
        program = region_program(BODY)
        assert program.run(X).outputs.tolist() == (2 * X).tolist()
        assert program.code.cached == 0

    in_fork(child)
    assert entry.is_file()
    elsewhere = tmp_path / "elsewhere"
    entry.rename(elsewhere)
    elsewhere.chmod(0o666)
    entry.symlink_to(elsewhere)
    in_fork(child)
    assert not entry.is_symlink()


def test_an_entry_stands_for_its_key_only(tmp_path: Path, monkeypatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(cache))
    region_program(BODY).run(X)
    (one,) = cache.glob("llvmcache-*")
    region_program(BODY.replace("addf", "mulf")).run(X)
    (two,) = set(cache.glob("llvmcache-*")) - {one}
    two.write_bytes(one.read_bytes())
    program = region_program(BODY.replace("addf", "mulf"))
    assert program.run(X).outputs.tolist() == (X * X).tolist()
    assert program.code.cached == 0


def test_a_cache_on_a_full_disk(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(tmp_path / "cache"))

    def child() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        with pytest.warns(UserWarning, match="the code cache does not keep new code: cannot write"):
            assert region_program(BODY).run(X).outputs.tolist() == (2 * X).tolist()

    in_fork(child)
    assert not list((tmp_path / "cache").glob("llvmcache-*"))
