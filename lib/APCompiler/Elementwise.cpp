// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Elementwise.h"

#include "lib/APCompiler/Epilogue.h"
#include "lib/Support/IntegerRange.h"

#include "llvm/ADT/Twine.h"

#include <algorithm>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

std::vector<int8_t> pumice::apcompiler::signedDigits(int64_t number) {
  std::vector<int8_t> digits;
  for (; number != 0; number /= 2) {
    int8_t digit = 0;
    if (number % 2 != 0)
      // Choose the digit after which the next one is 0.
      digit = (number % 4 + 4) % 4 == 1 ? 1 : -1;
    number -= digit;
    digits.push_back(digit);
  }
  return digits;
}

static Error tooSmall(const APSpec &ap, int64_t columns, int64_t domains) {
  return llvm::createStringError(
      "needs at least " + Twine(columns) + " columns and " + Twine(domains) +
      " domains, but processors have " + Twine(ap.columns) + " and " +
      Twine(ap.domains));
}

/// A microprogram without output blocks.
static APMicroprogram programOf(const APSpec &ap, int64_t kernelPositions,
                                int64_t bits, bool isSigned, int64_t channels,
                                int64_t outputs, int64_t lanes) {
  APMicroprogram program;
  program.columns = ap.columns;
  program.domains = ap.domains;
  program.kernelPositions = kernelPositions;
  program.inputBits = bits;
  program.inputSigned = isSigned;
  program.channels = channels;
  program.outputs = outputs;
  program.lanes = lanes;
  return program;
}

llvm::Expected<APMicroprogram>
pumice::apcompiler::compile(const Pooling &pooling, const APSpec &ap,
                            bool mayBeAcross) {
  // Columns per channel: its inputs, a carry and the result.
  auto columnsWith = [&](int64_t perValue) {
    return (pooling.kernelPositions + 1) * perValue + 1;
  };
  const bool isAcross = mayBeAcross && columnsWith(pooling.bits) <= ap.columns;
  const int64_t perValue = isAcross ? pooling.bits : 1;
  const int64_t columns = columnsWith(perValue);
  if (columns > ap.columns || (!isAcross && pooling.bits > ap.domains))
    return tooSmall(ap, columns, pooling.bits);
  const int64_t lanes = std::min(pooling.channels, ap.columns / columns);
  APMicroprogram program =
      programOf(ap, pooling.kernelPositions, pooling.bits, pooling.isSigned,
                pooling.channels, pooling.channels, lanes);
  program.codeBits = pooling.bits;
  program.codeSigned = pooling.isSigned;
  program.isAcross = isAcross;
  for (int64_t first = 0; first < pooling.channels; first += lanes) {
    const int64_t count = std::min(lanes, pooling.channels - first);
    APOutputBlock &block = program.outputBlocks.emplace_back();
    block.firstOutput = first;
    block.column = program.inputColumns();
    block.columns = count * perValue;
    block.slot = pooling.bits;
    block.isAcross = isAcross;
    block.outputs.assign(count, {pooling.bits, 0});
    APChannelBlock &channelBlock = block.channelBlocks.emplace_back();
    channelBlock.firstChannel = first;
    channelBlock.channels = count;
    auto append = [&](APOpcode code, int64_t k) {
      APBundle &bundle = channelBlock.bundles.emplace_back();
      for (int64_t c = 0; c < count; ++c) {
        APOperation op;
        op.code = code;
        op.d = program.result(block, c);
        op.a = program.input(c, k);
        op.carry = block.column + lanes * perValue + c;
        op.steps = pooling.bits;
        bundle.push_back(op);
      }
    };
    append(APOpcode::copy, 0);
    for (int64_t k = 1; k < pooling.kernelPositions; ++k) {
      append(APOpcode::compare, k);
      append(APOpcode::select, k);
    }
  }
  return program;
}

