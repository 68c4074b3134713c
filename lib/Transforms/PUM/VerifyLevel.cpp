// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "dialects/PUM/Reason.h"
#include "lib/Analysis/Level.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "verify-level"

namespace pumice {
#define GEN_PASS_DEF_VERIFYLEVEL
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// Whether quantized-to-crossbar still has to decide where `op` runs.
static bool isUnmapped(Operation *op) {
  if (isa<pum::NonlinearOp>(op))
    return true;
  return isa<linalg::Conv2DNchwFchwQOp, linalg::Conv2DNgchwGfchwQOp,
             linalg::QuantizedMatmulOp, linalg::QuantizedBatchMatmulOp>(op) &&
         !op->hasAttr(pum::reasonAttrName) && !op->hasAttr(pum::targetAttrName);
}

/// Whether a network without ops of crossbars or processors is mapped: all of
/// it then runs on the digital unit.
static bool isMapped(ModuleOp module) {
  return module->hasAttr(pum::deviceAttrName) &&
         !module
              .walk([](Operation *op) {
                return isUnmapped(op) ? WalkResult::interrupt()
                                      : WalkResult::advance();
              })
              .wasInterrupted();
}

/// Whether the functions compute nothing.
static bool isTrivial(ModuleOp module) {
  return !module
              .walk([](Operation *op) {
                return isa<ModuleOp, func::FuncOp, func::ReturnOp,
                           arith::ConstantOp>(op)
                           ? WalkResult::advance()
                           : WalkResult::interrupt();
              })
              .wasInterrupted();
}

namespace {
struct VerifyLevelPass : pumice::impl::VerifyLevelBase<VerifyLevelPass> {
  using VerifyLevelBase::VerifyLevelBase;

  void runOnOperation() override {
    constexpr StringRef names[] = {"linalg", "quantized", "crossbar", "pum"};
    const auto *wanted = llvm::find(names, level);
    if (wanted == std::end(names)) {
      getOperation().emitError("expected a level of linalg, quantized, "
                               "crossbar or pum, got '")
          << level << "'";
      return signalPassFailure();
    }
    const Level found = levelOf(getOperation());
    const std::string advice = adviceFor(*wanted, found);
    LDBG() << "level " << stringifyLevel(found);
    if (advice.empty())
      return;
    getOperation().emitError("expected a module at level '")
        << level << "', got one at level '" << stringifyLevel(found)
        << "': " << advice;
    signalPassFailure();
  }

private:
  /// What to run instead; empty if the module is at the level.
  std::string adviceFor(StringRef wanted, Level found) {
    if (found == Level::tosa)
      return "run tosa-to-linalg-contract first";
    if (found == Level::simulator)
      return wanted == "pum" ? "" : "it is a machine program, the lowest level";
    if (wanted == "linalg" || wanted == "quantized") {
      if (found == Level::pum)
        return "pum-to-simulator lowers it further";
      if (found == Level::crossbar && wanted == "linalg")
        return "crossbar-to-pum lowers it further";
      return "";
    }
    if (wanted == "crossbar")
      return found == Level::linalg && !isMapped(getOperation())
                 ? "run quantized-to-crossbar first"
                 : "";
    if (found == Level::crossbar)
      return "run crossbar-to-pum first";
    return found == Level::linalg && !isTrivial(getOperation())
               ? "run quantized-to-crossbar and crossbar-to-pum first"
               : "";
  }
};
} // namespace
