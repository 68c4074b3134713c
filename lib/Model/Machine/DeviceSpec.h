// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceSpec.h - The machine as plain numbers --------------*- C++ -*-===//
//
// The hardware model's view of a device: every number that costs and numerics
// depend on, with the unit in its name. The values come from a device file
// (`#pum.device`, read and checked by lib/Device) and from nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H
#define PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pumice::model {

/// Index of a class of resources in DeviceSpec::resources.
using ResourceId = size_t;

/// The result of one analog-to-digital conversion of a column sum v. Rounding
/// is half to even; `bits` is adcBits.
enum class AdcMode {
  lossless,   ///< round(v)
  clip,       ///< round(v), within [0, 2^bits - 1]
  fullScale,  ///< 2^bits - 1 steps up to the largest possible sum of a read
  calibrated, ///< 2^bits - 1 steps over MatrixSpec::adcRange
};

/// How signed weights become cell levels.
enum class WeightEncoding {
  offset,       ///< w + 2^(weightBits - 1)
  offsetFlip,   ///< the same, with columns inverted if that lowers their sum
  differential, ///< max(w, 0) and max(-w, 0) in separate columns
};

/// What was measured of cells of one level (`#crossbar.cell_level`).
struct CellLevelSpec {
  double temperatureK = 0; ///< 0: not stated
  double meanSiemens = 0;
  double spreadSiemens = 0;
  double driftExponent = 0;
  double driftExponentSigma = 0;
  double readNoiseSiemens = 0;
};

/// What was measured of cells, by temperature and level.
struct CellTableSpec {
  std::string file; ///< where `levels` are still to be read
  std::vector<CellLevelSpec> levels;
};

/// The measured output codes of one converter (`#crossbar.adc_codes`), as
/// fractions of its range.
struct AdcCodesSpec {
  std::vector<double> thresholds, values;
};

/// The measured output codes of the converters of an array: converter i has
/// those of number i modulo their number.
struct AdcTableSpec {
  std::string file; ///< where `converters` are still to be read
  std::vector<AdcCodesSpec> converters;
};

/// Programming by pulses and verifying reads (`#crossbar.write_verify`).
struct WriteVerifySpec {
  int64_t pulses = 1;   ///< at most
  double tolerance = 0; ///< as a fraction of the range of the levels
  double shrink = 1;    ///< of the spread, from a pulse to the next
};

/// Non-ideal behavior of cells (`#crossbar.analog`; docs/numerics.md gives the
/// formulas). Everything is off by default.
struct AnalogSpec {
  int64_t seed = 0;
  double programErrorAbsolute = 0; ///< sigma, relative to the on-conductance
  double programErrorRelative =
      0;                        ///< sigma, relative to the cell's conductance
  double readNoise = 0;         ///< sigma of one conversion, in levels
  double onOffRatio = 0;        ///< 0: no limit
  bool referenceColumn = false; ///< subtracts the current of the lowest level
  double nonlinearity = 0;
  double stuckOn = 0;
  double stuckOff = 0;
  double driftExponent = 0;
  double driftExponentSigma = 0;
  double driftTimeS = 0; ///< 0: no drift
  double wireResistanceOhm = 0;
  double onResistanceOhm = 0;
  std::optional<CellTableSpec> cells; ///< nullopt: as the fields above say
  double temperatureK = 0;            ///< 0: that of the table
  bool driftCompensation = false;
  std::optional<WriteVerifySpec> writeVerify; ///< nullopt: one pulse
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
  std::optional<AdcTableSpec> adcTable; ///< nullopt: equal steps
  int64_t columnsPerAdc = 0;            ///< columns that share one converter
  WeightEncoding encoding = WeightEncoding::offset;
  std::optional<int64_t>
      rowsPerRead;                  ///< wordlines driven at once; nullopt: all
  std::optional<AnalogSpec> analog; ///< nullopt: ideal cells
};

