// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Cells.h"

#include "lib/Model/Core/Random.h"
#include "lib/Model/Crossbar/CellLaw.h"
#include "lib/Model/Crossbar/Encoding.h"

#include <algorithm>
#include <cmath>
#include <optional>

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

/// Levels of all cells of an array, and which of them hold weights; others have
/// the lowest level.
struct ArrayLevels {
  std::vector<uint8_t> levels;
  std::vector<bool> inUse;
};

/// The cells of one array while effects are applied, in order.
class Cells {
public:
  Cells(const ArraySpec &array, int64_t layer, int64_t number,
        const ArrayLevels &levels)
      : spec(array), analog(array.analog ? *array.analog : ideal),
        law(cellLaw(array)), highest(highestLevel(array)), lowest(law.lowest),
        levels(levels), stream({uint64_t(analog.seed), uint64_t(layer),
                                cellPurpose, uint64_t(number)}),
        pulseStream({uint64_t(analog.seed), uint64_t(layer), pulsePurpose,
                     uint64_t(number)}) {}

  ArrayCells result() {
    fromLevels();
    program();
    double gain = 1;
    if (drifts()) {
      std::vector<double> before;
      if (analog.driftCompensation)
        before = g;
      drift();
      afterDrift();
      if (analog.driftCompensation) {
        const double now = meanInUse();
        std::swap(g, before);
        afterDrift();
        const double then = meanInUse();
        std::swap(g, before);
        if (now > 0 && then > 0)
          gain = then / now;
      }
    } else {
      afterDrift();
    }
    return {rounded(gain),
            hasCellNoise(spec) ? variances(gain) : std::vector<float>()};
  }

private:
  /// Numbers of a stream: one per cell and use.
  enum Draw { relativeError, absoluteError, driftRate, stuck, drawsPerCell };
  /// Parts of a place; 1: noise of conversions.
  static constexpr uint64_t cellPurpose = 0, pulsePurpose = 2;
  static constexpr uint64_t mostPulses = 1024;

  double normal(int64_t cell, Draw draw) const {
    return stream.normal(uint64_t(cell) * drawsPerCell + draw);
  }
  const LevelLaw &lawOf(size_t cell) const {
    return law.levels[levels.levels[cell]];
  }

  void fromLevels() {
    g.resize(levels.levels.size());
    for (size_t i = 0; i < g.size(); ++i)
      g[i] = lawOf(i).mean;
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
    if (analog.cells)
      for (size_t i = 0; i < g.size(); ++i)
        if (const double spread = lawOf(i).spread)
          g[i] += spread * normal(i, relativeError);
    if (relative == 0 && absolute == 0 && !analog.cells)
      return;
    for (double &each : g)
      each = each > 0 ? each : 0;
    if (analog.writeVerify)
      verify(*analog.writeVerify);
  }

  /// More pulses, until each cell is close enough.
  void verify(const WriteVerifySpec &write) {
    const double tolerance = write.tolerance * double(highest);
    for (size_t i = 0; i < g.size(); ++i) {
      const LevelLaw &of = lawOf(i);
      double spread = of.spread;
      for (int64_t pulse = 1;
           pulse < write.pulses && std::abs(g[i] - of.mean) > tolerance;
           ++pulse) {
        spread *= write.shrink;
        const double z = pulseStream.normal(i * mostPulses + pulse);
        g[i] = std::max(of.mean + spread * z, 0.0);
      }
    }
  }

  bool drifts() const {
    return analog.driftTimeS > 1 &&
           (analog.driftExponent != 0 || analog.driftExponentSigma != 0 ||
            analog.cells);
  }

  void drift() {
    const double time = std::log(analog.driftTimeS);
    if (!analog.cells && analog.driftExponentSigma == 0) {
      const double factor = std::exp(-analog.driftExponent * time);
      for (double &each : g)
        each *= factor;
      return;
    }
    for (size_t i = 0; i < g.size(); ++i) {
      const LevelLaw &of = lawOf(i);
      const double exponent =
          of.driftExponent + of.driftExponentSigma * normal(i, driftRate);
      g[i] *= std::exp(-std::max(exponent, 0.0) * time);
    }
  }

  void afterDrift() {
    if (analog.stuckOn != 0 || analog.stuckOff != 0)
      stick();
    if (analog.wireResistanceOhm != 0)
      dropVoltage();
  }

