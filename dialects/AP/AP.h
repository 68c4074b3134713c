// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AP.h - The ap dialect ------------------------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_AP_AP_H
#define PUMICE_DIALECTS_AP_AP_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/AP/APDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/AP/APTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/AP/APOps.h.inc"

#endif // PUMICE_DIALECTS_AP_AP_H
