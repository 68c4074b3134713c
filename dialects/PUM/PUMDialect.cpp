// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/PUM/Checks.h"
#include "dialects/PUM/Kept.h"
#include "dialects/PUM/PUM.h"
#include "dialects/PUM/Reason.h"
#include "lib/Support/DigitalOps.h"
#include "lib/Support/Text.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace pumice::pum;
using pumice::Number;

namespace pumice {
/// MLIR would print the number as a double, with seven digits.
static AsmPrinter &operator<<(AsmPrinter &printer,
                              const std::optional<Number> &number) {
  return printer << *number;
}
} // namespace pumice

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

/// Writes the values of a state as attributes of their own. A dense_resource in
/// the text of an attribute would lose its data.
struct BytecodeInterface : BytecodeDialectInterface {
  explicit BytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  LogicalResult writeAttribute(Attribute attr,
                               DialectBytecodeWriter &writer) const override {
    auto state = dyn_cast<StateAttr>(attr);
    if (!state)
      return failure();
    writer.writeAttribute(StringAttr::get(getContext(), state.getName()));
    writer.writeAttribute(state.getInitial());
    writer.writeSignedVarInt(state.getResult());
    writer.writeOptionalAttribute(state.getCurrent());
    return success();
  }

  Attribute readAttribute(DialectBytecodeReader &reader) const override {
    StringAttr name;
    ElementsAttr initial, current;
    int64_t result = 0;
    if (failed(reader.readAttribute(name)) ||
        failed(reader.readAttribute(initial)) ||
        failed(reader.readSignedVarInt(result)) ||
        failed(reader.readOptionalAttribute(current)))
      return {};
    return StateAttr::get(getContext(), name.getValue(), initial, result,
                          current);
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
  addInterfaces<AsmInterface, BytecodeInterface>();
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
  if (attr.getName() == keptAttrName) {
    if (!isa<ComputeOp>(op) || !isa<UnitAttr>(attr.getValue()))
      return op->emitError(keptAttrName)
             << " must be a unit attribute of a pum.compute, got "
             << attr.getValue() << " of " << op->getName();
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
  if (attr.getName() == compressedBytesAttrName) {
    auto bytes = dyn_cast<IntegerAttr>(attr.getValue());
    if (!bytes || !bytes.getType().isSignlessInteger(64) || bytes.getInt() < 1)
      return op->emitError(compressedBytesAttrName)
             << " must be an i64 of at least 1, got " << attr.getValue();
    return success();
  }
  if (attr.getName() == scheduleAttrName) {
    if (!isa<ModuleOp>(op) || !isa<DictionaryAttr>(attr.getValue()))
      return op->emitError(scheduleAttrName)
             << " must be a dictionary on a module";
    return success();
  }
  if (attr.getName() == calibrationAttrName) {
    auto all = dyn_cast<ArrayAttr>(attr.getValue());
    if (!isa<ModuleOp>(op) || !all ||
        !llvm::all_of(all, llvm::IsaPred<CalibrationAttr>))
      return op->emitError(calibrationAttrName)
             << " must be an array of #pum.calibration on a module";
    return success();
  }
  if (attr.getName() != deviceAttrName)
    return op->emitError("unknown attribute ") << attr.getName();
  if (!isa<ModuleOp>(op) || !isa<DeviceAttr>(attr.getValue()))
    return op->emitError(deviceAttrName)
           << " must be a #pum.device on a module";
  return success();
}

/// Shape and element type of a tensor or memref.
static std::pair<ArrayRef<int64_t>, Type> dataOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasStaticShape())
    return {{}, Type()};
  return {shaped.getShape(), shaped.getElementType()};
}

