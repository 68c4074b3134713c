// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Machine.h"

#include "lib/Model/Core/Random.h"
#include "lib/Model/Crossbar/Patches.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>

using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

APArray::APArray(int64_t columns, int64_t domains, int64_t rows)
    : ports(columns), domains(domains), rowCount(rows),
      words(llvm::alignTo(llvm::divideCeil(rows, 64), 4)),
      bits(columns * domains * words), active(words) {
  // Whatever was there before: no program may rely on it.
  uint64_t state = 0;
  for (uint64_t &word : bits) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    word = state ^ (state >> 29);
  }
  for (int64_t w = 0; w < words; ++w) {
    const int64_t left = rows - 64 * w;
    active[w] = left >= 64 ? ~uint64_t(0)
                : left > 0 ? (uint64_t(1) << left) - 1
                           : 0;
  }
}

void APArray::run(const APBundle &bundle) {
  const APLoop loop = apLoop();
  walk(bundle, ports,
       [&](const APOperation &op, llvm::ArrayRef<APPass> passes, int64_t step) {
         // The bits under the ports.
         auto under = [&](uint16_t column) {
           return plane(column, ports.at(column));
         };
         const APFields fields = fieldsOf(op.code);
         taggedWrites += loop(passes, fields.carry ? under(op.carry) : nullptr,
                              fields.d ? under(columnAt(op.d, step)) : nullptr,
                              fields.b ? under(columnAt(op.b, step)) : nullptr,
                              fields.a ? under(columnOfA(op, step)) : nullptr,
                              active.data(), words);
       });
}

void APArray::write(const APValue &value, llvm::ArrayRef<int64_t> numbers) {
  for (int64_t i = 0; i < value.width; ++i) {
    uint64_t *to = plane(value.columnOfBit(i), value.domainOfBit(i));
    for (int64_t w = 0; w < words; ++w) {
      uint64_t word = 0;
      const int64_t end = std::min<int64_t>(64, rowCount - 64 * w);
      for (int64_t r = 0; r < end; ++r)
        word |= uint64_t(numbers[64 * w + r] >> i & 1) << r;
      to[w] = word;
    }
  }
}

void APArray::writeAll(const APValue &value, int64_t number) {
  for (int64_t i = 0; i < value.width; ++i)
    std::fill_n(plane(value.columnOfBit(i), value.domainOfBit(i)), words,
                number >> std::min<int64_t>(i, 63) & 1 ? ~uint64_t(0) : 0);
}

