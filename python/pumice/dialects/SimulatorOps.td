// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_PYTHON_SIMULATOROPS_TD
#define PUMICE_PYTHON_SIMULATOROPS_TD
include "dialects/Simulator/SimulatorOps.td"
#endif
