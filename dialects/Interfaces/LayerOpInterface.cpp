// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Interfaces/LayerOpInterface.h"

#include "llvm/ADT/StringExtras.h"

#include "dialects/Interfaces/LayerTarget.cpp.inc"

#include "dialects/Interfaces/LayerOpInterface.cpp.inc"
