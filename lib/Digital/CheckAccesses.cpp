// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CheckAccesses.cpp - No access out of bounds
//--------------------------===//
//
// Runs on buffers of static shape, while linalg ops are whole. What a linalg op
// reads and writes by its maps is proven here or refused. Loads, stores and
// views are proven by the ranges of their indices, or get assertions. All that
// later passes make of these ops accesses the same elements.
//
//===----------------------------------------------------------------------===//
#include "lib/Digital/IndexRanges.h"
#include "lib/Digital/LoweringStages.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "pumice-digital-lowering"

using namespace mlir;
using namespace pumice;
using namespace pumice::digital;

namespace {

struct CheckAccesses : FunctionPass<CheckAccesses> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckAccesses)

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect>();
  }

  void runOnOperation() override {
    ranges = IndexRanges(); // of values of this function
    proven = asserted = 0;
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      if (failed(check(op)))
        return signalPassFailure();
    LDBG() << "@" << getOperation().getName() << ": " << proven
           << " indices proven, " << asserted << " asserted";
  }

private:
  LogicalResult check(Operation *op) {
    if (auto load = dyn_cast<memref::LoadOp>(op))
      checkIndices(op, load.getMemRefType(), load.getIndices());
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      checkIndices(op, store.getMemRefType(), store.getIndices());
    else if (auto view = dyn_cast<memref::SubViewOp>(op))
      return checkView(view);
    else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return checkMaps(linalgOp);
    else if (auto reshape = dyn_cast<memref::ReshapeOp>(op)) {
      auto from = dyn_cast<MemRefType>(reshape.getSource().getType());
      auto to = dyn_cast<MemRefType>(reshape.getResult().getType());
      if (!from || !to || !from.hasStaticShape() || !to.hasStaticShape() ||
          from.getNumElements() != to.getNumElements())
        return op->emitError("expected a reshape to as many elements");
    }
    return success();
  }

  /// Asserts that 0 <= index < extent, unless that is proven. The condition
  /// that it asserts, or null.
  Value checkIndex(Operation *op, Value index, int64_t extent, unsigned axis) {
    std::optional<IntegerRange> range = ranges.of(index);
    if (range && range->low >= 0 && range->high < extent) {
      ++proven;
      return {};
    }
    ++asserted;
    OpBuilder builder(op);
    Location loc = op->getLoc();
    std::string message = "index";
    if (range && range->low == range->high)
      message += " " + std::to_string(range->low);
    message += " of dimension " + std::to_string(axis) +
               " is out of bounds, expected 0 to " + std::to_string(extent - 1);
    if (extent == 0)
      message = "index of dimension " + std::to_string(axis) +
                " is out of bounds, the extent is 0";
    // Unsigned: a negative index is a huge one. The lowering of assertions
    // reports the left operand.
    Value size = arith::ConstantIndexOp::create(builder, loc, extent);
    Value inside = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ult, index, size);
    auto assertion = cf::AssertOp::create(builder, loc, inside, message);
    if (!range || range->low != range->high)
      assertion->setDiscardableAttr(kReportsIndex,
                                    UnitAttr::get(op->getContext()));
    return inside;
  }

  void checkIndices(Operation *op, MemRefType type, ValueRange indices) {
    for (auto [axis, index] : llvm::enumerate(indices))
      checkIndex(op, index, type.getDimSize(axis), axis);
  }

  Value toValue(OpBuilder &builder, Location loc, OpFoldResult number) {
    if (auto value = dyn_cast<Value>(number))
      return value;
    return arith::ConstantIndexOp::create(
        builder, loc, cast<IntegerAttr>(cast<Attribute>(number)).getInt());
  }

  LogicalResult checkView(memref::SubViewOp op) {
    MemRefType source = op.getSourceType();
    OpBuilder builder(op);
    Location loc = op.getLoc();
    const SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
    const SmallVector<OpFoldResult> strides = op.getMixedStrides();
    SmallVector<Value> newOffsets, newStrides;
    for (unsigned axis = 0; axis < source.getRank(); ++axis) {
      int64_t extent = source.getDimSize(axis);
      std::optional<int64_t> size =
          getConstantIntValue(op.getMixedSizes()[axis]);
      std::optional<int64_t> stride = getConstantIntValue(strides[axis]);
      if (ShapedType::isDynamic(extent) || !size || *size < 0)
        return op.emitError("expected the size of a view to be static");
      if (!stride)
        return op.emitError("expected a part of static stride");
      // Later passes multiply and add offsets and strides, and take -2^63 for a
      // dynamic one: none may stay that is not within the source.
      Value first = toValue(builder, loc, offsets[axis]);
      Value step = toValue(builder, loc, strides[axis]);
      if (*size == 0) {
        first = arith::ConstantIndexOp::create(builder, loc, 0);
        step = arith::ConstantIndexOp::create(builder, loc, 1);
      } else {
        int64_t span;
        if (llvm::MulOverflow(*size - 1, *stride, span) || span <= -extent ||
            span >= extent)
          return op.emitError("a part of ")
                 << *size << " elements with stride " << *stride
                 << " does not fit into dimension " << axis << " of extent "
                 << extent;
        if (*size == 1)
          step = arith::ConstantIndexOp::create(builder, loc, 1);
        // first and first + span are inside.
        auto check = [&](Value index, int64_t end) {
          if (Value inside = checkIndex(op, index, end, axis))
            first = arith::SelectOp::create(
                builder, loc, inside, first,
                arith::ConstantIndexOp::create(builder, loc, 0));
        };
        const Value stated = first;
        if (span < 0)
          check(arith::AddIOp::create(
                    builder, loc, stated,
                    arith::ConstantIndexOp::create(builder, loc, span)),
                extent);
        check(stated, span < 0 ? extent : extent - span);
      }
      if (isa<Value>(offsets[axis]))
        newOffsets.push_back(first);
      if (isa<Value>(strides[axis]))
        newStrides.push_back(step);
    }
    op.getOffsetsMutable().assign(newOffsets);
    op.getStridesMutable().assign(newStrides);
    return success();
  }

  LogicalResult checkMaps(linalg::LinalgOp op) {
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    SmallVector<std::optional<IntegerRange>> loops;
    for (int64_t extent : extents) {
      if (ShapedType::isDynamic(extent))
        return op.emitError("expected loops of static extent");
      if (extent == 0)
        return success();
      loops.push_back(IntegerRange{0, extent - 1});
    }
    // Iterations of a parallel loop may run at once.
    for (OpOperand &init : op.getDpsInitsMutable()) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
        if (kind == utils::IteratorType::parallel && extents[loop] > 1 &&
            !map.isFunctionOfDim(loop))
          return op.emitError("expected iterations of parallel loop ")
                 << loop << " to write elements of their own";
    }
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<MemRefType>(operand.get().getType());
      if (!type)
        continue;
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
        std::optional<IntegerRange> range =
            rangeOf(expr, map.getNumDims(), loops);
        if (range && range->low >= 0 && range->high < type.getDimSize(axis)) {
          ++proven;
          continue;
        }
        if (op.payloadUsesValueFromOperand(&operand) || op.isDpsInit(&operand))
          return op.emitError("cannot prove that the index of dimension ")
                 << axis << " of operand " << operand.getOperandNumber()
                 << " stays between 0 and " << type.getDimSize(axis) - 1;
      }
    }
    return success();
  }

  IndexRanges ranges;
  int64_t proven = 0, asserted = 0;
};

} // namespace

std::unique_ptr<Pass> pumice::digital::createCheckAccessesPass() {
  return std::make_unique<CheckAccesses>();
}
