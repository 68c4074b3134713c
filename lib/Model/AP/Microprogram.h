// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Microprogram.h - Programs of associative processors ------*- C++ -*-===//
//
// The microprogram that a layer runs on associative processors, and its compact
// form, the blob (docs/ap.md). A microprogram is independent of the number of
// rows.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_MICROPROGRAM_H
#define PUMICE_LIB_MODEL_AP_MICROPROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pumice::model {

/// An integer in every row: along one column, or across neighboring columns at
/// one domain. A cell value has all of its bits in one domain, one after the
/// other in time.
struct APValue {
  uint16_t column = 0;
  uint16_t domain = 0;
  uint8_t width = 0;
  bool isSigned = false;
  bool isCell = false;
  bool isAcross = false;

  bool operator==(const APValue &other) const {
    return column == other.column && domain == other.domain &&
           width == other.width && isSigned == other.isSigned &&
           isCell == other.isCell && isAcross == other.isAcross;
  }
  /// Columns that hold its bits.
  int64_t columns() const { return isAcross ? width : 1; }
  /// Domains that hold its bits.
  int64_t domains() const { return isAcross || isCell ? 1 : width; }
  /// The place of bit `i`.
  int64_t columnOfBit(int64_t i) const { return column + (isAcross ? i : 0); }
  int64_t domainOfBit(int64_t i) const {
    return domain + (isAcross || isCell ? 0 : i);
  }
};

/// The numbers are the opcodes in the blob.
enum class APOpcode : uint8_t {
  add,
  sub,
  addNew,
  subNew,
  copy,
  clear,
  compare,
  select,
  mask,
  top,
  less,
  set,
  between,
};
constexpr unsigned numAPOpcodes = 13;
/// "add", "sub", "add_new", ...
llvm::StringRef name(APOpcode code);

/// The fields among `carry`, `d`, `a` and `b` that an operation has.
struct APFields {
  bool carry, d, b, a;
  bool constant = false;
};
APFields fieldsOf(APOpcode code);
/// True if the operation's carry starts as 0.
bool clearsCarry(APOpcode code);

struct APOperation {
  APOpcode code = APOpcode::clear;
  bool isBiased = false; ///< `a` is read with its top bit inverted
  uint8_t steps = 0;
  uint16_t carry = 0; ///< column
  APValue d, b, a;
  int64_t constant = 0; ///< the number with which `less` compares
};

/// Operations that advance together, bit by bit.
using APBundle = std::vector<APOperation>;

/// The operations of an output block for a channel block.
struct APChannelBlock {
  int64_t firstChannel = 0;
  int64_t channels = 0;
  std::vector<APBundle> bundles;
};

struct APAccumulator {
  int64_t width = 0;
  int64_t initial = 0; ///< value before the first channel block, modulo 2^width
};

/// An output block: outputs whose accumulators a processor holds together.
struct APOutputBlock {
  int64_t firstOutput = 0;
  int64_t column = 0;    ///< first of the accumulators' columns
  int64_t columns = 0;   ///< of accumulators
  int64_t slot = 0;      ///< domains per accumulator; across columns: columns
  bool isAcross = false; ///< accumulators lie across columns
  std::vector<APAccumulator> outputs;
  std::vector<APChannelBlock> channelBlocks;
  /// Turns complete accumulators into quantized values, in place.
  std::vector<APBundle> epilogue;

  APValue accumulator(int64_t i) const {
    const int64_t place = i % sideBySide(), level = i / sideBySide();
    APValue value;
    value.column =
        static_cast<uint16_t>(column + place * (isAcross ? slot : 1));
    value.domain = static_cast<uint16_t>(level * (isAcross ? 1 : slot));
    value.width = static_cast<uint8_t>(outputs[i].width);
    value.isSigned = true;
    value.isAcross = isAcross;
    return value;
  }
  /// Accumulators at the same domains.
  int64_t sideBySide() const {
    return isAcross ? std::max<int64_t>(columns / std::max<int64_t>(slot, 1), 1)
                    : std::max<int64_t>(columns, 1);
  }
  /// Processors, at most `spread`, that share the channel blocks.
  int64_t processors(int64_t spread) const {
    return std::clamp<int64_t>(channelBlocks.size(), 1, spread);
  }
  /// Accumulators of the fullest column.
  int64_t slots() const {
    const int64_t count = outputs.size();
    return columns ? (count + sideBySide() - 1) / sideBySide() : 0;
  }
  /// Domains that hold accumulators.
  int64_t planes() const { return slots() * (isAcross ? 1 : slot); }
};

