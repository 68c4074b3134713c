// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Analysis/SignFlip.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/Passes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "crossbar-infer-bit-widths"

namespace pumice {
#define GEN_PASS_DEF_CROSSBARINFERBITWIDTHS
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// The smallest width of signed `codes`; nullopt if it is above `most`.
static std::optional<int64_t> leastBits(Value codes, int64_t most) {
  int64_t bits = rangeOfCodes(codes, /*isUnsigned=*/false).signedBits();
  return bits <= most ? std::optional(bits) : std::nullopt;
}

namespace {

struct CrossbarInferBitWidthsPass
    : pumice::impl::CrossbarInferBitWidthsBase<CrossbarInferBitWidthsPass> {
  void runOnOperation() override {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    // convert-linalg-to-ap infers the widths of processors' inputs.
    getOperation().walk([&](LayerOpInterface layer) {
      crossbar::CrossbarArrayAttr array =
          arrayOf(*device, pum::targetGroupOf(layer));
      if (!array)
        return;
      if (layer.getGridType())
        return; // the grid's type says both widths
      llvm::TypeSwitch<Operation *>(layer)
          .Case<crossbar::MVMOp, crossbar::Conv2DOp>([&](auto op) {
            crossbar::WindowAttr window = layer.getWindowAttr();
            narrowInput(op, window && window.isPadded());
            narrowWeights(op, array.getCellBits());
          });
    });
  }

  template <typename OpTy>
  void narrowInput(OpTy op, bool isPadded) {
    if (op.getInputBits())
      return;
    bool isUnsigned = op.getInputUnsigned();
    IntegerRange range = rangeOfCodes(op.getInput(), isUnsigned);
    if (isPadded) {
      int64_t zero = op.getInputZeroPoint();
      range = range.join({zero, zero});
    }
    // A sign and at least one bit.
    int64_t bits = isUnsigned ? range.unsignedBits()
                              : std::max<int64_t>(range.signedBits(), 2);
    if (bits >= op.getInput().getType().getElementTypeBitWidth())
      return;
    LDBG() << "inputs of " << bits << " bits at " << op.getLoc();
    op.setInputBits(bits);
    ++numInputs;
  }

  template <typename OpTy>
  void narrowWeights(OpTy op, int64_t cellBits) {
    if (op.getWeightBits())
      return;
    auto weights = cast<TypedValue<RankedTensorType>>(op.getWeights());
    // Only widths that take fewer cells.
    int64_t width = weights.getType().getElementTypeBitWidth();
    int64_t most = (int64_t(llvm::divideCeil(width, cellBits)) - 1) * cellBits;
    std::optional<int64_t> bits;
    if (Value codes = unflippedSign(weights)) {
      // Flipped, q takes all bits whatever it is; q - 2^(b-1) takes the b bits
      // that q takes.
      bits = rangeOfCodes(codes, /*isUnsigned=*/true).unsignedBits();
      if (*bits > most)
        return;
      int64_t half = int64_t(1) << (*bits - 1);
      OpBuilder builder(op);
      auto less = DenseElementsAttr::get(
          weights.getType(),
          builder.getIntegerAttr(weights.getType().getElementType(), -half));
      Value centred = arith::AddIOp::create(
          builder, op.getLoc(), codes,
          arith::ConstantOp::create(builder, op.getLoc(), less));
      op.getWeightsMutable().assign(centred);
      op.setWeightZeroPoint(int64_t(op.getWeightZeroPoint()) +
                            signFlipOffset(weights) - half);
    } else {
      bits = leastBits(weights, most);
    }
    if (!bits)
      return;
    LDBG() << "weights of " << *bits << " bits at " << op.getLoc();
    op.setWeightBits(*bits);
    ++numWeights;
  }
};

} // namespace
