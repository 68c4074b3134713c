// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Device.h"
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Reencoding/Reencoding.h"
#include "lib/Scheduling/Algorithms.h"
#include "lib/Scheduling/Bounds.h"
#include "lib/Scheduling/Json.h"
#include "lib/Support/AtomicFile.h"
#include "lib/Support/Json.h"
#include "lib/Transforms/PUM/Passes.h"
#include "lib/Transforms/PUM/TaskProblem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/DebugLog.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#define DEBUG_TYPE "pum-schedule"

namespace pumice {
#define GEN_PASS_DEF_PUMSCHEDULE
#include "lib/Transforms/PUM/Passes.h.inc"
} // namespace pumice

using namespace mlir;
using namespace pumice;
using scheduling::Schedule;

namespace {

/// What schedules networks that do not fit, unless something else is chosen.
constexpr llvm::StringLiteral defaultAlgorithm = "overlap";

struct PUMSchedulePass : pumice::impl::PUMScheduleBase<PUMSchedulePass> {
  using PUMScheduleBase::PUMScheduleBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<pum::DeviceAttr> device = getDevice(module);
    if (failed(device))
      return signalPassFailure();
    const scheduling::NamedAlgorithm *chosen = nullptr;
    if (!algorithm.empty() && !scheduleFile.empty()) {
      module.emitError("expected an algorithm or a schedule file, got both: '")
          << algorithm << "' and '" << scheduleFile << "'";
      return signalPassFailure();
    }
    if (!algorithm.empty() && !(chosen = find(algorithm)))
      return signalPassFailure();
    for (auto function : module.getOps<func::FuncOp>())
      if (holdsPrograms(function) &&
          failed(schedule(function, *device, chosen)))
        return signalPassFailure();
  }

  const scheduling::NamedAlgorithm *find(StringRef name) {
    std::string names;
    for (const scheduling::NamedAlgorithm &known : scheduling::algorithms()) {
      // A machine program runs one input.
      if (known.name == "pipeline" || known.name == "stream")
        continue;
      if (known.name == name)
        return &known;
      names += (names.empty() ? "" : ", ") + known.name.str();
    }
    getOperation().emitError("expected an algorithm of ")
        << names << ", got '" << name << "'";
    return nullptr;
  }

  /// Whether there are weights to schedule, and nothing is placed yet.
  static bool holdsPrograms(func::FuncOp function) {
    if (!function.getBody().hasOneBlock())
      return false;
    auto programs = function.getBody().front().getOps<pum::ProgramOp>();
    return llvm::any_of(programs,
                        [](pum::ProgramOp op) { return isScheduled(op); }) &&
           llvm::none_of(programs, [](pum::ProgramOp op) {
             return op.getPlacement().has_value();
           });
  }

  static bool isConstant(pum::ProgramOp op) {
    return op.getWeights().getDefiningOp<arith::ConstantOp>() != nullptr;
  }

  LogicalResult schedule(func::FuncOp function, pum::DeviceAttr device,
                         const scheduling::NamedAlgorithm *chosen) {
    const model::DeviceSpec spec = toSpec(device);
    if (!chosen && scheduleFile.empty()) {
      if (fits(function, device, spec)) {
        LDBG() << "all of @" << function.getSymName() << " fits";
        return success();
      }
      chosen = find(defaultAlgorithm);
    }
    for (const model::UnitGroup &group : spec.groups)
      if (group.crossbar() && !group.count())
        return function.emitError("cannot be scheduled: group '")
               << group.name << "' of device '" << spec.name
               << "' has no number of arrays";
    if (!reencoding.empty() && failed(checkReencoding(function, spec)))
      return failure();
    number(function);
    separateReaders(function);
    markReencoded(function);
    CostModel costs(spec);
    FailureOr<TaskProblem> tasks = readTasks(function, costs);
    if (failed(tasks))
      return failure();
    if (llvm::Error error = tasks->problem.check())
      return function.emitError("cannot be scheduled: ")
             << llvm::toString(std::move(error));
    llvm::Expected<Schedule> found =
        chosen ? run(*chosen, tasks->problem) : readSchedule(tasks->problem);
    if (!found)
      return function.emitError("cannot be scheduled: ")
             << llvm::toString(found.takeError());
    // The algorithms verify what they make; a schedule that spills moves
    // activations, for which there are no tasks.
    if (!found->spills.empty())
      return function.emitError("cannot be scheduled: the schedule moves ")
             << found->spills.size() << " activations to DRAM";
    LDBG() << found->algorithm << ": " << found->end << " ps for @"
           << function.getSymName();
    const scheduling::Problem problem = found->withKept(tasks->problem);
    const scheduling::Bounds bounds =
        scheduling::lowerBounds(problem, found->start);
    if (!json.empty() && failed(writeJson(tasks->problem, *found, bounds)))
      return failure();
    summarize(problem, *found, boundOf(*tasks, problem, found->start));
    return writeTasks(function, *tasks, *found);
  }

