// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Program.h - Running a machine program --------------------*- C++ -*-===//
//
// The only part that sees both MLIR and the hardware model. A program is loaded
// from a module at L4 and can be run or estimated any number of times; grids
// and compiled regions are made at the first run and kept, and so are costs
// that do not depend on values.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_INTERPRETER_PROGRAM_H
#define PUMICE_LIB_INTERPRETER_PROGRAM_H

#include "dialects/Simulator/Simulator.h"
#include "lib/Cost/CostModel.h"
#include "lib/Digital/DigitalCompiler.h"
#include "lib/Digital/OpCounts.h"
#include "lib/Interpreter/Saturation.h"
#include "lib/Interpreter/State.h"
#include "lib/Interpreter/Tensors.h"
#include "lib/Model/Cam/Words.h"
#include "lib/Model/Core/FunctionTable.h"
#include "lib/Model/Core/Value.h"
#include "lib/Model/Crossbar/Grid.h"
#include "lib/Model/Machine/Collector.h"
#include "lib/Model/Machine/Machine.h"
#include "lib/Model/Machine/Report.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/JSON.h"
#include <atomic>
#include <memory>
#include <optional>
#include <unordered_map>

namespace pumice {

struct RunOptions {
  unsigned threads = 1;
  model::ReportDetail detail = model::ReportDetail::all;
  /// See instructions, values, probes and column sums.
  std::vector<model::IObserver *> observers;
};

/// What a report says of a function of the digital unit.
struct RegionInfo {
  digital::OpCounts counts;
  std::vector<std::string> nonlinear; ///< kinds of pum.nonlinear it came from
};

/// Kinds of the nonlinear functions that `op`, or the ops of a function, came
/// from, in order of appearance. Expansion leaves them in locations.
std::vector<std::string> nonlinearOf(mlir::Operation *op);

/// What a net or a table of the IR computes, for all of its inputs.
model::FunctionTable functionTable(mlir::Operation *op);

/// The kind of function that the fit of a net or a table states, or "".
llvm::StringRef kindOfFit(mlir::Operation *op);

struct RunResult {
  /// Empty after an estimate.
  std::vector<model::Value> outputs;
  std::string report; ///< JSON
};

/// Checks that `value` is an input as `spec` says; the error names it.
llvm::Error checkInput(const TensorSpec &spec, const model::Value &value);

class Program {
public:
  /// Checks the module against the contract of L4. Problems become diagnostics.
  /// The module must outlive the program.
  static mlir::FailureOr<std::unique_ptr<Program>> load(mlir::ModuleOp module);

  /// Without what is kept between runs.
  llvm::ArrayRef<TensorSpec> inputs() const { return inputSpecs; }
  llvm::ArrayRef<TensorSpec> outputs() const { return outputSpecs; }
  /// What a run computes, in the order and by the names that observers see.
  std::vector<ComputedTensor> tensors() const { return tensorsOf(entry); }
  const model::DeviceSpec &device() const { return costs->device(); }

  /// What is kept between runs. Each successful run updates it.
  ProgramState &state() { return *kept; }
  const ProgramState &state() const { return *kept; }
  /// Keeps the state together with another program from now on, one of the same
  /// network: each run of one of them updates it.
  llvm::Error shareState(Program &other);
  /// Writes the state to the module, for a program that is loaded from it.
  void storeState() { kept->store(entry); }

  /// Computes the outputs of `inputs`, and what that costs.
  llvm::Expected<RunResult> run(llvm::ArrayRef<model::Value> inputs,
                                const RunOptions &options = {});

  /// Runs, and collects what probes show and, if `collector` counts them,
  /// column sums. After an error the collector holds part of a run.
  llvm::Error observe(llvm::ArrayRef<model::Value> inputs,
                      model::Collector &collector, unsigned threads);
  /// Sets `adc_range` of every grid whose column sums `collector` has to the
  /// least sum that at most 1 - `fraction` of them exceed, in the module too.
  llvm::Error setAdcRanges(const model::Collector &collector, double fraction);

  /// What a run costs, without values.
  llvm::Expected<RunResult> estimate(const RunOptions &options = {});
  /// The same on a device that differs from the program's own in energies,
  /// times and areas only. The program keeps its own device.
  llvm::Expected<RunResult> estimateOn(model::DeviceSpec device,
                                       const RunOptions &options = {});

  /// Lets a run on another thread end with an error after its current
  /// instruction, and later ones too until they are allowed again.
  void setStopped(bool value) { stopped = value; }

  /// Milliseconds spent on programming grids and compiling regions so far.
  double prepareMs() const { return preparedMs; }
  /// What generating code took; null before the first run.
  const digital::CompileStats *codeStats() const {
    return regions ? &regions->getStats() : nullptr;
  }

  /// What each instruction costs.
  CostModel &costModel() { return *costs; }

private:
  friend class Interpreter;
  Program() = default;

  /// The first inference after the setup phase, and, if inferences rewrite
  /// constants in arrays whose contents count, one in the steady state: it
  /// finds the arrays as an inference leaves them.
  llvm::Expected<RunResult> infer(llvm::ArrayRef<model::Value> inputs,
                                  const RunOptions &options, bool withValues);

  void numberGrids();
  llvm::Error prepare(unsigned threads);
  mlir::LogicalResult checkAssociative();
  static GridSpec gridSpec(simulator::ProgramOp op);
  llvm::Expected<std::unique_ptr<model::Grid>>
  programGrid(simulator::ProgramOp op, const model::Value &weights) const;

  mlir::ModuleOp module;
  mlir::func::FuncOp entry;
  std::atomic<bool> stopped{false};
  std::unique_ptr<CostModel> costs;
  std::vector<TensorSpec> inputSpecs, outputSpecs;
  std::shared_ptr<ProgramState> kept;
  llvm::DenseMap<mlir::Value, QuantizedRange> quantized;
  llvm::DenseMap<mlir::Operation *, RegionInfo> regionInfos; ///< by function
  /// Program instructions: their number in the program, and those with arrays
  /// that temporary weights are written to.
  llvm::DenseMap<mlir::Operation *, int64_t> layers;
  llvm::DenseSet<mlir::Operation *> onTemporaryArrays;

  /// What an inference finds out that does not depend on values, for the next
  /// one that begins with the same contents of arrays.
  struct Known {
    bool isFound = false;
    /// Without writes to cells if the wear is known.
    std::unordered_map<mlir::Operation *, model::Cost> costs;
    /// Of the inference and of the setup; null if they depend on values.
    std::shared_ptr<model::Machine::Wears> wear, setupWear;
  };
  Known known[2]; ///< of the first inference, and of later ones
  /// Hash of the instructions for which grids were made and costs found.
  std::optional<llvm::hash_code> instructions;
  bool writesOnlyConstants = true;

  llvm::hash_code hashInstructions() const;
  /// Forgets what belongs to other instructions, if they have been edited.
  void forgetOtherInstructions();
  /// Whether the cost of an instruction depends on it alone.
  bool hasKnownCost(mlir::Operation *op) const;

  // Made by prepare(). Grids of constant weights only.
  double preparedMs = 0;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<model::Grid>> grids;
  std::unique_ptr<digital::CompiledRegions> regions;
  /// Of nets and tables.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<model::FunctionTable>>
      functions;
  /// Words of searches, packed, by their table.
  llvm::DenseMap<mlir::Attribute, model::PackedWords> words;
};

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_PROGRAM_H
