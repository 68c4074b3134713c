// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pumice::ap;

#include "dialects/AP/APDialect.cpp.inc"
#include "dialects/AP/APEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/AP/APAttrs.cpp.inc"

void APDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/AP/APAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/AP/APOps.cpp.inc"
      >();
}
