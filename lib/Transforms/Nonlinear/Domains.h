// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Domains.h - Facts about nonlinear functions --------------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H

#include "dialects/PUM/PUM.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace pumice {

/// Kinds of functions whose range is reduced by powers of two, so that they
/// need no domain.
inline bool mayReduceRange(pum::NonlinearKind kind) {
  switch (kind) {
  case pum::NonlinearKind::log:
  case pum::NonlinearKind::sqrt:
  case pum::NonlinearKind::rsqrt:
  case pum::NonlinearKind::reciprocal:
    return true;
  default:
    return false;
  }
}

/// Whether `value` is a constant, an element of one in the body of a linalg op
/// or a region, or computed from such.
inline bool isConstantElement(mlir::Value value) {
  if (matchPattern(value, mlir::m_Constant()))
    return true;
  auto argument = mlir::dyn_cast<mlir::BlockArgument>(value);
  if (!argument) {
    mlir::Operation *op = value.getDefiningOp();
    return op->getNumRegions() == 0 && op->getNumOperands() > 0 &&
           mlir::isMemoryEffectFree(op) &&
           llvm::all_of(op->getOperands(), isConstantElement);
  }
  mlir::Operation *parent = argument.getOwner()->getParentOp();
  if (!mlir::isa<mlir::linalg::LinalgOp, pum::NonlinearOp>(parent) ||
      argument.getArgNumber() >= parent->getNumOperands())
    return false;
  return isConstantElement(parent->getOperand(argument.getArgNumber()));
}

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_DOMAINS_H
