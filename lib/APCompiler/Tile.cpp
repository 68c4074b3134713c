// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Tile.h"

#include "lib/Model/AP/Passes.h"
#include "lib/Support/IntegerRange.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;

namespace {

/// The position and the range of a source.
struct Source {
  APValue value;
  IntegerRange range;
};

/// Operations that stay together in a bundle and share its work columns.
struct Part {
  std::vector<APOperation>
      operations; ///< carries and cells have no columns yet
  int64_t output = 0;
  bool hasCell = false;
  int64_t columns() const { return int64_t(operations.size()) + hasCell; }
};

class Emitter {
public:
  Emitter(const APMicroprogram &program, const APOutputBlock &block,
          int64_t firstChannel, int64_t firstOutput,
          const Expressions &expressions, const FreeColumns &columns,
          const APSpec &ap)
      : block(block), firstOutput(firstOutput), expressions(expressions),
        columns(columns), ap(ap) {
    const IntegerRange codes =
        IntegerRange::ofBits(program.inputBits, program.inputSigned);
    for (int64_t i = 0; i < expressions.inputs; ++i)
      sources.push_back(
          {program.input(firstChannel + i / program.kernelPositions,
                         i % program.kernelPositions),
           codes});
    tile.corrections.resize(expressions.outputs.size());
  }

  Tile run() {
    int64_t next = columns.shared;
    for (const SharedSum &sum : expressions.shared) {
      emitShared(sum, next);
      next += sources.back().value.columns();
    }
    flush();
    // Go through the accumulators slot by slot, so that their columns shift in
    // one direction only.
    const int64_t count = expressions.outputs.size();
    for (int64_t first = 0; first < count; first += block.sideBySide())
      emitOutputs(first, std::min(first + block.sideBySide(), count));
    flush();
    return std::move(tile);
  }

private:
  APValue accumulator(int64_t output) const {
    return block.accumulator(firstOutput + output);
  }

  //===--- Bundles -------------------------------------------------------===//

  /// Adds operations to the current bundle, or to a new one.
  void append(Part part) {
    const bool isTaken =
        part.output >= 0 &&
        std::find(takenColumns.begin(), takenColumns.end(),
                  accumulator(part.output).column) != takenColumns.end();
    if (used + part.columns() > columns.workCount || isTaken)
      flush();
    if (part.output >= 0)
      takenColumns.push_back(accumulator(part.output).column);
    int64_t next = columns.work + used;
    const int64_t cell = part.hasCell ? next++ : -1;
    for (APOperation &op : part.operations) {
      if (op.d.isCell)
        op.d.column = cell;
      if (fieldsOf(op.code).a && op.a.isCell)
        op.a.column = cell;
      op.carry = next++;
      bundle.push_back(op);
    }
    used += part.columns();
  }

  void flush() {
    if (!bundle.empty())
      tile.bundles.push_back(std::move(bundle));
    bundle.clear();
    takenColumns.clear();
    used = 0;
  }

  //===--- Operations ----------------------------------------------------===//

  static APValue valueOf(const IntegerRange &range) {
    APValue value;
    value.isSigned = range.low < 0;
    value.width = range.bits();
    return value;
  }

  void emitShared(const SharedSum &sum, int64_t column) {
    const Source &first = sources[sum.first], &second = sources[sum.second];
    Source result;
    result.range = sum.isDifference ? first.range - second.range
                                    : first.range + second.range;
    result.value = valueOf(result.range);
    result.value.column = column;
    result.value.isAcross = block.isAcross;
    APOperation op;
    op.code = sum.isDifference ? APOpcode::subNew : APOpcode::addNew;
    op.d = result.value;
    op.b = first.value;
    op.a = second.value;
    op.steps = result.value.width;
    sources.push_back(result);
    Part part;
    part.operations.push_back(op);
    part.output = -1;
    append(std::move(part));
  }

  /// accumulator += or -= a.
  APOperation accumulate(int64_t output, const APValue &a, bool isNegative,
                         int64_t &correction) const {
    APOperation op;
    op.code = isNegative ? APOpcode::sub : APOpcode::add;
    op.d = accumulator(output);
    op.a = a;
    op.steps = op.d.width;
    // Biasing is only sound, and only saves passes, if the operation extends
    // the sign of `a`.
    op.isBiased = a.isSigned && a.width < op.steps;
    if (op.isBiased)
      correction += (isNegative ? 1 : -1) * (int64_t(1) << (a.width - 1));
    return op;
  }

  /// Adds each term to the accumulator.
  Part direct(int64_t output, llvm::ArrayRef<Term> terms,
              int64_t &correction) const {
    Part part;
    part.output = output;
    for (const Term &term : terms)
      part.operations.push_back(accumulate(output, sources[term.source].value,
                                           term.isNegative, correction));
    return part;
  }

