// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/Passes.h"

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
    array = arrayOf(*device);
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (!array && isa<crossbar::MVMOp, crossbar::Conv2DOp>(op)) {
        op->emitOpError("cannot be tiled: device '")
            << device->getName() << "' has no arrays";
        return WalkResult::interrupt();
      }
      if (auto mvm = dyn_cast<crossbar::MVMOp>(op))
        return tile(mvm, /*groups=*/mvm.getInput().getType().getRank() == 3
                             ? mvm.getInput().getType().getDimSize(0)
                             : 1);
      if (auto conv = dyn_cast<crossbar::Conv2DOp>(op))
        return tile(conv, conv.getGroups());
      return WalkResult::advance();
    });
    grids.clear();
    if (result.wasInterrupted())
      signalPassFailure();
  }

  template <typename OpTy>
  WalkResult tile(OpTy op, int64_t groups) {
    auto weights = dyn_cast<TypedValue<RankedTensorType>>(op.getWeights());
    if (!weights)
      return WalkResult::advance();
    RankedTensorType type = weights.getType();
    model::MatrixSpec matrix;
    matrix.groups = groups;
    // [groups * columns, ...], or [groups, columns, rows] of a grouped mvm.
    bool isGrouped = isa<crossbar::MVMOp>(op) && type.getRank() == 3;
    matrix.columns =
        isGrouped ? type.getDimSize(1) : type.getDimSize(0) / groups;
    matrix.rows = type.getNumElements() / (groups * matrix.columns);
    matrix.weightBits =
        op.getWeightBits().value_or(type.getElementTypeBitWidth());
    matrix.inputBits = op.getInputBits().value_or(
        op.getInput().getType().getElementTypeBitWidth());
    matrix.inputSigned = !op.getInputUnsigned();
    llvm::Expected<model::Tiling> tiling = model::tile(toSpec(array), matrix);
    if (!tiling)
      return op.emitOpError("cannot be tiled: ")
             << llvm::toString(tiling.takeError());

    // A lossy converter can push a sum beyond what exact sums reach.
    if (llvm::Error error = model::verifyAccumulator(
            toSpec(array), matrix, op.getInputZeroPoint(),
            op.getWeightZeroPoint(),
            op.getResult().getType().getElementTypeBitWidth()))
      return op.emitOpError("cannot be tiled: ")
             << llvm::toString(std::move(error));

    // One layer may serve several calls (tied weights). A signed width counts
    // as another one than an unsigned: inputs are streamed in another way.
    // Widths are at most 16 bits.
    int64_t stream = matrix.inputBits * (matrix.inputSigned ? -1 : 1);
    Value &grid = grids[{weights, {groups, stream * 32 + matrix.weightBits}}];
    if (!grid || grid.getParentBlock() != op->getBlock()) {
      OpBuilder builder(op);
      auto gridType = crossbar::GridType::get(
          op.getContext(), groups, matrix.rows, matrix.columns,
          builder.getIntegerType(matrix.weightBits));
      auto attr = crossbar::TilingAttr::get(
          op.getContext(), tiling->rowTiles, tiling->columnTiles,
          tiling->slices, tiling->groupsPerArray, tiling->arrays);
      grid = crossbar::ProgramOp::create(builder, op.getLoc(), gridType,
                                         weights, attr, array,
                                         /*adc_range=*/IntegerAttr());
      numArrays += tiling->arrays;
    }
    op.getWeightsMutable().assign(grid);
    op.removeWeightBitsAttr(); // the grid's type says it
    return WalkResult::advance();
  }

  crossbar::CrossbarArrayAttr array;
  llvm::DenseMap<std::pair<Value, std::pair<int64_t, int64_t>>, Value> grids;
};

} // namespace
