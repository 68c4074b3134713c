// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Version.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"

#include "lib/Support/Version.inc"

void pumice::setVersionPrinter() {
  llvm::cl::SetVersionPrinter([](llvm::raw_ostream &out) {
    out << "pumice " << kPumiceVersion << " (LLVM " << LLVM_VERSION_STRING
        << ")\n";
  });
}
