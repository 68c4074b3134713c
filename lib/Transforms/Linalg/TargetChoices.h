// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TargetChoices.h - What users assign to units -------------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_LINALG_TARGETCHOICES_H
#define PUMICE_LIB_TRANSFORMS_LINALG_TARGETCHOICES_H

#include "dialects/PUM/PUM.h"
#include "lib/Analysis/IntegerLayer.h"
#include "llvm/Support/GlobPattern.h"

#include <string>

namespace pumice {

/// An entry of the option `targets`, LAYER=TARGET.
struct TargetChoice {
  std::string text;         ///< the entry
  llvm::GlobPattern layers; ///< matches module paths
  bool isExact = false;     ///< names one layer
  LayerTarget target;
  std::string group = {}; ///< empty: the first group of the kind
  bool isAuto = false;    ///< by cost (choose-targets); the target is not used
  bool isUsed = false;
};

/// Reads the entries; reports errors at `op`. `device` may be null.
mlir::FailureOr<llvm::SmallVector<TargetChoice>>
readTargetChoices(mlir::Operation *op, llvm::ArrayRef<std::string> targets,
                  pum::DeviceAttr device);

/// The first entry that fits a layer; null if there is none.
TargetChoice *findTargetChoice(llvm::MutableArrayRef<TargetChoice> choices,
                               llvm::StringRef layer);

/// Why units of a kind cannot compute a layer; empty if they can. `device` may
/// be null.
std::string whyNotOn(LayerTarget target, const IntegerLayer &layer,
                     pum::DeviceAttr device);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_LINALG_TARGETCHOICES_H
