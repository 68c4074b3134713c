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
      // Such that the next digit is 0.
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

/// A program without chunks.
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
pumice::apcompiler::compile(const Pooling &pooling, const APSpec &ap) {
  // Of a channel: its inputs, a carry, the result.
  const int64_t columns = pooling.kernelPositions + 2;
  if (columns > ap.columns || pooling.bits > ap.domains)
    return tooSmall(ap, columns, pooling.bits);
  const int64_t lanes = std::min(pooling.channels, ap.columns / columns);
  APMicroprogram program =
      programOf(ap, pooling.kernelPositions, pooling.bits, pooling.isSigned,
                pooling.channels, pooling.channels, lanes);
  program.codeBits = pooling.bits;
  program.codeSigned = pooling.isSigned;
  for (int64_t first = 0; first < pooling.channels; first += lanes) {
    const int64_t count = std::min(lanes, pooling.channels - first);
    APChunk &chunk = program.chunks.emplace_back();
    chunk.firstOutput = first;
    chunk.column = lanes * pooling.kernelPositions;
    chunk.columns = count;
    chunk.slot = pooling.bits;
    chunk.outputs.assign(count, {pooling.bits, 0});
    APSlice &slice = chunk.slices.emplace_back();
    slice.firstChannel = first;
    slice.channels = count;
    auto append = [&](APOpcode code, int64_t k) {
      APBundle &group = slice.groups.emplace_back();
      for (int64_t c = 0; c < count; ++c) {
        APOperation op;
        op.code = code;
        op.d = program.result(chunk, c);
        op.a = program.input(c, k);
        op.carry = chunk.column + lanes + c;
        op.steps = pooling.bits;
        group.push_back(op);
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
pumice::apcompiler::compile(const WeightedSum &sum, const APSpec &ap) {
  const IntegerRange codes = IntegerRange::ofBits(sum.bits, sum.isSigned);
  IntegerRange range;
  for (int64_t factor : sum.factors) {
    const int64_t low = factor * codes.low, high = factor * codes.high;
    range = range + IntegerRange{std::min(low, high), std::max(low, high)};
  }
  std::vector<Staircase> staircases;
  int64_t flags = 1;
  for (int64_t c = 0; c < sum.channels; ++c) {
    staircases.push_back(Staircase::within(
        range, llvm::ArrayRef(sum.thresholds).slice(c * sum.steps, sum.steps),
        llvm::ArrayRef(sum.codes).slice(c * (sum.steps + 1), sum.steps + 1)));
    flags = std::max(flags, staircases.back().flags());
  }
  const Codes results = Codes::holding(staircases);
  const int64_t width = range.signedBits();
  const int64_t slot = std::max(width, results.bits);
  // Of a channel: an input, a carry and a sum; then a sum and its flags.
  const int64_t columns = std::max<int64_t>(3, flags + 1);
  if (columns > ap.columns || std::max(slot, sum.bits) > ap.domains)
    return tooSmall(ap, columns, std::max(slot, sum.bits));
  const int64_t lanes = std::min(sum.channels, ap.columns / columns);
  APMicroprogram program = programOf(ap, 1, sum.bits, sum.isSigned,
                                     2 * sum.channels, sum.channels, lanes);
  program.codeBits = results.bits;
  program.codeSigned = results.isSigned;
  for (int64_t first = 0; first < sum.channels; first += lanes) {
    const int64_t count = std::min(lanes, sum.channels - first);
    APChunk &chunk = program.chunks.emplace_back();
    chunk.firstOutput = first;
    chunk.column = lanes;
    chunk.columns = count;
    chunk.slot = slot;
    chunk.outputs.assign(count, {width, 0});
    for (int64_t i : {0, 1}) {
      APSlice &slice = chunk.slices.emplace_back();
      slice.firstChannel = i * sum.channels + first;
      slice.channels = count;
      // A digit at a time, of all channels.
      const std::vector<int8_t> digits = signedDigits(sum.factors[i]);
      for (int64_t k = 0; k < int64_t(digits.size()) && k < width; ++k) {
        if (digits[k] == 0)
          continue;
        APBundle &group = slice.groups.emplace_back();
        for (int64_t c = 0; c < count; ++c) {
          APOperation op;
          op.code = digits[k] > 0 ? APOpcode::add : APOpcode::sub;
          op.d = chunk.accumulator(c);
          op.d.domain += k;
          op.d.width -= k;
          op.a = program.input(c, 0);
          op.carry = 2 * lanes + c;
          op.steps = op.d.width;
          group.push_back(op);
        }
      }
    }
    chunk.epilogue = emitEpilogue(
        program, chunk, llvm::ArrayRef(staircases).slice(first, count));
  }
  return program;
}
