// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/Functions.h"

#include "lib/Support/ConstantData.h"

using namespace mlir;
using namespace pumice;

neon::Format pumice::toFormat(crossbar::FormatAttr attr) {
  return {attr.getBits(), attr.getLow(), attr.getHigh()};
}

crossbar::FormatAttr pumice::toAttr(MLIRContext *context,
                                    const neon::Format &format) {
  return crossbar::FormatAttr::get(context, format.bits, Number{format.low},
                                   Number{format.high});
}

static neon::Tail toTail(crossbar::LineAttr line) {
  if (!line)
    return {};
  return {true, line.getSlope(), line.getOffset()};
}

crossbar::LineAttr pumice::toAttr(MLIRContext *context,
                                  const neon::Tail &tail) {
  return tail.isLinear ? crossbar::LineAttr::get(context, Number{tail.slope},
                                                 Number{tail.offset})
                       : crossbar::LineAttr();
}

neon::Net pumice::toNet(crossbar::NeonNetOp op) {
  neon::Net net;
  net.input = toFormat(op.getInput());
  net.output = toFormat(op.getOutput());
  net.weightBits = op.getWeightBits();
  net.hiddenBits = op.getHidden().getBits();
  net.tanhRange = op.getHidden().getRange();
  crossbar::NetLayerAttr first = op.getLayer(0), second = op.getLayer(1);
  auto inputs = first.getWeights().getValues<int16_t>();
  auto outputs = second.getWeights().getValues<int16_t>();
  auto scales = first.getScales().getValues<float>();
  auto biases = first.getBiases().getValues<float>();
  for (int64_t j = 0; j < op.getHiddenSize(); ++j)
    net.units.push_back({inputs[j], scales[j], biases[j], outputs[j]});
  net.outputScale = *second.getScales().getValues<float>().begin();
  net.outputBias = *second.getBiases().getValues<float>().begin();
  net.below = toTail(op.getBelowAttr());
  net.above = toTail(op.getAboveAttr());
  return net;
}

crossbar::NeonNetOp pumice::createNet(OpBuilder &builder, Location loc,
                                      StringRef name, const neon::Net &net,
                                      crossbar::ReductionAttr reduction,
                                      DictionaryAttr errors,
                                      DictionaryAttr fit) {
  MLIRContext *context = builder.getContext();
  SmallVector<int16_t> inputs, outputs;
  SmallVector<float> scales, biases;
  for (const neon::Unit &unit : net.units) {
    inputs.push_back(unit.inputWeight);
    outputs.push_back(unit.outputWeight);
    scales.push_back(unit.inputScale);
    biases.push_back(unit.bias);
  }
  const int64_t hidden = net.units.size();
  auto numbers = [&](ArrayRef<float> values) {
    auto type =
        RankedTensorType::get({int64_t(values.size())}, builder.getF32Type());
    return cast<DenseFPElementsAttr>(DenseElementsAttr::get(type, values));
  };
  auto layer = [&](ArrayRef<int16_t> weights, int64_t columns, int64_t rows,
                   ArrayRef<float> scales, ArrayRef<float> biases) {
    auto type = RankedTensorType::get({columns, rows}, builder.getI16Type());
    return crossbar::NetLayerAttr::get(
        context,
        cast<DenseIntElementsAttr>(DenseElementsAttr::get(type, weights)),
        numbers(scales), numbers(biases));
  };
  Attribute layers[] = {
      layer(inputs, hidden, 1, scales, biases),
      layer(outputs, 1, hidden, net.outputScale, net.outputBias)};
  return crossbar::NeonNetOp::create(
      builder, loc, name, toAttr(context, net.input),
      crossbar::TanhAttr::get(context, net.hiddenBits, Number{net.tanhRange}),
      toAttr(context, net.output), net.weightBits, builder.getArrayAttr(layers),
      toAttr(context, net.below), toAttr(context, net.above), reduction, errors,
      fit);
}

std::vector<int32_t> pumice::valuesOf(crossbar::TableOp op) {
  std::vector<int32_t> values;
  llvm::Expected<ConstantData> data = ConstantData::read(op.getValues());
  if (!data) {
    llvm::consumeError(data.takeError());
    return values;
  }
  for (int16_t value : data->elements<int16_t>())
    values.push_back(static_cast<uint16_t>(value));
  return values;
}