struct APMicroprogram {
  int64_t columns = 0; ///< of the associative processors
  int64_t domains = 0;
  int64_t kernelPositions = 1;
  int64_t inputBits = 0;
  bool inputSigned = false;
  int64_t channels = 0; ///< of the layer's input
  int64_t outputs = 0;  ///< of the layer
  int64_t lanes = 1;    ///< interleaved channels
  int64_t spread = 1;   ///< processors that share an output block
  int64_t codeBits = 0; ///< width of the results of epilogues; 0: no epilogues
  bool codeSigned = false;
  bool isAcross = false; ///< inputs and accumulators lie across columns
  std::vector<APOutputBlock> outputBlocks;

  /// The value of kernel position `k` of channel `c` of a channel block.
  APValue input(int64_t c, int64_t k) const {
    const int64_t place = c % lanes * kernelPositions + k, level = c / lanes;
    APValue value;
    value.column = static_cast<uint16_t>(place * (isAcross ? inputBits : 1));
    value.domain = static_cast<uint16_t>(level * (isAcross ? 1 : inputBits));
    value.width = static_cast<uint8_t>(inputBits);
    value.isSigned = inputSigned;
    value.isAcross = isAcross;
    return value;
  }
  /// Columns that hold inputs.
  int64_t inputColumns() const {
    return lanes * kernelPositions * (isAcross ? inputBits : 1);
  }
  /// The value that is read out for output `i` of an output block.
  APValue result(const APOutputBlock &block, int64_t i) const {
    APValue value = block.accumulator(i);
    if (codeBits) {
      value.width = static_cast<uint8_t>(codeBits);
      value.isSigned = codeSigned;
    }
    return value;
  }
  /// Domains that hold the inputs of a channel block.
  int64_t inputPlanes(const APChannelBlock &channelBlock) const {
    return (channelBlock.channels + lanes - 1) / lanes *
           (isAcross ? 1 : inputBits);
  }
  /// Number of operations of all channel blocks and epilogues.
  int64_t operations() const;
};

/// The domain of `value` in step `i`, or -1 if its bit is known to be 0.
inline int64_t domainAt(const APValue &value, int64_t i) {
  if (i >= value.width && !value.isSigned)
    return -1;
  return value.domainOfBit(i < value.width ? i : value.width - 1);
}

/// The column of `value` in step `i`.
inline int64_t columnAt(const APValue &value, int64_t i) {
  return value.columnOfBit(i < value.width ? i : value.width - 1);
}

/// The same for operand `a`, which may be biased.
inline int64_t domainOfA(const APOperation &op, int64_t i) {
  const APValue &a = op.a;
  if (op.isBiased && i >= a.width)
    return -1;
  return op.code == APOpcode::top ? a.domainOfBit(a.width - 1) : domainAt(a, i);
}
inline int64_t columnOfA(const APOperation &op, int64_t i) {
  return op.code == APOpcode::top ? op.a.columnOfBit(op.a.width - 1)
                                  : columnAt(op.a, i);
}

/// Fails if processors with its `columns` and `domains` cannot run the
/// microprogram. The error names the output block, channel block, bundle and
/// operation.
llvm::Error verify(const APMicroprogram &program);

std::vector<uint8_t> encode(const APMicroprogram &program);
/// Reads a blob and verifies it. Errors name the byte.
llvm::Expected<APMicroprogram> decode(llvm::ArrayRef<uint8_t> blob);

/// "c3[12:16)" for a signed value: "c3[12:16)s"; for a cell: "c3[12]"; across
/// columns: "c3:7[12)".
void print(const APValue &value, llvm::raw_ostream &os);
void print(const APOperation &op, llvm::raw_ostream &os);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_MICROPROGRAM_H
