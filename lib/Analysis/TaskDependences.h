// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TaskDependences.h - Which task waits for which -----------*- C++ -*-===//
//
// Schedules of 10^5 tasks are checked by asking whether certain tasks wait, by
// data or tokens, for certain others. All questions are asked first and
// answered together: a pass over the block carries one bit for each of the
// tasks asked about, some hundreds at a time. It starts at the first and ends
// at the last task that the questions name, so that questions about neighbours
// cost little wherever they are.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_TASKDEPENDENCES_H
#define PUMICE_LIB_ANALYSIS_TASKDEPENDENCES_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>
#include <vector>

namespace pumice {

class TaskDependences {
public:
  /// The ops of `block`. An op waits for the makers of those operands for which
  /// `orders` holds, and for what these wait for.
  TaskDependences(mlir::Block &block,
                  llvm::function_ref<bool(mlir::Value)> orders);

  /// Asks whether `later` waits for `earlier`, both in the block. Returns the
  /// number of the question, counted from 0.
  size_t ask(mlir::Operation *later, mlir::Operation *earlier);

  /// Answers all questions. Returns the number of the first whose answer is no.
  std::optional<size_t> firstNo() const;

private:
  struct Question {
    unsigned later, earlier;
  };
  bool isDirect(Question question) const;

  llvm::DenseMap<mlir::Operation *, unsigned> index;
  /// Op `i` waits for `producers[begins[i]]` to `producers[begins[i + 1] - 1]`.
  std::vector<unsigned> producers;
  std::vector<size_t> begins;
  std::vector<Question> questions;
};

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_TASKDEPENDENCES_H
