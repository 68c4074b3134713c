// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"
#include <cmath>

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

YieldOp NonlinearOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult ProgramOp::verify() {
  // C1
  if (failed(pumice::crossbar::verifyTiling([&] { return emitOpError(); },
                                            getTiling(), getArray(),
                                            getGrid().getType())))
    return failure();
  // C1, C2, C5
  return pumice::crossbar::verifyProgram(
      [&] { return emitOpError(); }, cast<ShapedType>(getWeights().getType()),
      getGrid().getType(), getTiling(), getPartAttr(), getTiles(),
      getPlacement() ? getPlacement()->size() : 0);
}

/// C1 of the ops with a region.
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
  auto isOnProcessors = [](Operation &op) {
    auto layer = dyn_cast<pumice::LayerOpInterface>(op);
    return layer && (layer.getTarget() == pumice::LayerTarget::ap ||
                     layer.getTarget() == pumice::LayerTarget::cam);
  };
  if (llvm::none_of(getInputs().getTypes(), llvm::IsaPred<GridType>) &&
      llvm::none_of(getBody().front(), isOnProcessors))
    return emitOpError("reads no grid");
  // C3
  if (getPlacement() &&
      llvm::any_of(getInputs().getTypes(), llvm::IsaPred<GridType>))
    return emitOpError("reads a grid, so that its placement is the grid's, "
                       "but has one of its own");
  return success();
}

LogicalResult NonlinearOp::verifyRegions() { return verifyRegion(*this); }

LogicalResult ComputeOp::verifyRegions() { return verifyRegion(*this); }

LogicalResult DigitalOp::verifyRegions() { return verifyRegion(*this); }

LogicalResult DigitalOp::verify() {
  // C2
  for (Type type : getInputs().getTypes())
    if (!isa<RankedTensorType>(type))
      return emitOpError("expects tensors, got ") << type;
  return success();
}

bool pumice::pum::hasDimensions(NonlinearKind kind) {
  switch (kind) {
  case NonlinearKind::softmax:
  case NonlinearKind::log_softmax:
  case NonlinearKind::layer_norm:
  case NonlinearKind::rms_norm:
  case NonlinearKind::group_norm:
  case NonlinearKind::l2_norm:
  case NonlinearKind::squash:
  case NonlinearKind::max_pool:
  case NonlinearKind::avg_pool:
    return true;
  default:
    return false;
  }
}

/// Takes operands and results that nobody reads off an op with a region, except
/// the first `kept` operands. `results` are those that may go.
template <typename Op>
static LogicalResult dropUnread(Op op, unsigned kept, ResultRange results,
                                PatternRewriter &rewriter) {
  Block &body = op.getBody().front();
  llvm::BitVector deadInputs(op.getInputs().size());
  llvm::BitVector deadResults(op->getNumResults());
  for (BlockArgument argument : body.getArguments().drop_front(kept))
    if (argument.use_empty())
      deadInputs.set(argument.getArgNumber());
  for (OpResult result : results)
    if (result.use_empty())
      deadResults.set(result.getResultNumber());
  if (deadInputs.none() && deadResults.none())
    return rewriter.notifyMatchFailure(op, "all operands and results are read");
  if (deadResults.none()) {
    rewriter.modifyOpInPlace(op, [&] {
      for (int input = deadInputs.find_last(); input >= 0;
           input = deadInputs.find_prev(input))
        op.getInputsMutable().erase(input);
      body.eraseArguments(deadInputs);
    });
    return success();
  }
  SmallVector<Type> types;
  for (OpResult result : op->getResults())
    if (!deadResults.test(result.getResultNumber()))
      types.push_back(result.getType());
  auto smaller = Op::create(rewriter, op.getLoc(), types, op->getOperands(),
                            op->getAttrs());
  rewriter.inlineRegionBefore(op.getBody(), smaller.getBody(),
                              smaller.getBody().end());
  YieldOp yield = smaller.getYield();
  llvm::BitVector deadYields = deadResults;
  deadYields.resize(yield->getNumOperands());
  rewriter.modifyOpInPlace(yield, [&] { yield->eraseOperands(deadYields); });
  unsigned next = 0;
  SmallVector<Value> replacements;
  for (OpResult result : op->getResults())
    replacements.push_back(deadResults.test(result.getResultNumber())
                               ? Value()
                               : smaller->getResult(next++));
  rewriter.replaceOp(op, replacements);
  return success();
}

/// The first operand and the first result stay: they say what the function is.
LogicalResult NonlinearOp::canonicalize(NonlinearOp op,
                                        PatternRewriter &rewriter) {
  return dropUnread(op, 1, op->getResults().drop_front(), rewriter);
}

/// The token stays. Without a result that is read, the task is dead or is there
/// for its token.
LogicalResult DigitalOp::canonicalize(DigitalOp op, PatternRewriter &rewriter) {
  if (llvm::all_of(op.getResults(), [](Value v) { return v.use_empty(); }))
    return rewriter.notifyMatchFailure(op, "no result is read");
  return dropUnread(op, 0, op.getResults(), rewriter);
}

LogicalResult NonlinearOp::verify() {
  // C1
  if (getInputs().empty() || getResults().empty())
    return emitOpError("expects at least one operand and one result, got ")
           << getInputs().size() << " and " << getResults().size();
  // C2
  SmallVector<Type> types(getOperandTypes());
  llvm::append_range(types, getResultTypes());
  for (Type type : types)
    if (!cast<RankedTensorType>(type).hasStaticShape())
      return emitOpError("expects static shapes, got ") << type;
  // C3
  std::optional<ArrayRef<int64_t>> dimensions = getDimensions();
  if (dimensions.has_value() != hasDimensions(getKind()))
    return emitOpError("of kind ")
           << stringifyNonlinearKind(getKind())
           << (dimensions ? " has no dimensions, got some"
                          : " expects dimensions, got none");
  if (dimensions) {
    int64_t rank = cast<RankedTensorType>(getInputs()[0].getType()).getRank();
    int64_t last = -1;
    for (int64_t dimension : *dimensions) {
      if (dimension <= last || dimension >= rank)
        return emitOpError("expects ascending dimensions below ")
               << rank << ", got [" << *dimensions << "]";
      last = dimension;
    }
  }
  // C6
  if (std::optional<ArrayRef<double>> domain = getDomain())
    if (domain->size() != 2 || !std::isfinite((*domain)[0]) ||
        !std::isfinite((*domain)[1]) || !((*domain)[0] < (*domain)[1]))
      return emitOpError("expects a domain from a finite number to a greater "
                         "one, got [")
             << *domain << "]";
  // C5
  if (DictionaryAttr parameters = getParametersAttr())
    for (NamedAttribute parameter : parameters)
      if (!isa<FloatAttr, IntegerAttr, UnitAttr>(parameter.getValue()))
        return emitOpError("expects parameter ")
               << parameter.getName() << " to be a number or unit, got "
               << parameter.getValue();
  // C4
  WalkResult result = getBody().walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    bool inside = op->getParentOp() != getOperation();
    if (llvm::is_contained({"linalg", "tensor", "arith", "math"}, dialect) ||
        (inside && op->getName().getStringRef() == "cf.assert") ||
        (!inside && isa<YieldOp>(op)))
      return WalkResult::advance();
    op->emitOpError("is in a nonlinear region, expected ops of linalg, tensor, "
                    "arith and math");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
