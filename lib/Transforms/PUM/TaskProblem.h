// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TaskProblem.h - Tasks as units of work -------------------*- C++ -*-===//
//
// From tasks (L3) to a scheduling problem and back. Each task but a program is
// a unit of work; a program belongs to the task that reads its grid. All
// durations, bytes and energies come from lib/Cost.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_PUM_TASKPROBLEM_H
#define PUMICE_LIB_TRANSFORMS_PUM_TASKPROBLEM_H

#include "dialects/PUM/PUM.h"
#include "lib/Cost/CostModel.h"
#include "lib/Scheduling/Schedule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace pumice {

/// How the tiles of a grid may be shared out to parts.
enum class Split {
  none,    ///< all tiles compute together
  columns, ///< whole columns, or whole groups
  tiles    ///< parts of columns too: their sums are added
};

/// The task behind a unit of a problem.
struct UnitOfWork {
  mlir::Operation *task = nullptr;
  pum::ProgramOp program; ///< of constant weights that wait for arrays, if any
  model::MatrixSpec matrix;
  model::Tiling tiling;
  Split split = Split::none;
  /// Time that the task takes on its digital unit, if it takes one.
  scheduling::Picoseconds digitalPs = 0;
};

/// The units of one function; unit u of `problem` is `units[u]`.
struct TaskProblem {
  scheduling::Problem problem;
  std::vector<UnitOfWork> units;
  std::vector<std::string> groups; ///< of the device, by group of the machine
};

/// Whether a program has constant weights that a schedule may write again and
/// again, and not those of a net or table.
bool isScheduled(pum::ProgramOp op);

/// Reads the tasks of `function`. Every program of constant weights must have
/// one reader, except those of nets and tables, which stay in their arrays.
/// These arrays and those for temporary weights are left out of the machine, at
/// the end of their group. Problems become diagnostics.
mlir::FailureOr<TaskProblem> readTasks(mlir::func::FuncOp function,
                                       CostModel &costs);

/// A lower bound on the time of a run of the tasks. Unlike the model of
/// lib/Scheduling, a run writes weights while they arrive, writes no more rows
/// than there are, and moves inputs without a digital unit.
scheduling::Picoseconds boundOf(const TaskProblem &tasks,
                                const scheduling::Problem &problem,
                                scheduling::Start start);

/// Gives each program that has several readers one copy per reader.
void separateReaders(mlir::func::FuncOp function);

/// Writes a schedule back: the order of tasks, placements of programs, what
/// they replace and wait for, layers in parts. Changes nothing and fails if
/// tasks wait for one another.
mlir::LogicalResult writeTasks(mlir::func::FuncOp function, TaskProblem &tasks,
                               const scheduling::Schedule &schedule);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_PUM_TASKPROBLEM_H
