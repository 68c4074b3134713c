# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random problems for tests of the scheduler."""

from __future__ import annotations

import random

from pumice.scheduling import Bank, Group, Machine, Problem, Unit


def random_problem(seed: int) -> Problem:
    """Any graph of up to 12 units on any machine: several groups, channels and banks, units larger
    than the machine, buffers that are too small for tensors, pinned units."""
    rng = random.Random(seed)
    groups = [
        Group(
            name=f"g{i}",
            kind=rng.choice(["crossbar", "crossbar", "ap", "systolic"]) if i else "crossbar",
            elements=rng.randint(1, 4),
            arrays_per_element=rng.randint(2, 8),
            writers_per_element=rng.choice([0, 0, 1, 2, 3]),
            rows=rng.choice([1, 4, 16]),
            row_write_ps=rng.choice([0, 1, 50, 200]),
            static_mw_per_array=rng.random(),
        )
        for i in range(rng.choice([1, 1, 2, 3]))
    ]
    kinds = sorted({group.kind for group in groups})
    digital_units = rng.choice([1, 1, 2, 3])
    machine = Machine(
        groups=groups,
        dram_channels=rng.choice([1, 1, 2]),
        dram_bytes_per_us=rng.choice([50_000, 10**6, 10**7]),
        dram_pj_per_byte=rng.choice([0.0, 32.0]),
        banks=[
            Bank(rng.choice([64, 100, 256, 1024]), rng.random()) for _ in range(rng.randint(1, 4))
        ],
        digital_units=digital_units,
        static_mw=rng.random(),
    )
    buffer = sum(bank.bytes for bank in machine.banks)
    units: list[Unit] = []
    shape = rng.choice(["chain", "sparse", "dense"])
    free = {group.name: group.elements * group.arrays_per_element for group in groups}
    for i in range(rng.randint(1, 12)):
        if shape == "chain":
            dependencies = units[-1:]
        else:
            share = 0.2 if shape == "sparse" else 0.6
            dependencies = [unit for unit in units if rng.random() < share]
        window = rng.randint(0, min(buffer, 40) // 2)
        unit = Unit(
            name=f"u{i}",
            kind="digital" if rng.random() < 0.15 else rng.choice(kinds),
            dependencies=[d.name for d in dependencies],
            windows=rng.choice([1, 1, 7, 50, 200]),
            lead_ppm=rng.choice([0, 1, 142858, 500000, 10**6]),
            digital_ps=rng.choice([0, 0, 100, 3000]),
            input_bytes=0 if dependencies else rng.choice([0, 30, 300]),
            output_bytes=rng.choice([0, 20, 60, 200, 2000]),
            window_bytes=window,
            digital_pj=rng.random(),
        )
        if unit.kind != "digital":
            own = [group for group in groups if group.kind == unit.kind]
            if rng.random() < 0.5:
                unit.groups = [group.name for group in own if rng.random() < 0.6] or [own[0].name]
            unit.row_tiles = rng.choice([1, 1, 2, 3, 9])
            unit.col_tiles = rng.choice([1, 1, 2, 4, 7])
            unit.mvm_ps = rng.choice([0, 10, 100, 100])
            unit.bytes = rng.choice([0, 1, unit.row_tiles * unit.col_tiles * 16, 777])
            unit.partial_bytes = rng.choice([0, 1, buffer // 4]) * unit.col_tiles
            unit.max_copies = rng.choice([1, 4, 100])
            unit.write_pj, unit.compute_pj = rng.random(), rng.random()
            first = (unit.groups or [group.name for group in own])[0]
            tiles = unit.row_tiles * unit.col_tiles
            if rng.random() < 0.1 and tiles * 2 <= free[first]:
                unit.pinned = True
                free[first] -= tiles
        units.append(unit)
    rng.shuffle(units)
    decoders = random.Random(f"decoders {seed}")
    for group in groups:
        group.decoder_weights_per_us = decoders.choice([0, 0, 0, 20_000, 10**6])
    for unit in units:
        if unit.bytes and decoders.random() < 0.5:
            unit.decoded_weights = unit.bytes * decoders.choice([1, 2, 3])
    return Problem(machine, units, f"random-{seed}")
