// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Cells.h"

#include "lib/Model/Core/Random.h"
#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

CellPlace pumice::model::placeOf(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 int64_t group, int64_t rowTile, int64_t column,
                                 int64_t slice) {
  if (tiling.groupsPerArray > 1) {
    const int64_t within = group % tiling.groupsPerArray;
    return {group / tiling.groupsPerArray, within * matrix.rows,
            (within * matrix.columns + column) * tiling.slices + slice};
  }
  return {(group * tiling.rowTiles + rowTile) * tiling.columnTiles +
              column / tiling.weightsPerRow,
          0, column % tiling.weightsPerRow * tiling.slices + slice};
}

namespace {

/// The cells of one array while effects are applied, in order.
class Cells {
public:
  Cells(const ArraySpec &array, int64_t layer, int64_t number)
      : spec(array), analog(array.analog.value_or(AnalogSpec())),
        highest(highestLevel(array)),
        lowest(analog.onOffRatio > 1 ? double(highest) / (analog.onOffRatio - 1)
                                     : 0),
        stream({uint64_t(analog.seed), uint64_t(layer), cellPurpose,
                uint64_t(number)}) {}

  std::vector<int32_t> conductances(llvm::ArrayRef<uint8_t> levels) {
    fromLevels(levels);
    if (analog.programErrorRelative != 0 || analog.programErrorAbsolute != 0)
      program();
    if (analog.driftTimeS > 1 &&
        (analog.driftExponent != 0 || analog.driftExponentSigma != 0))
      drift();
    if (analog.stuckOn != 0 || analog.stuckOff != 0)
      stick();
    if (analog.wireResistanceOhm != 0)
      dropVoltage();
    return rounded();
  }

private:
  /// Numbers of a stream: one per cell and use.
  enum Draw { relativeError, absoluteError, driftRate, stuck, drawsPerCell };
  static constexpr uint64_t cellPurpose = 0;

  double normal(int64_t cell, Draw draw) const {
    return stream.normal(uint64_t(cell) * drawsPerCell + draw);
  }

  /// Nonlinearity and on/off ratio.
  void fromLevels(llvm::ArrayRef<uint8_t> levels) {
    const double a = analog.nonlinearity;
    std::vector<double> ofLevel(highest + 1);
    for (int64_t level = 0; level <= highest; ++level)
      ofLevel[level] =
          lowest + (a == 0
                        ? double(level)
                        : double(highest) *
                              std::expm1(-a * double(level) / double(highest)) /
                              std::expm1(-a));
    g.resize(levels.size());
    for (size_t i = 0; i < levels.size(); ++i)
      g[i] = ofLevel[levels[i]];
  }

  void program() {
    const double relative = analog.programErrorRelative;
    const double absolute = analog.programErrorAbsolute * double(highest);
    if (relative != 0)
      for (size_t i = 0; i < g.size(); ++i)
        g[i] *= 1 + relative * normal(i, relativeError);
    if (absolute != 0)
      for (size_t i = 0; i < g.size(); ++i)
        g[i] += absolute * normal(i, absoluteError);
    for (double &each : g)
      each = each > 0 ? each : 0;
  }

  void drift() {
    const double time = std::log(analog.driftTimeS);
    if (analog.driftExponentSigma == 0) {
      const double factor = std::exp(-analog.driftExponent * time);
      for (double &each : g)
        each *= factor;
      return;
    }
    for (size_t i = 0; i < g.size(); ++i) {
      const double exponent = analog.driftExponent +
                              analog.driftExponentSigma * normal(i, driftRate);
      g[i] *= std::exp(-std::max(exponent, 0.0) * time);
    }
  }

  void stick() {
    const double off = analog.stuckOn + analog.stuckOff;
    for (size_t i = 0; i < g.size(); ++i) {
      const double u = stream.uniform(i * drawsPerCell + stuck);
      if (u < off)
        g[i] = lowest + double(u < analog.stuckOn ? highest : 0);
    }
  }

