// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_PYTHON_PUMOPS_TD
#define PUMICE_PYTHON_PUMOPS_TD
include "dialects/PUM/PUMOps.td"
#endif
