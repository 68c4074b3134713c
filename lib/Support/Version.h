// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Version.h - The version of the tools ---------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_VERSION_H
#define PUMICE_LIB_SUPPORT_VERSION_H

#include "llvm/Support/raw_ostream.h"

namespace pumice {

/// Lets --version print the versions of Pumice and LLVM; call it before the
/// command line is parsed.
void setVersionPrinter();

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_VERSION_H