void APArray::read(const APValue &value,
                   llvm::MutableArrayRef<int64_t> numbers) {
  std::fill_n(numbers.begin(), rowCount, 0);
  for (int64_t i = 0; i < value.width; ++i) {
    const uint64_t *from = plane(value.columnOfBit(i), value.domainOfBit(i));
    // The top bit of a signed number counts negative.
    const uint64_t weight = value.isSigned && i + 1 == value.width
                                ? ~uint64_t(0) << i
                                : uint64_t(1) << i;
    for (int64_t r = 0; r < rowCount; ++r)
      numbers[r] |= -(from[r / 64] >> (r % 64) & 1) & weight;
  }
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

namespace {

/// Bit `bit` of 8 codes as a byte.
uint64_t gather(uint64_t codes, int64_t bit) {
  return ((codes >> bit & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

/// One input, or two whose channels follow each other.
template <typename T>
struct Inputs {
  llvm::SmallVector<PatchReader<T>, 2> readers;
  int64_t rows; ///< inputs of a window of one

  void rowAcross(int64_t k, int64_t first, int64_t count, T *out) const {
    readers[k / rows].rowAcross(0, k % rows, first, count, out);
  }
};

/// Writes the inputs of a channelBlock to the planes of an array.
template <typename T>
void load(const APMicroprogram &program, const APChannelBlock &channelBlock,
          const Inputs<T> &inputs, int64_t first, APArray &array) {
  const int64_t rows = array.rows(), padded = llvm::alignTo(rows, 64);
  std::vector<T> codes(padded);
  std::vector<uint8_t> bytes(padded);
  for (int64_t c = 0; c < channelBlock.channels; ++c)
    for (int64_t k = 0; k < program.kernelPositions; ++k) {
      inputs.rowAcross(
          (channelBlock.firstChannel + c) * program.kernelPositions + k, first,
          rows, codes.data());
      const APValue value = program.input(c, k);
      for (int64_t low = 0; low < program.inputBits; low += 8) {
        for (int64_t r = 0; r < padded; ++r)
          bytes[r] = static_cast<uint8_t>(codes[r] >> low);
        const int64_t high = std::min<int64_t>(program.inputBits, low + 8);
        for (int64_t i = low; i < high; ++i) {
          uint64_t *plane =
              array.plane(value.columnOfBit(i), value.domainOfBit(i));
          for (int64_t w = 0; w < padded / 64; ++w) {
            uint64_t word = 0;
            for (int64_t part = 0; part < 8; ++part) {
              uint64_t eight;
              std::memcpy(&eight, bytes.data() + 64 * w + 8 * part, 8);
              word |= gather(eight, i - low) << (8 * part);
            }
            plane[w] = word;
          }
        }
      }
    }
}

/// The rows of one block on some processors.
class Worker {
public:
  Worker(const APMicroprogram &program, const APOutputBlock &block,
         int64_t first, int64_t rows)
      : program(program), block(block), first(first), rows(rows) {}

  template <typename T>
  std::vector<uint64_t> run(const Inputs<T> &inputs, Value &y,
                            int64_t positions) {
    // The accumulators of each of the processors that share the channel blocks.
    const int64_t processors = block.processors(program.spread);
    std::vector<APArray> arrays;
    for (int64_t p = 0; p < processors; ++p) {
      APArray &array =
          arrays.emplace_back(program.columns, program.domains, rows);
      for (size_t i = 0; i < block.outputs.size(); ++i)
        array.writeAll(block.accumulator(i),
                       p == 0 ? block.outputs[i].initial : 0);
      for (size_t s = p; s < block.channelBlocks.size(); s += processors) {
        load(program, block.channelBlocks[s], inputs, first, array);
        for (const APBundle &bundle : block.channelBlocks[s].bundles)
          array.run(bundle);
      }
    }
    reduce(arrays);
    for (const APBundle &bundle : block.epilogue)
      arrays[0].run(bundle);
    std::vector<uint64_t> written;
    written.reserve(arrays.size());
    for (const APArray &array : arrays)
      written.push_back(array.taggedWrites);
    store(arrays[0], y, positions);
    return written;
  }

private:
  /// Adds the accumulators of all processors, in pairs, to those of the first.
  void reduce(std::vector<APArray> &arrays) {
    if (arrays.size() < 2)
      return;
    const std::vector<APReduction> steps = reductionOf(program, block);
    for (size_t apart = 1; apart < arrays.size(); apart *= 2)
      for (size_t to = 0; to + apart < arrays.size(); to += 2 * apart)
        for (const APReduction &step : steps) {
          for (auto [i, value] : step.received) {
            const APValue from = block.accumulator(i);
            for (int64_t bit = 0; bit < from.width; ++bit) {
              const uint64_t *plane = arrays[to + apart].plane(
                  from.columnOfBit(bit), from.domainOfBit(bit));
              std::copy_n(plane, llvm::divideCeil(rows, 64),
                          arrays[to].plane(value.columnOfBit(bit),
                                           value.domainOfBit(bit)));
            }
          }
          arrays[to].run(step.bundle);
        }
  }

  void store(APArray &array, Value &y, int64_t positions) {
    std::vector<int64_t> numbers(rows);
    for (size_t i = 0; i < block.outputs.size(); ++i) {
      array.read(program.result(block, i), numbers);
      const int64_t output = block.firstOutput + i;
      auto put = [&](auto *out) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t image = (first + r) / positions;
          const int64_t p = (first + r) % positions;
          out[(image * program.outputs + output) * positions + p] = numbers[r];
        }
      };
      if (y.type() == ElementType::i8)
        put(y.asMutable<int8_t>().data());
      else if (y.type() == ElementType::i32)
        put(y.asMutable<int32_t>().data());
      else
        put(y.asMutable<int64_t>().data());
    }
  }

  const APMicroprogram &program;
  const APOutputBlock &block;
  int64_t first, rows;
};

template <typename T>
Error checkCodes(const APMicroprogram &program, llvm::ArrayRef<T> codes) {
  const int64_t low =
      program.inputSigned ? -(int64_t(1) << (program.inputBits - 1)) : 0;
  const int64_t high = low + (int64_t(1) << program.inputBits) - 1;
  for (T code : codes)
    if (int64_t(code) < low || int64_t(code) > high)
      return llvm::createStringError(
          "input " + Twine(int64_t(code)) + " is not a" +
          (program.inputSigned ? " signed" : "n unsigned") + " integer of " +
          Twine(program.inputBits) + " bits");
  return Error::success();
}

} // namespace

std::vector<APReduction>
pumice::model::reductionOf(const APMicroprogram &program,
                           const APOutputBlock &block) {
  // Columns without accumulators: some receive, others hold carries.
  std::vector<int64_t> received, carries;
  const int64_t end = block.column + block.columns;
  if (block.isAcross) {
    const int64_t slot = std::max<int64_t>(block.slot, 1);
    const int64_t before = block.column, after = program.columns - end;
    auto place = [&](int64_t number, int64_t first, auto carryOf) {
      for (int64_t i = 0; i < number; ++i) {
        received.push_back(first + i * slot);
        carries.push_back(carryOf(i));
      }
    };
    if (before >= slot && after > 0)
      place(std::min(before / slot, after), 0,
            [&](int64_t i) { return end + i; });
    else if (after > slot)
      place(after / (slot + 1), end,
            [&](int64_t i) { return program.columns - 1 - i; });
    else if (before > slot)
      place(before / (slot + 1), 0, [&](int64_t i) { return before - 1 - i; });
  } else {
    std::vector<int64_t> free;
    for (int64_t column = 0; column < program.columns; ++column)
      if (column < block.column || column >= end)
        free.push_back(column);
    const auto half = free.begin() + int64_t(free.size()) / 2;
    received.assign(free.begin(), half);
    carries.assign(half, free.end());
  }
  const int64_t together = received.size();
  std::vector<APReduction> steps;
  const int64_t count = block.outputs.size();
  for (int64_t i = 0; together > 0 && i < count;) {
    APReduction &step = steps.emplace_back();
    // Accumulators of one slot are in different columns.
    const int64_t stop =
        std::min({count, i + together,
                  (i / block.sideBySide() + 1) * block.sideBySide()});
    for (int64_t j = 0; i < stop; ++i, ++j) {
      APOperation op;
      op.code = APOpcode::add;
      op.d = block.accumulator(i);
      op.a = op.d;
      op.a.column = received[j];
      op.carry = carries[j];
      op.steps = op.d.width;
      step.received.emplace_back(i, op.a);
      step.bundle.push_back(op);
    }
  }
  return steps;
}

llvm::Expected<std::vector<uint64_t>>
pumice::model::runLayer(const APMicroprogram &program, int64_t rows,
                        const Value &x, const Value *other,
                        const Window &window, int64_t inputZeroPoint, Value &y,
                        unsigned threads) {
  MatrixSpec matrix;
  matrix.groups = 1;
  matrix.rows = program.channels / (other ? 2 : 1) * program.kernelPositions;
  matrix.columns = program.outputs;
  matrix.inputSigned = program.inputSigned;
  if (Error error = window.verify(matrix))
    return std::move(error);
  if (x.type() != ElementType::i8 && x.type() != ElementType::i16 &&
      x.type() != ElementType::i32)
    return llvm::createStringError("inputs are " + name(x.type()) +
                                   ", expected i8, i16 or i32");
  if (program.codeBits && y.type() != ElementType::i8)
    return llvm::createStringError("results are " + name(y.type()) +
                                   ", expected i8");
  if (!program.codeBits && y.type() != ElementType::i32 &&
      y.type() != ElementType::i64)
    return llvm::createStringError("accumulators are " + name(y.type()) +
                                   ", expected i32 or i64");
  const int64_t wantedX =
      window.batch * window.channels * window.height * window.width;
  const int64_t wantedY = window.count() * program.outputs;
  if (x.numElements() != wantedX || y.numElements() != wantedY)
    return llvm::createStringError(
        "expected " + Twine(wantedX) + " inputs and " + Twine(wantedY) +
        " accumulators, got " + Twine(x.numElements()) + " and " +
        Twine(y.numElements()));
  std::vector<int64_t> firstPart; // of each block
  int64_t parts = 0;
  for (const APOutputBlock &block : program.outputBlocks) {
    firstPart.push_back(parts);
    parts += block.processors(program.spread);
  }
  std::vector<std::atomic<uint64_t>> written(parts);
  Error problem = Error::success();
  withPatches(matrix, window, x, inputZeroPoint, [&](auto patches) {
    using T = typename decltype(patches)::Code;
    if (Error error = checkCodes(program, x.as<T>())) {
      problem = llvm::joinErrors(std::move(problem), std::move(error));
      return;
    }
    Inputs<T> inputs = {{patches}, matrix.rows};
    if (other) {
      assert(other->type() == x.type() &&
             other->numElements() == x.numElements());
      if (Error error = checkCodes(program, other->as<T>())) {
        problem = llvm::joinErrors(std::move(problem), std::move(error));
        return;
      }
      inputs.readers.emplace_back(matrix, window, other->as<T>().data(),
                                  static_cast<T>(inputZeroPoint));
    }
    // Processors with different row blocks run together.
    const int64_t count = window.count();
    const int64_t together =
        std::clamp<int64_t>(count / std::max<int64_t>(1, rows * threads), 1, 4);
    const int64_t perUnit = rows * together;
    const int64_t units = llvm::divideCeil(count, perUnit);
    const int64_t blocks = program.outputBlocks.size();
    parallelFor(threads, units * blocks, [&](int64_t i) {
      const int64_t first = i / blocks * perUnit, q = i % blocks;
      Worker worker(program, program.outputBlocks[q], first,
                    std::min(perUnit, count - first));
      const std::vector<uint64_t> bits =
          worker.run(inputs, y, window.positions());
      for (size_t p = 0; p < bits.size(); ++p)
        written[firstPart[q] + p] += bits[p];
    });
  });
  if (problem)
    return std::move(problem);
  return std::vector<uint64_t>(written.begin(), written.end());
}
