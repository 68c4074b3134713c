# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles functions of a file twice and compares what they compute, bit for bit.

    raised_equals_float.py FILE FOLDER FUNCTION...

Once through the whole pipeline, with integer layers on crossbars, and once without raising them,
as the float ops that they are written as, on the digital unit. The functions' scales and codes are
such that every float step is exact. Uniform weights are replaced by random ones.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

TO_TASKS = ["--convert-crossbar-to-pum", "--pum-allocate-arrays"]
FLOAT = ["--pum-attach-device=device=ideal", *TO_TASKS, "--pum-to-simulator"]
TYPES = {"i8": np.int8, "f32": np.float32}


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def varied(text: str, random: np.random.Generator) -> str:
    def weights(match: re.Match[str]) -> str:
        shape = [int(size) for size in match[1].split("x")]
        return f"dense<{random.integers(-9, 10, shape).tolist()}> : tensor<{match[1]}xi8>"

    return re.sub(r"dense<-?\d+> : tensor<([\dx]+)xi8>", weights, text)


def main(file: str, folder: Path, functions: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = Path(file).read_text()
    aliases = "".join(re.findall(r"^#\w+ = .*\n", text, re.M))
    for number, name in enumerate(functions):
        function = re.search(rf"^func\.func @{name}\((.*?)\).*?^}}", text, re.M | re.S)
        assert function, f"{file} has no function {name}"
        random = np.random.default_rng(number)
        (folder / "source.mlir").write_text(aliases + varied(function[0], random))
        inputs: list[object] = []
        for index, (shape, kind) in enumerate(re.findall(r"tensor<([\dx]+)x(\w+)>", function[1])):
            values = random.integers(-128, 128, [int(size) for size in shape.split("x")])
            np.save(folder / f"{index}.npy", values.astype(TYPES[kind]))
            inputs += ["--input", folder / f"{index}.npy"]
        outputs, units = [], []
        for way, flags in (("raised", ["--linalg-to-simulator=device=ideal"]), ("float", FLOAT)):
            program, output = folder / f"{way}.mlir", folder / f"{way}.npy"
            run("pumice-opt", folder / "source.mlir", *flags, "-o", program)
            run("pumice-sim", program, *inputs, "--output", output)
            units.append("crossbars" if "simulator.mvm" in program.read_text() else "digital")
            outputs.append(np.load(output))
        assert np.array_equal(*outputs), f"{name}: {outputs[0] - outputs[1]}"
        assert len(np.unique(outputs[0])) > 2, f"{name}: the outputs are all alike"
        print(f"{name}: raised on {units[0]}, float on {units[1]}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
