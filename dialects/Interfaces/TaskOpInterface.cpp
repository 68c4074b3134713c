// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Interfaces/TaskOpInterface.h"

#include "dialects/Interfaces/TaskOpInterface.cpp.inc"
