// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Constants.h"
#include "lib/Analysis/DataMovement.h"
#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pumice;

std::optional<int64_t> pumice::uniformInteger(Value value) {
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr)))
    if (auto integer = dyn_cast<IntegerAttr>(attr))
      return integer.getInt();
  std::optional<ConstantData> data = ConstantData::find(value);
  return data ? data->uniformInteger() : std::nullopt;
}

std::optional<SmallVector<float>> pumice::floatData(Value value) {
  std::optional<ConstantData> data = ConstantData::find(value);
  if (!data || !isa<RankedTensorType>(value.getType()) ||
      !data->elementType().isF32())
    return std::nullopt;
  return llvm::to_vector(data->elements<float>());
}

std::optional<SmallVector<int64_t>> pumice::integerData(Value value) {
  std::optional<ConstantData> data = ConstantData::find(value);
  if (!data || !data->elementType().isInteger(64))
    return std::nullopt;
  return llvm::to_vector(data->elements<int64_t>());
}

std::optional<float> pumice::floatScalar(Value value) {
  FloatAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  APFloat number = attr.getValue();
  bool loses;
  number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return number.convertToFloat();
}

bool pumice::isConstantData(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<arith::ConstantOp>(op))
      return true;
    Value source = movedFrom(op);
    // Repetitions are not folded: they would make constants
    // larger.
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!source || isRepetition(op) ||
        (generic && llvm::any_of(generic.getDpsInputs(), [&](Value other) {
           return other != source && !isConstantData(other);
         })))
      return false;
    value = source;
  }
  return false;
}
