// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Simulator/Simulator.h"

#include "dialects/AP/AP.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::simulator;

#define GET_OP_CLASSES
#include "dialects/Simulator/SimulatorOps.cpp.inc"

static LogicalResult verifyMemory(Operation *op, MemRefType type) {
  if (!memoryOf(type))
    return op->emitOpError("expects a memref with a #simulator.memory, got ")
           << type;
  if (!type.getLayout().isIdentity())
    return op->emitOpError("expects a contiguous memref, got ") << type;
  return success();
}

static bool sameData(ShapedType a, ShapedType b) {
  return a.getShape() == b.getShape() &&
         a.getElementType() == b.getElementType();
}

LogicalResult BufferOp::verify() {
  return verifyMemory(*this, cast<MemRefType>(getMemory().getType()));
}

LogicalResult ConstantOp::verify() {
  auto type = cast<MemRefType>(getMemory().getType());
  // C1
  if (!sameData(getValue().getShapedType(), type))
    return emitOpError("cannot hold ")
           << getValue().getShapedType() << " in " << type;
  return verifyMemory(*this, type);
}

LogicalResult TransferOp::verify() {
  // C1
  if (!sameData(cast<MemRefType>(getSource().getType()),
                cast<MemRefType>(getDestination().getType())))
    return emitOpError("cannot copy ")
           << getSource().getType() << " to " << getDestination().getType();
  return success();
}

LogicalResult ProgramOp::verify() {
  // C1
  crossbar::GridType grid = getGrid().getType();
  if (failed(crossbar::verifyTiling([&] { return emitOpError(); }, getTiling(),
                                    getArray(), grid)))
    return failure();
  const auto emitError = [&] { return emitOpError(); };
  if (failed(crossbar::verifyProgram(
          emitError, cast<ShapedType>(getWeights().getType()), grid,
          getTiling(), getPartAttr(), getTiles(), getPlacement().size())))
    return failure();
  // Costs and wear have an entry for every copy.
  constexpr int64_t mostCopies = int64_t(1) << 20;
  if (const int64_t copies = getPlacement().size() /
                             crossbar::arraysPerCopy(getTiling(), getTiles());
      copies > mostCopies)
    return emitOpError("is placed as ")
           << copies << " copies, but at most " << mostCopies << " may be";
  return success();
}

LogicalResult MVMOp::verify() {
  auto input = cast<MemRefType>(getInput().getType());
  auto output = cast<MemRefType>(getOutput().getType());
  crossbar::GridType grid = getGrid().getType();
  if (!input.getElementType().isInteger(8) &&
      !input.getElementType().isInteger(16))
    return emitOpError("expects inputs of 8 or 16 bits, got ")
           << input.getElementType();
  if (!output.getElementType().isInteger(32) &&
      !output.getElementType().isInteger(64))
    return emitOpError("expects accumulators of 32 or 64 bits, got ")
           << output.getElementType();
  // C1
  for (Value other : getJoining())
    if (other.getType() != grid)
      return emitOpError("joins ") << other.getType() << " to " << grid;
  crossbar::PartAttr part = getPartAttr();
  if (part &&
      failed(crossbar::verifyPart([&] { return emitOpError(); }, part, grid)))
    return failure();
  if (part && getWindow()) {
    if (failed(crossbar::verifyPartOfConvolution(
            [&] { return emitOpError(); }, *getWindow(), part, grid,
            input.getShape(), output.getShape())))
      return failure();
  } else if (!getWindow()) {
    // One group, or as many as the dimension in front of the others says.
    const int64_t rank = input.getRank();
    const int64_t groups = part ? part.getGroups() : grid.getGroups();
    const int64_t rows = part ? part.getRows() : grid.getRows();
    if ((rank != 2 && rank != 3) || output.getRank() != rank ||
        input.getDimSize(rank - 2) != output.getDimSize(rank - 2) ||
        groups != (rank == 3 ? input.getDimSize(0) : 1) ||
        grid.getGroups() != (rank == 3 ? output.getDimSize(0) : 1) ||
        input.getShape().back() != rows ||
        output.getShape().back() != grid.getColumns())
      return emitOpError("cannot multiply ")
             << input << " by " << grid << " to " << output;
  } else {
    const int64_t groups = grid.getGroups();
    if (failed(crossbar::verifyWindow([&] { return emitOpError(); },
                                      *getWindow(), groups, input.getShape(),
                                      output.getShape())))
      return failure();
    int64_t rows = input.getDimSize(1) / groups * getWindow()->getKernelSize();
    if (grid.getRows() != rows ||
        grid.getColumns() * groups != output.getDimSize(1))
      return emitOpError("expects a grid of ")
             << groups << "x" << rows << "x" << output.getDimSize(1) / groups
             << ", got " << grid;
  }
  if (failed(crossbar::verifyInputs([&] { return emitOpError(); }, grid,
                                    input.getElementTypeBitWidth())))
    return failure();
  crossbar::QuantizedFormat inputs{grid.getInputType().getWidth(),
                                   grid.getInputType().isSigned(),
                                   (int64_t)getInputZeroPoint()};
  crossbar::QuantizedFormat weights{grid.getElementType().getWidth(), true,
                                    (int64_t)getWeightZeroPoint()};
  unsigned needed = crossbar::exactSumBits(inputs, weights, grid.getRows());
  if (needed > output.getElementTypeBitWidth())
    return emitOpError("needs accumulators of ")
           << needed << " bits, but the result has "
           << output.getElementTypeBitWidth();
  return success();
}