LogicalResult PUMDialect::verifyRegionArgAttribute(Operation *op,
                                                   unsigned /*regionIndex*/,
                                                   unsigned argIndex,
                                                   NamedAttribute attr) {
  if (attr.getName() != stateAttrName)
    return op->emitError("unknown attribute ") << attr.getName();
  auto function = dyn_cast<FunctionOpInterface>(op);
  auto state = dyn_cast<StateAttr>(attr.getValue());
  if (!function || !state)
    return op->emitError(stateAttrName)
           << " must be a #pum.state on an argument of a function";
  ArrayRef<Type> results = function.getResultTypes();
  if (state.getResult() >= (int64_t)results.size())
    return op->emitError("state '")
           << state.getName() << "' is updated by result " << state.getResult()
           << ", but there are " << results.size();
  SmallVector<Type> types{state.getInitial().getType(),
                          results[state.getResult()]};
  if (state.getCurrent())
    types.push_back(state.getCurrent().getType());
  Type argument = function.getArgumentTypes()[argIndex];
  for (Type type : types)
    if (dataOf(type) != dataOf(argument))
      return op->emitError("state '") << state.getName() << "' is " << argument
                                      << ", but a value of it is " << type;
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

/// Sums and ratios of numbers within these limits are finite.
static constexpr double kLargestNumber = 1e60, kLeastNumber = 1e-60;

LogicalResult
pumice::pum::checkNumbers(EmitError emitError,
                          ArrayRef<std::pair<StringRef, double>> numbers,
                          bool positive) {
  for (auto [field, value] : numbers)
    if (!std::isfinite(value) || value < 0 || (positive && value == 0))
      return emitError() << field << " must be "
                         << (positive ? "above 0" : "at least 0") << ", got "
                         << value;
    else if (value > kLargestNumber)
      return emitError() << field << " must be at most " << kLargestNumber
                         << ", got " << value;
    else if (value != 0 && value < kLeastNumber)
      return emitError() << field << " must be 0 or at least " << kLeastNumber
                         << ", got " << value;
  return success();
}

LogicalResult
pumice::pum::checkCounts(EmitError emitError,
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
                                 Number rowWrite, Number verify) {
  return checkNumbers(emitError, {{"read_ns", read},
                                  {"adc_ns", adc},
                                  {"row_write_ns", rowWrite},
                                  {"verify_ns", verify}});
}

LogicalResult LevelStepsAttr::verify(EmitError emitError, Number set,
                                     Number reset) {
  return checkNumbers(emitError, {{"set_pj", set}, {"reset_pj", reset}});
}

LogicalResult EnergyAttr::verify(EmitError emitError, Number cellRead,
                                 Number dac, Number sampleHold, Number adc,
                                 Number shiftAdd, Number cellWrite,
                                 LevelStepsAttr, Number verify) {
  return checkNumbers(emitError, {{"cell_read_pj", cellRead},
                                  {"dac_pj", dac},
                                  {"sample_hold_pj", sampleHold},
                                  {"adc_pj", adc},
                                  {"shift_add_pj", shiftAdd},
                                  {"cell_write_pj", cellWrite},
                                  {"verify_pj", verify}});
}

LogicalResult CircuitTilesAttr::verify(EmitError emitError, int64_t positions,
                                       int64_t kernelArrays,
                                       int64_t denseArrays, Number kernelUm,
                                       Number denseUm) {
  if (failed(checkCounts(emitError, {{"kernel_positions", positions},
                                     {"kernel_arrays", kernelArrays},
                                     {"dense_arrays", denseArrays}})))
    return failure();
  return checkNumbers(emitError,
                      {{"kernel_um", kernelUm}, {"dense_um", denseUm}});
}

LogicalResult CircuitPeripheryAttr::verify(EmitError emitError,
                                           Number narrowCell, Number arrayRead,
                                           Number row, Number multiplexer,
                                           Number encoder, Number result) {
  return checkNumbers(emitError, {{"narrow_cell_read_pj", narrowCell},
                                  {"array_read_pj", arrayRead},
                                  {"row_pj", row},
                                  {"multiplexer_pj", multiplexer},
                                  {"encoder_pj", encoder},
                                  {"result_pj", result}});
}

LogicalResult CircuitAccumulationAttr::verify(EmitError emitError,
                                              Number slices, Number perSlice,
                                              Number bits, Number bitsPerSlice,
                                              Number bitsPerBit, Number tree,
                                              Number treePerArray,
                                              Number denseTree) {
  return checkNumbers(emitError, {{"slices_pj", slices},
                                  {"slices_pj_per_slice", perSlice},
                                  {"bits_pj", bits},
                                  {"bits_pj_per_slice", bitsPerSlice},
                                  {"bits_pj_per_bit", bitsPerBit},
                                  {"tree_pj", tree},
                                  {"tree_pj_per_array", treePerArray},
                                  {"dense_tree_pj", denseTree}});
}

LogicalResult CircuitInterconnectAttr::verify(EmitError emitError, Number in,
                                              Number out, Number kernelTile,
                                              Number denseTile, Number chip) {
  return checkNumbers(emitError, {{"array_in_pj", in},
                                  {"array_out_pj", out},
                                  {"kernel_tile_pj", kernelTile},
                                  {"dense_tile_pj", denseTile},
                                  {"chip_pj_per_um", chip}});
}

LogicalResult CircuitBuffersAttr::verify(EmitError emitError, Number arrayIn,
                                         Number tileIn, Number arrayOut,
                                         Number tileOut, Number chipOut) {
  return checkNumbers(emitError, {{"array_in_pj", arrayIn},
                                  {"tile_in_pj", tileIn},
                                  {"array_out_pj", arrayOut},
                                  {"tile_out_pj", tileOut},
                                  {"chip_out_pj", chipOut}});
}

LogicalResult CircuitTimingAttr::verify(EmitError emitError, Number window,
                                        Number bit, Number result,
                                        Number input) {
  return checkNumbers(emitError, {{"window_ns", window},
                                  {"bit_ns", bit},
                                  {"result_ns", result},
                                  {"input_ns", input}});
}

LogicalResult CircuitLeakageAttr::verify(EmitError emitError, Number array,
                                         Number perBit, Number slices) {
  return checkNumbers(emitError, {{"array_uw", array},
                                  {"array_uw_per_bit", perBit},
                                  {"slices_uw", slices}});
}

LogicalResult CircuitsAttr::verify(EmitError emitError, CircuitMapping,
                                   Number ones, bool, CircuitTilesAttr,
                                   CircuitPeripheryAttr,
                                   CircuitAccumulationAttr,
                                   CircuitInterconnectAttr, CircuitBuffersAttr,
                                   CircuitTimingAttr, CircuitLeakageAttr) {
  if (!(ones >= 0 && ones <= 1))
    return emitError() << "ones must be between 0 and 1, got " << double(ones);
  return success();
}

LogicalResult APAttr::verify(EmitError emitError, int64_t rows, int64_t columns,
                             int64_t domains, Number search, Number searchBit,
                             Number write, Number writeBit, Number read,
                             Number readBit, Number shift, Number shiftBit,
                             Number linkBit, Number fetchByte,
                             int64_t elementwiseBits, Number searchRow) {
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
                                  {"search_pj_per_row", searchRow},
                                  {"write_ns", write},
                                  {"write_pj_per_bit", writeBit},
                                  {"read_ns", read},
                                  {"read_pj_per_bit", readBit},
                                  {"shift_ns", shift},
                                  {"shift_pj_per_bit", shiftBit},
                                  {"link_pj_per_bit", linkBit},
                                  {"fetch_pj_per_byte", fetchByte}});
}

