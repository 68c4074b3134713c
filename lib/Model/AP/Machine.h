// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Machine.h - Execution of microprograms -------------------*- C++ -*-===//
//
// Executes every pass of a microprogram on bit planes: a search of the active
// rows, then a write to the tagged rows. Nothing is computed in any other way.
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

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace pumice::model {

/// The positions of the ports of one processor and the distances that they
/// moved.
class APPorts {
public:
  explicit APPorts(int64_t columns) : positions(columns) {}

  /// Moves a port. All moves until the next `endStep` are simultaneous.
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
  /// Moves a port forward, one domain at a time. Does nothing if it is already
  /// there.
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
  /// Moves the ports of some columns to a domain.
  void arrive(int64_t column, int64_t columns, int64_t domain) {
    for (int64_t i = column; i < column + columns; ++i)
      need(i, domain);
    endStep();
  }
  int64_t at(int64_t column) const { return positions[column]; }
  int64_t columns() const { return positions.size(); }

  int64_t distance = 0; ///< domains, summed over columns
  int64_t waited = 0;   ///< domains, over successive moves

private:
  std::vector<int64_t> positions;
  int64_t largest = 0;
};

/// Calls `ports.need` and `run(op, passes, step)` for the operations of a
/// bundle in the order in which processors run them.
template <typename Run>
void walk(const APBundle &bundle, APPorts &ports, Run run) {
  int64_t steps = 0;
  for (const APOperation &op : bundle)
    steps = std::max<int64_t>(steps, op.steps);
  for (int64_t i = 0; i < steps; ++i) {
    // A value across columns needs all of them from the first step on.
    auto need = [&](const APValue &value, int64_t domain) {
      if (value.isAcross)
        domain = i == 0 ? value.domain : -1;
      for (int64_t j = 0; domain >= 0 && j < value.columns(); ++j)
        ports.need(value.column + j, domain);
    };
    for (const APOperation &op : bundle) {
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
    for (const APOperation &op : bundle)
      if (i < op.steps)
        run(op, passesOf(stepOf(op, i)), i);
  }
}

/// The bits of processors that run the same microprogram, each on its own rows.
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

  /// Runs a bundle and moves the ports.
  void run(const APBundle &bundle);

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
/// The fastest loop that this machine supports.
APLoop apLoop();
/// All loops that this machine supports, for tests; the first is the portable
/// one.
llvm::ArrayRef<APLoop> apLoops();

/// Computes y[b][o][position] = sum of the weights times (x - inputZeroPoint),
/// or the quantized value that the epilogue computes from this sum. `x` is NCHW
/// (or a matrix, with a linear window) of i8, i16 or i32. `y` is i32 or i64 (i8
/// with an epilogue) and allocated. The channels of `other`, if any, follow
/// those of `x` and have its type and size. Returns the bits that passes wrote,
/// for each part of the microprogram: by output block, then by the processors
/// that share its channel blocks. Fails on wrong types or sizes, and on inputs
/// that do not fit the input width.
llvm::Expected<std::vector<uint64_t>>
runLayer(const APMicroprogram &program, int64_t rows, const Value &x,
         const Value *other, const Window &window, int64_t inputZeroPoint,
         Value &y, unsigned threads);

/// The bundles that add accumulators which another processor sent to `columns`
/// of this one: the i-th element is sent before the i-th bundle runs.
struct APReduction {
  std::vector<std::pair<int64_t, APValue>> received; ///< accumulator, target
  APBundle bundle;
};
std::vector<APReduction> reductionOf(const APMicroprogram &program,
                                     const APOutputBlock &block);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_MACHINE_H
