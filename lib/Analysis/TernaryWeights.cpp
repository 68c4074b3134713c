// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/TernaryWeights.h"
#include "lib/Support/ConstantData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cstdlib>

using namespace mlir;
using namespace pumice;

std::optional<std::vector<int8_t>> pumice::codesOf(ElementsAttr attr) {
  if (!attr.getElementType().isInteger(8))
    return std::nullopt;
  llvm::Expected<ConstantData> data = ConstantData::read(attr);
  if (data)
    return data->elements<int8_t>();
  llvm::consumeError(data.takeError());
  return std::nullopt;
}

Ternary pumice::toTernary(ArrayRef<int8_t> codes, int64_t outputs,
                          int64_t zeroPoint) {
  Ternary result;
  const int64_t each = outputs ? (int64_t)codes.size() / outputs : 0;
  result.weights.reserve(codes.size());
  for (int64_t o = 0; o < outputs; ++o) {
    int64_t scale = 0;
    for (int8_t code : codes.slice(o * each, each)) {
      const int64_t weight = code - zeroPoint;
      if (weight && !scale)
        scale = std::abs(weight);
      result.others += weight && std::abs(weight) != scale;
      result.weights.push_back((weight > 0) - (weight < 0));
    }
    result.scales.push_back(std::max<int64_t>(scale, 1));
  }
  return result;
}

std::optional<Ternary> pumice::readTernary(Value value, int64_t outputs,
                                           bool outputsLast,
                                           int64_t zeroPoint) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto attr = dyn_cast<ElementsAttr>(constant.getValue());
      auto codes = attr ? codesOf(attr) : std::nullopt;
      if (!codes || outputs < 1 || codes->size() % outputs)
        return std::nullopt;
      if (outputsLast) {
        const int64_t each = codes->size() / outputs;
        std::vector<int8_t> turned(codes->size());
        for (int64_t o = 0; o < outputs; ++o)
          for (int64_t k = 0; k < each; ++k)
            turned[o * each + k] = (*codes)[k * outputs + o];
        codes = std::move(turned);
      }
      return toTernary(*codes, outputs, zeroPoint);
    }
    if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
      if (transpose.getPermutation() != ArrayRef<int64_t>{1, 0})
        return std::nullopt;
      outputsLast = !outputsLast;
      value = transpose.getInput();
    } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      value = op->getOperand(0);
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}
