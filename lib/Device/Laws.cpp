// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Laws.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace pumice;
using llvm::StringRef;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Values of laws
//===----------------------------------------------------------------------===//

/// Energy of a conversion in pJ at the best figure of merit of the survey.
static double adcEnergyPj(double bits, double rateGsps) {
  const double sndr = 20 * bits * std::log10(2.0) + 10 * std::log10(1.5);
  const double merit = std::min(
      180.14159078904734,
      302.7387019052544 - 6.460790934271676 * std::log(rateGsps * 1e9));
  return std::pow(10.0, (sndr - merit) / 10) / 2 * 1e12;
}

static double adcAreaUm2(double bits, double rateGsps) {
  return std::exp(0.06665851895885958 * std::log(rateGsps * 1e9) -
                  0.13437278622014803 * bits +
                  0.4236571760437834 * std::log(adcEnergyPj(bits, rateGsps)));
}

/// Straight lines between the logarithms of points; the outer ones go on.
static double interpolated(llvm::ArrayRef<std::pair<double, double>> points,
                           double x) {
  size_t i = 1;
  while (i + 1 < points.size() && x > points[i].first)
    ++i;
  const auto [x0, y0] = points[i - 1];
  const auto [x1, y1] = points[i];
  return y0 * std::pow(x / x0, std::log(y1 / y0) / std::log(x1 / x0));
}

static double sramPower(double bytes) {
  return interpolated({{256, 0.16}, {512, 0.24}, {1024, 0.33}, {2048, 0.57}},
                      bytes);
}
static double sramArea(double bytes) {
  return interpolated(
      {{256, 0.00056}, {512, 0.00108}, {1024, 0.00192}, {2048, 0.00392}},
      bytes);
}

double pumice::valueOf(const LawInfo &law, llvm::ArrayRef<double> v) {
  const StringRef name = law.name;
  if (name == "adc_energy")
    return adcEnergyPj(v[0], v[1]);
  if (name == "adc_power")
    return adcEnergyPj(v[0], v[1]) * v[1] * v[2];
  if (name == "adc_area")
    return adcAreaUm2(v[0], v[1]) * v[2];
  if (name == "flash_energy")
    return std::exp2(v[0]) - 1;
  if (name == "dac_energy" || name == "dac_area")
    return std::exp2(v[0]) * v[1];
  if (name == "dac_power")
    return std::exp2(v[0]) * v[1] * v[2];
  if (name == "input_sram_power" || name == "output_sram_power")
    return sramPower(v[0]);
  if (name == "input_sram_area" || name == "output_sram_area")
    return sramArea(v[0]);
  if (name == "edram_power")
    return interpolated({{64, 17.2}, {128, 25.35}}, v[0]);
  if (name == "edram_area")
    return interpolated({{64, 0.086}, {128, 0.121}}, v[0]);
  if (name == "bus")
    return v[0] * std::sqrt(v[1]);
  if (name == "adder")
    return interpolated({{8, 0.03}, {32, 0.1}}, v[0]);
  if (name == "multiplier")
    return interpolated({{8, 0.2}, {32, 3.1}}, v[0]);
  // Proportional to everything that it reads.
  double product = 1;
  for (double factor : v)
    product *= factor;
  return product;
}

//===----------------------------------------------------------------------===//
// Variables and figures
//===----------------------------------------------------------------------===//

static const model::ComponentSpec *component(const model::DeviceSpec &device,
                                             StringRef name) {
  auto found =
      llvm::find_if(device.components, [&](const model::ComponentSpec &part) {
        return part.name == name;
      });
  return found == device.components.end() ? nullptr : &*found;
}

/// The group and level that a law names, or that follow from its figure.
static std::pair<const model::UnitGroup *, StringRef>
placeOf(const model::DeviceSpec &device, const model::LawSpec &law) {
  StringRef groupName = law.group, level = law.level;
  auto [head, rest] = StringRef(law.of).split('.');
  const model::UnitGroup *own = nullptr;
  if (head == "components") {
    if (const model::ComponentSpec *part =
            component(device, rest.rsplit('.').first)) {
      if (groupName.empty())
        groupName = part->group;
      if (level.empty())
        level = part->level;
    }
  } else {
    own = device.find(head.str());
  }
  const model::UnitGroup *group =
      groupName.empty() ? device.firstCrossbar() : device.find(groupName.str());
  if (groupName.empty() && own && own->crossbar())
    group = own;
  return {group, level};
}

/// Instances of a level in the device; nullopt if unlimited or absent.
static std::optional<double> instancesOf(const model::UnitGroup &group,
                                         StringRef name) {
  double count = 1;
  for (const model::LevelSpec &level : llvm::reverse(group.levels)) {
    if (StringRef(level.name) == name)
      return count;
    if (!level.holds)
      return std::nullopt;
    count *= double(*level.holds);
  }
  return std::nullopt;
}

