// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/DataMovement.h"
#include "lib/Analysis/Quantized.h"

using namespace mlir;
using namespace pumice;

/// The dimensions of a layer's weights that count its
/// outputs.
static SmallVector<unsigned> outputDims(Operation *op) {
  if (isa<linalg::MatmulOp>(op))
    return {1};
  if (isa<linalg::Conv2DNgchwGfchwOp>(op))
    return {0, 1};
  return {0};
}

/// Finds the scale of each output channel; false when a
/// scale is not one of outputs, but would stand inside a
/// sum.
static bool findScales(QuantizedLayer &layer) {
  const Dequantize &dequantize = layer.weights.dequantize;
  SmallVector<unsigned> dims{dequantize.axis};
  for (Operation *move : layer.weights.moves) {
    std::optional<SmallVector<unsigned>> moved = moveDims(move, dims);
    if (!moved)
      return false;
    dims = *moved;
  }
  Value weights = layer.op.getDpsInputOperand(1)->get();
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(weights.getType()).getShape();
  SmallVector<unsigned> outputs = outputDims(layer.op);
  llvm::erase_if(dims, [&](unsigned dim) { return shape[dim] == 1; });
  llvm::erase_if(outputs, [&](unsigned dim) { return shape[dim] == 1; });
  int64_t scales =
      cast<RankedTensorType>(dequantize.scales.getType()).getDimSize(0);
  if (dims == outputs)
    return true;
  if (!floatData(dequantize.scales))
    return false;
  // Groups share scales (transposed convolutions): repeat
  // them.
  if (!llvm::all_of(
          dims, [&](unsigned dim) { return llvm::is_contained(outputs, dim); }))
    return false;
  int64_t count = 1;
  for (unsigned dim : outputs)
    count *= shape[dim];
  for (int64_t output = 0; output < count; ++output) {
    int64_t rest = output, index = 0;
    llvm::SmallDenseMap<unsigned, int64_t> place;
    for (unsigned dim : llvm::reverse(outputs)) {
      place[dim] = rest % shape[dim];
      rest /= shape[dim];
    }
    for (unsigned dim : dims)
      index = index * shape[dim] + place[dim];
    if (index >= scales)
      return false;
    layer.scaleOf.push_back(index);
  }
  return true;
}

std::optional<QuantizedLayer> pumice::matchQuantizedLayer(Operation *op,
                                                          std::string *why) {
  if (!isa<linalg::Conv1DNcwFcwOp, linalg::Conv2DNchwFchwOp,
           linalg::Conv2DNgchwGfchwOp, linalg::DepthwiseConv2DNchwChwOp,
           linalg::MatmulOp>(op))
    return std::nullopt;
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op))
    if (matmul.hasUserDefinedMaps())
      return std::nullopt;
  auto layer = cast<linalg::LinalgOp>(op);
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  std::string inputWhy, weightsWhy;
  auto input = traceCodes(layer.getDpsInputOperand(0)->get(), &inputWhy);
  auto weights = traceCodes(layer.getDpsInputOperand(1)->get(), &weightsWhy);
  if (!input || !weights) {
    if (why && (input || weights || !inputWhy.empty() || !weightsWhy.empty()))
      *why = !weights
                 ? (weightsWhy.empty() ? "its weights are not quantized"
                                       : weightsWhy)
                 : (inputWhy.empty() ? "its input is not quantized" : inputWhy);
    return std::nullopt;
  }
  auto unsupported = [&](StringRef text) -> std::optional<QuantizedLayer> {
    if (why)
      *why = text.str();
    return std::nullopt;
  };
  if (!isConstantData(weights->dequantize.codes))
    return unsupported("its weights are not constant");
  if (input->dequantize.scales)
    return unsupported("its input is quantized per channel");
  for (Operation *move : weights->moves)
    if (isRepetition(move))
      return unsupported("its weights are repeated");
  QuantizedLayer result{layer, *input, *weights, {}};
  if (weights->dequantize.scales && !findScales(result))
    return unsupported("its weights are not quantized per output channel");
  return result;
}
