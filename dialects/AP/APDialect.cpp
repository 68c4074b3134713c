// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pumice::ap;

#include "dialects/AP/APDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/AP/APAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/AP/APTypes.cpp.inc"

void APDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/AP/APAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/AP/APTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/AP/APOps.cpp.inc"
      >();
}

Type ColumnType::parse(AsmParser &parser) {
  StringRef word;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&word) || parser.parseGreater())
    return {};
  unsigned width;
  bool isSigned = word.consume_front("s");
  if ((!isSigned && !word.consume_front("u")) || word.getAsInteger(10, width)) {
    parser.emitError(loc, "a column is u or s and a width, such as u4");
    return {};
  }
  return parser.getChecked<ColumnType>(loc, parser.getContext(), width,
                                       isSigned);
}

void ColumnType::print(AsmPrinter &printer) const {
  printer << '<' << (getIsSigned() ? 's' : 'u') << getWidth() << '>';
}

LogicalResult ColumnType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 unsigned width, bool) {
  if (width >= 1 && width <= 64)
    return success();
  return emitError() << "a column is 1 to 64 bits wide, got " << width;
}

__int128 ColumnType::min() const {
  return getIsSigned() ? -(__int128(1) << (getWidth() - 1)) : 0;
}

__int128 ColumnType::max() const {
  return (__int128(1) << (getWidth() - getIsSigned())) - 1;
}
