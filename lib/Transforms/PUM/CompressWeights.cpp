// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cost/ConstantValue.h"
#include "lib/Device/Device.h"
#include "lib/Reencoding/EntropyCode.h"
#include "lib/Transforms/PUM/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/DebugLog.h"

#define DEBUG_TYPE "pum-compress-weights"

namespace pumice {
#define GEN_PASS_DEF_PUMCOMPRESSWEIGHTS
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

namespace {

struct PUMCompressWeightsPass
    : pumice::impl::PUMCompressWeightsBase<PUMCompressWeightsPass> {
  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run() {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return failure();
    const model::DeviceSpec spec = toSpec(*device);
    if (llvm::none_of(spec.groups, hasDecoder))
      return getOperation().emitError("weights cannot be compressed: device '")
             << spec.name << "' has no group with a weight_decoder";
    llvm::DenseMap<Attribute, int64_t> known;
    WalkResult result = getOperation().walk([&](pum::ProgramOp op) {
      auto constant = op.getWeights().getDefiningOp<arith::ConstantOp>();
      if (!constant || !hasDecoder(groupOf(op, *device, spec)))
        return WalkResult::advance();
      auto weights = cast<ElementsAttr>(constant.getValue());
      if (!weights.getElementType().isInteger(8))
        return WalkResult::advance();
      auto [it, isNew] = known.try_emplace(weights, 0);
      if (isNew) {
        llvm::Expected<model::Value> value = constantValue(weights);
        if (!value) {
          op.emitOpError(llvm::toString(value.takeError()));
          return WalkResult::interrupt();
        }
        it->second = reencoding::compressedBytes(value->as<int8_t>());
      }
      const int64_t bytes = weights.getNumElements();
      LDBG() << op.getLoc() << ": " << bytes << " bytes, " << it->second
             << " compressed";
      if (it->second >= bytes)
        return WalkResult::advance();
      ++numCompressed;
      numSaved += bytes - it->second;
      op->setAttr(pum::compressedBytesAttrName,
                  Builder(&getContext()).getI64IntegerAttr(it->second));
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  static bool hasDecoder(const model::UnitGroup &group) {
    return group.crossbar() && group.crossbar()->weightDecoder;
  }

  /// The group that the program is assigned to.
  static const model::UnitGroup &groupOf(pum::ProgramOp op,
                                         pum::DeviceAttr device,
                                         const model::DeviceSpec &spec) {
    StringRef name = pum::targetGroupOf(op);
    if (name.empty())
      name = groupWith(device, op.getArray());
    const model::UnitGroup *group = spec.find(name.str());
    return group ? *group : spec.groups.front();
  }
};

} // namespace
