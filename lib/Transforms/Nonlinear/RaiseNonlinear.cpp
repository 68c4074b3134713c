// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/GroupNorm.h"
#include "lib/Transforms/Nonlinear/Passes.h"
#include "lib/Transforms/Nonlinear/Subroutines.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "raise-nonlinear"

namespace pumice {
#define GEN_PASS_DEF_RAISENONLINEAR
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

/// Moves subroutines into regions.
class RegionBuilder {
public:
  explicit RegionBuilder(Block &block)
      : block(block), builder(block.getParentOp()) {}

  /// Producers first; `regions` are in the order of findSubroutines.
  void build(ArrayRef<Subroutine> regions) {
    for (const Subroutine &region : llvm::reverse(regions))
      build(region);
    if (isOutOfOrder)
      sortTopologically(&block);
  }

private:
  void build(const Subroutine &region);

  Block &block;
  OpBuilder builder;
  IRMapping built; ///< old values to results of regions
  bool isOutOfOrder = false;
};

} // namespace

void RegionBuilder::build(const Subroutine &region) {
  Operation *last = region.result.getDefiningOp();
  LDBG() << stringifyNonlinearKind(region.kind) << " of " << region.ops.size()
         << " ops at " << last->getLoc();
  SmallVector<Value> results = resultsOf(region, block);
  SetVector<Value> operands;
  operands.insert(built.lookupOrDefault(region.argument));
  for (Value operand : operandsOf(region, block))
    operands.insert(operand);
  SmallVector<Value> inputs = operands.takeVector();

  builder.setInsertionPoint(last);
  auto op = pum::NonlinearOp::create(
      builder, last->getLoc(), TypeRange(ValueRange(results)), region.kind,
      inputs,
      pum::hasDimensions(region.kind)
          ? builder.getDenseI64ArrayAttr(region.dimensions)
          : DenseI64ArrayAttr(),
      region.parameters.empty() ? DictionaryAttr()
                                : builder.getDictionaryAttr(region.parameters),
      DenseF64ArrayAttr());
  SmallVector<Location> locs;
  for (Value input : inputs)
    locs.push_back(input.getLoc());
  Block *body = builder.createBlock(&op.getBody(), {},
                                    ValueRange(inputs).getTypes(), locs);
  IRMapping mapping;
  mapping.map(inputs, body->getArguments());
  std::function<void(Value)> repeat = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || mapping.contains(value) || !isRepeatedInRegion(def))
      return;
    for (Value operand : def->getOperands())
      repeat(operand);
    builder.clone(*def, mapping);
  };
  for (Operation *old : region.ops) {
    forEachOperand(old, block, repeat);
    builder.clone(*old, mapping);
  }
  SmallVector<Value> yielded;
  for (Value value : results)
    yielded.push_back(mapping.lookup(value));
  pum::YieldOp::create(builder, last->getLoc(), yielded);

  isOutOfOrder |= results.size() > 1;
  for (auto [from, to] : llvm::zip(results, op.getResults())) {
    built.map(from, to);
    from.replaceAllUsesWith(to);
  }
  for (Operation *old : llvm::reverse(region.ops))
    old->erase();
}

namespace {

struct RaiseNonlinearPass
    : pumice::impl::RaiseNonlinearBase<RaiseNonlinearPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!function.getBody().hasOneBlock()) {
      LDBG() << "skips @" << function.getName() << ": not one block";
      return;
    }
    Block &block = function.getBody().front();
    reshapeGathers(block);
    SmallVector<Subroutine> regions = findSubroutines(block);
    RegionBuilder(block).build(regions);
    numRegions += regions.size();
  }
};

} // namespace
