// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Microprogram.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>

using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

static constexpr uint8_t magic[] = {'P', 'A', 'P'};
/// Sums leave the processors; codes do; values may lie across columns.
static constexpr uint8_t versionOfSums = 1, versionOfCodes = 2,
                         versionOfColumns = 3;
/// Added to a code if its operand is biased.
static constexpr uint64_t biasedFlag = 16;

static uint64_t shapeOf(const APValue &value, bool columns) {
  const uint64_t width =
      columns ? uint64_t(value.width) * 2 + value.isAcross : value.width;
  return width * 4 + value.isSigned * 2 + value.isCell;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {
class Writer {
public:
  void v(uint64_t number) {
    for (; number >= 0x80; number >>= 7)
      bytes.push_back(uint8_t(number) | 0x80);
    bytes.push_back(uint8_t(number));
  }
  void s(int64_t number) {
    v((uint64_t(number) << 1) ^ uint64_t(number >> 63));
  }
  void append(llvm::ArrayRef<uint8_t> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  std::vector<uint8_t> bytes;
};

/// Values of a channelBlock, numbered in the order of their first use.
class ValueTable {
public:
  uint64_t indexOf(const APValue &value) {
    const uint64_t key = uint64_t(value.column) << 32 |
                         uint64_t(value.domain) << 16 |
                         shapeOf(value, /*columns=*/true);
    auto [it, isNew] = indices.try_emplace(key, values.size());
    if (isNew)
      values.push_back(value);
    return it->second;
  }
  std::vector<APValue> values;

private:
  llvm::DenseMap<uint64_t, uint64_t> indices;
};
} // namespace

static std::vector<uint8_t> encodeBody(llvm::ArrayRef<APBundle> body,
                                       bool columns) {
  ValueTable table;
  Writer bundles;
  bundles.v(body.size());
  for (const APBundle &bundle : body) {
    bundles.v(bundle.size());
    for (const APOperation &op : bundle) {
      const APFields fields = fieldsOf(op.code);
      bundles.v(static_cast<uint64_t>(op.code) +
                (op.isBiased ? biasedFlag : 0));
      bundles.v(op.steps);
      if (fields.carry)
        bundles.v(op.carry);
      if (fields.d)
        bundles.v(table.indexOf(op.d));
      if (fields.b)
        bundles.v(table.indexOf(op.b));
      if (fields.a)
        bundles.v(table.indexOf(op.a));
      if (fields.constant)
        bundles.s(op.constant);
    }
  }
  Writer out;
  out.v(table.values.size());
  for (const APValue &value : table.values) {
    out.v(value.column);
    out.v(value.domain);
    out.v(shapeOf(value, columns));
  }
  out.append(bundles.bytes);
  return std::move(out.bytes);
}

std::vector<uint8_t> pumice::model::encode(const APMicroprogram &program) {
  Writer out;
  out.append(magic);
  out.v(program.isAcross   ? versionOfColumns
        : program.codeBits ? versionOfCodes
                           : versionOfSums);
  for (int64_t number :
       {program.columns, program.domains, program.kernelPositions,
        program.inputBits, int64_t(program.inputSigned), program.channels,
        program.outputs, program.lanes, program.spread})
    out.v(number);
  if (program.codeBits || program.isAcross) {
    out.v(program.codeBits);
    out.v(program.codeSigned);
  }
  out.v(program.outputBlocks.size());
  for (const APOutputBlock &block : program.outputBlocks) {
    out.v(block.firstOutput);
    out.v(block.outputs.size());
    out.v(block.column);
    out.v(block.columns);
    out.v(block.slot);
    for (const APAccumulator &accumulator : block.outputs) {
      out.v(accumulator.width);
      out.s(accumulator.initial);
    }
    out.v(block.channelBlocks.size());
    for (const APChannelBlock &channelBlock : block.channelBlocks) {
      const std::vector<uint8_t> body =
          encodeBody(channelBlock.bundles, program.isAcross);
      out.v(channelBlock.firstChannel);
      out.v(channelBlock.channels);
      out.v(body.size());
      out.append(body);
    }
    if (program.codeBits) {
      const std::vector<uint8_t> body =
          encodeBody(block.epilogue, program.isAcross);
      out.v(body.size());
      out.append(body);
    }
  }
  return std::move(out.bytes);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
/// Reads numbers until one is wrong; then `problem` says why, and everything
/// that follows reads as 0.
class Reader {
public:
  explicit Reader(llvm::ArrayRef<uint8_t> bytes) : bytes(bytes) {}

  bool failed() const { return !problem.empty(); }
  size_t position() const { return next; }
  bool atEnd() const { return next == bytes.size(); }

  void fail(size_t at, const Twine &what) {
    if (!failed())
      problem = ("byte " + Twine(at) + ": " + what).str();
    next = bytes.size();
  }
  Error takeError() {
    return llvm::createStringError("microprogram, " + problem);
  }

  uint64_t v() {
    uint64_t number = 0;
    const size_t start = next;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (next == bytes.size()) {
        fail(start, "expected a number, got the end of the microprogram");
        return 0;
      }
      const uint8_t byte = bytes[next++];
      number |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return number;
    }
    fail(start, "expected a number of at most 63 bits");
    return 0;
  }
  int64_t s() {
    const uint64_t number = v();
    return int64_t(number >> 1) ^ -int64_t(number & 1);
  }
  /// A number up to `most`.
  int64_t upTo(int64_t most, const char *what) {
    const size_t start = next;
    const uint64_t number = v();
    if (most >= 0 && number <= uint64_t(most))
      return number;
    fail(start, Twine(what) + " is " + Twine(number) + ", expected at most " +
                    Twine(most));
    return 0;
  }
  /// A number of things, each of which takes at least a byte.
  int64_t count(const char *what) {
    return upTo(std::max<int64_t>(bytes.size() - next, 0), what);
  }

private:
  llvm::ArrayRef<uint8_t> bytes;
  size_t next = 0;
  std::string problem;
};
} // namespace

static void decodeBody(Reader &in, const APMicroprogram &program,
                       std::vector<APBundle> &bundles) {
  std::vector<APValue> values(in.count("the number of values"));
  for (APValue &value : values) {
    value.column = in.upTo(program.columns - 1, "a column");
    value.domain = in.upTo(program.domains - 1, "a domain");
    const int64_t shape =
        in.upTo((program.isAcross ? 129 : 64) * 4 + 3, "the shape of a value");
    value.width = shape / (program.isAcross ? 8 : 4);
    value.isAcross = program.isAcross && (shape & 4);
    value.isSigned = shape & 2;
    value.isCell = shape & 1;
  }
  auto value = [&]() -> APValue {
    const int64_t index =
        in.upTo(int64_t(values.size()) - 1, "the index of a value");
    return in.failed() ? APValue() : values[index];
  };
  if (in.failed())
    return;
  bundles.resize(in.count("the number of bundles"));
  for (APBundle &bundle : bundles) {
    bundle.resize(in.count("the number of operations"));
    for (APOperation &op : bundle) {
      const size_t start = in.position();
      const uint64_t code = in.v();
      op.isBiased = code & biasedFlag;
      if ((code & ~biasedFlag) >= numAPOpcodes) {
        in.fail(start, "unknown opcode " + Twine(code));
        return;
      }
      op.code = static_cast<APOpcode>(code & ~biasedFlag);
      const APFields fields = fieldsOf(op.code);
      op.steps = in.upTo(64, "the number of steps");
      if (fields.carry)
        op.carry = in.upTo(program.columns - 1, "a carry column");
      if (fields.d)
        op.d = value();
      if (fields.b)
        op.b = value();
      if (fields.a)
        op.a = value();
      if (fields.constant)
        op.constant = in.s();
      if (in.failed())
        return;
    }
  }
}

/// A body behind its length.
static void decodeBody(Reader &in, const APMicroprogram &program,
                       std::vector<APBundle> &bundles, const char *what) {
  const int64_t bytes = in.count("the length of a body");
  const size_t start = in.position();
  decodeBody(in, program, bundles);
  if (!in.failed() && in.position() - start != size_t(bytes))
    in.fail(start, Twine(what) + " has " + Twine(in.position() - start) +
                       " bytes, expected " + Twine(bytes));
}

llvm::Expected<APMicroprogram>
pumice::model::decode(llvm::ArrayRef<uint8_t> blob) {
  Reader in(blob);
  uint64_t version = 0;
  for (size_t i = 0; i <= std::size(magic); ++i) {
    const size_t at = in.position();
    version = in.v();
    const bool isRight = i < std::size(magic) ? version == magic[i]
                                              : version >= versionOfSums &&
                                                    version <= versionOfColumns;
    if (!isRight && !in.failed())
      in.fail(at, "expected 'PAP' and version 1 to 3, got " + Twine(version));
  }
  constexpr int64_t large = int64_t(1) << 40;
  APMicroprogram program;
  program.columns = in.upTo(65535, "the number of columns");
  program.domains = in.upTo(65535, "the number of domains");
  program.kernelPositions = in.upTo(65535, "the number of kernel positions");
  program.inputBits = in.upTo(32, "the number of input bits");
  program.inputSigned = in.upTo(1, "the sign of inputs");
  program.channels = in.upTo(large, "the number of channels");
  program.outputs = in.upTo(large, "the number of outputs");
  program.lanes = in.upTo(65535, "the number of interleaved channels");
  program.spread = in.upTo(65535, "the spread");
  program.isAcross = version == versionOfColumns;
  if (version != versionOfSums) {
    program.codeBits = in.upTo(8, "the number of result bits");
    program.codeSigned = in.upTo(1, "the sign of results");
    if (!in.failed() && program.codeBits < 1 && !program.isAcross)
      in.fail(in.position(), "expected at least 1 result bit, got 0");
  }
  if (!in.failed() && (program.columns < 1 || program.domains < 1))
    in.fail(in.position(), "expected columns and domains, got " +
                               Twine(program.columns) + " and " +
                               Twine(program.domains));
  program.outputBlocks.resize(in.count("the number of output blocks"));
  for (APOutputBlock &block : program.outputBlocks) {
    block.firstOutput = in.upTo(large, "the first output");
    block.outputs.resize(in.count("the number of accumulators"));
    block.column = in.upTo(65535, "a column");
    block.columns = in.upTo(65535, "the number of columns");
    block.slot = in.upTo(65535, program.isAcross ? "the number of columns"
                                                 : "the number of domains");
    block.isAcross = program.isAcross;
    for (APAccumulator &accumulator : block.outputs) {
      accumulator.width = in.upTo(64, "the width of an accumulator");
      accumulator.initial = in.s();
    }
    block.channelBlocks.resize(in.count("the number of channel blocks"));
    for (APChannelBlock &channelBlock : block.channelBlocks) {
      channelBlock.firstChannel = in.upTo(large, "the first channel");
      channelBlock.channels = in.upTo(large, "the number of channels");
      decodeBody(in, program, channelBlock.bundles, "the channel block");
      if (in.failed())
        return in.takeError();
    }
    if (program.codeBits)
      decodeBody(in, program, block.epilogue, "the epilogue");
  }
  if (!in.failed() && !in.atEnd())
    in.fail(in.position(), "expected the end of the microprogram");
  if (in.failed())
    return in.takeError();
  if (Error error = verify(program))
    return llvm::createStringError("microprogram, " +
                                   llvm::toString(std::move(error)));
  return program;
}
