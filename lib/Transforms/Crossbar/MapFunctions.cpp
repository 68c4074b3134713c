// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/FunctionGrids.h"
#include "lib/Transforms/Crossbar/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "crossbar-map-functions"

namespace pumice {
#define GEN_PASS_DEF_CROSSBARMAPFUNCTIONS
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct CrossbarMapFunctionsPass
    : pumice::impl::CrossbarMapFunctionsBase<CrossbarMapFunctionsPass> {
  void runOnOperation() override {
    SmallVector<crossbar::ApplyOp> applies;
    getOperation().walk([&](crossbar::ApplyOp op) {
      if (op.getGrids().empty())
        applies.push_back(op);
    });
    known.clear();
    if (applies.empty())
      return;
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    array = arrayOf(*device);
    if (!array) {
      applies.front().emitOpError("cannot be mapped: device '")
          << device->getName() << "' has no arrays";
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    for (crossbar::ApplyOp apply : applies)
      if (failed(map(apply, symbols)))
        return signalPassFailure();
  }

private:
  LogicalResult map(crossbar::ApplyOp apply, SymbolTable &symbols) {
    Block *block = apply->getBlock();
    Mapped &mapped = known[{block, apply.getFunctionAttr().getAttr(),
                            int64_t(apply.getCopies())}];
    if (mapped.grids.empty()) {
      Operation *function = symbols.lookup(apply.getFunction());
      auto grids = gridsFor(function, apply.getCopies(), array);
      if (!grids) {
        InFlightDiagnostic diag = apply.emitOpError("cannot be mapped: ")
                                  << llvm::toString(grids.takeError());
        diag.attachNote(function->getLoc()) << "it applies this function";
        return diag;
      }
      // Reports list the arrays under the function's name.
      StringAttr name = SymbolTable::getSymbolName(function);
      Location loc = NameLoc::get(name, NameLoc::get(name));
      OpBuilder builder = OpBuilder::atBlockBegin(block);
      for (auto [i, grid] : llvm::enumerate(*grids)) {
        auto weights = arith::ConstantOp::create(
            builder, loc, makeWeights(function, i, grid));
        mapped.grids.push_back(crossbar::ProgramOp::create(
            builder, loc, grid.type, weights, grid.tiling, array,
            /*adc_range=*/IntegerAttr()));
        numArrays += grid.tiling.getArrays();
      }
      mapped.copies =
          *crossbar::copiesOf([&] { return apply.emitOpError(); }, function,
                              ValueRange(mapped.grids).getTypes());
      LDBG() << mapped.copies << " copies of @" << apply.getFunction();
    }
    apply.getGridsMutable().assign(mapped.grids);
    apply.setCopies(mapped.copies);
    return success();
  }

  struct Mapped {
    SmallVector<Value, 2> grids;
    int64_t copies = 0;
  };
  crossbar::CrossbarArrayAttr array;
  llvm::DenseMap<std::tuple<Block *, StringAttr, int64_t>, Mapped> known;
};

} // namespace