  llvm::Expected<Schedule> run(const scheduling::NamedAlgorithm &chosen,
                               const scheduling::Problem &problem) {
    scheduling::Options options;
    options.seed = seed;
    options.timeShare = timeShare;
    // A program runs one inference, and arrays hold nothing before it.
    options.writesAhead = false;
    if (moves >= 0)
      options.moves = moves;
    return chosen.run(problem, options);
  }

  /// The schedule in the file, alone or as `json` writes it, if it keeps all
  /// rules for this problem.
  llvm::Expected<Schedule> readSchedule(const scheduling::Problem &problem) {
    auto inFile = [&](llvm::Error error) {
      return llvm::createStringError("'" + scheduleFile +
                                     "': " + llvm::toString(std::move(error)));
    };
    auto buffer = llvm::MemoryBuffer::getFile(scheduleFile, /*IsText=*/true);
    if (!buffer)
      return inFile(llvm::createStringError(buffer.getError().message()));
    llvm::Expected<llvm::json::Value> value =
        pumice::parseJson((*buffer)->getBuffer());
    if (!value)
      return inFile(value.takeError());
    const llvm::json::Value *own = &*value;
    if (const llvm::json::Object *object = value->getAsObject())
      if (const llvm::json::Value *inner = object->get("schedule"))
        own = inner;
    llvm::Expected<Schedule> schedule =
        scheduling::scheduleFromJson(*own, problem);
    if (!schedule)
      return inFile(schedule.takeError());
    if (schedule->period)
      return inFile(llvm::createStringError(
          "expected a schedule of one run, got one of a pipeline"));
    for (const scheduling::Transfer &transfer : schedule->transfers)
      if (transfer.isAhead)
        return inFile(llvm::createStringError(
            "expected weights for this run only, got some that are written "
            "for the next one"));
    if (llvm::Error error = schedule->verify(problem))
      return inFile(std::move(error));
    if (schedule->algorithm.empty())
      schedule->algorithm = "file";
    return schedule;
  }

  /// Whether the cells of all groups can be re-encoded.
  LogicalResult checkReencoding(func::FuncOp function,
                                const model::DeviceSpec &spec) {
    const auto method = pumice::reencoding::methodOf(reencoding);
    if (!method || *method == pumice::reencoding::Method::Offset)
      return function.emitError("expected a re-encoding of centre, fitted, "
                                "columns or bitlines, got '")
             << reencoding << "'";
    for (const model::UnitGroup &group : spec.groups) {
      const model::CrossbarSpec *crossbar = group.crossbar();
      if (!crossbar)
        continue;
      const model::ArraySpec &array = crossbar->array;
      const char *problem = nullptr;
      if (array.cellBits != 2)
        problem = "cells of 2 bits";
      else if (array.encoding != model::WeightEncoding::offset)
        problem = "the encoding offset";
      else if (array.adcMode != model::AdcMode::lossless &&
               array.adcMode != model::AdcMode::clip)
        problem = "converters that are lossless or clip";
      else if (model::hasRealCells(array) || model::readNoise(array) != 0)
        problem = "ideal cells";
      else if (array.columns % 4 != 0)
        problem = "columns in multiples of 4";
      else if (crossbar->pulsesUnchangedCells && !crossbar->energy.setStepPj)
        problem = "pulses that depend on what cells hold";
      if (problem)
        return function.emitError("cannot be re-encoded: expected ")
               << problem << " in group '" << group.name << "' of device '"
               << spec.name << "'";
    }
    return success();
  }

