// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Laws.h - How costs follow a device -----------------------*- C++ -*-===//
//
// The one list of laws and of the variables that they read. A law scales a
// figure that a device states at a published point when the device differs
// from this point: figure = stated * law(device) / law(point). lib/Device
// evaluates laws; the verifier of devices checks their names and points.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_LAWS_H
#define PUMICE_LIB_SUPPORT_LAWS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <limits>

namespace pumice {

/// What laws read of a device.
enum class LawVariable {
  none,
  adcBits,
  rateGsps,
  dacBits,
  rows,
  columns,
  width,
  // Of one instance of a level.
  arrays,
  cells,
  wordlines,
  bitlines,
  converters,
  inputBytes,
  outputBytes,
  bufferKib,
  // Of a level.
  instances,
  // Of other parts.
  busBits,
  laneBits,
};

struct LawVariableInfo {
  LawVariable variable;
  llvm::StringLiteral name, unit, meaning;
  bool isOfLevel; ///< needs the level of a group
};

inline constexpr LawVariableInfo lawVariables[] = {
    {LawVariable::adcBits, "adc_bits", "bits", "`array.adc.bits`", false},
    {LawVariable::rateGsps, "rate_gsps", "GS/s", "1 / `timing.adc_ns`", false},
    {LawVariable::dacBits, "dac_bits", "bits", "`array.dac_bits`", false},
    {LawVariable::rows, "rows", "", "`array.rows`", false},
    {LawVariable::columns, "columns", "", "`array.columns`", false},
    {LawVariable::width, "width", "bits",
     "`array.adc.bits` + `array.input_bits`, the bits of an accumulator",
     false},
    {LawVariable::arrays, "arrays", "", "arrays in an instance of the level",
     true},
    {LawVariable::cells, "cells", "", "`rows` x `columns` x `arrays`", true},
    {LawVariable::wordlines, "wordlines", "", "`rows` x `arrays`", true},
    {LawVariable::bitlines, "bitlines", "", "`columns` x `arrays`", true},
    {LawVariable::converters, "converters", "",
     "those of an array (`columns` / `columns_per_adc`, rounded up) x `arrays`,"
     " or the `converters` that the level shares",
     true},
    {LawVariable::inputBytes, "input_bytes", "bytes",
     "`wordlines` x `array.input_bits` / 8", true},
    {LawVariable::outputBytes, "output_bytes", "bytes",
     "`bitlines` x `array.cell_bits` / 8", true},
    {LawVariable::bufferKib, "buffer_kib", "KiB",
     "`buffer.capacity_bytes` / `instances` / 1024", true},
    {LawVariable::instances, "instances", "",
     "instances of the level in the device", true},
    {LawVariable::busBits, "bus_bits", "bits",
     "8 x `buffer.bandwidth_bytes_per_ns`", false},
    {LawVariable::laneBits, "lane_bits", "bits",
     "`bits` of the first digital group", false},
};

/// The range of a variable in which the source supports a law.
struct LawRange {
  LawVariable variable = LawVariable::none;
  double least = 0;
  double most = std::numeric_limits<double>::infinity();
};

struct LawInfo {
  llvm::StringLiteral name, formula, source;
  std::array<LawRange, 3> ranges;

