// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/InitAll.h"
#include "lib/Support/Version.h"
#include "mlir/IR/Dialect.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "tools/Tools.h"

int pumiceLspServerMain(int argc, char **argv) {
  pumice::setVersionPrinter();
  mlir::DialectRegistry registry;
  pumice::registerAllDialects(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