std::optional<double> pumice::variableOf(const model::DeviceSpec &device,
                                         const model::LawSpec &law,
                                         LawVariable variable) {
  if (variable == LawVariable::busBits)
    return 8 * device.buffer.bandwidthBytesPerNs;
  if (variable == LawVariable::laneBits) {
    const model::UnitGroup *digital = device.firstDigital();
    const std::optional<int64_t> bits =
        digital ? digital->digital()->bits : std::nullopt;
    return bits ? std::optional<double>(double(*bits)) : std::nullopt;
  }
  auto [group, level] = placeOf(device, law);
  if (!group)
    return std::nullopt;
  if (variable == LawVariable::instances)
    return instancesOf(*group, level);
  if (variable == LawVariable::bufferKib) {
    const std::optional<double> count = instancesOf(*group, level);
    if (!count || !device.buffer.capacityBytes)
      return std::nullopt;
    return double(*device.buffer.capacityBytes) / *count / 1024;
  }
  if (!group->crossbar())
    return std::nullopt;
  const model::CrossbarSpec &crossbar = *group->crossbar();
  const model::ArraySpec &array = crossbar.array;
  switch (variable) {
  case LawVariable::adcBits:
    return double(array.adcBits);
  case LawVariable::rateGsps:
    return crossbar.timing.adcNs > 0
               ? std::optional<double>(1 / crossbar.timing.adcNs)
               : std::nullopt;
  case LawVariable::dacBits:
    return double(array.dacBits);
  case LawVariable::rows:
    return double(array.rows);
  case LawVariable::columns:
    return double(array.columns);
  case LawVariable::width:
    return double(array.adcBits + array.inputBits);
  default:
    break;
  }
  const std::optional<int64_t> units = group->unitsPer(level.str());
  if (!units)
    return std::nullopt;
  const auto arrays = double(*units);
  const auto rows = double(array.rows), columns = double(array.columns);
  switch (variable) {
  case LawVariable::arrays:
    return arrays;
  case LawVariable::cells:
    return rows * columns * arrays;
  case LawVariable::wordlines:
    return rows * arrays;
  case LawVariable::bitlines:
    return columns * arrays;
  case LawVariable::converters:
    if (crossbar.converters && StringRef(crossbar.converters->level) == level)
      return double(crossbar.converters->count);
    return arrays *
           double(llvm::divideCeil(array.columns, array.columnsPerAdc));
  case LawVariable::inputBytes:
    return rows * arrays * double(array.inputBits) / 8;
  case LawVariable::outputBytes:
    return columns * arrays * double(array.cellBits) / 8;
  default:
    return std::nullopt;
  }
}

namespace {
/// A figure of a device: a real number, or a count.
struct Figure {
  double *number = nullptr;
  int64_t *count = nullptr;

  explicit operator bool() const { return number || count; }
  double get() const { return number ? *number : double(*count); }
  void set(double value) const {
    if (number)
      *number = value;
    else
      *count = std::max<int64_t>(1, std::llround(value));
  }
};
} // namespace

static Figure figureIn(model::CrossbarSpec &crossbar, StringRef field) {
  const std::pair<StringRef, double *> numbers[] = {
      {"timing.read_ns", &crossbar.timing.readNs},
      {"timing.adc_ns", &crossbar.timing.adcNs},
      {"timing.row_write_ns", &crossbar.timing.rowWriteNs},
      {"energy.cell_read_pj", &crossbar.energy.cellReadPj},
      {"energy.dac_pj", &crossbar.energy.dacPj},
      {"energy.sample_hold_pj", &crossbar.energy.sampleHoldPj},
      {"energy.adc_pj", &crossbar.energy.adcPj},
      {"energy.shift_add_pj", &crossbar.energy.shiftAddPj},
      {"energy.cell_write_pj", &crossbar.energy.cellWritePj}};
  for (auto [name, number] : numbers)
    if (name == field)
      return {number, nullptr};
  return {};
}

static Figure figureIn(model::DigitalSpec &digital, StringRef field) {
  if (field == "units")
    return {nullptr, &digital.units};
  if (field.consume_front("ops.") && field.consume_back(".energy_pj"))
    for (model::DigitalOpSpec &op : digital.ops)
      if (StringRef(op.kind) == field)
        return {&op.energyPj, nullptr};
  return {};
}

static Figure figureIn(model::MemorySpec &memory, StringRef field) {
  if (field == "capacity_bytes" && memory.capacityBytes)
    return {nullptr, &*memory.capacityBytes};
  if (field == "ports")
    return {nullptr, &memory.ports};
  if (field == "read_pj_per_byte")
    return {&memory.readPjPerByte, nullptr};
  if (field == "write_pj_per_byte")
    return {&memory.writePjPerByte, nullptr};
  return {};
}

static Figure figureAt(model::DeviceSpec &device, StringRef path) {
  auto [head, field] = path.split('.');
  if (head == "buffer")
    return figureIn(device.buffer, field);
  if (head == "dram")
    return figureIn(device.dram, field);
  if (head == "components") {
    auto [name, figure] = field.rsplit('.');
    for (model::ComponentSpec &part : device.components)
      if (StringRef(part.name) == name)
        return figure == "power_mw"   ? Figure{&part.powerMw, nullptr}
               : figure == "area_um2" ? Figure{&part.areaUm2, nullptr}
                                      : Figure();
    return {};
  }
  for (model::UnitGroup &group : device.groups) {
    if (StringRef(group.name) != head)
      continue;
    if (auto *crossbar = std::get_if<model::CrossbarSpec>(&group.unit))
      return figureIn(*crossbar, field);
    if (auto *digital = std::get_if<model::DigitalSpec>(&group.unit))
      return figureIn(*digital, field);
  }
  return {};
}