  /// The variables that it reads.
  llvm::ArrayRef<LawRange> variables() const {
    size_t count = 0;
    while (count < ranges.size() && ranges[count].variable != LawVariable::none)
      ++count;
    return llvm::ArrayRef<LawRange>(ranges).take_front(count);
  }
};

/// Names are the values of `kind`. "read" and "derived" have the meaning that
/// docs/devices.md gives them.
inline constexpr LawInfo laws[] = {
    {"adc_energy",
     "E = 10^((SNDR - FoM) / 10) / 2, SNDR = 6.02 adc_bits + 1.76, FoM = "
     "min(180.14, 302.74 - 6.461 ln(rate in S/s)) dB",
     "regression on the best converters of B. Murmann's ADC survey "
     "1997-2021, read in Accelergy-Project/accelergy-adc-plug-in, "
     "adc_data/model.yaml and model.py",
     {{{LawVariable::adcBits, 4}, {LawVariable::rateGsps, 0, 16.03}}}},
    {"adc_power",
     "E rate_gsps converters, E of adc_energy",
     "as adc_energy",
     {{{LawVariable::adcBits, 4},
       {LawVariable::rateGsps, 0, 16.03},
       {LawVariable::converters}}}},
    {"adc_area",
     "rate_gsps^0.06666 exp(-0.13437 adc_bits) E^0.42366 converters, E of "
     "adc_energy",
     "regression on the same survey, read in the same file; the smallest "
     "tenth of the converters",
     {{{LawVariable::adcBits, 4},
       {LawVariable::rateGsps, 0, 16.03},
       {LawVariable::converters}}}},
    {"flash_energy",
     "2^adc_bits - 1",
     "derived: a flash converter has a comparator for each step, as the "
     "sense amplifiers of NeuroSim (MultilevelSenseAmp.cpp, read)",
     {{{LawVariable::adcBits, 1, 8}}}},
    {"dac_energy",
     "2^dac_bits columns",
     "derived: binary-weighted capacitors double with each bit; the wire of a "
     "wordline is as long as the array has columns",
     {{{LawVariable::dacBits, 1, 8}, {LawVariable::columns, 32, 1024}}}},
    {"dac_power",
     "2^dac_bits columns wordlines",
     "as dac_energy, for each wordline",
     {{{LawVariable::dacBits, 1, 8},
       {LawVariable::columns, 32, 1024},
       {LawVariable::wordlines}}}},
    {"dac_area",
     "2^dac_bits wordlines",
     "as dac_energy",
     {{{LawVariable::dacBits, 1, 8}, {LawVariable::wordlines}}}},
    {"array_time",
     "rows",
     "read in puma-simulator, constants.py: xbar_lat_dict has 32, 64, 128 and "
     "256 ns for arrays of 32 to 256 rows",
     {{{LawVariable::rows, 32, 256}}}},
    {"bitline",
     "rows",
     "derived: capacitance of a wire of that length, as in NeuroSim's "
     "SubArray.cpp (read)",
     {{{LawVariable::rows, 32, 1024}}}},
    {"per_cell",
     "cells",
     "read in puma-simulator, constants.py: xbar_pow_dict and xbar_area_dict "
     "grow with the square of 32 to 256 rows",
     {{{LawVariable::cells}}}},
    {"per_bitline",
     "bitlines",
     "derived: one part for each bitline",
     {{{LawVariable::bitlines}}}},
    {"per_array",
     "arrays",
     "derived: one part for each array",
     {{{LawVariable::arrays}}}},
    {"per_instance",
     "instances",
     "derived: one part in each instance of the level",
     {{{LawVariable::instances}}}},
    {"accumulator",
     "width",
     "derived: one full adder and one register for each bit",
     {{{LawVariable::width, 8, 64}}}},
    {"accumulators",
     "width converters",
     "derived: an accumulator for each converter",
     {{{LawVariable::width, 8, 64}, {LawVariable::converters}}}},
    {"input_sram_power",
     "S(input_bytes), S through 0.16, 0.24, 0.33, 0.57 at 256, 512, 1024, "
     "2048 bytes",
     "read in puma-simulator, constants.py: dataMem_pow_dyn_dict; straight "
     "lines between logarithms",
     {{{LawVariable::inputBytes, 256, 2048}}}},
    {"input_sram_area",
     "A(input_bytes), A through 0.00056, 0.00108, 0.00192, 0.00392 at 256, "
     "512, 1024, 2048 bytes",
     "read in puma-simulator, constants.py: dataMem_area_dict; likewise",
     {{{LawVariable::inputBytes, 256, 2048}}}},
    {"output_sram_power",
     "S(output_bytes), S of input_sram_power",
     "as input_sram_power",
     {{{LawVariable::outputBytes, 256, 2048}}}},
    {"output_sram_area",
     "A(output_bytes), A of input_sram_area",
     "as input_sram_area",
     {{{LawVariable::outputBytes, 256, 2048}}}},
    {"edram_power",
     "P(buffer_kib), P through 17.2 and 25.35 at 64 and 128 KiB",
     "read in puma-simulator, constants.py: edram_pow_dyn_dict; a straight "
     "line between logarithms",
     {{{LawVariable::bufferKib, 64, 128}}}},
    {"edram_area",
     "A(buffer_kib), A through 0.086 and 0.121 at 64 and 128 KiB",
     "read in puma-simulator, constants.py: edram_area_dict; likewise",
     {{{LawVariable::bufferKib, 64, 128}}}},
    {"bus",
     "bus_bits sqrt(arrays)",
     "derived: as many wires as bits, as long as the side of a square of "
     "equal arrays",
     {{{LawVariable::busBits}, {LawVariable::arrays}}}},
    {"adder",
     "lane_bits^0.868",
     "recalled: 0.03 and 0.1 pJ for 8 and 32 bits in 45 nm (M. Horowitz, "
     "ISSCC 2014)",
     {{{LawVariable::laneBits, 8, 32}}}},
    {"multiplier",
     "lane_bits^1.977",
     "recalled: 0.2 and 3.1 pJ for 8 and 32 bits in 45 nm (M. Horowitz, ISSCC "
     "2014)",
     {{{LawVariable::laneBits, 8, 32}}}},
};

inline const LawVariableInfo &infoOf(LawVariable variable) {
  for (const LawVariableInfo &info : lawVariables)
    if (info.variable == variable)
      return info;
  return lawVariables[0];
}

/// The law of a name; null if there is none.
inline const LawInfo *findLaw(llvm::StringRef name) {
  for (const LawInfo &law : laws)
    if (law.name == name)
      return &law;
  return nullptr;
}

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_LAWS_H
