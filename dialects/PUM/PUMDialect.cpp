// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/PUM.h"
#include "dialects/PUM/Reason.h"
#include "lib/Support/DigitalOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace pumice::pum;
using pumice::Number;

#include "dialects/PUM/PUMAttrInterfaces.cpp.inc"
#include "dialects/PUM/PUMDialect.cpp.inc"
#include "dialects/PUM/PUMEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/PUM/PUMAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/PUM/PUMTypes.cpp.inc"

//===----------------------------------------------------------------------===//
// Dialect
//===----------------------------------------------------------------------===//

namespace {
/// Prints the device once, as an alias at the top of the file.
struct AsmInterface : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    if (!isa<DeviceAttr>(attr))
      return AliasResult::NoAlias;
    os << "device";
    return AliasResult::OverridableAlias;
  }
};
} // namespace

void PUMDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/PUM/PUMAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/PUM/PUMTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/PUM/PUMOps.cpp.inc"
      >();
  addInterfaces<AsmInterface>();
}

static constexpr llvm::StringLiteral reencodingMethods[] = {
    "centre", "fitted", "columns", "bitlines"};

LogicalResult PUMDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attr) {
  if (attr.getName() == reasonAttrName) {
    if (!isa<StringAttr>(attr.getValue()))
      return op->emitError(reasonAttrName)
             << " must be a string, got " << attr.getValue();
    return success();
  }
  if (attr.getName() == targetAttrName) {
    if (!isa<TargetAttr>(attr.getValue()))
      return op->emitError(targetAttrName)
             << " must be a #pum.target, got " << attr.getValue();
    return success();
  }
  if (attr.getName() == reencodingAttrName) {
    auto method = dyn_cast<StringAttr>(attr.getValue());
    if (!method || !llvm::is_contained(reencodingMethods, method.getValue()))
      return op->emitError(reencodingAttrName)
             << " must be \"centre\", \"fitted\", \"columns\" or "
                "\"bitlines\", got "
             << attr.getValue();
    return success();
  }
  if (attr.getName() == scheduleAttrName) {
    if (!isa<ModuleOp>(op) || !isa<DictionaryAttr>(attr.getValue()))
      return op->emitError(scheduleAttrName)
             << " must be a dictionary on a module";
    return success();
  }
  if (attr.getName() != deviceAttrName)
    return op->emitError("unknown attribute ") << attr.getName();
  if (!isa<ModuleOp>(op) || !isa<DeviceAttr>(attr.getValue()))
    return op->emitError(deviceAttrName)
           << " must be a #pum.device on a module";
  return success();
}

std::optional<pumice::LayerTarget> pumice::pum::targetOf(Operation *op) {
  auto target = op->getAttrOfType<TargetAttr>(targetAttrName);
  return target ? std::optional(target.getValue()) : std::nullopt;
}

StringRef pumice::pum::targetGroupOf(Operation *op) {
  auto target = op->getAttrOfType<TargetAttr>(targetAttrName);
  return target ? target.getGroup() : StringRef();
}

void pumice::pum::copyTargetGroup(Operation *from, Operation *to) {
  if (!targetGroupOf(from).empty())
    to->setAttr(targetAttrName, from->getAttr(targetAttrName));
}

//===----------------------------------------------------------------------===//
// Attribute checks
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

/// Every number must be finite and at least (or, `positive`, above) zero.
static LogicalResult
checkNumbers(EmitError emitError,
             ArrayRef<std::pair<StringRef, double>> numbers,
             bool positive = false) {
  for (auto [field, value] : numbers)
    if (!std::isfinite(value) || value < 0 || (positive && value == 0))
      return emitError() << field << " must be "
                         << (positive ? "above 0" : "at least 0") << ", got "
                         << value;
  return success();
}

static LogicalResult
checkCounts(EmitError emitError,
            ArrayRef<std::pair<StringRef, int64_t>> counts) {
  for (auto [field, value] : counts)
    if (value < 1)
      return emitError() << field << " must be at least 1, got " << value;
  return success();
}

