// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/CodeRange.h"
#include "lib/Analysis/Constants.h"
#include "lib/Analysis/DataMovement.h"
#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace pumice;

IntegerRange pumice::rangeOfType(Type type, bool isUnsigned) {
  return IntegerRange::ofBits(
      getElementTypeOrSelf(type).getIntOrFloatBitWidth(), !isUnsigned);
}

std::optional<ClampToInteger> pumice::matchClamp(linalg::GenericOp op) {
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  if (yield.getNumOperands() != 1)
    return std::nullopt;
  Operation *convert = yield.getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::FPToUIOp, arith::FPToSIOp>(convert))
    return std::nullopt;
  auto high = convert->getOperand(0).getDefiningOp<arith::MinimumFOp>();
  auto low = high ? high.getLhs().getDefiningOp<arith::MaximumFOp>() : nullptr;
  if (!low)
    return std::nullopt;
  std::optional<float> lowValue = floatScalar(low.getRhs());
  std::optional<float> highValue = floatScalar(high.getRhs());
  auto isCode = [](float value) { return value == std::nearbyint(value); };
  if (!lowValue || !highValue || !isCode(*lowValue) || !isCode(*highValue) ||
      *lowValue > *highValue)
    return std::nullopt;
  ClampToInteger clamp{low.getLhs(),
                       {(int64_t)*lowValue, (int64_t)*highValue},
                       isa<arith::FPToUIOp>(convert)};
  IntegerRange all =
      rangeOfType(convert->getResult(0).getType(), clamp.isUnsigned);
  return all.contains(clamp.range) ? std::optional(clamp) : std::nullopt;
}

/// `bits` as a code.
static int64_t codeOf(const APInt &bits, bool isUnsigned) {
  return isUnsigned ? bits.getZExtValue() : bits.getSExtValue();
}

/// The least and the greatest of `codes`; millions of them,
/// so that the loop is one that compilers vectorise.
template <typename T>
static std::optional<IntegerRange> extremes(ArrayRef<T> codes) {
  if (codes.empty())
    return std::nullopt;
  T low = codes.front(), high = codes.front();
  for (T code : codes) {
    low = std::min(low, code);
    high = std::max(high, code);
  }
  return IntegerRange{low, high};
}

/// The same of the elements of `attr`, integers of the width of `T`.
template <typename T>
static std::optional<IntegerRange> extremesOf(Attribute attr) {
  llvm::Expected<ConstantData> data = ConstantData::read(attr);
  if (data)
    return extremes(data->stored<T>());
  llvm::consumeError(data.takeError());
  return std::nullopt;
}

static IntegerRange rangeOfConstant(Attribute attr, Type type,
                                    bool isUnsigned) {
  std::optional<IntegerRange> range;
  unsigned bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (auto integer = dyn_cast<IntegerAttr>(attr)) {
    int64_t code = codeOf(integer.getValue(), isUnsigned);
    range = {code, code};
  } else if (bits == 8) {
    range = isUnsigned ? extremesOf<uint8_t>(attr) : extremesOf<int8_t>(attr);
  } else if (bits == 16) {
    range = isUnsigned ? extremesOf<uint16_t>(attr) : extremesOf<int16_t>(attr);
  } else if (auto dense = dyn_cast<DenseIntElementsAttr>(attr)) {
    for (const APInt &element : dense.getValues<APInt>()) {
      int64_t code = codeOf(element, isUnsigned);
      IntegerRange one{code, code};
      range = range ? range->join(one) : one;
    }
  }
  return range.value_or(rangeOfType(type, isUnsigned));
}

/// True for a generic that takes the maximum of its first
/// input over windows.
static bool isMaximum(linalg::GenericOp op, bool isUnsigned) {
  Block *body = op.getBody();
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      !llvm::hasNItems(body->without_terminator(), 1))
    return false;
  Operation *nested = &body->front();
  bool isMax =
      isUnsigned ? isa<arith::MaxUIOp>(nested) : isa<arith::MaxSIOp>(nested);
  return isMax && nested->getOperand(0) == body->getArgument(0) &&
         nested->getOperand(1) == op.getRegionOutputArgs()[0];
}

/// Adds the values whose codes are in the result of `op`; false if they are not
/// known.
static bool addSources(Operation *op, bool isUnsigned,
                       llvm::SetVector<Value> &sources) {
  auto add = [&](ValueRange values) {
    sources.insert(values.begin(), values.end());
    return true;
  };
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return add(fill.getInputs()[0]);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return add(concat.getInputs());
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value added = pad.getConstantPaddingValue();
    return added && add({pad.getSource(), added});
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return add({insert.getSource(), insert.getDest()});
  if (Value source = movedFrom(op))
    return add(source);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumResults() == 1 &&
         isMaximum(generic, isUnsigned) &&
         add({generic.getDpsInputs()[0], generic.getDpsInits()[0]});
}

IntegerRange pumice::rangeOfCodes(Value value, bool isUnsigned) {
  const IntegerRange all = rangeOfType(value.getType(), isUnsigned);
  std::optional<IntegerRange> range;
  auto join = [&](IntegerRange other) {
    range = range ? range->join(other) : other;
  };
  // Values that are read several times are looked at once.
  llvm::SetVector<Value> sources;
  sources.insert(value);
  for (size_t i = 0; i < sources.size(); ++i) {
    Value source = sources[i];
    Operation *op = source.getDefiningOp();
    Attribute attr;
    if (matchPattern(source, m_Constant(&attr))) {
      join(rangeOfConstant(attr, source.getType(), isUnsigned));
      continue;
    }
    auto generic = dyn_cast_if_present<linalg::GenericOp>(op);
    std::optional<ClampToInteger> clamp =
        generic ? matchClamp(generic) : std::nullopt;
    if (clamp && clamp->isUnsigned == isUnsigned)
      join(clamp->range);
    else if (!op || !addSources(op, isUnsigned, sources))
      return all;
  }
  return range.value_or(all);
}
