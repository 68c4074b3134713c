// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_PYTHON_APOPS_TD
#define PUMICE_PYTHON_APOPS_TD
include "dialects/AP/APOps.td"
#endif
