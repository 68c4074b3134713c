// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/APCompiler/Compiler.h"

#include "lib/APCompiler/Layouts.h"
#include "lib/Model/AP/Costs.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;
using namespace pumice::apcompiler;
using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

namespace {

class Compiler {
public:
  Compiler(const Layer &layer, const APSpec &ap, const Options &options)
      : layer(layer), ap(ap), options(options), prepared(layer) {}

  Error check() const;
  llvm::Expected<APMicroprogram> run(Statistics *statistics);

private:
  APAccumulator accumulatorOf(int64_t output) const;
  StepFunction stepFunctionOf(int64_t output) const;
  int64_t spreadOf(const APMicroprogram &program) const;

  const Layer &layer;
  const APSpec &ap;
  const Options &options;
  PreparedLayer prepared;
};

} // namespace

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

Error Compiler::check() const {
  if (layer.inputBits < 1 || layer.inputBits > 8)
    return llvm::createStringError("expected inputs of 1 to 8 bits, got " +
                                   Twine(layer.inputBits));
  const IntegerRange codes =
      IntegerRange::ofBits(layer.inputBits, layer.inputSigned);
  if (layer.inputZeroPoint < codes.low || layer.inputZeroPoint > codes.high)
    return llvm::createStringError(
        "expected a zero point in the range of the inputs, " +
        Twine(codes.low) + " to " + Twine(codes.high) + ", got " +
        Twine(layer.inputZeroPoint));
  int64_t wrong = 0;
  for (int8_t w : layer.weights)
    wrong += w < -1 || w > 1;
  if (wrong)
    return llvm::createStringError("expected weights of -1, 0 and 1, but " +
                                   Twine(wrong) + " of " +
                                   Twine(layer.weights.size()) + " are not");
  return Error::success();
}

IntegerRange pumice::apcompiler::sumRange(const Layer &layer, int64_t output) {
  const IntegerRange codes =
      IntegerRange::ofBits(layer.inputBits, layer.inputSigned);
  const IntegerRange x = {codes.low - layer.inputZeroPoint,
                          codes.high - layer.inputZeroPoint};
  const int64_t count = layer.channels / layer.groups * layer.kernelPositions;
  IntegerRange sum;
  for (int8_t w : layer.weights.slice(output * count, count)) {
    if (w > 0)
      sum = sum + x;
    else if (w < 0)
      sum = sum - x;
  }
  return sum;
}

/// The exact width of an accumulator, and its value before the first input.
APAccumulator Compiler::accumulatorOf(int64_t output) const {
  const int64_t count = layer.channels / layer.groups * layer.kernelPositions;
  int64_t weights = 0;
  for (int8_t w : layer.weights.slice(output * count, count))
    weights += w;
  return {sumRange(layer, output).signedBits(),
          -layer.inputZeroPoint * weights};
}

StepFunction Compiler::stepFunctionOf(int64_t output) const {
  const int64_t steps = layer.steps;
  return StepFunction::within(
      sumRange(layer, output),
      llvm::ArrayRef(layer.thresholds).slice(output * steps, steps),
      llvm::ArrayRef(layer.codes).slice(output * (steps + 1), steps + 1));
}

//===----------------------------------------------------------------------===//
// Microprograms
//===----------------------------------------------------------------------===//

