// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_PYTHON_CROSSBAROPS_TD
#define PUMICE_PYTHON_CROSSBAROPS_TD
include "dialects/Crossbar/CrossbarOps.td"
#endif
