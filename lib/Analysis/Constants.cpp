// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Constants.h"
#include "lib/Analysis/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pumice;

Attribute pumice::constantAttr(Value value) {
  Attribute attr;
  return matchPattern(value, m_Constant(&attr)) ? attr : Attribute();
}

std::optional<int64_t> pumice::uniformInteger(Value value) {
  Attribute attr = constantAttr(value);
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attr))
    return integer.getInt();
  if (auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr)) {
    if (dense.empty())
      return std::nullopt;
    int64_t first = (*dense.value_begin<APInt>()).getSExtValue();
    for (const APInt &element : dense.getValues<APInt>())
      if (element.getSExtValue() != first)
        return std::nullopt;
    return first;
  }
  auto all = [](auto data) -> std::optional<int64_t> {
    if (!data || data->empty() || !llvm::all_equal(*data))
      return std::nullopt;
    return data->front();
  };
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isInteger())
    return std::nullopt;
  switch (type.getElementTypeBitWidth()) {
  case 8:
    return all(resourceData<int8_t>(attr));
  case 32:
    return all(resourceData<int32_t>(attr));
  case 64:
    return all(resourceData<int64_t>(attr));
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<float>> pumice::floatData(Value value) {
  Attribute attr = constantAttr(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  if (auto dense = dyn_cast_or_null<DenseFPElementsAttr>(attr))
    return SmallVector<float>(dense.getValues<float>());
  if (auto data = resourceData<float>(attr))
    return SmallVector<float>(*data);
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> pumice::integerData(Value value) {
  Attribute attr = constantAttr(value);
  if (!attr ||
      !cast<ShapedType>(value.getType()).getElementType().isInteger(64))
    return std::nullopt;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(attr))
    return SmallVector<int64_t>(dense.getValues<int64_t>());
  if (auto data = resourceData<int64_t>(attr))
    return SmallVector<int64_t>(*data);
  return std::nullopt;
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