/// Times of the analog part.
struct ArrayTiming {
  double readNs = 0; ///< one read: DAC, settling of the array, sample and hold
  double adcNs = 0; ///< one conversion; a read ends after columnsPerAdc of them
  double rowWriteNs = 0; ///< programming the cells of one wordline, one pulse
  double verifyNs = 0;   ///< the verifying read after such a pulse
};

/// Energies of the analog part, per event.
struct ArrayEnergy {
  double cellReadPj = 0;   ///< one cell, one read
  double dacPj = 0;        ///< driving one wordline for one read
  double sampleHoldPj = 0; ///< one column, one read
  double adcPj = 0;        ///< one conversion
  double shiftAddPj = 0;   ///< adding one conversion to an accumulator
  double cellWritePj = 0;  ///< programming one cell
  /// Energy of a pulse per level by which it raises or lowers a cell. If given,
  /// they replace cellWritePj for cells whose old level is known.
  std::optional<double> setStepPj, resetStepPj;
  double verifyPj = 0; ///< one verifying read of one cell
};

/// How the circuits around arrays divide a layer.
enum class CircuitMapping { dense, kernel };

/// The circuits of a chip around its arrays (`#pum.circuits`, which explains
/// the fields; docs/devices.md, "Circuits around arrays").
struct CircuitsSpec {
  CircuitMapping mapping = CircuitMapping::dense;
  double ones = 0; ///< density of 1 bits in inputs
  bool pipelined = false;
  struct Tiles {
    int64_t kernelPositions = 0, kernelArrays = 0, denseArrays = 0;
    double kernelUm = 0, denseUm = 0;
  } tiles;
  struct Periphery {
    double narrowCellReadPj = 0, arrayReadPj = 0, rowPj = 0, multiplexerPj = 0,
           encoderPj = 0, resultPj = 0;
  } periphery;
  struct Accumulation {
    double slicesPj = 0, slicesPjPerSlice = 0, bitsPj = 0, bitsPjPerSlice = 0,
           bitsPjPerBit = 0, treePj = 0, treePjPerArray = 0, denseTreePj = 0;
  } accumulation;
  struct Interconnect {
    double arrayInPj = 0, arrayOutPj = 0, kernelTilePj = 0, denseTilePj = 0,
           chipPjPerUm = 0;
  } interconnect;
  struct Buffers {
    double arrayInPj = 0, tileInPj = 0, arrayOutPj = 0, tileOutPj = 0,
           chipOutPj = 0;
  } buffers;
  struct Timing {
    double windowNs = 0, bitNs = 0, resultNs = 0, inputNs = 0;
  } timing;
  struct Leakage {
    double arrayUw = 0, arrayUwPerBit = 0, slicesUw = 0;
  } leakage;
};

/// Associative processors (`#pum.ap`): shape, times and energies.
struct APSpec {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t domains = 0; ///< bits of a cell's racetrack
  double searchNs = 0;
  double searchPjPerBit = 0; ///< search line of one column of one active row
  double searchPjPerRow = 0; ///< match line and amplifier of one active row
  double writeNs = 0;
  double writePjPerBit = 0; ///< one written column of one tagged row
  double readNs = 0;        ///< one domain of all columns of one row
  double readPjPerBit = 0;
  double shiftNs = 0;
  double shiftPjPerBit = 0;    ///< one racetrack, one domain
  double linkPjPerBit = 0;     ///< sending to another processor
  double fetchPjPerByte = 0;   ///< reading microprograms
  int64_t elementwiseBits = 0; ///< widest results of elementwise ops
};

/// Content-addressable memories (`#pum.cam`): shape, sensing, times and
/// energies.
struct CamSpec {
  int64_t rows = 0;
  int64_t columns = 0;
  bool ternary = true;     ///< cells hold "don't care", too
  int64_t maxDistance = 0; ///< of a row, that its sense amplifier tells apart
  int64_t mergeParts = 1;  ///< parts of a word whose distances are added
  int64_t bestMatches = 0; ///< nearest words that are ranked
  double searchNs = 0;
  double matchLinePj = 0;  ///< precharging the match line of one row
  double cellPj = 0;       ///< one compared cell of it
  double sensePj = 0;      ///< its sense amplifier
  double searchLinePj = 0; ///< driving one bit of the key through one array
  double writeNs = 0;      ///< one row
  double writePjPerBit = 0;
  double mergeNs = 0, mergePj = 0; ///< adding the distances of two parts
  double rankNs = 0, rankPj = 0;   ///< comparing two distances
  double distanceNoise = 0;        ///< sigma of sensed distances, in cells
  int64_t seed = 0;
};

