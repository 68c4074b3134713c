// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.h - State of one run, and the instruction table -*- C++ -*-//
#ifndef PUMICE_LIB_INTERPRETER_INTERPRETER_H
#define PUMICE_LIB_INTERPRETER_INTERPRETER_H

#include "lib/Interpreter/Program.h"
#include "lib/Model/Crossbar/ArrayContents.h"

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
  void probe(simulator::ProbeOp op);
  /// Where the observers want the column sums of a grid counted; null if they
  /// do not.
  model::SumHistogram *columnSums(simulator::ProgramOp op) const;
  const Program::Associative &associative(mlir::Operation *op) const {
    return *program.associative.find(op)->second;
  }

  /// Writes weights into arrays that this run changes. Returns the number of
  /// cells that are pulsed, none if it is that of all cells: constants are
  /// written whole. Each run finds the arrays as the setup phase left them.
  llvm::Expected<std::optional<int64_t>> write(simulator::ProgramOp op);

  const model::Grid *grid(mlir::Value value) const;
  const digital::CompiledRegion *region(llvm::StringRef name) const;
  const RegionInfo &regionInfo(simulator::DigitalOp op) const;

private:
  void releaseDead(mlir::Operation *op);
  llvm::json::Value report() const;

  model::Machine machine;      ///< the inference
  model::Machine setupMachine; ///< programming before it
  llvm::DenseMap<mlir::Value, model::Value> values;
  /// Of weights that are computed.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<model::Grid>> temporaries;
  model::ArrayContents contents; ///< of the arrays that hold temporary weights
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

/// The arrays of a placement.
llvm::SmallVector<model::ArrayRange> rangesOf(pum::PlacementAttr placement);

/// The window of an mvm or ap_exec instruction.
model::Window windowOf(simulator::MVMOp op);
model::Window windowOf(simulator::APExecOp op);

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_INTERPRETER_H
