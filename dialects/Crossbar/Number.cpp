// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Crossbar/Number.h"

#include <charconv>

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
  return printer;
}

FailureOr<Number> FieldParser<Number>::parse(AsmParser &parser) {
  int64_t integer;
  OptionalParseResult result = parser.parseOptionalInteger(integer);
  if (result.has_value()) {
    if (failed(*result))
      return failure();
    return Number{double(integer)};
  }
  double value;
  if (failed(parser.parseFloat(value)))
    return failure();
  return Number{value};
}
