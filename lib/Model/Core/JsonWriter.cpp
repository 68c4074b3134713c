// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/JsonWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

using namespace pumice::model;

static void append(std::string &text, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text.append(digits, end);
}

/// Appends "." and the last `count` digits of `fraction`, without zeros at the
/// end; nothing if all are zeros.
static void appendFraction(std::string &text, uint64_t fraction, int count) {
  if (fraction == 0)
    return;
  for (; fraction % 10 == 0; fraction /= 10)
    --count;
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), fraction).ptr;
  text += '.';
  text.append(count - (end - digits), '0');
  text.append(digits, end);
}

/// value / 2^shift, rounded to the nearest integer, ties to even.
static uint64_t roundShifted(unsigned __int128 value, int shift) {
  const auto quotient = static_cast<uint64_t>(value >> shift);
  const unsigned __int128 half = static_cast<unsigned __int128>(1)
                                 << (shift - 1);
  const unsigned __int128 rest = value & (2 * half - 1);
  return quotient + (rest > half || (rest == half && quotient % 2 == 1));
}

/// Appends a number as "%.17g" prints it, if it is within [1e-4, 2^53): all
/// products fit in 128 bits then. Returns false otherwise.
static bool appendShort(std::string &text, double value) {
  constexpr int precision = 17;
  constexpr uint64_t tenTo16 = 10000000000000000;
  const double size = std::abs(value);
  if (!(size >= 1e-4 && size < 9007199254740992.0))
    return false;
  if (std::signbit(value))
    text += '-';
  int exponent;
  const auto mantissa =
      static_cast<uint64_t>(std::ldexp(std::frexp(size, &exponent), 53));
  const int shift = 53 - exponent; // size = mantissa / 2^shift
  const uint64_t whole = shift < 64 ? mantissa >> shift : 0;
  if (whole != 0) {
    uint64_t power = 1, rounded = whole;
    int digits = precision;
    for (uint64_t left = whole; left != 0; left /= 10)
      --digits;
    for (int i = 0; i < digits; ++i)
      power *= 10;
    const uint64_t rest = mantissa - (whole << shift);
    uint64_t fraction =
        rest == 0
            ? 0
            : roundShifted(static_cast<unsigned __int128>(rest) * power, shift);
    if (fraction == power) {
      ++rounded;
      fraction = 0;
    }
    append(text, rounded);
    appendFraction(text, fraction, digits);
    return true;
  }
  // 17 digits behind the zeros that follow the point.
  unsigned __int128 scaled =
      static_cast<unsigned __int128>(mantissa) * (10 * tenTo16);
  int digits = precision;
  for (; (scaled >> shift) < tenTo16; ++digits)
    scaled *= 10;
  const uint64_t fraction = roundShifted(scaled, shift);
  if (digits == precision && fraction == 10 * tenTo16) {
    text += '1';
    return true;
  }
  text += '0';
  appendFraction(text, fraction, digits);
  return true;
}

void JsonWriter::number(int64_t value) {
  separate();
  if (value < 0)
    text += '-';
  append(text, value < 0 ? 0 - uint64_t(value) : uint64_t(value));
}

void JsonWriter::number(double value) {
  separate();
  if (value == 0 && !std::signbit(value)) {
    text += '0';
    return;
  }
  if (appendShort(text, value))
    return;
  char digits[32];
  const int count = std::snprintf(digits, sizeof(digits), "%.17g", value);
  text.append(digits, count);
}

void JsonWriter::string(llvm::StringRef value) {
  separate();
  const bool isPlain = llvm::all_of(value, [](unsigned char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (isPlain) {
    text += '"';
    text.append(value.data(), value.size());
    text += '"';
    return;
  }
  llvm::raw_string_ostream(text) << llvm::json::Value(value);
}

void JsonWriter::key(llvm::StringRef name) {
  string(name);
  text += ':';
  follows = false;
}

void JsonWriter::attribute(llvm::StringRef name,
                           llvm::ArrayRef<std::string> values) {
  key(name);
  arrayBegin();
  for (const std::string &each : values)
    string(each);
  arrayEnd();
}

void JsonWriter::value(const llvm::json::Value &value) {
  using Kind = llvm::json::Value::Kind;
  switch (value.kind()) {
  case Kind::Number: {
    const double approximate = *value.getAsNumber();
    const std::optional<int64_t> integer = value.getAsInteger();
    // Whole numbers look the same as integers and as doubles up to 17 digits.
    if (integer && std::abs(approximate) < 1e15 && !std::signbit(approximate))
      return number(*integer);
    if (!integer)
      return number(approximate);
    break;
  }
  case Kind::Null:
  case Kind::Boolean:
    break;
  case Kind::String:
    string(*value.getAsString());
    return;
  case Kind::Array:
    arrayBegin();
    for (const llvm::json::Value &item : *value.getAsArray())
      this->value(item);
    arrayEnd();
    return;
  case Kind::Object: {
    llvm::SmallVector<const llvm::json::Object::value_type *> sorted;
    for (const auto &item : *value.getAsObject())
      sorted.push_back(&item);
    llvm::sort(sorted, [](const auto *a, const auto *b) {
      return llvm::StringRef(a->first) < llvm::StringRef(b->first);
    });
    objectBegin();
    for (const auto *item : sorted) {
      key(item->first);
      this->value(item->second);
    }
    objectEnd();
    return;
  }
  }
  separate();
  llvm::raw_string_ostream(text) << value;
}
