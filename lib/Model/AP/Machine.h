// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- APMachine.h - Associative processors at work -------------*- C++ -*-===//
//
// Executes every pass of a program on bit planes: a search of the active rows,
// a write of those that it tags. Nothing is computed in any other way.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_MACHINE_H
#define PUMICE_LIB_MODEL_AP_MACHINE_H

#include "lib/Model/AP/Microprogram.h"
#include "lib/Model/AP/Passes.h"
#include "lib/Model/Core/Value.h"
#include "lib/Model/Core/Window.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace pumice::model {

/// Where the ports of one processor are, and how far they went.
class APPorts {
public:
  explicit APPorts(int64_t columns) : positions(columns) {}

  /// Moves a port. Moves until the next `endStep` are at once.
  void need(int64_t column, int64_t domain) {
    const int64_t moved = std::abs(positions[column] - domain);
    positions[column] = domain;
    distance += moved;
    if (moved > largest)
      largest = moved;
  }
  void endStep() {
    waited += largest;
    largest = 0;
  }
  /// Moves a port forward, a domain at a time; again does nothing.
  void slide(int64_t column, int64_t domain) {
    if (positions[column] < domain) {
      distance += domain - positions[column];
      positions[column] = domain;
    }
  }
  /// Moves all ports to domain 0.
  void home() {
    for (size_t column = 0; column < positions.size(); ++column)
      need(column, 0);
    endStep();
  }
  int64_t at(int64_t column) const { return positions[column]; }
  int64_t columns() const { return positions.size(); }

  int64_t distance = 0; ///< domains, summed over columns
  int64_t waited = 0;   ///< domains, one move after the other

private:
  std::vector<int64_t> positions;
  int64_t largest = 0;
};

/// Calls `ports.need` and `run(op, passes, step)` for the operations of a group
/// in the order in which processors run them.
template <typename Run>
void walk(const APBundle &group, APPorts &ports, Run run) {
  int64_t steps = 0;
  for (const APOperation &op : group)
    steps = std::max<int64_t>(steps, op.steps);
  for (int64_t i = 0; i < steps; ++i) {
    auto need = [&](const APValue &value, int64_t domain) {
      if (domain >= 0)
        ports.need(value.column, domain);
    };
    for (const APOperation &op : group) {
      if (i >= op.steps)
        continue;
      const APFields fields = fieldsOf(op.code);
      if (fields.carry)
        ports.need(op.carry, 0);
      if (fields.d)
        need(op.d, domainAt(op.d, i));
      if (fields.b)
        need(op.b, domainAt(op.b, i));
      if (fields.a)
        need(op.a, domainOfA(op, i));
    }
    ports.endStep();
    for (const APOperation &op : group)
      if (i < op.steps)
        run(op, passesOf(stepOf(op, i)));
  }
}

/// The bits of some processors that run the same program, on rows of their own.
class APArray {
public:
  /// For `rows` active rows.
  APArray(int64_t columns, int64_t domains, int64_t rows);

  int64_t rows() const { return rowCount; }
  /// Bits of the rows that are active, 64 to a word.
  llvm::ArrayRef<uint64_t> activeRows() const { return active; }
  /// The bits of a domain of a column, 64 rows to a word.
  uint64_t *plane(int64_t column, int64_t domain) {
    return bits.data() + (column * domains + domain) * words;
  }

  /// Runs a group; its ports move.
  void run(const APBundle &group);

  /// Bits of a value in every row, from and to two's complement numbers.
  void write(const APValue &value, llvm::ArrayRef<int64_t> numbers);
  void writeAll(const APValue &value, int64_t number);
  void read(const APValue &value, llvm::MutableArrayRef<int64_t> numbers);

  APPorts ports;
  /// Bits that passes wrote: tagged rows times written columns, summed.
  uint64_t taggedWrites = 0;

private:
  int64_t domains, rowCount, words;
  std::vector<uint64_t> bits;
  std::vector<uint64_t> active;
};

/// Runs the passes of one step on `words` words (a multiple of 4) of the planes
/// of C, D, B and A (null: not used), and returns tagged rows times written
/// columns.
using APLoop = uint64_t (*)(llvm::ArrayRef<APPass> passes, uint64_t *c,
                            uint64_t *d, uint64_t *b, uint64_t *a,
                            const uint64_t *active, int64_t words);
/// The best that this machine has.
APLoop apLoop();
/// All that this machine has, for tests; the first is the portable one.
llvm::ArrayRef<APLoop> apLoops();

/// y[b][o][position] = sum of the program's weights times (x - inputZeroPoint),
/// or the code that its epilogue makes of that, for x NCHW (or a matrix, with a
/// linear window) of i8, i16 or i32. `y` is i32 or i64 (codes: i8) and
/// allocated. The channels of `other`, if any, of the type and size
/// of `x`, follow those of `x`. Returns the
/// bits that passes wrote, for each part of the program: chunk by chunk,
/// processor by processor of those that share its slices. Fails on wrong types
/// or sizes, and on inputs that are no codes of the program.
llvm::Expected<std::vector<uint64_t>>
runLayer(const APMicroprogram &program, int64_t rows, const Value &x,
         const Value *other, const Window &window, int64_t inputZeroPoint,
         Value &y, unsigned threads);

/// The groups that add accumulators that another processor sent to `columns`
/// of this one: the i-th element is sent before the i-th group runs.
struct APReduction {
  std::vector<std::pair<int64_t, APValue>> received; ///< accumulator, where to
  APBundle group;
};
std::vector<APReduction> reductionOf(const APMicroprogram &program,
                                     const APChunk &chunk);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_MACHINE_H
