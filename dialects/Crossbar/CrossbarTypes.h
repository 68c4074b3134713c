// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CrossbarTypes.h - Attributes and types of the dialect ----*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_H
#define PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_H

#include "dialects/Crossbar/Number.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Crossbar/CrossbarDialect.h.inc"
#include "dialects/Crossbar/CrossbarEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Crossbar/CrossbarAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Crossbar/CrossbarTypes.h.inc"

#endif // PUMICE_DIALECTS_CROSSBAR_CROSSBARTYPES_H