  /// The level at which a cell is stuck; nullopt: it is not.
  std::optional<int64_t> stuckLevel(size_t cell) const {
    const double u = stream.uniform(cell * drawsPerCell + stuck);
    if (u >= analog.stuckOn + analog.stuckOff)
      return std::nullopt;
    return u < analog.stuckOn ? highest : 0;
  }

  void stick() {
    for (size_t i = 0; i < g.size(); ++i)
      if (std::optional<int64_t> level = stuckLevel(i))
        g[i] = analog.cells ? law.levels[*level].mean : lowest + double(*level);
  }

  /// Mean magnitude of what the cells that hold weights conduct beyond the
  /// reference; 0 if there are none.
  double meanInUse() const {
    const double reference = analog.referenceColumn ? lowest : 0;
    double sum = 0;
    int64_t count = 0;
    for (size_t i = 0; i < g.size(); ++i)
      if (levels.inUse[i]) {
        sum += std::abs(g[i] - reference);
        ++count;
      }
    return count > 0 ? sum / double(count) : 0;
  }

  std::vector<float> variances(double gain) const {
    const bool sticks = analog.stuckOn != 0 || analog.stuckOff != 0;
    std::vector<float> of(g.size());
    for (size_t i = 0; i < g.size(); ++i) {
      const LevelLaw *cell = &lawOf(i);
      if (sticks)
        if (std::optional<int64_t> level = stuckLevel(i))
          cell = &law.levels[*level];
      const double noise = cell->readNoise * gain * (1 << conductanceBits);
      of[i] = static_cast<float>(noise * noise);
    }
    return of;
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

  /// Subtracts the reference column, times `gain`, in steps; half to even.
  std::vector<int32_t> rounded(double gain) const {
    constexpr double limit = 1 << 27;
    const double reference = analog.referenceColumn ? lowest : 0;
    std::vector<int32_t> steps(g.size());
    for (size_t i = 0; i < g.size(); ++i) {
      const double value = (g[i] - reference) * gain * (1 << conductanceBits);
      // In this order, NaN (0 times infinity) becomes 0.
      const double bounded =
          std::min(std::max(value == value ? value : 0, -limit), limit);
      steps[i] = static_cast<int32_t>(std::nearbyint(bounded));
    }
    return steps;
  }

  static const AnalogSpec ideal;

  const ArraySpec &spec;
  const AnalogSpec &analog;
  const CellLaw law;
  const int64_t highest;
  const double lowest; ///< conductance of the lowest level
  const ArrayLevels &levels;
  const RandomStream stream, pulseStream;
  std::vector<double> g;
};

const AnalogSpec Cells::ideal;

} // namespace

static ArrayLevels arrayLevels(const ArraySpec &array, const MatrixSpec &matrix,
                               const Tiling &tiling,
                               const WeightReader &weights, int64_t number) {
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

  ArrayLevels result = {std::vector<uint8_t>(array.rows * array.columns),
                        std::vector<bool>(array.rows * array.columns)};
  std::vector<int32_t> column(std::min(array.rows, matrix.rows - firstRow));
  std::vector<uint8_t> cells(column.size());
  for (int64_t group = firstGroup; group < lastGroup; ++group)
    for (int64_t n = firstColumn; n < lastColumn; ++n) {
      weights.read(group, n, firstRow, column);
      for (int64_t slice = 0; slice < tiling.slices; ++slice) {
        columnLevels(array, matrix, column, slice, cells);
        const CellPlace place =
            placeOf(array, matrix, tiling, group, rowTile, n, slice);
        for (size_t k = 0; k < cells.size(); ++k) {
          const int64_t cell =
              (place.row + int64_t(k)) * array.columns + place.column;
          result.levels[cell] = cells[k];
          result.inUse[cell] = true;
        }
      }
    }
  return result;
}

ArrayCells pumice::model::arrayCells(const ArraySpec &array,
                                     const MatrixSpec &matrix,
                                     const Tiling &tiling,
                                     const WeightReader &weights,
                                     int64_t number) {
  const ArrayLevels levels =
      arrayLevels(array, matrix, tiling, weights, number);
  return Cells(array, matrix.layer, number, levels).result();
}

std::vector<int32_t>
pumice::model::cellConductances(const ArraySpec &array,
                                const MatrixSpec &matrix, const Tiling &tiling,
                                const WeightReader &weights, int64_t number) {
  return arrayCells(array, matrix, tiling, weights, number).conductances;
}
