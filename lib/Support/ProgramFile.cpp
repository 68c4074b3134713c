// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ProgramFile.h"

#include "lib/Support/AlignedFile.h"
#include "lib/Support/AtomicFile.h"
#include "lib/Support/Isolated.h"
#include "lib/Support/Limits.h"
#include "lib/Support/Seal.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace pumice;

static std::shared_ptr<llvm::SourceMgr>
sourcesOf(std::unique_ptr<llvm::MemoryBuffer> file, StringRef content) {
  auto sources = std::make_shared<llvm::SourceMgr>();
  if (content.size() != file->getBufferSize())
    sources->AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBuffer(content, file->getBufferIdentifier(),
                                         /*RequiresNullTerminator=*/false),
        llvm::SMLoc());
  // Keeps the bytes of the first buffer.
  sources->AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  return sources;
}

OwningOpRef<ModuleOp>
pumice::parseProgramFile(StringRef path, MLIRContext *context, bool isSealed) {
  std::string error;
  auto file = openAlignedFile(path, error);
  auto fail = [&](const llvm::Twine &message) {
    emitError(UnknownLoc::get(context)) << message;
    return OwningOpRef<ModuleOp>();
  };
  if (!file)
    return fail(error);
  llvm::Expected<StringRef> content = checkSeal(file->getBuffer(), isSealed);
  if (!content)
    return fail("cannot read '" + path +
                "': " + llvm::toString(content.takeError()));
  auto read = [&](MLIRContext &child) {
    auto sources = std::make_shared<llvm::SourceMgr>();
    sources->AddNewSourceBuffer(
        llvm::MemoryBuffer::getMemBuffer(*content, path,
                                         /*RequiresNullTerminator=*/false),
        llvm::SMLoc());
    (void)parseSourceFile<ModuleOp>(sources, &child);
  };
  if (failed(survivesReading(UnknownLoc::get(context), path, content->size(),
                             read)))
    return {};
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sourcesOf(std::move(file), *content), context);
  if (module && failed(verifyLimits(*module)))
    return {};
  return module;
}

llvm::Error pumice::writeProgramFile(ModuleOp module, StringRef path) {
  std::string bytes;
  llvm::raw_string_ostream out(bytes);
  if (failed(writeBytecodeToFile(module, out)))
    return llvm::createStringError("cannot write '" + path +
                                   "': the module has no bytecode");
  std::string seal = sealOf(bytes);
  return writeFile(path,
                   [&](llvm::raw_ostream &file) { file << bytes << seal; });
}