llvm::Expected<APMicroprogram>
pumice::apcompiler::compile(const WeightedSum &sum, const APSpec &ap,
                            bool mayBeAcross) {
  const IntegerRange codes = IntegerRange::ofBits(sum.bits, sum.isSigned);
  IntegerRange range;
  for (int64_t factor : sum.factors) {
    const int64_t low = factor * codes.low, high = factor * codes.high;
    range = range + IntegerRange{std::min(low, high), std::max(low, high)};
  }
  std::vector<StepFunction> stepFunctions;
  int64_t flags = 1;
  for (int64_t c = 0; c < sum.channels; ++c) {
    stepFunctions.push_back(StepFunction::within(
        range, llvm::ArrayRef(sum.thresholds).slice(c * sum.steps, sum.steps),
        llvm::ArrayRef(sum.codes).slice(c * (sum.steps + 1), sum.steps + 1)));
    flags = std::max(flags, stepFunctions.back().flags());
  }
  const Codes results = Codes::holding(stepFunctions);
  const int64_t width = range.signedBits();
  const int64_t slot = std::max(width, results.bits);
  // Columns per channel: an input, a carry and a sum during the additions, then
  // a sum and its flags. Across columns, flags lie behind the sums; one channel
  // after the other has them.
  const int64_t acrossColumns = sum.bits + slot;
  const bool isAcross = mayBeAcross && acrossColumns + flags <= ap.columns;
  const int64_t columns = std::max<int64_t>(3, flags + 1);
  if (!isAcross &&
      (columns > ap.columns || std::max(slot, sum.bits) > ap.domains))
    return tooSmall(ap, columns, std::max(slot, sum.bits));
  int64_t lanes = ap.columns / columns;
  if (isAcross) {
    lanes = (ap.columns - flags) / acrossColumns;
    if (lanes > flags) // the carries take more columns
      lanes = std::max(flags, ap.columns / (acrossColumns + 1));
  }
  lanes = std::min(sum.channels, lanes);
  APMicroprogram program = programOf(ap, 1, sum.bits, sum.isSigned,
                                     2 * sum.channels, sum.channels, lanes);
  program.isAcross = isAcross;
  program.codeBits = results.bits;
  program.codeSigned = results.isSigned;
  for (int64_t first = 0; first < sum.channels; first += lanes) {
    const int64_t count = std::min(lanes, sum.channels - first);
    APOutputBlock &block = program.outputBlocks.emplace_back();
    block.firstOutput = first;
    block.column = program.inputColumns();
    block.columns = count * (isAcross ? slot : 1);
    block.slot = slot;
    block.isAcross = isAcross;
    block.outputs.assign(count, {width, 0});
    for (int64_t i : {0, 1}) {
      APChannelBlock &channelBlock = block.channelBlocks.emplace_back();
      channelBlock.firstChannel = i * sum.channels + first;
      channelBlock.channels = count;
      // One bundle per digit, with the operations of all channels.
      const std::vector<int8_t> digits = signedDigits(sum.factors[i]);
      for (int64_t k = 0; k < int64_t(digits.size()) && k < width; ++k) {
        if (digits[k] == 0)
          continue;
        APBundle &bundle = channelBlock.bundles.emplace_back();
        for (int64_t c = 0; c < count; ++c) {
          APOperation op;
          op.code = digits[k] > 0 ? APOpcode::add : APOpcode::sub;
          op.d = block.accumulator(c);
          op.d.column = static_cast<uint16_t>(op.d.columnOfBit(k));
          op.d.domain = static_cast<uint16_t>(op.d.domainOfBit(k));
          op.d.width -= k;
          op.a = program.input(c, 0);
          op.carry = block.column + lanes * (isAcross ? slot : 1) + c;
          op.steps = op.d.width;
          bundle.push_back(op);
        }
      }
    }
    block.epilogue = emitEpilogue(
        program, block, llvm::ArrayRef(stepFunctions).slice(first, count));
  }
  return program;
}
