// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Circuits.h"

#include "lib/Support/Saturating.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace pumice;
using namespace pumice::model;

CircuitLayout pumice::model::circuitLayout(const CrossbarSpec &crossbar,
                                           const MatrixSpec &matrix,
                                           const Tiling &tiling,
                                           const MVMContext &context) {
  const CircuitsSpec &circuits = *crossbar.circuits;
  const ArraySpec &array = crossbar.array;
  const CircuitsSpec::Tiles &tiles = circuits.tiles;
  const int64_t positions = context.kernelHeight * context.kernelWidth;
  const int64_t channels = matrix.rows / std::max<int64_t>(positions, 1);
  CircuitLayout layout;
  layout.byKernel = circuits.mapping == CircuitMapping::kernel &&
                    positions == tiles.kernelPositions &&
                    channels * positions == matrix.rows &&
                    2 * channels >= array.rows;
  layout.columnTiles = llvm::divideCeil(matrix.columns * tiling.slices,
                                        std::max<int64_t>(array.columns, 1));
  if (layout.byKernel) {
    const int64_t side = tiles.kernelArrays;
    layout.channelArrays = llvm::divideCeil(channels, array.rows);
    layout.rowTiles = positions * layout.channelArrays;
    layout.tileColumns = llvm::divideCeil(layout.columnTiles, side);
    layout.tiles = llvm::divideCeil(layout.channelArrays, side) *
                   layout.tileColumns * matrix.groups;
    layout.arraysPerTile = pumice::saturatingProduct({positions, side, side});
    return layout;
  }
  const int64_t side = tiles.denseArrays;
  layout.rowTiles = layout.channelArrays =
      llvm::divideCeil(matrix.rows, array.rows);
  layout.tileColumns = llvm::divideCeil(layout.columnTiles, side);
  layout.arraysPerTile = pumice::saturatingProduct({side, side});
  layout.tiles =
      matrix.groups == 1
          ? llvm::divideCeil(layout.rowTiles, side) * layout.tileColumns
          : llvm::divideCeil(tiling.arrays, layout.arraysPerTile);
  return layout;
}

double pumice::model::circuitNs(const CrossbarSpec &crossbar,
                                const MatrixSpec &matrix, int64_t windows) {
  const CircuitsSpec::Timing &timing = crossbar.circuits->timing;
  const double groups = double(matrix.groups);
  return double(windows) *
         (timing.windowNs +
          timing.bitNs * double(readsPerWindow(crossbar.array, matrix)) +
          timing.resultNs * double(matrix.columns) * groups +
          timing.inputNs * double(matrix.rows) * groups *
              double(matrix.inputBits));
}

/// The length of the tree of a chip from its buffer to a tile and back, in um:
/// an H-tree over the smallest square of tiles.
static double treeUm(int64_t tiles, double sideUm) {
  const double side = std::ceil(std::sqrt(double(std::max<int64_t>(tiles, 1))));
  return sideUm * (std::exp2(std::ceil(std::log2(side))) + 1);
}

