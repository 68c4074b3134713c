// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/AlignedFile.h"

#include "mlir/Support/FileUtilities.h"

#include <cstring>

std::unique_ptr<llvm::MemoryBuffer>
pumice::openAlignedFile(llvm::StringRef path, std::string &error) {
  const llvm::Align alignment(64);
  std::unique_ptr<llvm::MemoryBuffer> file =
      mlir::openInputFile(path, alignment, &error);
  if (!file || llvm::isAddrAligned(alignment, file->getBufferStart()))
    return file;
  // Standard input is read to anywhere.
  auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      file->getBufferSize(), file->getBufferIdentifier(), alignment);
  if (!copy) {
    error = "not enough memory for the " +
            std::to_string(file->getBufferSize()) + " bytes of '" + path.str() +
            "'";
    return nullptr;
  }
  std::memcpy(copy->getBufferStart(), file->getBufferStart(),
              file->getBufferSize());
  return copy;
}
