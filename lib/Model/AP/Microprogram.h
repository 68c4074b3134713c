// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- APMicroprogram.h - Programs of associative processors ---------*- C++
//-*-===//
//
// What a layer runs on associative processors, and its compact form, the blob
// (docs/ap.md). A program is independent of the number of rows.
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

/// An integer in every row, along one column; a cell value has all of its bits
/// in one domain, one after the other in time.
struct APValue {
  uint16_t column = 0;
  uint16_t domain = 0;
  uint8_t width = 0;
  bool isSigned = false;
  bool isCell = false;

  bool operator==(const APValue &other) const {
    return column == other.column && domain == other.domain &&
           width == other.width && isSigned == other.isSigned &&
           isCell == other.isCell;
  }
};

/// Numbers are those of the blob.
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

/// Which of `carry`, `d`, `a` and `b` an operation has.
struct APFields {
  bool carry, d, b, a;
  bool constant = false;
};
APFields fieldsOf(APOpcode code);
/// Whether the operation's carry starts as 0.
bool clearsCarry(APOpcode code);

struct APOperation {
  APOpcode code = APOpcode::clear;
  bool isBiased = false; ///< `a` is read with its top bit inverted
  uint8_t steps = 0;
  uint16_t carry = 0; ///< column
  APValue d, b, a;
  int64_t constant = 0; ///< what `less` compares with
};

/// Operations that advance together, bit by bit.
using APBundle = std::vector<APOperation>;

/// The program of a chunk of outputs for a slice of input channels.
struct APSlice {
  int64_t firstChannel = 0;
  int64_t channels = 0;
  std::vector<APBundle> groups;
};

struct APAccumulator {
  int64_t width = 0;
  int64_t initial = 0; ///< value before the first slice, modulo 2^width
};

/// Outputs that are computed by one program per slice.
struct APChunk {
  int64_t firstOutput = 0;
  int64_t column = 0;  ///< first of the accumulators' columns
  int64_t columns = 0; ///< of accumulators
  int64_t slot = 0;    ///< domains for an accumulator
  std::vector<APAccumulator> outputs;
  std::vector<APSlice> slices;
  /// Makes codes of complete accumulators, where they are.
  std::vector<APBundle> epilogue;

  APValue accumulator(int64_t i) const {
    return {static_cast<uint16_t>(column + i % columns),
            static_cast<uint16_t>(i / columns * slot),
            static_cast<uint8_t>(outputs[i].width), /*isSigned=*/true,
            /*isCell=*/false};
  }
  /// Of at most `spread` that share the slices.
  int64_t processors(int64_t spread) const {
    return std::clamp<int64_t>(slices.size(), 1, spread);
  }
  /// Accumulators of the fullest column.
  int64_t slots() const {
    const int64_t count = outputs.size();
    return columns ? (count + columns - 1) / columns : 0;
  }
  /// Domains that hold accumulators.
  int64_t planes() const { return slots() * slot; }
};

struct APMicroprogram {
  int64_t columns = 0; ///< of the associative processors
  int64_t domains = 0;
  int64_t kernelPositions = 1;
  int64_t inputBits = 0;
  bool inputSigned = false;
  int64_t channels = 0; ///< of the layer's input
  int64_t outputs = 0;  ///< of the layer
  int64_t lanes = 1;    ///< channels that are side by side
  int64_t spread = 1;   ///< processors that share the slices of a chunk
  int64_t codeBits = 0; ///< of codes that epilogues make; 0: there are none
  bool codeSigned = false;
  std::vector<APChunk> chunks;

  /// Where kernel position `k` of channel `c` of a slice is.
  APValue input(int64_t c, int64_t k) const {
    return {static_cast<uint16_t>(c % lanes * kernelPositions + k),
            static_cast<uint16_t>(c / lanes * inputBits),
            static_cast<uint8_t>(inputBits), inputSigned, /*isCell=*/false};
  }
  /// What leaves the processors for output `i` of a chunk.
  APValue result(const APChunk &chunk, int64_t i) const {
    APValue value = chunk.accumulator(i);
    if (codeBits) {
      value.width = static_cast<uint8_t>(codeBits);
      value.isSigned = codeSigned;
    }
    return value;
  }
  /// Domains that hold the inputs of a slice.
  int64_t inputPlanes(const APSlice &slice) const {
    return (slice.channels + lanes - 1) / lanes * inputBits;
  }
  /// Operations of all slices and epilogues.
  int64_t operations() const;
};

/// The domain of `value` in step `i`, or -1 if its bit is known to be 0.
inline int64_t domainAt(const APValue &value, int64_t i) {
  if (i >= value.width && !value.isSigned)
    return -1;
  if (value.isCell)
    return value.domain;
  return value.domain + (i < value.width ? i : value.width - 1);
}

/// The same for operand `a`, which may be biased.
inline int64_t domainOfA(const APOperation &op, int64_t i) {
  const APValue &a = op.a;
  if (op.isBiased && i >= a.width)
    return -1;
  return op.code == APOpcode::top
             ? (a.isCell ? a.domain : a.domain + a.width - 1)
             : domainAt(a, i);
}

/// Fails, naming chunk, slice, group and operation, if the program is not one
/// that processors of its `columns` and `domains` can run.
llvm::Error verify(const APMicroprogram &program);

std::vector<uint8_t> encode(const APMicroprogram &program);
/// Reads a blob and verifies it. Errors name the byte.
llvm::Expected<APMicroprogram> decode(llvm::ArrayRef<uint8_t> blob);

/// "c3[12:16)" for a signed value: "c3[12:16)s"; for a cell: "c3[12]".
void print(const APValue &value, llvm::raw_ostream &os);
void print(const APOperation &op, llvm::raw_ostream &os);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_MICROPROGRAM_H
