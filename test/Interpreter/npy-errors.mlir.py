# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies of an array file, each broken in one way (see npy-errors.mlir)."""

import sys

path = sys.argv[1]
with open(path, "rb") as file:
    good = file.read()
shape = b"(4, 8)"
assert shape in good
for name, text in {
    "header": good[:40],
    "version": good[:6] + b"\x09" + good[7:],
    "descr": good.replace(b"descr", b"dtype"),
    "shape": good.replace(b"shape", b"sizes"),
    # As long as what they replace, so that the header keeps its length.
    "extent": good.replace(shape + b", }" + b" " * 16, b"(99999999999999999999,) }"),
    "huge": good.replace(shape + b", }" + b" " * 14, b"(4611686018427387904,4)"),
    "large": good.replace(shape + b", }" + b" " * 12, b"(1125899906842624,), }"),
    "data": good[:-1],
}.items():
    assert text != good, name
    with open(f"{path}.{name}", "wb") as file:
        file.write(text)