/// A memory (on-chip activation buffer, or DRAM behind its channel).
struct MemorySpec {
  std::string name;
  std::optional<int64_t> capacityBytes; ///< nullopt: unlimited
  int64_t ports = 1;                    ///< simultaneous accesses
  double bandwidthBytesPerNs = 0;       ///< of one port
  double latencyNs = 0;                 ///< added once per instruction
  double readPjPerByte = 0;
  double writePjPerByte = 0;
  ResourceId portResource = 0; ///< set by declareResources
};

/// How links join tiles.
enum class Topology { mesh, htree };

/// The links between tiles and memories (`#pum.interconnect`, which explains
/// the fields; docs/interconnect.md).
struct InterconnectSpec {
  Topology topology = Topology::mesh;
  std::string level;                    ///< whose instances are tiles
  std::optional<int64_t> rows, columns; ///< of a mesh
  std::optional<int64_t> branching;     ///< of an H-tree
  std::optional<double> tilePitchMm;    ///< nullopt: from the area of a tile
  double bandwidthBytesPerNs = 0;       ///< of a link
  double routerNs = 0;
  double wireNsPerMm = 0;
  double routerPjPerBit = 0;
  double wirePjPerBitMm = 0;
  std::optional<int64_t> memoryNode; ///< of a mesh; nullopt: 0
  bool spreadBuffer = false;         ///< the buffer is in all tiles, in parts

  // Set by declareResources.
  int64_t tiles = 0;
  double pitchMm = 0;
  ResourceId linkResource = 0;
};

/// Cost of one kind of scalar operation on the digital unit.
struct DigitalOpSpec {
  std::string kind; ///< add, multiply, divide, compare, convert, special, move
  double energyPj = 0;
  double cycles = 1; ///< lane-cycles
};

/// The digital unit: `lanes` scalar lanes at `clockGhz`.
struct DigitalSpec {
  int64_t units = 1; ///< independent units; each runs one region at a time
  int64_t lanes = 1;
  double clockGhz = 1;
  std::vector<DigitalOpSpec> ops;
  std::optional<int64_t> bits; ///< of a lane; nullopt: not stated
};

/// Units that all arrays in one instance of a level share.
struct SharedUnitsSpec {
  std::string level;
  int64_t count = 0;
};

/// Systolic arrays of multipliers, which keep a tile of weights each.
struct SystolicSpec {
  int64_t units = 1;
  double clockGhz = 0; ///< 0: takes no time
  double macPj = 0;
  double accumulatorPjPerByte = 0; ///< partial sums, written and read
};

/// A decoder of compressed weights, between DRAM and arrays.
struct WeightDecoderSpec {
  double weightsPerNs = 0; ///< 0: as fast as they come
  double pjPerWeight = 0;
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
  /// Write drivers: arrays per instance that can be written at once; nullopt:
  /// all.
  std::optional<SharedUnitsSpec> writeDrivers;
  /// Converters that arrays share; nullopt: each array has its own.
  std::optional<SharedUnitsSpec> converters;
  /// Circuits around the arrays; nullopt: as ArrayTiming and ArrayEnergy say.
  std::optional<CircuitsSpec> circuits;
  /// Decodes compressed weights; nullopt: none are compressed.
  std::optional<WeightDecoderSpec> weightDecoder;
  /// Tiles are not kept in arrays, but pass through systolic arrays one after
  /// the other; `timing` and `energy` are not used.
  std::optional<SystolicSpec> systolic;
};

