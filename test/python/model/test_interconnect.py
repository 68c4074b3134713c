# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Links between tiles against an oracle that walks every route (docs/interconnect.md)."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

import pumice
from interconnect_oracle import Item, cost, layer_bytes, moved, shares, starts, topology_of
from machine_programs import Matrix, Text, tile
from pumice import Device, PumiceError
from pumice.trace import trace_of

LINK = {
    "bandwidth_bytes_per_ns": 3,
    "router_ns": 1.25,
    "wire_ns_per_mm": 0.5,
    "router_pj_per_bit": 0.03,
    "wire_pj_per_bit_mm": 0.07,
    "tile_pitch_mm": 1.5,
}
MESH = {"topology": "mesh", "level": "tile", "rows": 3, "columns": 4, **LINK}
#: Changes of a mesh that leave an H-tree.
TREE = {"topology": "htree", "rows": None, "columns": None}
HTREE = {"topology": "htree", "level": "tile", "branching": 4, **LINK}


def device_of(interconnect, tiles=12, arrays_per_tile=2) -> Device:
    """isaac without laws and components, with small arrays and few tiles."""
    fields = Device("isaac").fields
    del fields["laws"]
    fields["components"] = []
    arrays = fields["groups"][0]
    arrays["array"].update(rows=8, columns=16, cell_bits=4, columns_per_adc=16)
    arrays["levels"] = [
        {"name": "tile", "holds": arrays_per_tile},
        {"name": "chip", "holds": tiles},
    ]
    if interconnect is not None:
        fields["interconnect"] = interconnect
    return Device(fields)


def links_of(report, instruction) -> dict[str, float]:
    """How long an instruction holds links, by their names."""
    names = {link.link: link.name for link in report.links}
    return {
        names[lane["first"]]: lane["end_ns"] - lane["start_ns"]
        for lane in instruction["lanes"]
        if lane["resource"] == "link"
    }


def check(report, without, traffics, interconnect, tiles) -> None:
    """Each instruction of a report against the oracle, and against the report without links."""
    items = []
    pairs = zip(report.instructions, without.instructions, traffics, strict=True)
    for found, bare, traffic in pairs:
        right = cost(interconnect, tiles, traffic)
        held = links_of(report, found)
        assert held == pytest.approx({k: v for k, v in right.busy_ns.items() if v}, abs=6e-4)
        assert found["counters"].get("link_bytes", 0) == sum(right.bytes.values())
        energy = found["energy_pj"].get("interconnect", 0.0)
        assert energy == pytest.approx(right.energy_pj, rel=1e-9)
        rest = {k: v for k, v in found["energy_pj"].items() if k not in ("interconnect", "total")}
        bare_energy = {k: v for k, v in bare["energy_pj"].items() if k != "total"}
        assert rest == bare_energy
        latency = max([bare["end_ns"] - bare["start_ns"], *held.values()]) + right.farthest_ns
        assert found["end_ns"] - found["start_ns"] == pytest.approx(latency, abs=2e-3)
        lanes = {
            f"{lane['resource']} {unit}": lane["end_ns"] - lane["start_ns"]
            for lane in bare["lanes"]
            for unit in range(lane["first"], lane["first"] + lane["count"])
            if lane["resource"] == "array"
        }
        items.append(Item({**lanes, **held}, latency, found["depends_on"]))
    begun, waited = starts(items)
    assert [one["start_ns"] for one in report.instructions] == pytest.approx(begun, abs=0.1)
    for link in report.links:
        assert link.waiting_ns == pytest.approx(waited.get(link.name, 0.0), abs=0.1)
        held_ns = sum(item.held_ns.get(link.name, 0.0) for item in items)
        assert link.busy_ns == pytest.approx(held_ns, abs=0.1)
        assert link.share == pytest.approx(link.busy_ns / report.latency_ns)
    assert report.waiting_ns.get("link", 0.0) == pytest.approx(
        sum(link.waiting_ns for link in report.links), abs=1e-6
    )


