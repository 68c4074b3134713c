// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/JsonFile.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/ToolOutputFile.h"

llvm::Error pumice::writeJson(llvm::StringRef path,
                              const llvm::json::Value &json) {
  if (path.empty())
    return llvm::Error::success();
  std::error_code error;
  llvm::ToolOutputFile out(path, error, llvm::sys::fs::OF_Text);
  if (error)
    return llvm::createStringError("'" + path + "': " + error.message());
  out.os() << llvm::formatv("{0:2}\n", json);
  out.keep();
  return llvm::Error::success();
}