/// A level in the hierarchy of a group. One instance holds `holds` instances of
/// the previous level, or units of the group if it is the first level.
struct LevelSpec {
  std::string name;
  std::optional<int64_t> holds; ///< nullopt: unlimited (last level only)
};

/// Units of one kind: crossbar or systolic arrays, associative processors,
/// content-addressable memories or digital units.
struct UnitGroup {
  std::string name;
  std::variant<CrossbarSpec, APSpec, DigitalSpec, CamSpec> unit;
  std::vector<LevelSpec> levels;
  std::optional<int64_t> enduranceWrites; ///< per cell; nullopt: unknown

  // Set by declareResources.
  size_t index = 0; ///< index in DeviceSpec::groups
  ResourceId unitResource = 0;
  std::optional<ResourceId> writeDriverResource, converterResource,
      systolicResource;
  std::optional<int64_t> firstTile; ///< in the interconnect; nullopt: none
  int64_t unitsPerTile = 0;

  const CrossbarSpec *crossbar() const {
    return std::get_if<CrossbarSpec>(&unit);
  }
  const APSpec *ap() const { return std::get_if<APSpec>(&unit); }
  const CamSpec *cam() const { return std::get_if<CamSpec>(&unit); }
  const DigitalSpec *digital() const { return std::get_if<DigitalSpec>(&unit); }

  /// Number of units; nullopt: unlimited.
  std::optional<int64_t> count() const;
  /// Units in one instance of a level; nullopt if unlimited, or if the group
  /// does not have this level.
  std::optional<int64_t> unitsPer(const std::string &level) const;
  /// Rows and columns of cells in one unit; 0 for units without cells.
  int64_t rows() const;
  int64_t columns() const;
};

/// A class of resources. Instructions name the units of a *located* class that
/// they hold. Of a *pool*, they hold any free units in one of its instances.
struct ResourceClass {
  std::string name;
  std::optional<int64_t> count; ///< units in total; nullopt: unlimited
  bool isLocated = false;
  int64_t perInstance = 1;     ///< units in one instance of a pool
  std::optional<size_t> group; ///< its unit group; nullopt: a memory
  bool isUnit = false;         ///< whether these are the units of the group
};

/// A physical part, for the roll-up of area and power. One instance of `level`
/// has `count` parts, which take powerMw and areaUm2 together. A part that
/// `sharedBy` instances share counts in proportion.
struct ComponentSpec {
  std::string name;
  std::string group; ///< empty: the device as a whole
  std::string level; ///< a level of the group
  int64_t count = 1;
  int64_t sharedBy = 1;
  double powerMw = 0;
  double areaUm2 = 0;
  bool alwaysOn = false; ///< draws power during the whole run (static)
};

/// How the figure `of` follows the device away from the point `at` for which it
/// is stated (lib/Device/Laws.h).
struct LawSpec {
  std::string of, kind;
  std::vector<std::pair<std::string, double>> at; ///< variables of the law
  std::string group, level;
};

struct DeviceSpec {
  std::string name;
  std::vector<UnitGroup> groups;
  MemorySpec buffer;
  MemorySpec dram;
  std::vector<ComponentSpec> components;
  std::vector<LawSpec> laws;
  std::optional<InterconnectSpec>
      interconnect; ///< nullopt: moving bytes takes no links
  std::vector<ResourceClass> resources; ///< set by declareResources

  /// The group with a name; null if there is none.
  const UnitGroup *find(const std::string &name) const;
  /// The first group of a kind; null if there is none.
  const UnitGroup *firstCrossbar() const;
  const UnitGroup *firstAP() const;
  const UnitGroup *firstCam() const;
  const UnitGroup *firstDigital() const;
};

/// Fills `resources` and the ids in groups and memories. A class is named
/// array, write_driver, converter, systolic_array, digital_unit, buffer_port,
/// dram_port or link. If several groups declare it, the name of the group comes
/// first: arrays.array.
void declareResources(DeviceSpec &device);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_MACHINE_DEVICESPEC_H
