// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- i_observer.h - Hooks into a run --------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H
#define PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H

#include "lib/Model/Core/Value.h"

#include "llvm/ADT/StringRef.h"

namespace pumice::model {

struct InstructionRecord;
struct SumHistogram;

/// Derive and override what is of interest. Hooks are called in program order,
/// from the thread that runs the program.
class IObserver {
public:
  virtual ~IObserver() = default;
  /// An instruction has been placed on the timeline.
  virtual void onInstruction(const InstructionRecord &) {}
  /// A named value has been computed; not called by estimates.
  virtual void onValue(llvm::StringRef /*label*/, const Value &) {}
  /// A probe shows a value under the probe's name; not called by estimates.
  virtual void onProbe(llvm::StringRef /*name*/, const Value &) {}
  /// Where to add the column sums that the arrays of weight matrix `matrix`
  /// (their number in the program) are about to convert, or null. Sums of
  /// calibrated converters can be counted; meanwhile these convert without
  /// loss.
  virtual SumHistogram *columnSums(int64_t /*matrix*/) { return nullptr; }
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H