llvm::Expected<APMicroprogram> Compiler::run(Statistics *statistics) {
  if (Error error = check())
    return error;
  prepared.nonzeros = layer.weights.size() -
                      std::count(layer.weights.begin(), layer.weights.end(), 0);
  for (int64_t o = 0; o < layer.outputs; ++o)
    prepared.accumulators.push_back(accumulatorOf(o));
  for (int64_t o = 0; o < layer.outputs && !layer.codes.empty(); ++o) {
    prepared.stepFunctions.push_back(stepFunctionOf(o));
    prepared.flags =
        std::max(prepared.flags, prepared.stepFunctions.back().flags());
  }
  prepared.codes = Codes::holding(prepared.stepFunctions);
  llvm::Expected<Layout> layout = chooseLayout(prepared, ap, options);
  if (!layout)
    return layout.takeError();
  APMicroprogram &program = layout->program;

  struct Unit {
    int64_t block, channelBlock, firstOutput, outputs, first, channels;
    Tile tile;
    Statistics statistics;
  };
  std::vector<Unit> units;
  // Whether ports are at the last level when the channel blocks of an output
  // block end.
  std::vector<bool> endsAtTop;
  for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
    const APOutputBlock &block = program.outputBlocks[q];
    const int64_t outputs = block.outputs.size();
    // Across columns, ports go forth and back.
    const int64_t together =
        program.isAcross ? block.sideBySide() : std::max<int64_t>(outputs, 1);
    const int64_t levels = llvm::divideCeil(outputs, together);
    bool setsUp = true, levelsUp = true;
    for (size_t s = 0; s < block.channelBlocks.size(); ++s) {
      const int64_t channels = block.channelBlocks[s].channels;
      const int64_t sets = llvm::divideCeil(channels, program.lanes);
      auto add = [&](int64_t set, int64_t level) {
        const int64_t o = level * together, c = set * program.lanes;
        units.push_back({int64_t(q),
                         int64_t(s),
                         o,
                         std::min(together, outputs - o),
                         c,
                         std::min(program.lanes, channels - c),
                         {},
                         {}});
      };
      // The i-th of `count`, in a direction.
      auto at = [](int64_t i, int64_t count, bool isUp) {
        return isUp ? i : count - 1 - i;
      };
      if (layout->setsOutermost) {
        for (int64_t i = 0; i < sets; ++i, levelsUp = !levelsUp)
          for (int64_t j = 0; j < levels; ++j)
            add(at(i, sets, setsUp), at(j, levels, levelsUp));
        setsUp = !setsUp;
      } else {
        for (int64_t j = 0; j < levels; ++j) {
          for (int64_t i = 0; i < sets; ++i)
            add(at(i, sets, setsUp), at(j, levels, levelsUp));
          if (program.isAcross)
            setsUp = !setsUp;
        }
        levelsUp = !levelsUp;
      }
    }
    endsAtTop.push_back(!levelsUp);
  }
  parallelFor(options.threads, units.size(), [&](int64_t i) {
    Unit &unit = units[i];
    const APOutputBlock &block = program.outputBlocks[unit.block];
    const int64_t first =
        block.channelBlocks[unit.channelBlock].firstChannel + unit.first;
    const std::vector<int8_t> matrix = prepared.matrixOf(
        block, unit.firstOutput, unit.outputs, first, unit.channels);
    const int64_t inputs = unit.channels * program.kernelPositions;
    const Expressions expressions =
        expressionsOf(program, unit.outputs, matrix, inputs, layout->columns);
    unit.tile = emitTile(program, block, unit.first, unit.firstOutput,
                         expressions, layout->columns, ap);
    if (statistics) {
      unit.statistics.nonzeros =
          matrix.size() - std::count(matrix.begin(), matrix.end(), 0);
      unit.statistics.additions = expressions.additions();
      unit.statistics.shared = expressions.shared.size();
      unit.statistics.fewest = fewestAdditions(matrix, unit.outputs, inputs);
    }
  });

  for (Unit &unit : units) {
    APOutputBlock &block = program.outputBlocks[unit.block];
    std::vector<APBundle> &bundles =
        block.channelBlocks[unit.channelBlock].bundles;
    bundles.insert(bundles.end(),
                   std::make_move_iterator(unit.tile.bundles.begin()),
                   std::make_move_iterator(unit.tile.bundles.end()));
    for (int64_t o = 0; o < unit.outputs; ++o)
      block.outputs[unit.firstOutput + o].initial += unit.tile.corrections[o];
    if (statistics) {
      statistics->nonzeros += unit.statistics.nonzeros;
      statistics->additions += unit.statistics.additions;
      statistics->shared += unit.statistics.shared;
      statistics->fewest += unit.statistics.fewest;
    }
  }
  // Initial values are modulo 2^width.
  for (APOutputBlock &block : program.outputBlocks)
    for (APAccumulator &accumulator : block.outputs)
      accumulator.initial =
          llvm::SignExtend64(accumulator.initial, accumulator.width);
  // Epilogues go back the way that the channel blocks came, unless accumulators
  // of other processors are added in between.
  auto emitEpilogues = [&](bool isBack) {
    for (size_t q = 0; q < program.outputBlocks.size(); ++q) {
      APOutputBlock &block = program.outputBlocks[q];
      block.epilogue =
          emitEpilogue(program, block,
                       llvm::ArrayRef(prepared.stepFunctions)
                           .slice(block.firstOutput, block.outputs.size()),
                       isBack && endsAtTop[q]);
    }
  };
  const bool hasEpilogues = !prepared.stepFunctions.empty();
  if (hasEpilogues)
    emitEpilogues(program.isAcross);
  program.spread = spreadOf(program);
  if (hasEpilogues && program.isAcross && program.spread > 1)
    emitEpilogues(false);
  return std::move(program);
}

