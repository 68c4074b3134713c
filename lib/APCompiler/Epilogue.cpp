// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Epilogue.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;

StepFunction StepFunction::within(IntegerRange sums,
                                  llvm::ArrayRef<int64_t> thresholds,
                                  llvm::ArrayRef<int8_t> codes) {
  StepFunction result;
  result.codes.push_back(codes[0]);
  for (auto [t, threshold] : llvm::enumerate(thresholds)) {
    if (threshold > sums.high)
      break;
    const int8_t code = codes[t + 1];
    if (threshold <= sums.low) {
      result.codes.back() = code;
      continue;
    }
    if (!result.thresholds.empty() && result.thresholds.back() == threshold) {
      // Of several steps at one threshold, the last one counts.
      result.thresholds.pop_back();
      result.codes.pop_back();
    }
    if (code == result.codes.back())
      continue;
    result.thresholds.push_back(threshold);
    result.codes.push_back(code);
  }
  return result;
}

std::pair<std::vector<int64_t>, std::vector<int8_t>>
pumice::apcompiler::toArrays(llvm::ArrayRef<StepFunction> stepFunctions,
                             size_t steps) {
  std::vector<int64_t> thresholds;
  std::vector<int8_t> codes;
  for (const StepFunction &stepFunction : stepFunctions) {
    llvm::append_range(thresholds, stepFunction.thresholds);
    llvm::append_range(codes, stepFunction.codes);
    const size_t missing = steps - stepFunction.thresholds.size();
    thresholds.insert(thresholds.end(), missing, INT64_MAX);
    codes.insert(codes.end(), missing, stepFunction.codes.back());
  }
  return {std::move(thresholds), std::move(codes)};
}

Codes Codes::holding(llvm::ArrayRef<StepFunction> stepFunctions) {
  if (stepFunctions.empty())
    return {};
  IntegerRange range = {stepFunctions[0].codes[0], stepFunctions[0].codes[0]};
  for (const StepFunction &stepFunction : stepFunctions)
    for (const int64_t code : stepFunction.codes)
      range = {std::min(range.low, code), std::max(range.high, code)};
  return {range.bits(), range.low < 0};
}

namespace {

/// Outputs that are requantized together.
class Batch {
public:
  Batch(const APMicroprogram &program, const APOutputBlock &block)
      : program(program), block(block), bits(program.codeBits) {}

  void add(int64_t output, const StepFunction &stepFunction,
           llvm::ArrayRef<int64_t> columns) {
    const APValue sum = block.accumulator(output);
    auto compare = [&](int64_t column, int64_t constant) {
      APOperation op;
      op.code = APOpcode::less;
      op.a = sum;
      op.carry = column;
      op.constant = constant;
      op.steps = sum.width;
      compares.push_back(op);
    };
    // The flag of threshold t is 1 where the sum does not reach it.
    for (auto [t, threshold] : llvm::enumerate(stepFunction.thresholds))
      compare(columns[t], threshold);
    const int64_t never = columns[stepFunction.thresholds.size()];
    bool needsNever = false;
    const int64_t pieces = stepFunction.codes.size();
    for (int64_t j = 0; j < program.codeBits; ++j) {
      APValue d = program.result(block, output);
      d.column = d.columnOfBit(j);
      d.domain = d.domainOfBit(j);
      d.width = 1;
      d.isSigned = d.isAcross = false;
      auto emit = [&](APOpcode code, int64_t carry, int64_t a) {
        APOperation op;
        op.code = code;
        op.isBiased = code == APOpcode::copy;
        op.steps = 1;
        op.d = d;
        op.carry = carry;
        op.a.column = static_cast<uint16_t>(a);
        op.a.width = 1;
        op.a.isCell = true;
        bits[j].push_back(op);
      };
      auto isSet = [&](int64_t piece) {
        return (stepFunction.codes[piece] >> j & 1) != 0;
      };
      // Start with the last run of ones, which ignores the old bit, or with 0.
      int64_t end = pieces;
      if (isSet(end - 1)) {
        while (end > 0 && isSet(end - 1))
          --end;
        needsNever |= end == 0;
        emit(APOpcode::copy, 0, end ? columns[end - 1] : never);
      } else {
        emit(APOpcode::clear, 0, 0);
      }
      for (int64_t first = 0; first < end; ++first) {
        if (!isSet(first))
          continue;
        int64_t last = first;
        while (isSet(last + 1))
          ++last;
        if (first == 0)
          emit(APOpcode::set, columns[last], 0);
        else
          emit(APOpcode::between, columns[last], columns[first - 1]);
        first = last;
      }
    }
    // A flag that is never set: no sum is below the least one.
    if (needsNever)
      compare(never, -(int64_t(1) << (sum.width - 1)));
  }

  void finish(std::vector<APBundle> &bundles) {
    if (!compares.empty())
      bundles.push_back(std::move(compares));
    compares.clear();
    for (APBundle &bundle : bits) {
      if (!bundle.empty())
        bundles.push_back(std::move(bundle));
      bundle.clear();
    }
  }

private:
  const APMicroprogram &program;
  const APOutputBlock &block;
  APBundle compares;
  std::vector<APBundle> bits; ///< by bit of the codes
};

} // namespace

/// The columns of flags: those without accumulators. Across columns, ports of
/// inputs are anywhere, so those behind the accumulators if they suffice.
static std::vector<int64_t>
flagColumns(const APMicroprogram &program, const APOutputBlock &block,
            llvm::ArrayRef<StepFunction> stepFunctions) {
  const int64_t end = block.column + block.columns;
  int64_t first = 0;
  if (block.isAcross && llvm::all_of(stepFunctions, [&](const auto &function) {
        return function.flags() <= program.columns - end;
      }))
    first = end;
  std::vector<int64_t> free;
  for (int64_t column = first; column < program.columns; ++column)
    if (column < block.column || column >= end)
      free.push_back(column);
  return free;
}

std::vector<APBundle> pumice::apcompiler::emitEpilogue(
    const APMicroprogram &program, const APOutputBlock &block,
    llvm::ArrayRef<StepFunction> stepFunctions, bool isDown) {
  const std::vector<int64_t> free = flagColumns(program, block, stepFunctions);
  std::vector<APBundle> bundles;
  Batch batch(program, block);
  int64_t used = 0;
  const int64_t count = stepFunctions.size(), together = block.sideBySide();
  const int64_t levels = llvm::divideCeil(count, together);
  for (int64_t number = 0; number < levels; ++number) {
    // Accumulators of one slot are in different columns.
    batch.finish(bundles);
    used = 0;
    const int64_t first = (isDown ? levels - 1 - number : number) * together;
    for (int64_t i = first; i < std::min(first + together, count); ++i) {
      const int64_t flags = stepFunctions[i].flags();
      if (used + flags > int64_t(free.size())) {
        batch.finish(bundles);
        used = 0;
      }
      batch.add(i, stepFunctions[i], llvm::ArrayRef(free).slice(used, flags));
      used += flags;
    }
  }
  batch.finish(bundles);
  return bundles;
}