/// Ports and units are modelled one by one.
static LogicalResult checkInstances(EmitError emitError, StringRef field,
                                    int64_t value) {
  constexpr int64_t limit = 1 << 20;
  if (value > limit)
    return emitError() << field << " must be at most " << limit << ", got "
                       << value;
  return success();
}

LogicalResult TimingAttr::verify(EmitError emitError, Number read, Number adc,
                                 Number rowWrite) {
  return checkNumbers(
      emitError,
      {{"read_ns", read}, {"adc_ns", adc}, {"row_write_ns", rowWrite}});
}

LogicalResult LevelStepsAttr::verify(EmitError emitError, Number set,
                                     Number reset) {
  return checkNumbers(emitError, {{"set_pj", set}, {"reset_pj", reset}});
}

LogicalResult EnergyAttr::verify(EmitError emitError, Number cellRead,
                                 Number dac, Number sampleHold, Number adc,
                                 Number shiftAdd, Number cellWrite,
                                 LevelStepsAttr) {
  return checkNumbers(emitError, {{"cell_read_pj", cellRead},
                                  {"dac_pj", dac},
                                  {"sample_hold_pj", sampleHold},
                                  {"adc_pj", adc},
                                  {"shift_add_pj", shiftAdd},
                                  {"cell_write_pj", cellWrite}});
}

LogicalResult APAttr::verify(EmitError emitError, int64_t rows, int64_t columns,
                             int64_t domains, Number search, Number searchBit,
                             Number write, Number writeBit, Number read,
                             Number readBit, Number shift, Number shiftBit,
                             Number linkBit, Number fetchByte,
                             int64_t elementwiseBits) {
  if (elementwiseBits < 0 || elementwiseBits > 6)
    return emitError() << "ap elementwise_bits must be between 0 and 6, got "
                       << elementwiseBits;
  for (auto [field, value] :
       {std::pair("rows", rows), {"columns", columns}, {"domains", domains}})
    if (value < 1 || value > 65535)
      return emitError() << "ap " << field << " must be between 1 and 65535, "
                         << "got " << value;
  return checkNumbers(emitError, {{"search_ns", search},
                                  {"search_pj_per_bit", searchBit},
                                  {"write_ns", write},
                                  {"write_pj_per_bit", writeBit},
                                  {"read_ns", read},
                                  {"read_pj_per_bit", readBit},
                                  {"shift_ns", shift},
                                  {"shift_pj_per_bit", shiftBit},
                                  {"link_pj_per_bit", linkBit},
                                  {"fetch_pj_per_byte", fetchByte}});
}

LogicalResult MemoryAttr::verify(EmitError emitError,
                                 std::optional<int64_t> capacity, int64_t ports,
                                 Number bandwidth, Number latency, Number read,
                                 Number write) {
  if (failed(checkCounts(emitError, {{"capacity_bytes", capacity.value_or(1)},
                                     {"ports", ports}})) ||
      failed(checkInstances(emitError, "ports", ports)) ||
      failed(checkNumbers(emitError, {{"bandwidth_bytes_per_ns", bandwidth}},
                          /*positive=*/true)))
    return failure();
  return checkNumbers(emitError, {{"latency_ns", latency},
                                  {"read_pj_per_byte", read},
                                  {"write_pj_per_byte", write}});
}

LogicalResult DigitalOpAttr::verify(EmitError emitError, StringRef kind,
                                    Number energy, Number cycles) {
  if (!parseDigitalOpKind(kind)) {
    InFlightDiagnostic diag = emitError() << "kind must be one of ";
    llvm::interleaveComma(digitalOpNames, diag);
    return diag << ", got \"" << kind << "\"";
  }
  return checkNumbers(emitError, {{"energy_pj", energy}, {"cycles", cycles}});
}

LogicalResult LevelAttr::verify(EmitError emitError, StringRef name,
                                std::optional<int64_t> holds) {
  if (name.empty())
    return emitError() << "name of a level must not be empty";
  return checkCounts(emitError, {{"holds", holds.value_or(1)}});
}

LogicalResult SharedUnitsAttr::verify(EmitError emitError, StringRef,
                                      int64_t count) {
  if (failed(checkCounts(emitError, {{"count", count}})))
    return failure();
  return checkInstances(emitError, "count", count);
}

