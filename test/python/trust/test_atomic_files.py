# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A file is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice.cli.files import load_array, save_outputs
from pumice.errors import FileError
from pumice.experiments.store import Store
from pumice.files import replacing, temporary_folder, write_text
from pumice.jsonl import append_line, kept_lines
from regions import region_program

BODY = "%y = arith.addf %a, %a : tensor<4xf32>\nreturn %y : tensor<4xf32>"


def in_little_space(function: Callable[[], None], size: int) -> None:
    """Runs in a fork that may write files of `size` bytes only, as on a full disk."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            function()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def writers(folder: Path) -> dict[str, Callable[[], object]]:
    program = region_program(BODY)
    report = program.run(np.ones(4, np.float32)).report
    return {
        "program": lambda: program.save(folder / "program"),
        "report": lambda: report.to_json(folder / "report"),
        "trace": lambda: report.to_trace(folder / "trace"),
        "array": lambda: save_outputs(str(folder / "array"), np.zeros(1000)),
        "plot.svg": lambda: report.plot("time", folder / "plot.svg"),
        "text": lambda: write_text(folder / "text", "x" * 1000),
    }


@pytest.mark.parametrize("name", ["program", "report", "trace", "array", "plot.svg", "text"])
def test_a_full_disk_keeps_the_old_file(name: str, tmp_path: Path) -> None:
    write = writers(tmp_path)[name]
    (tmp_path / name).write_text("old")

    def full() -> None:
        with pytest.raises(pumice.PumiceError, match=f"cannot write '.*{name}'.*File too large"):
            write()

    in_little_space(full, 100)
    assert (tmp_path / name).read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [name]
    write()
    assert (tmp_path / name).stat().st_size > 100
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_no_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with (
        pytest.raises(FileError, match="cannot make a temporary folder: No such file"),
        temporary_folder(),
    ):
        pass
    monkeypatch.undo()
    with temporary_folder() as folder:
        write_text(folder / "x", "x")
    assert not folder.exists()


def test_exceptions_permissions_links_and_devices(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with pytest.raises(ZeroDivisionError), replacing(link) as stream:
        stream.write(bytes(1 // stream.write(b"")))
    assert path.read_text() == "old"
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_text("/dev/null", "nothing")
    region_program(BODY).save("/dev/null")
    with pytest.raises(pumice.PumiceError, match=r"cannot write '.*none/file': No such file"):
        write_text(tmp_path / "none" / "file", "x")
    with pytest.raises(pumice.PumiceError, match="cannot write"):
        region_program(BODY).save(tmp_path / "none" / "file")


def test_an_array_of_any_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(4))
    data = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(data.replace(b"(4,)", b"(4000000000000000000,)")[: len(data)])
    with pytest.raises(pumice.PumiceError, match=r"not enough memory for the array of|\.npy file"):
        load_array(str(tmp_path / "x.npy"))


def test_half_a_line_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    store = Store(path)
    store.get({"a": 1}, lambda: 1)
    with path.open("ab") as stream:
        stream.write(b'{"setting": {"a": 2}, "val')
    append_line(path, {"setting": {"a": 3}, "value": 3})
    assert [json.loads(line)["value"] for line in kept_lines(path)] == [1, 3]
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe half of something")
    assert Store(path).get({"a": 3}, lambda: 0) == 3
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(pumice.PumiceError, match="it is not a text file"):
        kept_lines(path)


def _append(arguments: tuple[str, int]) -> None:
    for number in range(8):
        append_line(Path(arguments[0]), {"who": arguments[1], "number": number, "x": "y" * 300})


def test_processes_append_to_one_store(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_append, [(str(path), who) for who in range(4)])
    records = [json.loads(line) for line in kept_lines(path)]
    for who in range(4):
        assert [r["number"] for r in records if r["who"] == who] == list(range(8))


def test_a_store_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "store.jsonl"
    append_line(path, {"value": 1})

    def full() -> None:
        with pytest.raises(pumice.PumiceError, match="cannot keep results in '.*store.jsonl'"):
            append_line(path, {"value": "x" * 1000})

    in_little_space(full, 500)
    assert kept_lines(path) == ['{"value": 1}']


def tool_in_little_space(folder: Path, *command: str | Path) -> str:
    """What a tool that fails says, where files cannot have more than 64 bytes."""
    tools = Path(os.environ.get("PUMICE_TOOLS_DIR") or sysconfig.get_path("scripts"))
    code = (
        "import resource, signal, subprocess, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "sys.exit(subprocess.run(sys.argv[1:], restore_signals=False).returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, (tools / command[0], *command[1:]))],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PUMICE_CACHE_DIR": ""},
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_the_simulator_on_a_full_disk(option: str, tmp_path: Path) -> None:
    region_program(BODY).save(tmp_path / "p.mlirbc")
    np.save(tmp_path / "x.npy", np.ones(4, np.float32))
    (tmp_path / "out").write_text("old")
    said = tool_in_little_space(
        tmp_path, "pumice-sim", "p.mlirbc", "--input", "x.npy", option, "out"
    )
    assert "pumice-sim: error: cannot write 'out': File too large" in said
    assert (tmp_path / "out").read_text() == "old"


def test_a_schedule_on_a_full_disk(tmp_path: Path) -> None:
    """The pass fails; the stream of LLVM that it wrote to would have ended the process."""
    tests = Path(__file__).resolve().parents[2]
    (tmp_path / "out").write_text("old")
    said = tool_in_little_space(
        tmp_path, "pumice-opt", tests / "Transforms" / "PUM" / "pum-schedule-file.mlir",
        f"--pum-attach-device=device={tests / 'Inputs' / 'few-arrays.mlir'}",
        "--pum-schedule=algorithm=overlap json=out", "-o", "/dev/null",
    )  # fmt: skip
    assert "error: cannot write 'out': File too large" in said
    assert (tmp_path / "out").read_text() == "old"
