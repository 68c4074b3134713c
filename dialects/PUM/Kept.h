// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Kept.h - Results that stay in processors -----------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_PUM_KEPT_H
#define PUMICE_DIALECTS_PUM_KEPT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

namespace pumice::pum {

/// Discardable attribute of `pum.compute`: its results, quantized values of a
/// microprogram, stay in its processors, and other microprograms read them
/// there (pum-keep-codes).
inline constexpr llvm::StringLiteral keptAttrName = "pum.kept";

inline bool isKept(mlir::Operation *task) {
  return task && task->hasAttr(keptAttrName);
}
inline void setKept(mlir::Operation *task, bool kept) {
  if (kept)
    task->setAttr(keptAttrName, mlir::UnitAttr::get(task->getContext()));
  else
    task->removeAttr(keptAttrName);
}

} // namespace pumice::pum

#endif // PUMICE_DIALECTS_PUM_KEPT_H
