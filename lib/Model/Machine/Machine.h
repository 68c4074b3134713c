// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Machine.h - Accounts of one run on a device --------------*- C++ -*-===//
//
// Accounting of time, energy by component, events and wear of one run, with a
// record of each instruction. The machine does not compute values.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_MACHINE_H
#define PUMICE_LIB_MODEL_MACHINE_MACHINE_H

#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/DeviceSpec.h"
#include "lib/Model/Machine/RollUp.h"
#include "lib/Model/Machine/Timeline.h"
#include "lib/Model/Machine/Wear.h"
#include "lib/Model/Machine/i_observer.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace pumice::model {

/// What an instruction does.
enum class InstructionKind {
  transfer,
  program,
  mvm,
  apply,
  ap,
  lookup,
  camWrite,
  camSearch,
  digital
};
llvm::StringRef name(InstructionKind kind);

/// What executes an instruction.
enum class InstructionUnit { dram, crossbar, ap, cam, digital };
llvm::StringRef name(InstructionUnit unit);
InstructionUnit unitOf(InstructionKind kind);

/// Description of an instruction for reports and errors.
struct InstructionInfo {
  std::string label; ///< unique in the program where possible
  InstructionKind kind = InstructionKind::digital;
  std::string layer; ///< layer of the network; may be empty
  /// Why an integer layer or product runs on the digital unit; empty for other
  /// instructions.
  std::string reason;
  std::vector<std::string> nonlinear; ///< nonlinear functions that it computes
  /// Activations in the buffer when the program issues it.
  int64_t bufferBytes = 0;
};

struct InstructionRecord {
  InstructionInfo info;
  EventId id = 0;
  int64_t startPs = 0;
  int64_t endPs = 0;
  int64_t arrays = 0; ///< arrays and processors held
  EnergyPj energyPj = {};
  Counters counters;
};

class Machine {
public:
  explicit Machine(DeviceSpec device);

  /// Observers outlive the machine.
  void addObserver(IObserver &observer) { observers.push_back(&observer); }

  /// Places an instruction on the timeline and accounts for its cost. Fails
  /// like Timeline::issue; the error names the instruction.
  llvm::Expected<EventId> issue(InstructionInfo info, const Cost &cost,
                                llvm::ArrayRef<EventId> dependencies);

  /// Shows a computed value to the observers.
  void observe(llvm::StringRef label, const Value &value) const {
    for (IObserver *observer : observers)
      observer->onValue(label, value);
  }
  /// Shows the value of a probe to the observers.
  void probe(llvm::StringRef name, const Value &value) const {
    for (IObserver *observer : observers)
      observer->onProbe(name, value);
  }
  /// The histogram of the first observer that counts the column sums of a
  /// weight matrix; null if there is none.
  SumHistogram *columnSums(int64_t matrix) const {
    for (IObserver *observer : observers)
      if (SumHistogram *sums = observer->columnSums(matrix))
        return sums;
    return nullptr;
  }

  const DeviceSpec &device() const { return spec; }
  const Timeline &timeline() const { return schedule; }
  /// One record per instruction, in program order; record i is event i.
  const std::deque<InstructionRecord> &instructions() const { return records; }

  const EnergyPj &dynamicEnergyPj() const { return energy; }
  const Counters &counters() const { return events; }
  /// Power of the parts that are always on, times the makespan. Unlimited
  /// levels count the instances in use.
  double staticEnergyPj() const;
  double totalEnergyPj() const { return total(energy) + staticEnergyPj(); }
  /// Writes to the cells of a group. Programming counts as one write of each
  /// cell that it pulses; docs/ap.md ("Wear") defines the writes of
  /// microprograms.
  const Wear &wear(size_t group) const { return (*writes)[group]; }

  using Wears = std::deque<Wear>; ///< by group
  /// The wear after the last instruction, for other machines to count as
  /// theirs.
  std::shared_ptr<Wears> shareWear() {
    for (Wear &wear : *writes)
      wear.freeze();
    countsWrites = false;
    return writes;
  }
  /// Takes the writes of another machine to be those of this one, which then
  /// issues the same instructions.
  void countsAs(std::shared_ptr<Wears> known) {
    writes = std::move(known);
    countsWrites = false;
  }
  RollUp areaAndPower() const;

private:
  DeviceSpec spec;
  Timeline schedule;
  std::vector<IObserver *> observers;
  std::deque<InstructionRecord> records;
  EnergyPj energy = {};
  Counters events;
  std::shared_ptr<Wears> writes = std::make_shared<Wears>();
  bool countsWrites = true;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_MACHINE_H
