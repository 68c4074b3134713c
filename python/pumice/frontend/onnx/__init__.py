# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files in, linalg on tensors out, by torch-mlir's importer.

`graph` reads a file and fixes its shapes, `simplify` evaluates what depends on shapes alone,
`integers` writes the operators of ORT's integer formats as quantize, op, dequantize, and
`importer` lowers the result.
"""
