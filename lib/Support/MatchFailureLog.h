// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MatchFailureLog.h - Why patterns do not match ------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_MATCHFAILURELOG_H
#define PUMICE_LIB_SUPPORT_MATCHFAILURELOG_H

#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/Debug.h"

namespace pumice {

/// Writes the reasons of notifyMatchFailure to the debug output of a pass,
/// which drivers other than the greedy one drop.
class MatchFailureLog : public mlir::RewriterBase::Listener {
public:
  explicit MatchFailureLog(const char *debugType) : debugType(debugType) {}

  void notifyMatchFailure(
      mlir::Location loc,
      llvm::function_ref<void(mlir::Diagnostic &)> explain) override {
    DEBUG_WITH_TYPE(debugType, {
      mlir::Diagnostic reason(loc, mlir::DiagnosticSeverity::Remark);
      explain(reason);
      llvm::dbgs() << "[" << debugType << "] no match at " << loc << ": "
                   << reason << "\n";
    });
  }

private:
  const char *debugType;
};

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_MATCHFAILURELOG_H
