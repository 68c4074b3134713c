// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/AP/AP.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace pumice::ap;

#define GET_OP_CLASSES
#include "dialects/AP/APOps.cpp.inc"

/// C1 of the values: `type` holds everything from `low` to `high`.
static LogicalResult verifyHolds(Operation *op, ColumnType type, __int128 low,
                                 __int128 high) {
  if (type.min() <= low && high <= type.max())
    return success();
  return op->emitOpError("has results that ") << type << " does not hold";
}

LogicalResult AddOp::verify() {
  ColumnType a = getLhs().getType(), b = getRhs().getType();
  return verifyHolds(*this, getResult().getType(), a.min() + b.min(),
                     a.max() + b.max());
}

LogicalResult SubOp::verify() {
  ColumnType a = getLhs().getType(), b = getRhs().getType();
  return verifyHolds(*this, getResult().getType(), a.min() - b.max(),
                     a.max() - b.min());
}

LogicalResult CopyOp::verify() {
  ColumnType a = getInput().getType();
  return verifyHolds(*this, getResult().getType(), a.min(), a.max());
}

static LogicalResult verifyColumns(Operation *op, ArrayRef<int64_t> columns) {
  llvm::SmallSet<int64_t, 8> seen;
  for (int64_t column : columns) {
    if (column < 0)
      return op->emitOpError("names column ") << column;
    if (!seen.insert(column).second)
      return op->emitOpError("names column ") << column << " twice";
  }
  return success();
}

template <typename OpTy>
static LogicalResult verifyPass(OpTy op) {
  if (op.getColumns().size() != op.getKey().size())
    return op.emitOpError("has ") << op.getKey().size() << " key bits for "
                                  << op.getColumns().size() << " columns";
  return verifyColumns(op, op.getColumns());
}

LogicalResult SearchOp::verify() { return verifyPass(*this); }
LogicalResult WriteOp::verify() { return verifyPass(*this); }

LogicalResult MoveOp::verify() {
  if (getDistance() == 0)
    return emitOpError("moves by 0 domains");
  return verifyColumns(*this, getColumns());
}
