// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CrossbarFunctions.cpp - Nets, tables and their use -------*- C++ -*-===//
#include "dialects/Crossbar/Crossbar.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace pumice;
using namespace pumice::crossbar;

/// C3 of a net, C2 of a table.
template <typename OpTy>
static LogicalResult verifyReduction(OpTy op) {
  ReductionAttr reduction = op.getReductionAttr();
  if (!reduction)
    return success();
  if (op.getBelowAttr() || op.getAboveAttr())
    return op.emitOpError("reduces its range, so that nothing is below or "
                          "above it, but has a line");
  FormatAttr input = op.getInput();
  if (input.getLow() == 1 && input.getHigh() == double(reduction.getBase()))
    return success();
  return op.emitOpError("reduces its range to 1 to ")
         << reduction.getBase() << ", but has an input from "
         << double(input.getLow()) << " to " << double(input.getHigh());
}

LogicalResult NeonNetOp::verify() {
  // C1
  if (getLayers().size() != 2)
    return emitOpError("expects 2 layers, got ") << getLayers().size();
  NetLayerAttr hidden = getLayer(0), output = getLayer(1);
  if (hidden.getRows() != 1 || output.getColumns() != 1 ||
      output.getRows() != hidden.getColumns())
    return emitOpError("expects layers of ")
           << hidden.getColumns() << "x1 and 1x" << hidden.getColumns()
           << " weights, got " << hidden.getColumns() << "x" << hidden.getRows()
           << " and " << output.getColumns() << "x" << output.getRows();
  // C2
  const int64_t most = (int64_t(1) << (getWeightBits() - 1)) - 1;
  for (NetLayerAttr layer : {hidden, output})
    for (const APInt &weight : layer.getWeights())
      if (weight.getSExtValue() > most || weight.getSExtValue() < -most - 1)
        return emitOpError("expects weights of ")
               << getWeightBits() << " bits, got " << weight.getSExtValue();
  return verifyReduction(*this);
}

int64_t NeonNetOp::getWeightBitsOf(unsigned layer) {
  if (layer != 0)
    return getWeightBits();
  int64_t bits = 2;
  for (const APInt &weight : getLayer(layer).getWeights())
    bits = std::max<int64_t>(bits, weight.getSignificantBits());
  return bits;
}

LogicalResult TableOp::verify() {
  // C1
  ShapedType type = getValues().getShapedType();
  const int64_t count = int64_t(1) << getInput().getBits();
  if (type.getRank() != 1 || type.getNumElements() != count ||
      !type.getElementType().isInteger(16))
    return emitOpError("expects ")
           << count << " values of i16, one for each input of "
           << getInput().getBits() << " bits, got " << type;
  if (auto values = dyn_cast<DenseIntElementsAttr>(getValues()))
    for (const APInt &value : values)
      if (value.getActiveBits() > unsigned(getOutput().getBits()))
        return emitOpError("expects values of ")
               << getOutput().getBits() << " bits, got "
               << value.getZExtValue();
  return verifyReduction(*this);
}

static FailureOr<int64_t>
copiesOfNet(function_ref<InFlightDiagnostic()> emitError, NeonNetOp net,
            TypeRange grids) {
  if (grids.size() != 2)
    return emitError() << "needs 2 grids for the layers of a net, got "
                       << grids.size();
  auto first = cast<GridType>(grids[0]), second = cast<GridType>(grids[1]);
  const int64_t hidden = net.getHiddenSize();
  const int64_t groups = first.getGroups(), rows = first.getRows();
  MLIRContext *context = net.getContext();
  auto expected = [&](unsigned layer, int64_t in, int64_t out, int64_t bits,
                      IntegerType::SignednessSemantics sign) {
    return GridType::get(context, groups, in, out,
                         IntegerType::get(context, net.getWeightBitsOf(layer)),
                         IntegerType::get(context, bits, sign));
  };
  GridType wanted[] = {
      expected(0, rows, rows * hidden, net.getInput().getBits(),
               IntegerType::Unsigned),
      expected(1, rows * hidden, rows, net.getHidden().getBits(),
               IntegerType::Signed)};
  const GridType got[] = {first, second};
  for (auto [grid, want] : llvm::zip(got, wanted))
    if (grid != want)
      return emitError() << "needs a grid of " << want << " for a net with "
                         << hidden << " hidden units, got " << grid;
  return groups * rows;
}

static FailureOr<int64_t>
copiesOfTable(function_ref<InFlightDiagnostic()> emitError, TableOp table,
              TypeRange grids) {
  if (grids.size() != 1)
    return emitError() << "needs 1 grid for a table, got " << grids.size();
  auto grid = cast<GridType>(grids[0]);
  const int64_t entries = int64_t(1) << table.getInput().getBits();
  const int64_t perGroup = grid.getRows() * grid.getColumns();
  const int64_t groupsOfCopy = (entries + perGroup - 1) / perGroup;
  if (!grid.getInputType().isUnsignedInteger(1) ||
      int64_t(grid.getElementType().getWidth()) !=
          table.getOutput().getBits() ||
      grid.getGroups() % groupsOfCopy)
    return emitError() << "needs a grid that streams ui1 and holds " << entries
                       << " values of " << table.getOutput().getBits()
                       << " bits in each copy, got " << grid;
  return grid.getGroups() / groupsOfCopy;
}

FailureOr<int64_t>
pumice::crossbar::copiesOf(function_ref<InFlightDiagnostic()> emitError,
                           Operation *function, TypeRange grids) {
  if (auto net = dyn_cast<NeonNetOp>(function))
    return copiesOfNet(emitError, net, grids);
  return copiesOfTable(emitError, cast<TableOp>(function), grids);
}

LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // C1
  Operation *function =
      symbols.lookupNearestSymbolFrom(*this, getFunctionAttr());
  if (!isa_and_nonnull<NeonNetOp, TableOp>(function))
    return emitOpError("applies @")
           << getFunction() << ", which is not a net or a table";
  // C2
  if (getGrids().empty())
    return success();
  FailureOr<int64_t> copies =
      copiesOf([&] { return emitOpError(); }, function, getGrids().getTypes());
  if (failed(copies))
    return failure();
  if (*copies == int64_t(getCopies()))
    return success();
  return emitOpError("has ")
         << getCopies() << " copies, but its grids hold " << *copies;
}
