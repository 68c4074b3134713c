// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Rematerializable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

bool pumice::isRepeated(Operation *op, RepeatedConstants constants) {
  if (isa<tensor::EmptyOp>(op))
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return constants == RepeatedConstants::all ||
           !isa<ElementsAttr>(constant.getValue()) ||
           isa<SplatElementsAttr>(constant.getValue());
  auto isRepeatedValue = [&](Value value) {
    Operation *def = value.getDefiningOp();
    return def && isRepeated(def, constants);
  };
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return isRepeatedValue(op->getOperand(0));
  auto fill = dyn_cast<linalg::FillOp>(op);
  return fill && matchPattern(fill.getInputs()[0], m_Constant()) &&
         isRepeatedValue(fill.getOutputs()[0]);
}
