// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- OpCounts.h - Work of a digital region --------------------*- C++ -*-===//
//
// Numbers of scalar operations of a region, from static iteration domains. Each
// payload op of a linalg op counts once per iteration. The kinds are:
//
//   add      addi subi addf subf negf absi absf copysign andi ori xori shifts
//   multiply muli mulf fma (also one add)
//   divide   divf div*i rem*
//   compare  cmpi cmpf select min* max* clampf isnan isinf
//   convert  ext* trunc* *tofp fpto* bitcast roundeven round floor ceil trunc
//   special  every other math op: exp tanh erf sqrt rsqrt log pow sin ...
//   move     elements copied: fill, broadcast, transpose, pad, concat, insert,
//            extract and payloads that only yield; unknown ops: their results
//
// Free: constants, tensor.empty, reshapes, extract_slice (a view), casts of
// tensors, yields, index arithmetic (linalg.index, affine.apply, ops on index),
// cf.assert.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_OPCOUNTS_H
#define PUMICE_LIB_DIGITAL_OPCOUNTS_H

#include "lib/Support/DigitalOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <cstdint>

namespace pumice::digital {

struct OpCounts {
  DigitalOps ops;
  /// Multiply-accumulates: sums of products of two operands of an op.
  int64_t macs = 0;
  /// Bytes of arguments and constants read, and of results written.
  int64_t bytesRead = 0;
  int64_t bytesWritten = 0;

  int64_t &operator[](DigitalOpKind op) { return ops[op]; }
};

/// Counts one execution of `region`; dynamic shapes count as 0. The arguments
/// of its entry block and non-splat constants are read, the operands of its
/// terminators are written. Loops without a static trip count, and the first
/// branch of an scf.if, count once.
OpCounts count(mlir::Region &region);
OpCounts count(mlir::func::FuncOp function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_OPCOUNTS_H
