// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tensors.h - What a machine program computes --------------*- C++ -*-===//
//
// A buffer carries the location of what it is for. That does not make it the
// output of the graph node of that name: it may be an intermediate of a node
// that the framework calls one operation (the exponentials of a softmax), or a
// copy. So the digital functions are read as well:
//
// - the value is that of the operation that computes the function's result,
//   seen through reshapes;
// - it is the node's output if no function that reads the buffer goes on with
//   the same node.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_INTERPRETER_TENSORS_H
#define PUMICE_LIB_INTERPRETER_TENSORS_H

#include "lib/Support/Locations.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace pumice {

/// sums: of a layer's arrays or processors; values: of the digital unit; copy:
/// of another buffer.
enum class TensorKind { sums, values, copy };
llvm::StringRef stringifyTensorKind(TensorKind kind);

/// A tensor that a run computes.
struct ComputedTensor {
  std::string name; ///< that observers of a run get
  TensorKind kind;
  mlir::MemRefType type;
  /// Nodes whose output it is, up to reshapes; none for an intermediate.
  llvm::SmallVector<Place, 1> places;
};

/// The tensors of a run of `entry`, in order.
std::vector<ComputedTensor> tensorsOf(mlir::func::FuncOp entry);

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_TENSORS_H
