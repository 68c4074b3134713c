# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops of a graph in terms of others.

- `before_quantization`: run before PT2E, on ops that hide what can be quantized;
- `undecomposed_ops`: run before torch-mlir, on ops for which PyTorch has no decomposition and
  torch-mlir no linalg form.
"""
