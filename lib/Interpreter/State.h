// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- State.h - What a program keeps between runs --------------*- C++ -*-===//
#ifndef PUMICE_LIB_INTERPRETER_STATE_H
#define PUMICE_LIB_INTERPRETER_STATE_H

#include "dialects/PUM/PUM.h"
#include "lib/Model/Core/Value.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace pumice {

/// An input or output of a program, or a part of its state.
struct TensorSpec {
  std::string name;
  model::ElementType type;
  llvm::SmallVector<int64_t> shape;
};

/// The values of the arguments of a program that have `pum.state`.
class ProgramState {
public:
  /// Of the entry function of a machine program: its arguments and results are
  /// of types that the hardware model has.
  explicit ProgramState(mlir::func::FuncOp entry);

  bool holdsArgument(unsigned index) const;
  bool holdsResult(unsigned index) const;

  llvm::ArrayRef<TensorSpec> specs() const { return parts; }
  /// The value of a part. Fails if its initial value cannot be read.
  llvm::Expected<model::Value> value(unsigned part);

  /// The arguments of the function: `inputs` with the state between them.
  llvm::Expected<std::vector<model::Value>>
  arguments(llvm::ArrayRef<model::Value> inputs);
  /// Takes the new state from the results of the function; returns the rest.
  std::vector<model::Value> update(std::vector<model::Value> results);

  /// Makes all parts what they were before the first run.
  void reset();
  /// Writes the parts that differ from that to `function` (`current`), the
  /// entry function of a program with this state.
  void store(mlir::func::FuncOp function) const;

  /// Fails if the state of `other` has other names, types or shapes.
  llvm::Error checkSame(const ProgramState &other) const;

private:
  mlir::func::FuncOp entry;
  std::vector<TensorSpec> parts;
  llvm::SmallVector<unsigned> argumentOf, resultOf; ///< by part
  std::vector<model::Value> values; ///< empty ones are not read yet
  bool isReset = false; ///< values that are not read yet are initial ones
};

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_STATE_H
