// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Crossbar/FunctionGrids.h"

#include "lib/Analysis/Functions.h"
#include "lib/Device/Device.h"
#include "lib/Model/Crossbar/Tiling.h"

#include "mlir/IR/Builders.h"

#include <algorithm>

using namespace mlir;
using namespace pumice;

namespace {

/// Makes the grids of one array.
class GridBuilder {
public:
  explicit GridBuilder(crossbar::CrossbarArrayAttr array)
      : array(array), spec(toSpec(array)), context(array.getContext()) {}

  llvm::Expected<SmallVector<FunctionGrid>> build(crossbar::NeonNetOp net,
                                                  int64_t copies);
  llvm::Expected<SmallVector<FunctionGrid>> build(crossbar::TableOp table,
                                                  int64_t copies);

private:
  llvm::Error add(int64_t groups, int64_t rows, int64_t columns,
                  int64_t weightBits, int64_t inputBits, bool isSigned);

  crossbar::CrossbarArrayAttr array;
  model::ArraySpec spec;
  MLIRContext *context;
  SmallVector<FunctionGrid> grids;
};

llvm::Error GridBuilder::add(int64_t groups, int64_t rows, int64_t columns,
                             int64_t weightBits, int64_t inputBits,
                             bool isSigned) {
  model::MatrixSpec matrix;
  matrix.groups = groups;
  matrix.rows = rows;
  matrix.columns = columns;
  matrix.weightBits = weightBits;
  matrix.inputBits = inputBits;
  matrix.inputSigned = isSigned;
  llvm::Expected<model::Tiling> tiling = model::tile(spec, matrix);
  if (!tiling)
    return tiling.takeError();
  // Copies are computed at the same time: each has arrays of its own.
  tiling->groupsPerArray = 1;
  tiling->arrays = groups * tiling->rowTiles * tiling->columnTiles;
  auto type = crossbar::GridType::get(
      context, groups, rows, columns, IntegerType::get(context, weightBits),
      IntegerType::get(context, inputBits,
                       isSigned ? IntegerType::Signed : IntegerType::Unsigned));
  auto attr = crossbar::TilingAttr::get(context, tiling->rowTiles,
                                        tiling->columnTiles, tiling->slices,
                                        tiling->groupsPerArray, tiling->arrays);
  grids.push_back({type, attr,
                   RankedTensorType::get({groups, columns, rows},
                                         IntegerType::get(context, 16))});
  return llvm::Error::success();
}

/// Weights of `bits` bits in one wordline.
int64_t weightsPerRow(const model::ArraySpec &spec, int64_t bits) {
  const int64_t slices =
      llvm::divideCeil(bits, spec.cellBits) *
      (spec.encoding == model::WeightEncoding::differential ? 2 : 1);
  return std::max<int64_t>(spec.columns / slices, 1);
}

llvm::Expected<SmallVector<FunctionGrid>>
GridBuilder::build(crossbar::NeonNetOp net, int64_t copies) {
  const int64_t hidden = net.getHiddenSize();
  if (llvm::Error error = model::verifyExactSums(spec, hidden))
    return std::move(error);
  // Copies on the diagonal of one array, as long as its sums stay exact.
  const int64_t bits = net.getWeightBits();
  const int64_t rows = std::min(model::exactRows(spec), spec.rows);
  const int64_t inOne = std::clamp<int64_t>(
      std::min(weightsPerRow(spec, bits), rows) / hidden, 1, copies);
  const int64_t groups = llvm::divideCeil(copies, inOne);
  if (llvm::Error error =
          add(groups, inOne, inOne * hidden, net.getWeightBitsOf(0),
              net.getInput().getBits(), /*isSigned=*/false))
    return std::move(error);
  if (llvm::Error error = add(groups, inOne * hidden, inOne, bits,
                              net.getHidden().getBits(), /*isSigned=*/true))
    return std::move(error);
  return std::move(grids);
}

llvm::Expected<SmallVector<FunctionGrid>>
GridBuilder::build(crossbar::TableOp table, int64_t copies) {
  if (llvm::Error error = model::verifyExactSums(spec, 1))
    return std::move(error);
  const int64_t bits = table.getOutput().getBits();
  const int64_t entries = int64_t(1) << table.getInput().getBits();
  const int64_t rows = std::min(spec.rows, entries);
  const int64_t columns = std::min<int64_t>(weightsPerRow(spec, bits),
                                            llvm::divideCeil(entries, rows));
  const int64_t groups = llvm::divideCeil(entries, rows * columns);
  if (llvm::Error error = add(groups * copies, rows, columns, bits,
                              /*inputBits=*/1, /*isSigned=*/false))
    return std::move(error);
  return std::move(grids);
}

} // namespace

llvm::Expected<SmallVector<FunctionGrid>>
pumice::gridsFor(Operation *function, int64_t copies,
                 crossbar::CrossbarArrayAttr array) {
  if (auto net = dyn_cast<crossbar::NeonNetOp>(function))
    return GridBuilder(array).build(net, copies);
  return GridBuilder(array).build(cast<crossbar::TableOp>(function), copies);
}

DenseElementsAttr pumice::makeWeights(Operation *function, size_t index,
                                      const FunctionGrid &grid) {
  std::vector<int16_t> weights(grid.weightsType.getNumElements());
  const int64_t groups = grid.type.getGroups(), rows = grid.type.getRows();
  const int64_t columns = grid.type.getColumns();
  auto at = [&](int64_t group, int64_t column, int64_t row) -> int16_t & {
    return weights[(group * columns + column) * rows + row];
  };
  if (auto net = dyn_cast<crossbar::NeonNetOp>(function)) {
    const int64_t hidden = net.getHiddenSize();
    auto codes = net.getLayer(index).getWeights().getValues<int16_t>();
    const int64_t inOne = index == 0 ? rows : columns;
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t copy = 0; copy < inOne; ++copy)
        for (int64_t j = 0; j < hidden; ++j) {
          const int64_t unit = copy * hidden + j;
          (index == 0 ? at(group, unit, copy) : at(group, copy, unit)) =
              codes[j];
        }
    return DenseElementsAttr::get(grid.weightsType, ArrayRef(weights));
  }
  // Unsigned values, less half of their range. A wordline after the other.
  auto table = cast<crossbar::TableOp>(function);
  const std::vector<int32_t> values = valuesOf(table);
  const int32_t half = int32_t(1) << (table.getOutput().getBits() - 1);
  const int64_t entries = values.size();
  const int64_t groupsOfCopy = llvm::divideCeil(entries, rows * columns);
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t entry =
            (group % groupsOfCopy * rows + row) * columns + column;
        at(group, column, row) =
            static_cast<int16_t>(entry < entries ? values[entry] - half : 0);
      }
  return DenseElementsAttr::get(grid.weightsType, ArrayRef(weights));
}
