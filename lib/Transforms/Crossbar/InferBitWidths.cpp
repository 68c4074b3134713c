// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Quantized.h"
#include "lib/Device/Device.h"
#include "lib/Transforms/Crossbar/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace pumice {
#define GEN_PASS_DEF_CROSSBARINFERBITWIDTHS
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;

/// The least width of signed `codes`, or none if it is above `most`.
static std::optional<int64_t> leastBits(Value codes, int64_t most) {
  int64_t bits = rangeOfCodes(codes, /*isUnsigned=*/false).signedBits();
  return bits <= most ? std::optional(bits) : std::nullopt;
}

/// The codes that `weights` holds less 128, or null.
static Value flippedCodes(Value weights) {
  auto flip = weights.getDefiningOp<arith::XOrIOp>();
  if (!flip || uniformInteger(flip.getRhs()) != -128)
    return {};
  return flip.getLhs();
}

namespace {

struct CrossbarInferBitWidthsPass
    : pumice::impl::CrossbarInferBitWidthsBase<CrossbarInferBitWidthsPass> {
  void runOnOperation() override {
    FailureOr<pum::DeviceAttr> device = getDevice(getOperation());
    if (failed(device))
      return signalPassFailure();
    // Associative processors take the widths that convert-crossbar-to-ap finds.
    crossbar::CrossbarArrayAttr array = arrayOf(*device);
    if (!array)
      return;
    cellBits = array.getCellBits();
    getOperation().walk([&](Operation *op) {
      if (auto mvm = dyn_cast<crossbar::MVMOp>(op)) {
        narrowInput(mvm, /*isPadded=*/false);
        narrowWeights(mvm);
      } else if (auto conv = dyn_cast<crossbar::Conv2DOp>(op)) {
        narrowInput(conv, llvm::any_of(conv.getPadding(),
                                       [](int64_t size) { return size > 0; }));
        narrowWeights(conv);
      }
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
    op.setInputBits(bits);
    ++numInputs;
  }

  template <typename OpTy>
  void narrowWeights(OpTy op) {
    auto weights = dyn_cast<TypedValue<RankedTensorType>>(op.getWeights());
    if (!weights || op.getWeightBits())
      return;
    // Only what takes fewer cells.
    int64_t width = weights.getType().getElementTypeBitWidth();
    int64_t most = (int64_t(llvm::divideCeil(width, cellBits)) - 1) * cellBits;
    std::optional<int64_t> bits;
    if (Value codes = flippedCodes(weights)) {
      // q - 128 takes all bits whatever q is;
      // q - 2^(b-1) takes the b bits that q takes.
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
      op.setWeightZeroPoint(int64_t(op.getWeightZeroPoint()) + 128 - half);
    } else {
      bits = leastBits(weights, most);
    }
    if (!bits)
      return;
    op.setWeightBits(*bits);
    ++numWeights;
  }

  int64_t cellBits = 1;
};

} // namespace