def layers_at(placements, matrix, windows, interconnect, path, tiles=12):
    """A layer for each placement (a list of ranges); checked with its programming."""
    reports = []
    for given in (interconnect, None):
        device = device_of(given, tiles)
        # Ports enough that layers wait for links and arrays only.
        device = device.replaced({"buffer": {"ports": 1 << 10}, "dram": {"ports": 1 << 10}})
        program = Text(device)
        for ranges in placements:
            grid, token = program.program(matrix, ranges)
            program.linear(matrix, grid, windows, token)
        reports.append(program.estimate(path))
    with_links, without = reports
    array = device.crossbars["array"]
    cut = tile(array, matrix)
    stored = matrix.groups * matrix.columns * matrix.rows * matrix.stored_weight_bits // 8
    layers, programs = [], []
    for ranges in placements:
        arrays = [i for a, b in zip(ranges[::2], ranges[1::2], strict=True) for i in range(a, b)]
        copies = [arrays[i : i + cut.arrays] for i in range(0, len(arrays), cut.arrays)]
        got, sent = layer_bytes(
            [[i // 2 for i in copy] for copy in copies], matrix, cut, array, windows
        )
        layers.append(moved(interconnect, tiles, got, sent))
        written: dict[int, int] = {}
        for copy in copies:
            for i, n in zip(copy, shares(stored, cut.arrays), strict=True):
                written[i // 2] = written.get(i // 2, 0) + n
        programs.append(moved(interconnect, tiles, {}, {}, written))
    check(with_links, without, layers, interconnect, tiles)
    check(with_links.setup, without.setup, programs, interconnect, tiles)
    return with_links


@pytest.mark.parametrize(
    ("interconnect", "tiles"),
    [
        (MESH, 12),
        ({**MESH, "memory_node": 6}, 10),
        ({**MESH, "rows": 1, "columns": 12, "memory_node": 11}, 12),
        ({**MESH, "rows": 12, "columns": 1, "memory_node": 5}, 12),
        (HTREE, 12),
        ({**HTREE, "branching": 2}, 12),
        ({**HTREE, "branching": 3}, 11),
        ({**HTREE, "branching": 6}, 12),
        ({**HTREE, "branching": 16}, 12),
        (HTREE, 1),
    ],
)
@pytest.mark.parametrize("spread", [False, True])
def test_every_tile(interconnect, tiles, spread, tmp_path) -> None:
    """One small layer on each tile: every route from and to memories, or between any two tiles."""
    interconnect = {**interconnect, "spread_buffer": spread}
    places = [[2 * t, 2 * t + 1] for t in range(tiles)]
    layers_at(places, Matrix(7, 5), 3, interconnect, tmp_path / "p.mlir", tiles)


def test_lengths_of_routes() -> None:
    """Of the oracle itself: Manhattan distances, and levels up and down."""
    mesh = topology_of(MESH, 12)
    tree = topology_of({**HTREE, "branching": 2}, 8)
    for a in range(12):
        for b in range(12):
            (row, column), (last_row, last_column) = divmod(a, 4), divmod(b, 4)
            distance = abs(row - last_row) + abs(column - last_column)
            assert len(mesh.route(a, b)) == len(set(mesh.route(a, b))) == distance
    for a in range(8):
        assert len(tree.route(None, a)) == 3
        for b in range(8):
            assert len(tree.route(a, b)) == 2 * (a ^ b).bit_length()
    # The H of two by two, as wide as a tile at the bottom.
    four = topology_of(HTREE, 16)
    assert [four.length(f"{n}.0>{n + 1}.0") for n in range(2)] == [1.5, 3]
    assert [tree.length(f"{n}.0>{n + 1}.0") for n in range(3)] == [0.75, 0.75, 1.5]


@pytest.mark.parametrize("seed", range(12))
def test_layers_of_several_tiles(seed, tmp_path) -> None:
    """Row and column tiles, groups in one array, copies, ranges with gaps."""
    rng = Random(seed)
    interconnect = rng.choice([MESH, {**MESH, "memory_node": 7}, HTREE, {**HTREE, "branching": 2}])
    interconnect = {**interconnect, "spread_buffer": rng.random() < 0.5}
    matrix = Matrix(
        rng.randint(1, 20), rng.randint(1, 20), weight_bits=rng.choice([4, 8]), signed=False
    )
    arrays = tile(device_of(None).crossbars["array"], matrix).arrays
    copies = rng.randint(1, max(1, 10 // arrays))
    used, placements = 0, []
    while used + copies * arrays + 1 <= 24 and len(placements) < 4:
        first = rng.randint(0, copies * arrays)
        ends = [used, used + first, used + first + 1, used + copies * arrays + 1]
        placements.append(ends if 0 < first < copies * arrays else [used, used + copies * arrays])
        used += copies * arrays + 1
    layers_at(placements, matrix, rng.randint(1, 9), interconnect, tmp_path / "p.mlir")


def test_near_and_far(tmp_path) -> None:
    """The same layer next to the memories and in the opposite corner: 5 hops each way."""
    matrix = Matrix(8, 4)
    near, far = (
        layers_at([[2 * t, 2 * t + 1]], matrix, 1, MESH, tmp_path / f"{t}.mlir") for t in (1, 11)
    )
    hop_ns = 1.25 + 1.5 * 0.5
    assert far.latency_ns - near.latency_ns == pytest.approx(2 * 4 * hop_ns)
    bits = 8 * (8 + 4 * 8)  # 8 codes of a byte, 4 sums of 8 bytes
    hop_pj = bits * (0.03 + 1.5 * 0.07)
    assert near.components["interconnect"] == pytest.approx(hop_pj)
    assert far.components["interconnect"] == pytest.approx(5 * hop_pj)
    assert {link.name for link in near.links} == {"0,0>0,1", "0,1>0,0"}
    assert near.counters["link_bytes"] * 5 == far.counters["link_bytes"] == 5 * 40


def test_contention(tmp_path) -> None:
    """Layers that share a link wait for it; those on other rows do not."""
    narrow = {**MESH, "bandwidth_bytes_per_ns": 0.001, "memory_node": 5}
    matrix = Matrix(8, 4)
    shared, apart = (
        layers_at([[2 * t, 2 * t + 1] for t in where], matrix, 1, narrow, tmp_path / "p.mlir")
        for where in ((6, 7), (4, 6))
    )
    sums_ns = 4 * 8 / 0.001  # what the link back carries for one layer
    assert [one["start_ns"] for one in apart.instructions] == [0, 0]
    assert [one["start_ns"] for one in shared.instructions] == [0, sums_ns]
    assert shared.waiting_ns["link"] == sums_ns
    assert [link.name for link in shared.links if link.waiting_ns] == ["1,2>1,1"]
    assert shared.utilisation["link"].count == 2 * (3 * 3 + 2 * 4)
    # Traces and tables name the link.
    events = trace_of(shared)["traceEvents"]
    names = {event["args"].get("name") for event in events if event["name"] == "thread_name"}
    assert {f"link {link.name}" for link in shared.links} <= names
    text = str(shared)
    assert "Busiest of 4 links in use" in text
    assert re.search(r"1,2>1,1 +64\.0 us .*32\.0 us", text)
    # A stream of inferences is as fast as the busiest link allows.
    assert json.loads(shared.to_json())["interval_ns"] == 2 * sums_ns


def test_links_that_cost_nothing_change_nothing(tmp_path) -> None:
    free = {**MESH, "bandwidth_bytes_per_ns": 1e12, **{key: 0 for key in list(LINK)[1:5]}}
    reports = []
    cut = tile(device_of(None).crossbars["array"], Matrix(20, 9))
    for interconnect in (free, None):
        program = Text(device_of(interconnect))
        grid, token = program.program(Matrix(20, 9), [3, 3 + cut.arrays])
        program.linear(Matrix(20, 9), grid, 5, token)
        reports.append(program.estimate(tmp_path / "p.mlir").to_dict())
    with_links, without = reports
    for part in (with_links, with_links["setup"]):
        assert part.pop("links") == []
        assert part["utilisation"].pop("link")["busy_ns"] == 0
        for counted in (part, *part["instructions"], *part["layers"]):
            counted["counters"].pop("link_bytes", None)
    for report in reports:  # lines of the file
        for part in (report, report["setup"]):
            for named in (*part["instructions"], *part["layers"]):
                for key in ("label", "layer", "name"):
                    named.pop(key, None)
            for written in part["wear"]["ranges"]:
                written.pop("layers")
    for report in reports:
        report.pop("timings_s")
    assert with_links == without


def test_a_tile_pitch_from_areas(tmp_path) -> None:
    """The root of the area of a tile: its own parts, and those of what it holds."""
    interconnect = {key: value for key, value in MESH.items() if key != "tile_pitch_mm"}
    part = {"name": "a", "group": "arrays", "level": "tile", "power_mw": 1, "area_um2": 2.25e6}
    fields = device_of(None).fields
    fields["components"] = [part, {**part, "name": "b", "level": "chip"}]
    program = Text(Device({**fields, "interconnect": interconnect}))
    grid, token = program.program(Matrix(8, 4), [22, 23])
    program.linear(Matrix(8, 4), grid, 1, token)
    report = program.estimate(tmp_path / "p.mlir")
    stated = layers_at([[22, 23]], Matrix(8, 4), 1, MESH, tmp_path / "q.mlir")
    assert report.components["interconnect"] == stated.components["interconnect"]


def test_runs_and_estimates_agree() -> None:
    """A network on isaac with a mesh: runs, estimates, and threads."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_mlir")
    pytest.importorskip("torchao")
    from pumice import demo

    images, _ = demo.load_digits()
    inputs = torch.from_numpy(demo.preprocess(images[:2]))
    mesh = {**MESH, "rows": 12, "columns": 14, "spread_buffer": True, "bandwidth_bytes_per_ns": 0.1}
    device = Device("isaac").replace(interconnect=mesh)
    program = pumice.compile(demo.load_model(), inputs[:1], device=device, calibration=[inputs])
    estimate = program.estimate().to_dict()
    runs = [program.run(inputs[:1], threads=threads).report.to_dict() for threads in (1, 4)]
    for name in ("latency_ns", "energy_pj", "links", "utilisation", "waiting_ns", "counters"):
        assert runs[0][name] == runs[1][name] == estimate[name], name
    assert estimate["utilisation"]["link"]["busy_ns"] > 0
    assert estimate["energy_pj"]["interconnect"] > 0
    plain = pumice.compile(demo.load_model(), inputs[:1], device="isaac", calibration=[inputs])
    assert estimate["latency_ns"] > plain.estimate().latency_ns


def test_a_device_as_text_json_and_fields(tmp_path) -> None:
    more = {"memory_node": 3, "spread_buffer": True, "tile_pitch_mm": 0.61234567890123}
    for interconnect in (MESH, {**MESH, **more}, HTREE):
        device = device_of(interconnect)
        path = tmp_path / "device.mlir"
        path.write_text(str(device))
        assert Device(path) == device
        path = tmp_path / "device.json"
        path.write_text(json.dumps(device.fields))
        assert Device(path) == device
        assert device.fields["interconnect"] == interconnect
        assert device.replace(interconnect=None) == device_of(None)
    moved_memory = device_of(MESH).replace(interconnect={"memory_node": 11})
    assert moved_memory.fields["interconnect"] == {**MESH, "memory_node": 11}


def test_a_sweep_over_links() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_mlir")
    pytest.importorskip("torchao")
    x = torch.zeros(1, 8)
    program = pumice.compile(torch.nn.Linear(8, 4), x, calibration=[x])
    mesh = {**MESH, "rows": 12, "columns": 14}
    found = pumice.sweep(
        program,
        [Device("isaac").replace(interconnect=mesh)],
        {"interconnect.memory_node": [0, 167], "interconnect.bandwidth_bytes_per_ns": [1.0, 2.0]},
    )
    latency = {
        (row["interconnect.memory_node"], row["interconnect.bandwidth_bytes_per_ns"]): row[
            "latency_ns"
        ]
        for row in found.records
    }
    hops = 2 * (11 + 13)  # the layer is on the first tile
    assert latency[167, 1.0] - latency[0, 1.0] == pytest.approx(hops * 2.0)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"rows": None}, "a mesh must have rows and columns"),
        ({"branching": 2}, "branching is a field of an htree, got it in a mesh"),
        ({"rows": 0}, "rows must be at least 1, got 0"),
        ({"columns": 0}, "columns must be at least 1, got 0"),
        ({"rows": 1024, "columns": 512},
         "a mesh must have at most 262144 nodes, got 1024 x 512"),
        ({"rows": 3, "columns": 3},
         "interconnect has a mesh of 3 x 3 nodes, expected room for the 12 tiles of the device"),
        ({"memory_node": 12}, "memory_node must be one of the 12 nodes of the mesh, got 12"),
        ({"memory_node": -1}, "memory_node must be one of the 12 nodes of the mesh, got -1"),
        ({"bandwidth_bytes_per_ns": 0}, "bandwidth_bytes_per_ns must be above 0, got 0"),
        ({"tile_pitch_mm": 0}, "tile_pitch_mm must be above 0, got 0"),
        ({"router_ns": -1}, "router_ns must be at least 0, got -1"),
        ({"wire_pj_per_bit_mm": -1}, "wire_pj_per_bit_mm must be at least 0, got -1"),
        ({"level": "board"}, 'interconnect joins level "board", expected a level of a group'),
        ({"tile_pitch_mm": None},
         'interconnect needs tile_pitch_mm: no component gives level "tile" an area'),
        ({"topology": "ring"}, 'interconnect.topology: expected one of mesh, htree, got "ring"'),
        ({"router": 1}, "unknown field 'interconnect.router'"),
        ({"topology": "htree"}, "rows is a field of a mesh, got it in an htree"),
        (TREE, "an htree must have branching"),
        ({**TREE, "branching": 1},
         "branching must be at least 2, got 1"),
        ({**TREE, "branching": 2, "memory_node": 0},
         "memory_node is a field of a mesh, got it in an htree"),
    ],
)  # fmt: skip
def test_errors(changes, text) -> None:
    interconnect = {k: v for k, v in {**MESH, **changes}.items() if v is not None}
    with pytest.raises(PumiceError) as error:
        device_of(interconnect)
    assert text in str(error.value)


def test_errors_of_tiles() -> None:
    fields = device_of(None).fields
    fields["groups"][0]["levels"] = [{"name": "tile", "holds": 2}, {"name": "chip"}]
    for interconnect in (MESH, HTREE):
        with pytest.raises(PumiceError, match='level "chip" of group "arrays" without one'):
            Device({**fields, "interconnect": interconnect})
    with pytest.raises(PumiceError, match="at most 262144 tiles, got 300000"):
        device_of(HTREE, tiles=300000)
    with pytest.raises(PumiceError, match="spread the buffer over at most 1024 tiles, got 1025"):
        device_of({**HTREE, "spread_buffer": True}, tiles=1025)
    chip = Device("neurosim-rram").replaced({"levels": {"chip": {"holds": 4}}})
    level = chip.crossbars["levels"][0]["name"]
    with pytest.raises(PumiceError, match="both count the interconnect, expected one of them"):
        Device({**chip.fields, "interconnect": {**HTREE, "level": level}})