LogicalResult CamAttr::verify(EmitError emitError, int64_t rows,
                              int64_t columns, bool, int64_t maxDistance,
                              int64_t mergeParts, int64_t bestMatches,
                              Number search, Number matchLine, Number cell,
                              Number sense, Number searchLine, Number write,
                              Number writeBit, Number mergeTime, Number merge,
                              Number rankTime, Number rank, Number noise,
                              int64_t) {
  for (auto [field, value] : {std::pair("rows", rows),
                              {"columns", columns},
                              {"max_distance", maxDistance},
                              {"merge_parts", mergeParts}})
    if (value < 1 || value > 65535)
      return emitError() << "cam " << field << " must be between 1 and 65535, "
                         << "got " << value;
  if (bestMatches < 0 || bestMatches > 65535)
    return emitError() << "cam best_matches must be between 0 and 65535, got "
                       << bestMatches;
  return checkNumbers(emitError, {{"search_ns", search},
                                  {"match_line_pj", matchLine},
                                  {"cell_pj", cell},
                                  {"sense_pj", sense},
                                  {"search_line_pj", searchLine},
                                  {"write_ns", write},
                                  {"write_pj_per_bit", writeBit},
                                  {"merge_ns", mergeTime},
                                  {"merge_pj", merge},
                                  {"rank_ns", rankTime},
                                  {"rank_pj", rank},
                                  {"distance_noise", noise}});
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

LogicalResult CalibrationAttr::verify(EmitError emitError, Number scale,
                                      int64_t /*zeroPoint*/, Number low,
                                      Number high) {
  for (auto [field, fraction] : {std::pair("low", low), {"high", high}})
    if (fraction.value > 1)
      return emitError() << field << " must be a fraction of at most 1, got "
                         << fraction.value;
  if (failed(checkNumbers(emitError, {{"scale", scale}}, /*positive=*/true)))
    return failure();
  return checkNumbers(emitError, {{"low", low}, {"high", high}});
}

LogicalResult StateAttr::verify(EmitError emitError, StringRef name,
                                ElementsAttr /*initial*/, int64_t result,
                                ElementsAttr /*current*/) {
  if (std::string problem = pumice::problemOfText(name); !problem.empty())
    return emitError() << problem;
  if (result < 0)
    return emitError() << "result must be at least 0, got " << result;
  return success();
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

LogicalResult WeightDecoderAttr::verify(EmitError emitError, Number weights,
                                        Number energy) {
  return checkNumbers(emitError,
                      {{"weights_per_ns", weights}, {"pj_per_weight", energy}});
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
    SharedUnitsAttr converters, CircuitsAttr, WeightDecoderAttr) {
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
    StringRef limitedLevel = shared.getLevel();
    auto limited = [&](Attribute attr) {
      auto level = cast<LevelAttr>(attr);
      return level.getName() == limitedLevel && level.getHolds();
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
                                     pumice::crossbar::AdcMode::lossless,
                                     pumice::crossbar::AdcTableAttr()),
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

LogicalResult CamGroupAttr::verify(EmitError emitError, StringRef name, CamAttr,
                                   ArrayAttr levels,
                                   std::optional<int64_t> endurance) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  if (failed(checkLevels(emitError, levels)))
    return failure();
  return checkCounts(emitError, {{"endurance_writes", endurance.value_or(1)}});
}

LogicalResult DigitalGroupAttr::verify(EmitError emitError, StringRef name,
                                       int64_t units, int64_t lanes,
                                       Number clock, ArrayAttr ops,
                                       std::optional<int64_t> bits) {
  if (name.empty())
    return emitError() << "name of a group must not be empty";
  if (failed(checkCounts(
          emitError,
          {{"units", units}, {"lanes", lanes}, {"bits", bits.value_or(1)}})) ||
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
