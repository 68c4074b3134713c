/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The executable of each tool. In the package, PUMICE_TOOL_MAIN is in the
 * library that Python uses too, so that MLIR and LLVM are there once. */
#include "tools/Tools.h"

int main(int argc, char **argv) { return PUMICE_TOOL_MAIN(argc, argv); }
