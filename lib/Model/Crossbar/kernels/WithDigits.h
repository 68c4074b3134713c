// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WithDigits.h - Kernels for a fixed number of digits ------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WITHDIGITS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WITHDIGITS_H

#include "llvm/Support/ErrorHandling.h"

#include <cstdint>
#include <type_traits>

namespace pumice::model {

/// Calls `kernel` with the number of digits, 1 to 4, as a type, so that it can
/// be an argument of a template.
template <typename Kernel>
auto withDigits(int64_t digits, Kernel kernel) {
  switch (digits) {
  case 1:
    return kernel(std::integral_constant<int, 1>());
  case 2:
    return kernel(std::integral_constant<int, 2>());
  case 3:
    return kernel(std::integral_constant<int, 3>());
  case 4:
    return kernel(std::integral_constant<int, 4>());
  default:
    llvm_unreachable("expected 1 to 4 digits");
  }
}

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WITHDIGITS_H