/// Most rows and columns of a systolic array.
static constexpr int64_t largestSystolic = 65536;

/// Levels of a group, and their names.
static FailureOr<llvm::StringSet<>> checkLevels(EmitError emitError,
                                                ArrayAttr levels) {
  llvm::StringSet<> names;
  if (levels.empty())
    return emitError() << "levels must not be empty";
  for (Attribute attr : levels) {
    auto level = dyn_cast<LevelAttr>(attr);
    if (!level)
      return emitError() << "levels must hold #pum.level, got " << attr;
    if (!names.insert(level.getName()).second)
      return emitError() << "levels lists \"" << level.getName() << "\" twice";
    if (!level.getHolds() && attr != levels.getValue().back())
      return emitError() << "holds of level \"" << level.getName()
                         << "\" may be left out of the last level only";
  }
  return names;
}

LogicalResult CrossbarGroupAttr::verify(
    EmitError emitError, StringRef name, pumice::crossbar::CrossbarArrayAttr,
    TimingAttr, EnergyAttr, ArrayAttr levels, std::optional<int64_t> endurance,
    DynamicMatmul, bool, SharedUnitsAttr writeDrivers,
    SharedUnitsAttr converters) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  FailureOr<llvm::StringSet<>> names = checkLevels(emitError, levels);
  if (failed(names))
    return failure();
  for (auto [field, shared] :
       {std::pair<StringRef, SharedUnitsAttr>("write_drivers", writeDrivers),
        {"converters", converters}}) {
    if (!shared)
      continue;
    auto limited = [&](Attribute attr) {
      auto level = cast<LevelAttr>(attr);
      return level.getName() == shared.getLevel() && level.getHolds();
    };
    if (llvm::none_of(levels, limited))
      return emitError() << field << " names level \"" << shared.getLevel()
                         << "\", expected a level with a limit";
  }
  return checkCounts(emitError, {{"endurance_writes", endurance.value_or(1)}});
}

LogicalResult SystolicGroupAttr::verify(EmitError emitError, StringRef name,
                                        int64_t units, int64_t rows,
                                        int64_t columns, int64_t weightBits,
                                        int64_t inputBits, Number clock,
                                        Number mac, Number accumulator) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  if (failed(checkCounts(
          emitError, {{"units", units}, {"rows", rows}, {"columns", columns}})))
    return failure();
  if (rows > largestSystolic || columns > largestSystolic)
    return emitError() << "rows and columns of a systolic array must be at "
                          "most "
                       << largestSystolic << ", got " << rows << " and "
                       << columns;
  for (auto [field, bits] :
       {std::pair<StringRef, int64_t>("weight_bits", weightBits),
        {"input_bits", inputBits}})
    if (bits < 2 || bits > 8)
      return emitError() << field
                         << " of a systolic array must be in [2, 8], got "
                         << bits;
  return checkNumbers(emitError, {{"clock_ghz", clock},
                                  {"mac_pj", mac},
                                  {"accumulator_pj_per_byte", accumulator}});
}

pumice::crossbar::CrossbarArrayAttr SystolicGroupAttr::getArray() const {
  MLIRContext *context = getContext();
  return pumice::crossbar::CrossbarArrayAttr::get(
      context, getRows(), getColumns(), getWeightBits(), getWeightBits(),
      getInputBits(), getInputBits(),
      pumice::crossbar::AdcAttr::get(context, 32,
                                     pumice::crossbar::AdcMode::lossless),
      /*columnsPerAdc=*/1, pumice::crossbar::Encoding::offset,
      /*rowsPerRead=*/std::nullopt, pumice::crossbar::AnalogAttr());
}

LogicalResult AssociativeGroupAttr::verify(EmitError emitError, StringRef name,
                                           APAttr, ArrayAttr levels,
                                           std::optional<int64_t> endurance) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  if (failed(checkLevels(emitError, levels)))
    return failure();
  return checkCounts(emitError, {{"endurance_writes", endurance.value_or(1)}});
}

