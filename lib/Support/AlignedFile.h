// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_SUPPORT_ALIGNEDFILE_H
#define PUMICE_SUPPORT_ALIGNEDFILE_H

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace pumice {

/// Opens a file of MLIR, or standard input for "-", in a buffer that is aligned
/// as bytecode with weights has to be: they are read in place.
///
/// Returns null and sets `error` if the file cannot be read.
std::unique_ptr<llvm::MemoryBuffer> openAlignedFile(llvm::StringRef path,
                                                    std::string &error);

} // namespace pumice

#endif // PUMICE_SUPPORT_ALIGNEDFILE_H
