// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/Passes.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "crossbar-tile-to-arrays"

namespace pumice {
#define GEN_PASS_DEF_CROSSBARTILETOARRAYS
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct CrossbarTileToArraysPass
    : pumice::impl::CrossbarTileToArraysBase<CrossbarTileToArraysPass> {
  void runOnOperation() override {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    WalkResult result = getOperation().walk([&](LayerOpInterface layer) {
      if (layer.getTarget() != LayerTarget::crossbar || layer.getGridType())
        return WalkResult::advance();
      crossbar::CrossbarArrayAttr array =
          arrayOf(*device, pum::targetGroupOf(layer));
      if (!array) {
        layer->emitOpError("cannot be tiled: device '")
            << device->getName() << "' has no arrays";
        return WalkResult::interrupt();
      }
      return tile(layer, array);
    });
    grids.clear();
    if (result.wasInterrupted())
      signalPassFailure();
  }

  WalkResult tile(LayerOpInterface op, crossbar::CrossbarArrayAttr array) {
    Value weights = op.getLayerWeights();
    auto type = cast<RankedTensorType>(weights.getType());
    crossbar::QuantizedFormat inputs = *op.getLayerInputFormat();
    crossbar::QuantizedFormat stored = *op.getLayerWeightFormat();
    model::MatrixSpec matrix;
    matrix.groups = op.getLayerGroups();
    // [groups * columns, ...], or [groups, columns, rows] of a grouped mvm.
    bool isGrouped = !op.getWindowAttr() && type.getRank() == 3;
    matrix.columns =
        isGrouped ? type.getDimSize(1) : type.getDimSize(0) / matrix.groups;
    matrix.rows = type.getNumElements() / (matrix.groups * matrix.columns);
    matrix.weightBits = stored.bits;
    matrix.inputBits = inputs.bits;
    matrix.inputSigned = inputs.isSigned;
    llvm::Expected<model::Tiling> tiling = model::tile(toSpec(array), matrix);
    if (!tiling)
      return op->emitOpError("cannot be tiled: ")
             << llvm::toString(tiling.takeError());

    // A lossy converter can push a sum beyond the range of exact sums.
    if (llvm::Error error = model::verifyAccumulator(
            toSpec(array), matrix, inputs.zeroPoint, stored.zeroPoint,
            getElementTypeOrSelf(op->getResult(0).getType())
                .getIntOrFloatBitWidth()))
      return op->emitOpError("cannot be tiled: ")
             << llvm::toString(std::move(error));

    // One layer may serve several calls (tied weights): they share a grid that
    // streams what all of them read.
    OpBuilder builder(op);
    auto gridType = crossbar::GridType::get(
        op.getContext(), matrix.groups, matrix.rows, matrix.columns,
        builder.getIntegerType(matrix.weightBits),
        builder.getIntegerType(inputs.bits, inputs.isSigned));
    Value &grid =
        grids[{{weights, gridType}, op->getAttr(pum::targetAttrName)}];
    if (!grid || grid.getParentBlock() != op->getBlock()) {
      auto attr = crossbar::TilingAttr::get(
          op.getContext(), tiling->rowTiles, tiling->columnTiles,
          tiling->slices, tiling->groupsPerArray, tiling->arrays);
      grid = crossbar::ProgramOp::create(builder, op.getLoc(), gridType,
                                         weights, attr, array,
                                         /*adc_range=*/IntegerAttr());
      pum::copyTargetGroup(op, grid.getDefiningOp());
      numArrays += tiling->arrays;
      LDBG() << gridType << " on " << tiling->arrays << " arrays for "
             << op->getLoc();
    }
    // The grid's type says how inputs and weights are quantized.
    llvm::TypeSwitch<Operation *>(op).Case<crossbar::MVMOp, crossbar::Conv2DOp>(
        [&](auto layer) {
          layer.getWeightsMutable().assign(grid);
          layer.removeWeightBitsAttr();
          layer.removeInputBitsAttr();
          layer.removeInputUnsignedAttr();
        });
    return WalkResult::advance();
  }

  /// By weights, type and target.
  llvm::DenseMap<std::pair<std::pair<Value, Type>, Attribute>, Value> grids;
};

} // namespace
