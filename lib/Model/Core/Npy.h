// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Npy.h - NumPy array files --------------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CORE_NPY_H
#define PUMICE_LIB_MODEL_CORE_NPY_H

#include "lib/Model/Core/Value.h"
#include "llvm/Support/Error.h"

namespace pumice {

/// Reads a `.npy` file (format 1 to 3, little endian, C order; bool, signed and
/// unsigned integers of 8 to 64 bits, float32 and float64).
llvm::Expected<model::Value> readNpy(llvm::StringRef path);

/// Writes a value as a `.npy` file; integers are written as signed.
llvm::Error writeNpy(llvm::StringRef path, const model::Value &value);

} // namespace pumice

#endif // PUMICE_LIB_MODEL_CORE_NPY_H
