// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.h - State of one run, and the instruction table -*- C++ -*-//
#ifndef PUMICE_LIB_INTERPRETER_INTERPRETER_H
#define PUMICE_LIB_INTERPRETER_INTERPRETER_H

#include "lib/Interpreter/Program.h"

namespace pumice {

/// One run (or estimate) of a program: walks the entry function and calls the
/// table's handler for each instruction.
class Interpreter {
public:
  Interpreter(Program &program, const RunOptions &options, bool withValues);

  llvm::Expected<RunResult> run(llvm::ArrayRef<model::Value> inputs);

  // What the handlers use.

  Program &program;
  const RunOptions &options;
  const bool withValues;

  /// Puts an instruction on the timeline, after the instructions of `tokens`,
  /// and binds its end to `token`.
  llvm::Error issue(mlir::Operation *op, llvm::StringRef kind,
                    llvm::StringRef unit, const model::Cost &cost,
                    mlir::ValueRange tokens, mlir::Value token,
                    bool setup = false);

  llvm::Error allocate(mlir::Value buffer);
  model::Value &value(mlir::Value buffer) { return values[buffer]; }
  /// Tells the observers of a computed buffer.
  void computed(mlir::Value buffer);
  const Program::Associative &associative(mlir::Operation *op) const {
    return *program.associative.find(op)->second;
  }

  const model::Grid *grid(mlir::Value value) const;
  const digital::CompiledRegion *region(llvm::StringRef name) const;
  const digital::OpCounts &counts(mlir::Operation *function) const;

private:
  void releaseDead(mlir::Operation *op);
  llvm::json::Value report() const;

  model::Machine machine;      ///< the inference
  model::Machine setupMachine; ///< programming before it
  llvm::DenseMap<mlir::Value, model::Value> values;
  llvm::DenseMap<mlir::Value, model::EventId> tokens, setupTokens;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> lastUses;
  int64_t liveBytes = 0, peakBytes = 0;
};

/// The handler of an instruction; null when the machine has none.
using Handler = llvm::Error (*)(Interpreter &, mlir::Operation *);
Handler handlerOf(mlir::Operation *op);

/// Tiling and matrix of a programmed grid, as the hardware model sees them.
struct GridSpec {
  model::MatrixSpec matrix;
  model::Tiling tiling;
};
GridSpec specOf(simulator::ProgramOp program);

/// The window of an mvm or ap_exec instruction.
model::Window windowOf(simulator::MVMOp op);
model::Window windowOf(simulator::APExecOp op);

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_INTERPRETER_H