  /// Wires, to first order. With prefix sums, as
  /// sum_j' min(j, j') G_j' = sum_{k <= j} sum_{j' >= k} G_j'.
  void dropVoltage() {
    const int64_t rows = spec.rows, columns = spec.columns;
    const double scale = analog.wireResistanceOhm / analog.onResistanceOhm /
                         (double(highest) + lowest);
    // Of each column: conductance of the rows up to the current one, which a
    // segment of the bitline carries, and the sum of that over the segments
    // from the current row to the sense amplifier.
    std::vector<double> carried(columns), toSense(columns);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        carried[column] += g[row * columns + column];
        toSense[column] += carried[column];
      }
    std::fill(carried.begin(), carried.end(), 0.0);
    for (int64_t row = 0; row < rows; ++row) {
      double *cells = &g[row * columns];
      double remaining = 0, fromDriver = 0;
      for (int64_t column = 0; column < columns; ++column)
        remaining += cells[column];
      for (int64_t column = 0; column < columns; ++column) {
        const double own = cells[column];
        fromDriver += remaining;
        remaining -= own;
        cells[column] = own / (1 + scale * (fromDriver + toSense[column]));
        carried[column] += own;
        toSense[column] -= carried[column];
      }
    }
  }

  /// Subtracts the reference column, in steps; half to even.
  std::vector<int32_t> rounded() const {
    constexpr double limit = 1 << 27;
    const double reference = analog.referenceColumn ? lowest : 0;
    std::vector<int32_t> steps(g.size());
    for (size_t i = 0; i < g.size(); ++i) {
      const double value = (g[i] - reference) * (1 << conductanceBits);
      // In this order, NaN (0 times infinity) becomes 0.
      const double bounded =
          std::min(std::max(value == value ? value : 0, -limit), limit);
      steps[i] = static_cast<int32_t>(std::nearbyint(bounded));
    }
    return steps;
  }

  const ArraySpec &spec;
  const AnalogSpec analog;
  const int64_t highest;
  const double lowest; ///< conductance of the lowest level
  const RandomStream stream;
  std::vector<double> g;
};

} // namespace

/// Levels of all cells of an array; those that hold no weight have the lowest.
static std::vector<uint8_t>
arrayLevels(const ArraySpec &array, const MatrixSpec &matrix,
            const Tiling &tiling, const WeightReader &weights, int64_t number) {
  const int64_t tilesPerGroup = tiling.rowTiles * tiling.columnTiles;
  const int64_t rowTile = number % tilesPerGroup / tiling.columnTiles;
  const int64_t columnTile = number % tiling.columnTiles;
  const int64_t firstRow = rowTile * array.rows;
  const int64_t firstColumn = columnTile * tiling.weightsPerRow;
  const int64_t lastColumn =
      std::min(firstColumn + tiling.weightsPerRow, matrix.columns);
  const int64_t firstGroup = number / tilesPerGroup * tiling.groupsPerArray;
  const int64_t lastGroup =
      std::min(firstGroup + tiling.groupsPerArray, matrix.groups);

  std::vector<uint8_t> levels(array.rows * array.columns);
  std::vector<int32_t> column(std::min(array.rows, matrix.rows - firstRow));
  std::vector<uint8_t> cells(column.size());
  for (int64_t group = firstGroup; group < lastGroup; ++group)
    for (int64_t n = firstColumn; n < lastColumn; ++n) {
      weights.read(group, n, firstRow, column);
      for (int64_t slice = 0; slice < tiling.slices; ++slice) {
        columnLevels(array, matrix, column, slice, cells);
        const CellPlace place =
            placeOf(array, matrix, tiling, group, rowTile, n, slice);
        for (size_t k = 0; k < cells.size(); ++k)
          levels[(place.row + int64_t(k)) * array.columns + place.column] =
              cells[k];
      }
    }
  return levels;
}

std::vector<int32_t>
pumice::model::cellConductances(const ArraySpec &array,
                                const MatrixSpec &matrix, const Tiling &tiling,
                                const WeightReader &weights, int64_t number) {
  return Cells(array, matrix.layer, number)
      .conductances(arrayLevels(array, matrix, tiling, weights, number));
}
