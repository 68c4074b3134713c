// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceSpec.h - The machine as plain numbers --------------*- C++ -*-===//
//
// The hardware model's view of a device: every number that a cost or a numeric
// mode depends on, with its unit in its name. Values come from a device file
// (`#pum.device`, read and checked by lib/Device); nothing else may hold them.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H
#define PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pumice::model {

/// What one analog-to-digital conversion makes of a column sum v; rounding is
/// half to even, 2^bits is 1 << adcBits.
enum class AdcMode {
  lossless,   ///< round(v)
  clip,       ///< round(v), within [0, 2^bits - 1]
  fullScale,  ///< 2^bits - 1 steps over the largest sum that a read can make
  calibrated, ///< 2^bits - 1 steps over MatrixSpec::adcRange
};

/// How signed weights become cell levels.
enum class WeightEncoding {
  offset,       ///< w + 2^(weightBits - 1)
  offsetFlip,   ///< the same, columns inverted where that lowers their sum
  differential, ///< max(w, 0) and max(-w, 0) on columns of their own
};

/// What keeps cells from being ideal (`#crossbar.analog`; docs/numerics.md has
/// the formulas). Everything is off by default.
struct AnalogSpec {
  int64_t seed = 0;
  double programErrorAbsolute = 0; ///< sigma, of the on-conductance
  double programErrorRelative = 0; ///< sigma, of a cell's own conductance
  double readNoise = 0;            ///< sigma of one conversion, in levels
  double onOffRatio = 0;           ///< 0: no limit
  bool referenceColumn = false;    ///< subtracts what the lowest level conducts
  double nonlinearity = 0;
  double stuckOn = 0;
  double stuckOff = 0;
  double driftExponent = 0;
  double driftExponentSigma = 0;
  double driftTimeS = 0; ///< 0: no drift
  double wireResistanceOhm = 0;
  double onResistanceOhm = 0;
};

/// Numerical shape of one crossbar array.
struct ArraySpec {
  int64_t rows = 128;      ///< wordlines
  int64_t columns = 128;   ///< bitlines (cells of one wordline)
  int64_t cellBits = 2;    ///< bits stored in one cell
  int64_t weightBits = 16; ///< widest weight that the periphery recombines
  int64_t inputBits = 16;  ///< widest input that the periphery streams
  int64_t dacBits = 1;     ///< input bits applied to a wordline per read
  int64_t adcBits = 8;     ///< output bits of one conversion
  AdcMode adcMode = AdcMode::clip;
  int64_t columnsPerAdc = 128; ///< columns that share one converter
  WeightEncoding encoding = WeightEncoding::offset;
  std::optional<int64_t> rowsPerRead; ///< wordlines driven at once; none: all
  std::optional<AnalogSpec> analog;   ///< none: ideal cells
};

/// Times of the analog part.
struct ArrayTiming {
  double readNs = 0; ///< one read: DAC, array settling, sample and hold
  double adcNs = 0; ///< one conversion; a read ends after columnsPerAdc of them
  double rowWriteNs = 0; ///< programming the cells of one wordline
};

/// Energies of the analog part, per event.
struct ArrayEnergy {
  double cellReadPj = 0;   ///< one cell, one read
  double dacPj = 0;        ///< driving one wordline for one read
  double sampleHoldPj = 0; ///< one column, one read
  double adcPj = 0;        ///< one conversion
  double shiftAddPj = 0;   ///< adding one conversion to an accumulator
  double cellWritePj = 0;  ///< programming one cell
};

/// Associative processors (`#pum.ap`): their shape, and what they take.
struct APSpec {
  int64_t rows = 256;
  int64_t columns = 256;
  int64_t domains = 64; ///< bits of a cell's racetrack
  double searchNs = 0;
  double searchPjPerBit = 0; ///< one searched column of one active row
  double writeNs = 0;
  double writePjPerBit = 0; ///< one written column of one tagged row
  double readNs = 0;        ///< one domain of all columns of one row
  double readPjPerBit = 0;
  double shiftNs = 0;
  double shiftPjPerBit = 0;    ///< one racetrack, one domain
  double linkPjPerBit = 0;     ///< sending to another processor
  double fetchPjPerByte = 0;   ///< program memory
  int64_t elementwiseBits = 0; ///< widest codes computed on the processors
};

/// A memory (on-chip activation buffer, or DRAM behind its channel).
struct MemorySpec {
  std::string name;
  std::optional<int64_t> capacityBytes; ///< none: unlimited
  int64_t ports = 1;              ///< accesses that may be in flight at once
  double bandwidthBytesPerNs = 0; ///< of one port
  double latencyNs = 0;           ///< added once per instruction
  double readPjPerByte = 0;
  double writePjPerByte = 0;
};

/// Cost of one kind of scalar operation on the digital unit.
struct DigitalOpSpec {
  std::string kind; ///< add, multiply, divide, compare, convert, special, move
  double energyPj = 0;
  double cycles = 1; ///< lane-cycles
};

/// The digital unit: `lanes` scalar lanes at `clockGhz`.
struct DigitalSpec {
  int64_t units = 1; ///< independent units (each takes one region at a time)
  int64_t lanes = 1;
  double clockGhz = 1;
  std::vector<DigitalOpSpec> ops;
};

/// A physical part, for area and power roll-up. `count` parts sit in one
/// instance of `level` and together take powerMw and areaUm2; a part shared by
/// `sharedBy` instances of its level contributes its share.
struct ComponentSpec {
  std::string name;
  std::string level; ///< "ima", "tile" or "chip"
  int64_t count = 1;
  int64_t sharedBy = 1;
  double powerMw = 0;
  double areaUm2 = 0;
  bool alwaysOn = false; ///< its power is drawn for the whole run (static)
};

struct DeviceSpec {
  std::string name;
  ArraySpec array;
  ArrayTiming timing;
  ArrayEnergy energy;
  std::optional<APSpec> ap; ///< then its arrays are associative processors
  int64_t arraysPerIma = 1;
  int64_t imasPerTile = 1;
  std::optional<int64_t> tiles; ///< none: as many as the program asks for
  std::optional<int64_t> enduranceWrites; ///< of a cell; none: not known
  MemorySpec buffer;
  MemorySpec dram;
  DigitalSpec digital;
  std::vector<ComponentSpec> components;

  /// Number of arrays on the chip; none: unlimited.
  std::optional<int64_t> arrays() const {
    if (!tiles)
      return std::nullopt;
    return arraysPerIma * imasPerTile * *tiles;
  }
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H
