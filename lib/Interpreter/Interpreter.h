// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.h - State of one run, and the instruction table -*- C++ -*-//
#ifndef PUMICE_LIB_INTERPRETER_INTERPRETER_H
#define PUMICE_LIB_INTERPRETER_INTERPRETER_H

#include "lib/Interpreter/Holders.h"
#include "lib/Interpreter/Program.h"
#include "lib/Interpreter/Saturation.h"
#include "lib/Model/Crossbar/ArrayContents.h"
#include "lib/Reencoding/Reencoding.h"
#include "llvm/ADT/MapVector.h"

#include <deque>

namespace pumice {

/// One run (or estimate) of a program: walks the entry function and calls the
/// table's handler for each instruction.
class Interpreter {
public:
  Interpreter(Program &program, const RunOptions &options, bool withValues);

  /// Begins with what arrays hold after another inference, and without the
  /// setup phase.
  void continueFrom(const Interpreter &previous);

  /// What the inference has found out, if nothing was known before it.
  Program::Known takeKnown();

  /// Results of an inference with these arguments; without a report.
  llvm::Expected<RunResult> run(llvm::ArrayRef<model::Value> arguments);

  /// What the inference took; `next`: the same in the steady state.
  std::string report(const Interpreter *next) const;

  // What the handlers use.

  Program &program;
  const RunOptions &options;
  const bool withValues;

  /// Puts an instruction on the timeline, after the instructions of its tokens,
  /// and binds its end to its token.
  llvm::Error issue(mlir::Operation *op, model::InstructionKind kind,
                    const TaskFacts &facts = {}, bool setup = false);

  llvm::Error allocate(mlir::Value buffer);
  model::Value &value(mlir::Value buffer) { return values[buffer]; }
  /// Tells the observers of a computed buffer.
  void computed(mlir::Value buffer);
  void probe(simulator::ProbeOp op);
  /// Where the observers want the column sums of a grid counted; null if they
  /// do not.
  model::SumHistogram *columnSums(simulator::ProgramOp op) const;
  /// Records the weights that arrays hold from now on. Returns what changes;
  /// none if that does not matter, as all cells get the same pulse, or is not
  /// known.
  llvm::Expected<std::optional<model::ChangedCells>>
  write(simulator::ProgramOp op);

  /// Records weights that are re-encoded. The first inference chooses tables,
  /// later ones use the same.
  model::ChangedCells writeReencoded(simulator::ProgramOp op,
                                     llvm::StringRef method,
                                     const model::Value &weights);

  /// Fails unless the arrays of all grids that `op` reads hold them.
  llvm::Error verifyHeld(simulator::MVMOp op) const;

  const model::Grid *grid(mlir::Value value) const;
  const model::PackedWords &words(simulator::CamSearchOp op) const;
  const digital::CompiledRegion *region(llvm::StringRef name) const;
  /// Applies the net or table of `op`, and counts what is outside its domain.
  void applyFunction(simulator::ApplyOp op);
  const RegionInfo &regionInfo(simulator::DigitalOp op) const;

private:
  llvm::Expected<const model::Cost *> costOf(mlir::Operation *op,
                                             const TaskFacts &facts);
  void releaseDead(mlir::Operation *op);

  model::Machine machine;      ///< the inference
  model::Machine setupMachine; ///< programming before it
  llvm::DenseMap<mlir::Value, model::Value> values;
  /// Of weights that are computed.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<model::Grid>> temporaries;
  std::deque<model::ArrayContents> contents; ///< of arrays, by group
  /// How the arrays of a program are encoded, copy by copy.
  llvm::DenseMap<mlir::Operation *, std::vector<reencoding::Encoding>>
      encodings;
  std::vector<Holders> holders; ///< of arrays, by group
  Program::Known found;         ///< costs that were not known before
  bool wearDependsOnValues = false;
  model::Cost unknownCost; ///< the last one that depends on values
  llvm::DenseMap<mlir::Value, model::EventId> tokens, setupTokens;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> lastUses;
  struct FunctionUse {
    int64_t elements = 0, outside = 0;
  };
  llvm::MapVector<mlir::Operation *, FunctionUse> functionUses;
  SaturationCounter saturation;
  int64_t liveBytes = 0, peakBytes = 0;
  bool isNext = false; ///< not the first inference
};

/// The handler of an instruction; null when the machine has none.
using Handler = llvm::Error (*)(Interpreter &, mlir::Operation *);
Handler handlerOf(mlir::Operation *op);

/// The window of an mvm or ap_exec instruction.
model::Window windowOf(simulator::MVMOp op);
model::Window windowOf(simulator::APExecOp op);

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_INTERPRETER_H