  /// Computes the sum of the terms in a cell and adds it to the accumulator.
  Part throughCell(int64_t output, llvm::ArrayRef<Term> terms,
                   int64_t &correction) const {
    // The terms of the more frequent sign come first, as positive ones: as long
    // as a sum cannot be negative, its upper bits stay 0 and take no steps. If
    // more are negative, compute the negated sum and subtract it.
    std::vector<Term> order(terms.begin(), terms.end());
    const bool isNegative =
        2 * llvm::count_if(order,
                           [](const Term &term) { return term.isNegative; }) >
        int64_t(order.size());
    llvm::stable_sort(order, [&](const Term &a, const Term &b) {
      return (a.isNegative == isNegative) > (b.isNegative == isNegative);
    });
    // The sums of the first terms.
    std::vector<IntegerRange> sums = {sources[order[0].source].range};
    for (size_t i = 1; i < order.size(); ++i) {
      const IntegerRange &other = sources[order[i].source].range;
      sums.push_back(order[i].isNegative != isNegative ? sums.back() - other
                                                       : sums.back() + other);
    }
    const IntegerRange &range = sums.back();
    APValue cell = valueOf(range);
    cell.isCell = true;

    Part part;
    part.output = output;
    part.hasCell = true;
    for (size_t i = 1; i < order.size(); ++i) {
      const bool subtract = order[i].isNegative != isNegative;
      APOperation op;
      if (i == 1) {
        op.code = subtract ? APOpcode::subNew : APOpcode::addNew;
        op.b = sources[order[0].source].value;
      } else {
        op.code = subtract ? APOpcode::sub : APOpcode::add;
      }
      op.d = cell;
      op.a = sources[order[i].source].value;
      op.steps = cell.width;
      if (i > 1 && sums[i - 1].low >= 0 && sums[i].low >= 0)
        op.steps = std::min<int64_t>(op.steps, sums[i].bits());
      part.operations.push_back(op);
    }
    part.operations.push_back(accumulate(output, cell, isNegative, correction));
    return part;
  }

  /// Expected energy of the passes in one row, in pJ.
  double energyOf(const Part &part) const {
    double energy = 0;
    for (const APOperation &op : part.operations)
      for (int64_t i = 0; i < op.steps; ++i)
        for (const APPass &pass : passesOf(stepOf(op, i))) {
          const int searched = llvm::popcount(unsigned(pass.searched));
          energy += searched * ap.searchPjPerBit + ap.searchPjPerRow +
                    llvm::popcount(unsigned(pass.written)) * ap.writePjPerBit /
                        double(1 << searched);
        }
    return energy;
  }

  /// Emits outputs [first, end). Outputs with many common sources go to the
  /// same bundle, because a source shifts only once per bundle.
  void emitOutputs(int64_t first, int64_t end) {
    std::vector<int64_t> left;
    for (int64_t o = first; o < end; ++o)
      if (!expressions.outputs[o].empty())
        left.push_back(o);
    std::vector<bool> isNear(sources.size());
    while (!left.empty()) {
      if (bundle.empty())
        isNear.assign(sources.size(), false);
      int64_t best = 0, most = INT64_MIN;
      for (size_t i = 0; i < left.size(); ++i) {
        int64_t score = 0;
        for (const Term &term : expressions.outputs[left[i]])
          score += isNear[term.source] ? 1 : -1;
        if (score > most) {
          most = score;
          best = i;
        }
      }
      const int64_t output = left[best];
      left.erase(left.begin() + best);
      const size_t bundles = tile.bundles.size();
      emitOutput(output);
      if (tile.bundles.size() != bundles)
        isNear.assign(sources.size(), false);
      for (const Term &term : expressions.outputs[output])
        isNear[term.source] = true;
    }
  }

  void emitOutput(int64_t output) {
    llvm::ArrayRef<Term> terms = expressions.outputs[output];
    while (!terms.empty()) {
      // Each term needs a column for its carry, and the cell needs one.
      const int64_t count =
          std::min<int64_t>(terms.size(), columns.workCount - 1);
      llvm::ArrayRef<Term> now = terms.take_front(count);
      terms = terms.drop_front(count);
      int64_t directly = 0, celled = 0;
      Part part = direct(output, now, directly);
      if (count > 1) {
        Part other = throughCell(output, now, celled);
        if (energyOf(other) < energyOf(part)) {
          part = std::move(other);
          directly = celled;
        }
      }
      tile.corrections[output] += directly;
      append(std::move(part));
    }
  }

  const APOutputBlock &block;
  int64_t firstOutput;
  const Expressions &expressions;
  const FreeColumns &columns;
  const APSpec &ap;
  std::vector<Source> sources;
  Tile tile;

  // The current bundle.
  APBundle bundle;
  std::vector<int64_t> takenColumns; ///< columns of its accumulators
  int64_t used = 0;                  ///< number of its work columns
};

} // namespace

Tile pumice::apcompiler::emitTile(const APMicroprogram &program,
                                  const APOutputBlock &block,
                                  int64_t firstChannel, int64_t firstOutput,
                                  const Expressions &expressions,
                                  const FreeColumns &columns,
                                  const APSpec &ap) {
  return Emitter(program, block, firstChannel, firstOutput, expressions,
                 columns, ap)
      .run();
}

int64_t pumice::apcompiler::sharedColumns(const APMicroprogram &program,
                                          const Expressions &expressions) {
  std::vector<IntegerRange> ranges(
      expressions.inputs,
      IntegerRange::ofBits(program.inputBits, program.inputSigned));
  int64_t columns = 0;
  for (const SharedSum &sum : expressions.shared) {
    const IntegerRange first = ranges[sum.first], second = ranges[sum.second];
    ranges.push_back(sum.isDifference ? first - second : first + second);
    columns += ranges.back().bits();
  }
  return columns;
}
