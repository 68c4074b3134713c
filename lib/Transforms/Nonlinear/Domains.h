// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Domains.h - Which functions need a domain ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H

#include "dialects/PUM/PUM.h"

namespace pumice {

/// Kinds of functions whose range is reduced by powers of two, so that they
/// need no domain.
inline bool mayReduceRange(pum::NonlinearKind kind) {
  switch (kind) {
  case pum::NonlinearKind::log:
  case pum::NonlinearKind::sqrt:
  case pum::NonlinearKind::rsqrt:
  case pum::NonlinearKind::reciprocal:
    return true;
  default:
    return false;
  }
}

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H
