// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CostModel.h - The one road from an op to its cost --------*- C++ -*-===//
//
// Tasks (pum) and instructions (simulator) with the same work have the same
// cost: resources and how long they are held, energy by component, events and
// wear. Schedulers, estimates and runs ask the same function.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_COST_COSTMODEL_H
#define PUMICE_LIB_COST_COSTMODEL_H

#include "dialects/Interfaces/TaskOpInterface.h"
#include "lib/Digital/OpCounts.h"
#include "lib/Model/AP/Costs.h"
#include "lib/Model/AP/Links.h"
#include "lib/Model/Cam/Search.h"
#include "lib/Model/Machine/Costs.h"
#include "lib/Model/Machine/Interconnect.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>

namespace pumice {

/// Tiling and matrix of a programmed grid, as the hardware model sees them.
struct GridSpec {
  model::MatrixSpec matrix;
  model::Tiling tiling;
  std::optional<model::TileRange> tiles; ///< that are written; none: all

  /// Arrays of one copy of the written tiles.
  int64_t arraysPerCopy() const { return tiles ? tiles->count : tiling.arrays; }
};
GridSpec specOf(const TaskGrid &grid);

/// A search and its mapping, as the hardware model sees them.
model::SearchSpec specOf(const CamSearchTask &task);
model::SearchMapping mappingOf(const TaskCamMapping &mapping);

/// The units of a placement.
llvm::SmallVector<model::ArrayRange> rangesOf(llvm::ArrayRef<int64_t> bounds);

/// The units of a placement, or as many of the lowest as are wanted.
llvm::SmallVector<model::ArrayRange> unitsOf(const TaskPlacement &placement,
                                             const model::UnitGroup &group,
                                             int64_t wanted);

model::Memory memoryOf(TaskMemory memory);

/// What a run knows and an estimate may not.
struct TaskFacts {
  /// Of programming, when the old levels of all cells are known.
  const model::ChangedCells *changed = nullptr;
  /// Of associative processors: bits that passes wrote, by part.
  std::optional<llvm::ArrayRef<uint64_t>> taggedWrites;
  /// Of searches: bits of the queries that are not masked.
  std::optional<int64_t> keyBits;
};

/// Costs of the tasks of a module on a device. Microprograms and regions are
/// read once, so that the module must not change meanwhile.
class CostModel {
public:
  explicit CostModel(model::DeviceSpec device, unsigned threads = 1)
      : spec(std::move(device)), threads(threads) {}

  const model::DeviceSpec &device() const { return spec; }
  /// Changes the numbers of the device; what was read of the module stays.
  void setDevice(model::DeviceSpec device) {
    spec = std::move(device);
    chipModule = nullptr;
  }

  /// What `op` costs. A task that is not placed costs what it would on the
  /// lowest units of the first group that can run it. Fails if `op` is not a
  /// task, or its placement, array or program does not suit the device.
  llvm::Expected<model::Cost> costOf(mlir::Operation *op,
                                     const TaskFacts &facts = {});
  llvm::Expected<model::Cost> costOf(const TaskWork &work,
                                     const TaskFacts &facts = {});

  /// Units that a task on associative processors can make use of, or that a
  /// search needs.
  llvm::Expected<int64_t> processorsOf(const TaskWork &work);

  /// A microprogram, read.
  struct Microprogram {
    model::APMicroprogram program;
    int64_t bytes = 0;
    std::optional<model::APMicroprogramWork> work; ///< made when asked for
  };
  llvm::Expected<const Microprogram *> microprogram(mlir::ElementsAttr program);

  /// Scalar operations of a region.
  const digital::OpCounts &countsOf(mlir::Region &region);

private:
  /// The layers on arrays of a module, as one chip with circuits around its
  /// arrays.
  struct Chip {
    int64_t tiles = 0;
    double intervalNs = 0; ///< time of the slowest layer
  };
  Chip chipOf(mlir::Operation *module);
  bool hasCircuits() const;
  model::MVMContext contextOf(const MVMTask &task) const;

  llvm::Expected<model::Cost> cost(const TransferTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const ProgramTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const MVMTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const APRunTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const APLookupTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const CamSearchTask &task,
                                   const TaskFacts &);
  llvm::Expected<model::Cost> cost(const CamWriteTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const ApplyTask &task, const TaskFacts &);
  llvm::Expected<model::Cost> cost(const DigitalTask &task, const TaskFacts &);

  /// A microprogram, read at most once.
  llvm::Expected<Microprogram *> findMicroprogram(mlir::ElementsAttr attr);
  /// A microprogram and its work.
  llvm::Expected<const Microprogram *>
  microprogramWithWork(mlir::ElementsAttr attr);
  /// What stays in processors. Fails if the microprograms do not fit together.
  llvm::Expected<model::APLinks> linksOf(const APRunTask &task,
                                         const model::APMicroprogram &program);
  /// Adds what the task moves over the links of the device (Traffic.cpp).
  llvm::Error addTraffic(const TaskWork &work, model::Cost &cost);
  std::vector<model::TileTraffic> trafficOf(const ProgramTask &task,
                                            const model::UnitGroup &group,
                                            const model::Cost &cost) const;
  std::vector<model::TileTraffic>
  trafficOf(const MVMTask &task, const model::UnitGroup &group) const;

  llvm::Expected<const model::UnitGroup *>
  crossbarsOf(const TaskGrid &grid) const;
  llvm::Expected<const model::UnitGroup *>
  processorsOf(const TaskPlacement &placement) const;
  llvm::Expected<const model::UnitGroup *>
  camsOf(const TaskPlacement &placement) const;

  model::DeviceSpec spec;
  unsigned threads;
  mlir::Operation *chipModule = nullptr; ///< of `chip`
  Chip chip;
  llvm::DenseMap<mlir::Attribute, std::unique_ptr<Microprogram>> microprograms;
  llvm::DenseMap<mlir::Region *, std::unique_ptr<digital::OpCounts>> counts;
};

/// The work of applying `function`, a net or a table, to the elements of a
/// tensor or buffer of type `input` on `grids`. Fails, with a diagnostic, if
/// the grids do not suit it.
mlir::FailureOr<ApplyTask> applyTask(mlir::Operation *function,
                                     mlir::Type input,
                                     llvm::ArrayRef<TaskGrid> grids);

/// Attaches TaskOpInterface to the ops of the pum and simulator dialects.
void registerTaskModels(mlir::DialectRegistry &registry);

} // namespace pumice

#endif // PUMICE_LIB_COST_COSTMODEL_H