LogicalResult DigitalGroupAttr::verify(EmitError emitError, StringRef name,
                                       int64_t units, int64_t lanes,
                                       Number clock, ArrayAttr ops) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  if (failed(checkCounts(emitError, {{"units", units}, {"lanes", lanes}})) ||
      failed(checkInstances(emitError, "units", units)) ||
      failed(checkNumbers(emitError, {{"clock_ghz", clock}}, true)))
    return failure();
  llvm::StringSet<> kinds;
  for (Attribute attr : ops) {
    auto op = dyn_cast<DigitalOpAttr>(attr);
    if (!op)
      return emitError() << "ops must hold #pum.digital_op, got " << attr;
    if (!kinds.insert(op.getKind()).second)
      return emitError() << "ops lists \"" << op.getKind() << "\" twice";
  }
  for (StringRef kind : digitalOpNames)
    if (!kinds.contains(kind))
      return emitError() << "ops does not list \"" << kind << "\"";
  return success();
}

LogicalResult ComponentAttr::verify(EmitError emitError, StringRef,
                                    StringRef group, StringRef level,
                                    int64_t count, int64_t sharedBy,
                                    Number power, Number area, bool) {
  if (group.empty() != level.empty())
    return emitError()
           << "expected group and level of a component, or neither, "
              "got \""
           << (group.empty() ? level : group) << "\" alone";
  if (failed(
          checkCounts(emitError, {{"count", count}, {"shared_by", sharedBy}})))
    return failure();
  return checkNumbers(emitError, {{"power_mw", power}, {"area_um2", area}});
}

LogicalResult DeviceAttr::verify(EmitError emitError, StringRef name,
                                 ArrayAttr groups, MemoryAttr, MemoryAttr,
                                 ArrayAttr components) {
  if (name.empty())
    return emitError() << "name must not be empty";
  llvm::StringMap<UnitGroup> byName;
  for (Attribute attr : groups) {
    auto group = dyn_cast<UnitGroup>(attr);
    if (!group)
      return emitError() << "groups must hold groups of units "
                            "(#pum.crossbar_group, #pum.systolic_group, "
                            "#pum.associative_group, #pum.digital_group), got "
                         << attr;
    if (!byName.try_emplace(group.getName(), group).second)
      return emitError() << "groups has two groups \"" << group.getName()
                         << "\"";
  }
  if (llvm::none_of(groups, llvm::IsaPred<DigitalGroupAttr>))
    return emitError() << "groups must hold a #pum.digital_group";
  if (!components)
    return success();
  for (Attribute attr : components) {
    auto part = dyn_cast<ComponentAttr>(attr);
    if (!part)
      return emitError() << "components must hold #pum.component, got " << attr;
    if (part.getGroup().empty())
      continue;
    UnitGroup group = byName.lookup(part.getGroup());
    if (!group)
      return emitError() << "component \"" << part.getName()
                         << "\" names no group of the device: \""
                         << part.getGroup() << "\"";
    ArrayAttr levels = group.getLevels();
    if (!levels || llvm::none_of(levels, [&](Attribute level) {
          return cast<LevelAttr>(level).getName() == part.getLevel();
        }))
      return emitError() << "component \"" << part.getName()
                         << "\" names no level of group \"" << part.getGroup()
                         << "\": \"" << part.getLevel() << "\"";
  }
  return success();
}

LogicalResult PlacementAttr::verify(EmitError emitError, StringRef group,
                                    ArrayRef<int64_t> ranges) {
  if (group.empty())
    return emitError() << "a placement names a group, got \"\"";
  if (ranges.empty() || ranges.size() % 2)
    return emitError() << "a placement lists pairs of bounds, got "
                       << ranges.size() << " numbers";
  int64_t last = 0;
  for (size_t i = 0; i < ranges.size(); i += 2) {
    if (ranges[i] < last || ranges[i + 1] <= ranges[i])
      return emitError() << "ranges must be ascending and not empty, got ["
                         << ranges[i] << ", " << ranges[i + 1] << ")";
    last = ranges[i + 1];
  }
  return success();
}

int64_t PlacementAttr::size() const {
  int64_t arrays = 0;
  for (size_t i = 0; i < getRanges().size(); i += 2)
    arrays += getRanges()[i + 1] - getRanges()[i];
  return arrays;
}
