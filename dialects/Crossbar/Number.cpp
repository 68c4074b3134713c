// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Number.h"

#include <charconv>
#include <cmath>

using namespace mlir;
using pumice::Number;

llvm::hash_code pumice::hash_value(const Number &number) {
  return llvm::hash_value(llvm::bit_cast<uint64_t>(number.value));
}

AsmPrinter &pumice::operator<<(AsmPrinter &printer, const Number &number) {
  char text[32];
  auto [end, error] = std::to_chars(text, text + sizeof(text), number.value);
  StringRef digits(text, end - text);
  // The lexer reads an exponent only after a fraction.
  auto [mantissa, exponent] = digits.split('e');
  printer << mantissa;
  if (!exponent.empty())
    printer << (mantissa.contains('.') ? "e" : ".0e") << exponent;
  else if (!mantissa.contains('.') && std::abs(number.value) >= 0x1p62)
    printer << ".0"; // integers are read as 64 bits
  return printer;
}

FailureOr<Number> FieldParser<Number>::parse(AsmParser &parser) {
  // The parser of integers would take the minus of a decimal for its own.
  bool negative = succeeded(parser.parseOptionalMinus());
  auto signedNumber = [&](double value) {
    return Number{negative ? 0 - value : value};
  };
  int64_t integer;
  OptionalParseResult result = parser.parseOptionalInteger(integer);
  if (result.has_value()) {
    if (failed(*result))
      return failure();
    return signedNumber(integer);
  }
  double value;
  if (failed(parser.parseFloat(value)))
    return failure();
  return signedNumber(value);
}