std::optional<double> pumice::figureOf(const model::DeviceSpec &device,
                                       StringRef path) {
  model::DeviceSpec copy = device;
  const Figure figure = figureAt(copy, path);
  return figure ? std::optional<double>(figure.get()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Application
//===----------------------------------------------------------------------===//

/// The numbers of a point, in the order of the variables of its law.
static llvm::SmallVector<double, 3> numbersOf(const LawInfo &info,
                                              const model::LawSpec &law) {
  llvm::SmallVector<double, 3> values;
  for (const LawRange &range : info.variables())
    for (const auto &[name, value] : law.at)
      if (StringRef(name) == infoOf(range.variable).name)
        values.push_back(value);
  return values;
}

/// Equal up to the rounding of a quotient such as 1 / adc_ns.
static bool isEqual(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
}

/// A number with as few digits as tell it.
static std::string textOf(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.6g", value);
  return text;
}

static std::string bounds(const LawRange &range) {
  if (std::isinf(range.most))
    return "at least " + textOf(range.least);
  return textOf(range.least) + " to " + textOf(range.most);
}

void pumice::applyLaws(model::DeviceSpec &device,
                       std::vector<std::string> *notes) {
  for (const model::LawSpec &law : device.laws) {
    const LawInfo *info = findLaw(law.kind);
    if (!info)
      continue; // the verifier has said so
    const Figure figure = figureAt(device, law.of);
    const llvm::SmallVector<double, 3> point = numbersOf(*info, law);
    if (!figure || point.size() != info->variables().size())
      continue;
    llvm::SmallVector<double, 3> values;
    bool isAtPoint = true, isKnown = true;
    for (auto [range, stated] : llvm::zip(info->variables(), point)) {
      const std::optional<double> value =
          variableOf(device, law, range.variable);
      isKnown &= value.has_value();
      isAtPoint &= value && isEqual(*value, stated);
      values.push_back(value.value_or(0));
    }
    if (isAtPoint)
      continue;
    if (!isKnown) {
      for (auto [range, value] : llvm::zip(info->variables(), values))
        if (notes && value == 0)
          notes->push_back(llvm::formatv("{0} keeps its figure: the device "
                                         "states no {1}",
                                         law.of, infoOf(range.variable).name)
                               .str());
      continue;
    }
    for (auto [range, value] : llvm::zip(info->variables(), values))
      if (notes && (value < range.least || value > range.most))
        notes->push_back(
            llvm::formatv("{0}: the source of law {1} supports {2} of {3}, got "
                          "{4}",
                          law.of, law.kind, bounds(range),
                          infoOf(range.variable).name, textOf(value))
                .str());
    const double ratio = valueOf(*info, values) / valueOf(*info, point);
    if (std::isfinite(ratio) && ratio > 0)
      figure.set(figure.get() * ratio);
  }
  model::declareResources(device); // counts may differ
}

void pumice::restatePoints(const model::DeviceSpec &old,
                           model::DeviceSpec &device) {
  model::DeviceSpec effective = device;
  applyLaws(effective);
  for (model::LawSpec &law : device.laws) {
    auto before = llvm::find_if(old.laws, [&](const model::LawSpec &other) {
      return other.of == law.of && other.kind == law.kind && other.at == law.at;
    });
    const LawInfo *info = findLaw(law.kind);
    if (before == old.laws.end() || !info)
      continue;
    const std::optional<double> stated = figureOf(old, law.of),
                                restated = figureOf(device, law.of);
    if (!stated || !restated || *stated == *restated)
      continue;
    std::vector<std::pair<std::string, double>> point;
    for (const LawRange &range : info->variables())
      if (std::optional<double> value =
              variableOf(effective, law, range.variable);
          value && *value > 0)
        point.emplace_back(infoOf(range.variable).name.str(), *value);
    if (point.size() == info->variables().size())
      law.at = std::move(point);
  }
}

json::Array pumice::lawsToJson() {
  json::Array all;
  for (const LawInfo &law : laws) {
    json::Array variables;
    for (const LawRange &range : law.variables()) {
      const LawVariableInfo &info = infoOf(range.variable);
      json::Object variable{
          {"name", info.name}, {"unit", info.unit}, {"meaning", info.meaning}};
      if (range.least > 0)
        variable["least"] = range.least;
      if (std::isfinite(range.most))
        variable["most"] = range.most;
      variables.push_back(std::move(variable));
    }
    all.push_back(json::Object{{"name", law.name},
                               {"formula", law.formula},
                               {"source", law.source},
                               {"variables", std::move(variables)}});
  }
  return all;
}
