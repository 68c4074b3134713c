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

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pumice::model {

/// Index of a class of resources in DeviceSpec::resources.
using ResourceId = size_t;

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
  int64_t rows = 0;       ///< wordlines
  int64_t columns = 0;    ///< bitlines (cells of one wordline)
  int64_t cellBits = 0;   ///< bits stored in one cell
  int64_t weightBits = 0; ///< widest weight that the periphery recombines
  int64_t inputBits = 0;  ///< widest input that the periphery streams
  int64_t dacBits = 0;    ///< input bits applied to a wordline per read
  int64_t adcBits = 0;    ///< output bits of one conversion
  AdcMode adcMode = AdcMode::lossless;
  int64_t columnsPerAdc = 0; ///< columns that share one converter
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
  /// Per level that a pulse raises or lowers a cell by; with these, cells whose
  /// old level is known cost their step instead of cellWritePj.
  std::optional<double> setStepPj, resetStepPj;
};

/// Associative processors (`#pum.ap`): their shape, and what they take.
struct APSpec {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t domains = 0; ///< bits of a cell's racetrack
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
  ResourceId portResource = 0; ///< set by declareResources
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

/// Units that the arrays of one instance of a level share.
struct SharedUnitsSpec {
  std::string level;
  int64_t count = 0;
};

/// A group of crossbar arrays.
struct CrossbarSpec {
  ArraySpec array;
  ArrayTiming timing;
  ArrayEnergy energy;
  /// Whether products of two activations are computed here, with the second
  /// operand as temporary weights.
  bool takesTemporaryWeights = false;
  /// Whether programming a constant pulses cells that keep their level.
  bool pulsesUnchangedCells = true;
  /// Arrays that can be written at once, by instance; none: all of them.
  std::optional<SharedUnitsSpec> writeDrivers;
  /// Converters that arrays share; none: each array has its own.
  std::optional<SharedUnitsSpec> converters;
};

/// A level of the hierarchy of a group: one instance of it holds `holds`
/// instances of the level before, or, if it is the first, units of the group.
struct LevelSpec {
  std::string name;
  std::optional<int64_t> holds; ///< none: unlimited (last level only)
};

/// Units of one kind: crossbar arrays, associative processors or digital units.
struct UnitGroup {
  std::string name;
  std::variant<CrossbarSpec, APSpec, DigitalSpec> unit;
  std::vector<LevelSpec> levels;
  std::optional<int64_t> enduranceWrites; ///< of a cell; none: not known

  // Set by declareResources.
  size_t index = 0; ///< in DeviceSpec::groups
  ResourceId unitResource = 0;
  std::optional<ResourceId> writeDriverResource, converterResource;

  const CrossbarSpec *crossbar() const {
    return std::get_if<CrossbarSpec>(&unit);
  }
  const APSpec *ap() const { return std::get_if<APSpec>(&unit); }
  const DigitalSpec *digital() const { return std::get_if<DigitalSpec>(&unit); }

  /// Number of units; none: unlimited.
  std::optional<int64_t> count() const;
  /// Units in one instance of a level; none: unlimited, or no such level.
  std::optional<int64_t> unitsPer(const std::string &level) const;
  /// Cells of one unit: wordlines or racetracks; 0 without cells.
  int64_t rows() const;
  int64_t columns() const;
};

/// A class of resources. Of a located one, instructions hold the units that
/// they name; of a pool, any that are free in one of its instances.
struct ResourceClass {
  std::string name;
  std::optional<int64_t> count; ///< of all units; none: unlimited
  bool isLocated = false;
  int64_t perInstance = 1;     ///< units of one instance of a pool
  std::optional<size_t> group; ///< whose it is; none: a memory's
  bool isUnit = false;         ///< the units of the group themselves
};

/// A physical part, for area and power roll-up. `count` parts sit in one
/// instance of `level` and together take powerMw and areaUm2; a part shared by
/// `sharedBy` instances of its level contributes its share.
struct ComponentSpec {
  std::string name;
  std::string group; ///< empty: of the device as a whole
  std::string level; ///< of the group
  int64_t count = 1;
  int64_t sharedBy = 1;
  double powerMw = 0;
  double areaUm2 = 0;
  bool alwaysOn = false; ///< its power is drawn for the whole run (static)
};

struct DeviceSpec {
  std::string name;
  std::vector<UnitGroup> groups;
  MemorySpec buffer;
  MemorySpec dram;
  std::vector<ComponentSpec> components;
  std::vector<ResourceClass> resources; ///< set by declareResources

  /// The group of that name; null if there is none.
  const UnitGroup *find(const std::string &name) const;
  /// The first group of a kind; null if there is none.
  const UnitGroup *firstCrossbar() const;
  const UnitGroup *firstAP() const;
  const UnitGroup *firstDigital() const;
};

/// Fills `resources` and the ids in groups and memories. Names are those of the
/// class (array, write_driver, converter, digital_unit, buffer_port, dram_port)
/// if one group declares it, else with the group's name before: arrays.array.
void declareResources(DeviceSpec &device);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H