void pumice::model::addCircuits(Cost &cost, const CrossbarSpec &crossbar,
                                const MatrixSpec &matrix, const Tiling &tiling,
                                int64_t windows, double ns,
                                const MVMContext &context) {
  const CircuitsSpec &circuits = *crossbar.circuits;
  const ArraySpec &array = crossbar.array;
  const ArrayEnergy &events = crossbar.energy;
  const CircuitLayout layout = circuitLayout(crossbar, matrix, tiling, context);
  Counters &counters = cost.counters;
  auto energy = [&](Component component) -> double & {
    return cost.energyPj[static_cast<size_t>(component)];
  };

  const int64_t reads = readsPerWindow(array, matrix);
  const int64_t used = saturatingProduct({matrix.columns, tiling.slices});
  counters.windows = saturatingProduct({windows, matrix.groups});
  counters.macs =
      saturatingProduct({counters.windows, matrix.rows, matrix.columns});
  const int64_t vectors = saturatingProduct({counters.windows, reads});
  counters.arrayReads =
      saturatingProduct({vectors, layout.rowTiles, layout.columnTiles});
  counters.conversions = saturatingProduct({vectors, layout.rowTiles, used});
  counters.wordlineDrives =
      saturatingProduct({vectors, matrix.rows, layout.columnTiles});
  counters.cellReads = saturatingProduct({vectors, matrix.rows, used});

  const double inWindows = double(counters.windows);
  const double bits = double(matrix.inputBits);
  const double slices = double(tiling.slices);
  const double arrayReads = double(counters.arrayReads);
  const double rowsOn = circuits.ones * double(counters.wordlineDrives);
  const double columns = double(array.columns);
  const double results = inWindows * double(matrix.columns);

  // Arrays and converters.
  const CircuitsSpec::Periphery &periphery = circuits.periphery;
  energy(Component::cellRead) =
      (tiling.slices == 1 ? periphery.narrowCellReadPj : events.cellReadPj) *
      circuits.ones * double(counters.cellReads);
  energy(Component::dac) = events.dacPj * rowsOn;
  energy(Component::sampleHold) =
      events.sampleHoldPj * double(counters.conversions);
  energy(Component::adc) = events.adcPj * double(counters.conversions) +
                           periphery.encoderPj * arrayReads;
  energy(Component::periphery) = periphery.arrayReadPj * arrayReads +
                                 periphery.rowPj * rowsOn +
                                 periphery.multiplexerPj * arrayReads /
                                     double(std::max(reads, int64_t(1))) +
                                 periphery.resultPj * results * bits;

  // Accumulation. A result has as many bits as sums of all arrays need.
  const CircuitsSpec::Accumulation &adders = circuits.accumulation;
  const double resultBits = double(array.adcBits) + 3 + slices + bits;
  const double perArray =
      (tiling.slices > 1
           ? columns * (adders.slicesPj + slices * adders.slicesPjPerSlice)
           : 0) +
      columns / slices *
          (adders.bitsPj + slices * adders.bitsPjPerSlice +
           bits * adders.bitsPjPerBit);
  const double treeResults =
      double(circuits.tiles.kernelArrays) * columns / slices;
  const int64_t stacked =
      std::min(layout.channelArrays, circuits.tiles.kernelArrays);
  const double tree =
      layout.byKernel ? adders.treePj + double(stacked) * adders.treePjPerArray
                      : adders.denseTreePj;
  energy(Component::shiftAdd) =
      events.shiftAddPj * double(counters.conversions) + perArray * arrayReads +
      double(windows) * double(layout.tiles) * treeResults * resultBits * tree;

  // Bits through wires and buffers. Windows of a kernel overlap: its tiles
  // keep a column of the window, and the buffer of the chip sends a row of it.
  const double inputs = inWindows * double(matrix.rows) * bits;
  const double kernelWidth = layout.byKernel ? double(context.kernelWidth) : 1;
  const double kernelHeight =
      layout.byKernel ? double(context.kernelHeight) : 1;
  const double positions = kernelWidth * kernelHeight;
  const double tileColumns = double(layout.tileColumns);
  const double arrayIn = inputs * tileColumns;
  const double tileIn = inputs / kernelWidth;
  const double chipIn = inputs / kernelHeight;
  const double arrayOut = results * double(array.adcBits) * positions;
  const double tileOut = results * (resultBits + 1);
  const double chipOut = results * bits;
  const CircuitsSpec::Interconnect &wires = circuits.interconnect;
  const double chipPj =
      wires.chipPjPerUm * treeUm(std::max(context.chipTiles, layout.tiles),
                                 layout.byKernel ? circuits.tiles.kernelUm
                                                 : circuits.tiles.denseUm);
  energy(Component::interconnect) =
      arrayIn * wires.arrayInPj + arrayOut * wires.arrayOutPj +
      (tileIn * tileColumns + tileOut / positions) *
          (layout.byKernel ? wires.kernelTilePj : wires.denseTilePj) +
      (chipIn + chipOut) * chipPj;
  const CircuitsSpec::Buffers &buffers = circuits.buffers;
  energy(Component::bufferRead) =
      arrayIn * buffers.arrayInPj + tileIn * buffers.tileInPj;
  energy(Component::bufferWrite) = arrayOut * buffers.arrayOutPj +
                                   tileOut * buffers.tileOutPj +
                                   chipOut * buffers.chipOutPj;

  // Leakage, in uW ns = fJ. Layer by layer, tiles of the other layers leak
  // while this one works; they count as tiles of this layer's kind. In a
  // pipeline, the layer's own tiles leak while it waits for the slowest layer.
  const CircuitsSpec::Leakage &leakage = circuits.leakage;
  const double arrayUw = leakage.arrayUw + bits * leakage.arrayUwPerBit +
                         (1 - 1 / slices) * leakage.slicesUw;
  const double tileUw = double(layout.arraysPerTile) * arrayUw;
  const double own = double(layout.tiles);
  const double others =
      double(std::max<int64_t>(context.chipTiles - layout.tiles, 0));
  energy(Component::leakage) =
      1e-3 * tileUw *
      (circuits.pipelined ? own * std::max(context.intervalNs - ns, 0.0)
                          : others * ns);
}
