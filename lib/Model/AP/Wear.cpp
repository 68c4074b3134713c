// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Wear.h"
#include "lib/Support/Saturating.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

namespace {

/// The writes to the processors of one part of a microprogram, in every active
/// row.
struct PartWrites {
  std::vector<int64_t> most; ///< by column
  double always = 0;         ///< bits that are written whatever the data
  double passes = 0;         ///< bits that passes write, expected
};

/// Neighbouring columns that are written as often become one block.
void append(std::vector<ArrayWrites> &writes, size_t group, ArrayRange arrays,
            int64_t rows, llvm::ArrayRef<int64_t> most, double written) {
  ArrayWrites &all = writes.emplace_back();
  all.group = group;
  all.arrays = arrays;
  all.written = written;
  for (auto [column, count] : llvm::enumerate(most)) {
    if (count == 0)
      continue;
    if (CellBlock *last = all.blocks.empty() ? nullptr : &all.blocks.back();
        last && last->writes == count &&
        last->column + last->columns == int64_t(column))
      ++last->columns;
    else
      all.blocks.push_back({0, int64_t(column), rows, 1, count});
  }
}

/// The blocks of `positions` rows, of which a part has a processor each: from
/// processor `first` of the placement's on.
void appendBlocks(std::vector<ArrayWrites> &writes, const UnitGroup &group,
                  llvm::ArrayRef<ArrayRange> processors, int64_t first,
                  int64_t positions, llvm::ArrayRef<int64_t> most,
                  double writtenPerRow) {
  const int64_t rows = group.ap()->rows;
  const int64_t available = totalUnits(processors);
  auto put = [&](int64_t from, int64_t count, int64_t blockRows) {
    const double written = writtenPerRow * double(blockRows);
    // What all processors do equally often, at once.
    if (const int64_t turns = count / available) {
      std::vector<int64_t> all(most);
      for (int64_t &one : all)
        one = pumice::saturatingProduct({one, turns});
      for (const ArrayRange &range : processors)
        append(writes, group.index, range, blockRows, all,
               written * double(turns));
      count -= turns * available;
    }
    while (count > 0) {
      int64_t at = from % available;
      for (const ArrayRange &range : processors) {
        if (at >= range.count) {
          at -= range.count;
          continue;
        }
        const int64_t now = std::min(count, range.count - at);
        append(writes, group.index, {range.first + at, now}, blockRows, most,
               written);
        from += now;
        count -= now;
        break;
      }
    }
  };
  if (available == 0)
    return;
  put(first, positions / rows, rows);
  if (positions % rows)
    put(first + positions / rows, 1, positions % rows);
}

} // namespace

/// Processor `p` of those that share the channel blocks of an output block.
static PartWrites writesOf(const APMicroprogram &program,
                           const APOutputBlock &block,
                           const APMicroprogramWork::OutputBlock &work,
                           int64_t p) {
  PartWrites part;
  part.most.resize(program.columns);
  auto add = [&](const APWork &passes) {
    for (auto [column, count] : llvm::enumerate(passes.mostWritten))
      part.most[column] += count;
    part.passes += passes.expectedWritten;
  };
  auto store = [&](const APValue &value) {
    for (int64_t i = 0; i < value.width; ++i)
      ++part.most[value.columnOfBit(i)];
    part.always += value.width;
  };
  for (size_t i = 0; i < block.outputs.size(); ++i)
    store(block.accumulator(i));
  const int64_t count = block.channelBlocks.size();
  const int64_t spread = block.processors(program.spread);
  for (int64_t s = p; s < count; s += spread) {
    add(work.channelBlocks[s]);
    for (int64_t c = 0; c < block.channelBlocks[s].channels; ++c)
      for (int64_t k = 0; k < program.kernelPositions; ++k)
        store(program.input(c, k));
  }
  if (p == 0)
    add(work.epilogue);
  if (spread == 1)
    return part;
  // Others send their accumulators to this processor.
  const std::vector<APReduction> steps = reductionOf(program, block);
  for (int64_t apart = 1; p % (2 * apart) == 0 && p + apart < spread;
       apart *= 2) {
    add(work.reduction);
    for (const APReduction &step : steps)
      for (const auto &[i, value] : step.received)
        store(value);
  }
  return part;
}

std::vector<ArrayWrites> pumice::model::apWrites(
    const UnitGroup &group, llvm::ArrayRef<ArrayRange> processors,
    const APMicroprogram &program, const APMicroprogramWork &work,
    int64_t windows, std::optional<llvm::ArrayRef<uint64_t>> taggedWrites) {
  std::vector<ArrayWrites> writes;
  if (windows < 1)
    return writes;
  const int64_t blocks = llvm::divideCeil(windows, group.ap()->rows);
  int64_t number = 0;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
    const int64_t spread = program.outputBlocks[q].processors(program.spread);
    for (int64_t p = 0; p < spread; ++p, ++number) {
      const PartWrites part =
          writesOf(program, program.outputBlocks[q], work.outputBlocks[q], p);
      const double passes =
          taggedWrites ? double((*taggedWrites)[number]) / double(windows)
                       : part.passes;
      appendBlocks(writes, group, processors, number * blocks, windows,
                   part.most, part.always + passes);
    }
  }
  return writes;
}

std::vector<ArrayWrites>
pumice::model::lookupWrites(const UnitGroup &group,
                            llvm::ArrayRef<ArrayRange> processors,
                            const LookupSpec &spec, const LookupWork &work,
                            std::optional<uint64_t> taggedWrites) {
  std::vector<ArrayWrites> writes;
  if (spec.rows < 1)
    return writes;
  std::vector<int64_t> most(work.mostWritten.begin(), work.mostWritten.end());
  for (int64_t &count : most)
    count *= spec.queries;
  const double perRow = taggedWrites
                            ? double(*taggedWrites) / double(spec.rows)
                            : work.expectedWritten * double(spec.queries);
  appendBlocks(writes, group, processors, 0, spec.rows, most, perRow);
  return writes;
}
