// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpreter/Saturation.h"

#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "lib/Analysis/DataMovement.h"
#include "lib/Analysis/Quantized.h"
#include "lib/Support/Locations.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace pumice;

/// The quantization whose values `value` has, each at least once.
static std::optional<Rounding> roundingOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      if (std::optional<Rounding> rounding = matchRounding(generic))
        return rounding;
    if (isa<tensor::PadOp, tensor::InsertSliceOp, tensor::ExtractSliceOp>(op))
      return std::nullopt;
    value = movedFrom(op);
    if (!value)
      return std::nullopt;
  }
  return std::nullopt;
}

llvm::DenseMap<Value, QuantizedRange>
pumice::quantizedBuffers(ModuleOp module, func::FuncOp entry) {
  llvm::DenseMap<Value, QuantizedRange> result;
  auto calibrations =
      module->getAttrOfType<ArrayAttr>(pum::calibrationAttrName);
  if (!calibrations)
    return result;
  auto find = [&](const Rounding &rounding) -> pum::CalibrationAttr {
    for (auto known : calibrations.getAsRange<pum::CalibrationAttr>())
      if (static_cast<float>(known.getScale().value) == rounding.scale &&
          known.getZeroPoint() == rounding.zeroPoint)
        return known;
    return {};
  };
  SymbolTable symbols(module);
  for (auto op : entry.getOps<simulator::DigitalOp>()) {
    auto callee = symbols.lookup<func::FuncOp>(op.getCallee());
    Operation *end = callee.getBody().front().getTerminator();
    for (auto [buffer, value] :
         llvm::zip_equal(op.getOutputs(), end->getOperands())) {
      if (!cast<ShapedType>(value.getType()).getElementType().isInteger(8))
        continue;
      std::optional<Rounding> rounding = roundingOf(value);
      pum::CalibrationAttr known =
          rounding ? find(*rounding) : pum::CalibrationAttr();
      if (!known)
        continue;
      result[buffer] = {static_cast<uint8_t>(rounding->range.low),
                        static_cast<uint8_t>(rounding->range.high),
                        known.getLow().value, known.getHigh().value};
    }
  }
  return result;
}

void SaturationCounter::count(Value buffer, const model::Value &value) {
  auto range = ranges.find(buffer);
  if (range == ranges.end())
    return;
  Counts &found = counts[buffer];
  const auto least = range->second.least, greatest = range->second.greatest;
  for (uint8_t byte : value.as<uint8_t>()) {
    found.low += byte == least;
    found.high += byte == greatest;
  }
  found.all += value.numElements();
}

llvm::json::Array SaturationCounter::report() const {
  llvm::json::Array all;
  for (const auto &entry : counts) {
    const Counts &found = entry.second;
    const QuantizedRange &range = ranges.find(entry.first)->second;
    auto add = [&](StringRef end, int64_t count, double calibrated) {
      // Chosen by hand: fewer values say little, and inputs twice as large as
      // those of a calibration on a normal distribution are told from others.
      constexpr int64_t leastCount = 16;
      constexpr double leastFraction = 0.02, factor = 4;
      const double fraction = double(count) / double(found.all);
      if (count < leastCount || fraction <= leastFraction + factor * calibrated)
        return;
      OpNames names = namesOf(entry.first.getLoc());
      all.push_back(llvm::json::Object{{"layer", names.layer},
                                       {"node", names.node},
                                       {"end", end},
                                       {"fraction", fraction},
                                       {"calibrated", calibrated}});
    };
    add("low", found.low, range.calibratedLow);
    add("high", found.high, range.calibratedHigh);
  }
  return all;
}
