/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- Tools.h - The command line tools as functions ----------------------===*/
#ifndef PUMICE_TOOLS_TOOLS_H
#define PUMICE_TOOLS_TOOLS_H

#include "mlir-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What main() of each tool does. Each may run once per process: all of them
 * parse LLVM's global flags. */
MLIR_CAPI_EXPORTED int pumiceOptMain(int argc, char **argv);
MLIR_CAPI_EXPORTED int pumiceSimMain(int argc, char **argv);
MLIR_CAPI_EXPORTED int pumiceLspServerMain(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* PUMICE_TOOLS_TOOLS_H */
