// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Circuits.h - Circuits of a chip around its arrays --------*- C++ -*-===//
//
// What a layer costs on a chip of crossbar arrays whose device file describes
// the circuits around them (`#pum.circuits`; docs/devices.md, "Circuits around
// arrays").
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_CIRCUITS_H
#define PUMICE_LIB_MODEL_MACHINE_CIRCUITS_H

#include "lib/Model/Machine/Costs.h"

#include <cstdint>

namespace pumice::model {

/// How the chip divides a matrix.
struct CircuitLayout {
  bool byKernel = false; ///< arrays of their own for each kernel position
  int64_t rowTiles = 0;  ///< arrays that the rows of a group take
  int64_t columnTiles = 0;
  int64_t channelArrays = 0; ///< arrays that the channels of a position take
  int64_t tileColumns = 0;   ///< columns of tiles: each gets all inputs
  int64_t tiles = 0;         ///< of the layer
  int64_t arraysPerTile = 0;
};

CircuitLayout circuitLayout(const CrossbarSpec &crossbar,
                            const MatrixSpec &matrix, const Tiling &tiling,
                            const MVMContext &context);

/// The time of `windows` windows on one copy of a matrix.
double circuitNs(const CrossbarSpec &crossbar, const MatrixSpec &matrix,
                 int64_t windows);

/// Adds the energies and events of `windows` windows per group to `cost`.
/// `ns` is the time that the layer takes.
void addCircuits(Cost &cost, const CrossbarSpec &crossbar,
                 const MatrixSpec &matrix, const Tiling &tiling,
                 int64_t windows, double ns, const MVMContext &context);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_CIRCUITS_H
