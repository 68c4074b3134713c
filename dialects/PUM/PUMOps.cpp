// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pumice::pum;
using pumice::crossbar::GridType;

#define GET_OP_CLASSES
#include "dialects/PUM/PUMOps.cpp.inc"

YieldOp ComputeOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

YieldOp DigitalOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult ProgramOp::verify() {
  // C1
  if (failed(pumice::crossbar::verifyTiling([&] { return emitOpError(); },
                                            getTiling(), getArray(),
                                            getGrid().getType())))
    return failure();
  RankedTensorType weights = cast<RankedTensorType>(getWeights().getType());
  GridType grid = getGrid().getType();
  if (!weights.hasStaticShape() ||
      weights.getElementTypeBitWidth() < grid.getElementType().getWidth() ||
      weights.getNumElements() !=
          grid.getGroups() * grid.getRows() * grid.getColumns())
    return emitOpError("cannot program weights ")
           << weights << " into " << grid;
  // C2
  if (getPlacement() && getPlacement()->size() % getTiling().getArrays())
    return emitOpError("is placed on ")
           << getPlacement()->size()
           << " arrays, but every copy of its tiling takes "
           << getTiling().getArrays();
  return success();
}

/// C1 of the tasks with a region.
template <typename OpTy>
static LogicalResult verifyRegion(OpTy op) {
  if (op.getBody().getArgumentTypes() != op.getInputs().getTypes())
    return op.emitOpError("has region arguments ")
           << op.getBody().getArgumentTypes() << " for inputs "
           << op.getInputs().getTypes();
  if (op.getYield().getValues().getTypes() != op.getResults().getTypes())
    return op.emitOpError("yields ")
           << op.getYield().getValues().getTypes() << " for results "
           << op.getResults().getTypes();
  return success();
}

LogicalResult ComputeOp::verify() {
  // C2
  auto isAssociative = [](Operation &op) {
    return op.getName().getDialectNamespace() == "ap";
  };
  if (llvm::none_of(getInputs().getTypes(), llvm::IsaPred<GridType>) &&
      llvm::none_of(getBody().front(), isAssociative))
    return emitOpError("reads no grid");
  return success();
}

LogicalResult ComputeOp::verifyRegions() { return verifyRegion(*this); }

LogicalResult DigitalOp::verifyRegions() { return verifyRegion(*this); }

LogicalResult DigitalOp::verify() {
  // C2
  for (Type type : getInputs().getTypes())
    if (!isa<RankedTensorType>(type))
      return emitOpError("takes tensors, got ") << type;
  return success();
}
