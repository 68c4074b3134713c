// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Level.h"

#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>

using namespace mlir;
using namespace pumice;

StringRef pumice::stringifyLevel(Level level) {
  constexpr StringRef names[] = {"tosa", "linalg", "crossbar", "pum",
                                 "simulator"};
  return names[static_cast<size_t>(level)];
}

/// True for functions on buffers of the machine.
static bool isOnMachine(func::FuncOp function) {
  auto isBuffer = [](Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    return memref && simulator::memoryOf(memref);
  };
  FunctionType type = function.getFunctionType();
  return llvm::any_of(type.getInputs(), isBuffer) ||
         llvm::any_of(type.getResults(), isBuffer);
}

Level pumice::levelOf(ModuleOp module) {
  // An op of TOSA is above linalg, so it counts only where there is no lower
  // one.
  bool hasTosa = false;
  Level lowest = Level::linalg;
  auto atLeast = [&](Level level) { lowest = std::max(lowest, level); };
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    if (isa<pum::LoadOp, pum::StoreOp, pum::ProgramOp, pum::ComputeOp,
            pum::DigitalOp>(op))
      return atLeast(Level::pum);
    if (dialect == "simulator")
      return atLeast(Level::simulator);
    if (dialect == "crossbar" || dialect == "ap")
      return atLeast(Level::crossbar);
    hasTosa |= dialect == "tosa";
    if (auto function = dyn_cast<func::FuncOp>(op))
      if (isOnMachine(function))
        atLeast(Level::simulator);
  });
  return lowest == Level::linalg && hasTosa ? Level::tosa : lowest;
}
