// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Number.h - Real numbers of device files ------------------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_NUMBER_H
#define PUMICE_DIALECTS_CROSSBAR_NUMBER_H

#include "mlir/IR/DialectImplementation.h"

namespace pumice {

/// A real number of a device file: written as an integer or a decimal, printed
/// as the shortest decimal that reads back as the same double.
struct Number {
  double value = 0;
  operator double() const { return value; }
  bool operator==(const Number &other) const { return value == other.value; }
};
llvm::hash_code hash_value(const Number &number);
mlir::AsmPrinter &operator<<(mlir::AsmPrinter &printer, const Number &number);

} // namespace pumice

template <>
struct mlir::FieldParser<pumice::Number> {
  static FailureOr<pumice::Number> parse(AsmParser &parser);
};

#endif // PUMICE_DIALECTS_CROSSBAR_NUMBER_H
