// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Saturation.h - Quantized values at the ends of their range -*- C++ -*-=//
//
// Calibration leaves in `pum.calibration` how often each quantization took the
// least and the greatest value. A run counts the same. Far more of them mean
// inputs that calibration has not seen.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_INTERPRETER_SATURATION_H
#define PUMICE_LIB_INTERPRETER_SATURATION_H

#include "lib/Model/Core/Value.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// The ends of a quantization, as bytes, and what calibration saw.
struct QuantizedRange {
  uint8_t least = 0, greatest = 0;
  double calibratedLow = 0, calibratedHigh = 0;
};

/// The buffers that digital instructions quantize, of the quantizations that
/// `pum.calibration` knows. Those behind a padding are not counted.
llvm::DenseMap<mlir::Value, QuantizedRange>
quantizedBuffers(mlir::ModuleOp module, mlir::func::FuncOp entry);

/// Counts of one run.
class SaturationCounter {
public:
  explicit SaturationCounter(
      const llvm::DenseMap<mlir::Value, QuantizedRange> &ranges)
      : ranges(ranges) {}

  /// Counts in a computed buffer, if it is one of `ranges`.
  void count(mlir::Value buffer, const model::Value &value);

  /// [{layer, node, end, fraction, calibrated}] of the ends, "low" or "high",
  /// at which the run has far more values than calibration had: at least 16,
  /// and a fraction above 0.02 + 4 * calibrated.
  llvm::json::Array report() const;

private:
  struct Counts {
    int64_t low = 0, high = 0, all = 0;
  };
  const llvm::DenseMap<mlir::Value, QuantizedRange> &ranges;
  llvm::MapVector<mlir::Value, Counts> counts;
};

} // namespace pumice

#endif // PUMICE_LIB_INTERPRETER_SATURATION_H