/// The cost of a microprogram on as many processors as it can use, without that
/// of the buffer and of fetching it.
static Cost costWith(const Layer &layer, const APSpec &ap,
                     const Options &options, const APMicroprogram &program,
                     const APMicroprogramWork &work) {
  DeviceSpec device;
  UnitGroup &group = device.groups.emplace_back();
  group.unit = ap;
  group.levels.push_back({"chip", options.processors});
  declareResources(device);
  const int64_t windows = std::max<int64_t>(layer.windows, 1);
  return apCost(device, group,
                lowestUnits(group, apProcessors(ap, program, windows)), program,
                work, windows, 0, 0, 0);
}

/// The number of processors that share the channel blocks of an output block:
/// the one with the least product of time and energy.
int64_t Compiler::spreadOf(const APMicroprogram &program) const {
  int64_t most = 1;
  for (const APOutputBlock &block : program.outputBlocks)
    most = std::max<int64_t>(most, block.channelBlocks.size());
  if (program.isAcross && !program.outputBlocks.empty() &&
      reductionOf(program, program.outputBlocks.front()).empty())
    return 1; // no columns for the accumulators of another processor
  if (options.spread)
    return std::clamp<int64_t>(*options.spread, 1, most);
  int64_t best = 1;
  double least = 0;
  APMicroprogram spread = program; // with `p` processors per output block
  APMicroprogramWork work = workOf(program, options.threads);
  for (int64_t p = 1; p <= most; p *= 2) {
    spread.spread = p;
    if (program.isAcross && p > 1) {
      work = workOf(spread, options.threads);
    } else if (p == 2) {
      for (size_t q = 0; q < spread.outputBlocks.size(); ++q) {
        std::vector<APBundle> bundles;
        for (APReduction &step : reductionOf(spread, spread.outputBlocks[q]))
          bundles.push_back(std::move(step.bundle));
        work.outputBlocks[q].reduction = workOf(spread, bundles);
      }
    }
    const Cost cost = costWith(layer, ap, options, spread, work);
    const double product = total(cost.energyPj) *
                           std::pow(double(cost.latencyPs),
                                    program.isAcross ? timeExponentAcross : 1);
    if (p == 1 || product < least) {
      least = product;
      best = p;
    }
  }
  return best;
}

llvm::Expected<APMicroprogram>
pumice::apcompiler::compile(const Layer &layer, const APSpec &ap,
                            const Options &options, Statistics *statistics) {
  return Compiler(layer, ap, options).run(statistics);
}
