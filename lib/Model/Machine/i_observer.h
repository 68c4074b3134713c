// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- i_observer.h - Hooks into a run --------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H
#define PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H

#include "lib/Model/Core/Value.h"

#include "llvm/ADT/StringRef.h"

namespace pumice::model {

struct InstructionRecord;
struct SumHistogram;

/// Base class of observers; hooks do nothing by default. They are called in
/// program order, on the thread that runs the program.
class IObserver {
public:
  virtual ~IObserver() = default;
  /// An instruction has been placed on the timeline.
  virtual void onInstruction(const InstructionRecord &) {}
  /// A named value has been computed; not called by estimates.
  virtual void onValue(llvm::StringRef /*label*/, const Value &) {}
  /// A probe shows a value under the probe's name; not called by estimates.
  virtual void onProbe(llvm::StringRef /*name*/, const Value &) {}
  /// The histogram to which to add the column sums of weight matrix number
  /// `matrix` of the program, or null. Only sums of calibrated converters can
  /// be counted; they convert without loss meanwhile.
  virtual SumHistogram *columnSums(int64_t /*matrix*/) { return nullptr; }
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_I_OBSERVER_H