LogicalResult APExecOp::verify() {
  // C1
  auto output = cast<MemRefType>(getOutput().getType());
  auto input = cast<MemRefType>(getInput().getType());
  Type other;
  if (getOther()) {
    // They may be in different memories.
    auto type = cast<MemRefType>(getOther().getType());
    other = MemRefType::get(type.getShape(), type.getElementType(),
                            type.getLayout(), input.getMemorySpace());
  }
  return ap::verifyRun([&] { return emitOpError(); }, getProgram(),
                       getWindowAttr(), input, other, output.getShape());
}

LogicalResult APLookupOp::verify() {
  // C1
  auto queries = cast<MemRefType>(getQueries().getType());
  auto output = cast<MemRefType>(getOutput().getType());
  if (!queries.getElementType().isInteger(8) ||
      !output.getElementType().isInteger(32))
    return emitOpError("expects queries of i8 and results of i32, got ")
           << queries.getElementType() << " and " << output.getElementType();
  return ap::verifyLookup([&] { return emitOpError(); }, getTable(),
                          queries.getShape(), output.getShape());
}

LogicalResult CamWriteOp::verify() {
  // C1
  ArrayRef<int64_t> words = getTable().getShapedType().getShape();
  if (words.size() != 2)
    return emitOpError("expects words of RxW, got ")
           << getTable().getShapedType();
  // As if the words were the queries.
  const int64_t distances[] = {words[0], words[0]};
  return ap::verifySearch(
      [&] { return emitOpError(); }, getTable(), ap::SearchKind::distances,
      /*limit=*/0, getMapping(),
      {words, distances, std::nullopt, IntegerType::get(getContext(), 32)});
}

LogicalResult CamSearchOp::verify() {
  // C1
  auto queries = cast<MemRefType>(getQueries().getType());
  auto output = cast<MemRefType>(getOutput().getType());
  auto indices = cast_if_present<MemRefType>(
      getIndices() ? getIndices().getType() : Type());
  if (!queries.getElementType().isInteger(8) ||
      (indices && !indices.getElementType().isInteger(64)))
    return emitOpError("expects queries of i8 and numbers of rows of i64, got ")
           << queries.getElementType() << " and "
           << (indices ? indices : queries).getElementType();
  ap::SearchShapes shapes{queries.getShape(), output.getShape(), std::nullopt,
                          output.getElementType()};
  if (indices)
    shapes.indices = indices.getShape();
  return ap::verifySearch([&] { return emitOpError(); }, getTable(), getKind(),
                          getLimit(), getMapping(), shapes);
}

LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // C1
  Operation *function =
      symbols.lookupNearestSymbolFrom(*this, getFunctionAttr());
  if (!isa_and_nonnull<crossbar::NeonNetOp, crossbar::TableOp>(function))
    return emitOpError("applies @")
           << getFunction() << ", which is not a net or a table";
  auto input = cast<MemRefType>(getInput().getType());
  auto output = cast<MemRefType>(getOutput().getType());
  if (!input.getElementType().isF32() || !sameData(input, output))
    return emitOpError("expects an input and an output of one shape, of f32, "
                       "got ")
           << input << " and " << output;
  return crossbar::copiesOf([&] { return emitOpError(); }, function,
                            getGrids().getTypes());
}

LogicalResult DigitalOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // C1
  auto callee =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError("calls @") << getCallee() << ", which is not a function";
  auto matches = [](TypeRange tensors, TypeRange memrefs) {
    return tensors.size() == memrefs.size() &&
           llvm::all_of(llvm::zip(tensors, memrefs), [](auto pair) {
             auto tensor = dyn_cast<RankedTensorType>(std::get<0>(pair));
             return tensor &&
                    sameData(tensor, cast<MemRefType>(std::get<1>(pair)));
           });
  };
  if (!matches(callee.getArgumentTypes(), getInputs().getTypes()) ||
      !matches(callee.getResultTypes(), getOutputs().getTypes())) {
    InFlightDiagnostic diag = emitOpError("does not fit the type of @")
                              << getCallee() << ", "
                              << callee.getFunctionType();
    diag.attachNote(callee.getLoc()) << "function is here";
    return diag;
  }
  return success();
}