  /// Marks programs that are re-encoded: those of weights of 8 bits, one group
  /// in an array.
  void markReencoded(func::FuncOp function) {
    if (reencoding.empty())
      return;
    for (auto op : function.getBody().front().getOps<pum::ProgramOp>())
      if (isScheduled(op) && op.getTiling().getSlices() == 4 &&
          op.getTiling().getGroupsPerArray() == 1)
        op->setAttr(pum::reencodingAttrName,
                    StringAttr::get(&getContext(), reencoding));
  }

  /// Whether pum-allocate-arrays finds room for everything.
  static bool fits(func::FuncOp function, pum::DeviceAttr device,
                   const model::DeviceSpec &spec) {
    llvm::StringMap<int64_t> left;
    bool fitsAll = true;
    auto take = [&](pum::ProgramOp op, bool keeps) {
      const int64_t wanted = op.getTiling().getArrays();
      bool isKnown = false;
      for (const model::UnitGroup &group : spec.groups) {
        if (!group.crossbar() || arrayOf(device, group.name) != op.getArray())
          continue;
        isKnown = true;
        if (!group.count())
          return;
        int64_t &free =
            left.try_emplace(group.name, *group.count()).first->second;
        if (free < wanted)
          continue;
        free -= keeps ? wanted : 0;
        return;
      }
      // What has no group at all is refused later, by name.
      fitsAll &= !isKnown;
    };
    auto programs = function.getBody().front().getOps<pum::ProgramOp>();
    for (bool constants : {true, false})
      for (pum::ProgramOp op : programs)
        if (isConstant(op) == constants)
          take(op, constants);
    return fitsAll;
  }

  /// Numbers the matrices, where their cells or converters depend on it.
  static void number(func::FuncOp function) {
    int64_t count = 0;
    for (auto op : function.getBody().front().getOps<pum::ProgramOp>()) {
      const model::ArraySpec array = toSpec(op.getArray());
      if (model::hasRealCells(array) || model::readNoise(array) != 0 ||
          array.adcMode == model::AdcMode::calibrated)
        op.setMatrix(count);
      ++count;
    }
  }

  LogicalResult writeJson(const scheduling::Problem &problem,
                          const Schedule &schedule,
                          const scheduling::Bounds &bounds) {
    llvm::Error error = writeFile(json, [&](llvm::raw_ostream &out) {
      out << llvm::json::Value(llvm::json::Object{
                 {"problem", scheduling::toJson(problem)},
                 {"schedule", scheduling::toJson(schedule, problem)},
                 {"bounds", scheduling::toJson(bounds)}})
          << "\n";
    });
    if (error)
      return getOperation().emitError(llvm::toString(std::move(error)));
    return success();
  }

  void summarize(const scheduling::Problem &problem, const Schedule &schedule,
                 scheduling::Picoseconds bound) {
    Builder builder(&getContext());
    int64_t tiles = 0, resident = 0, layersInParts = 0;
    std::vector<int64_t> parts(problem.units.size());
    for (const scheduling::Unit &unit : problem.units)
      tiles += unit.usesArrays() ? unit.tiles() : 0;
    for (const scheduling::Resident &own : schedule.residents)
      resident += own.tiles;
    for (const scheduling::Part &part : schedule.parts)
      layersInParts += ++parts[part.unit] == 2;
    numParts += schedule.parts.size();
    numWritten += schedule.tilesWritten();
    auto number = [&](int64_t value) {
      return builder.getI64IntegerAttr(value);
    };
    getOperation()->setAttr(
        pum::scheduleAttrName,
        builder.getDictionaryAttr(
            {builder.getNamedAttr("algorithm",
                                  builder.getStringAttr(schedule.algorithm)),
             builder.getNamedAttr("time_ps", number(schedule.end)),
             builder.getNamedAttr("bound_ps", number(bound)),
             builder.getNamedAttr("arrays_of_one_copy", number(tiles)),
             builder.getNamedAttr("arrays_written",
                                  number(schedule.tilesWritten())),
             builder.getNamedAttr("arrays_resident", number(resident)),
             builder.getNamedAttr("layers_in_parts", number(layersInParts))}));
  }
};

} // namespace
