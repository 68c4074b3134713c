// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reason.h - Why a product is on the digital unit ----------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_PUM_REASON_H
#define PUMICE_DIALECTS_PUM_REASON_H

#include "llvm/ADT/StringRef.h"

namespace pumice::pum {

/// Discardable attribute, a string: why a convolution or matrix product is not
/// on crossbars. It is on the linalg op, from L3 on on the task that holds it.
inline constexpr llvm::StringLiteral reasonAttrName = "pum.reason";

} // namespace pumice::pum

#endif // PUMICE_DIALECTS_PUM_REASON_H
