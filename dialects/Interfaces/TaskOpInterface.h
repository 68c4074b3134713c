// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TaskOpInterface.h - What a task does, at any level -------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_H
#define PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_H

#include "dialects/Crossbar/Crossbar.h"
#include "lib/Support/DigitalOps.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Region.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

namespace pumice {

/// A memory of the device; the host is behind the channel of the DRAM.
enum class TaskMemory { buffer, dram };

/// Units of a group, as of `#pum.placement`. Without ranges the task is not
/// placed yet.
struct TaskPlacement {
  llvm::StringRef group;
  llvm::ArrayRef<int64_t> ranges;
};

/// A programmed matrix.
struct TaskGrid {
  crossbar::GridType type;
  crossbar::TilingAttr tiling;
  crossbar::CrossbarArrayAttr array;
  std::optional<int64_t> adcRange;
  TaskPlacement placement;
  crossbar::PartAttr part; ///< null: the whole matrix
  /// First and number of the tiles that are written; none: all.
  std::optional<llvm::ArrayRef<int64_t>> tiles;
  /// How weights are re-encoded; empty: not at all.
  llvm::StringRef reencoding;
};

/// Moves bytes from one memory to another.
struct TransferTask {
  int64_t bytes = 0;
  TaskMemory from, to;
};

/// Writes weights into arrays.
struct ProgramTask {
  TaskGrid grid;
  int64_t bytes = 0;   ///< compressed, if weights are
  int64_t decoded = 0; ///< weights that are decoded
  TaskMemory from;
  mlir::ElementsAttr constant; ///< the weights; null: another task makes them
};

/// Streams input windows through programmed arrays.
struct MVMTask {
  TaskGrid grid; ///< without tiles
  /// A grid that is joined: where it is, and the first and number of its tiles
  /// (none: all).
  struct Joined {
    TaskPlacement placement;
    std::optional<llvm::ArrayRef<int64_t>> tiles;
  };
  llvm::SmallVector<Joined, 0> joined; ///< empty: `grid` alone
  int64_t windows = 0;                 ///< per group
  int64_t bytesIn = 0, bytesOut = 0;
  int64_t weightZeroPoint = 0;
  int64_t kernelHeight = 1, kernelWidth = 1; ///< of a convolution
};

/// A microprogram whose processors hold inputs of another one.
struct APSourceTask {
  TaskPlacement placement;
  mlir::ElementsAttr program; ///< null: inputs are in the buffer
  int64_t windows = 0;
  int64_t channels = 0; ///< of the reader's operand
};

/// Runs a microprogram on associative processors.
struct APRunTask {
  TaskPlacement placement;
  mlir::ElementsAttr program;
  int64_t windows = 0;
  int64_t codeBytes = 0; ///< of one input code
  int64_t bytesOut = 0;
  std::array<APSourceTask, 2> sources; ///< of both operands
  bool keeps = false;                  ///< results stay in processors
};

/// Compares queries with rows that associative processors hold.
struct APLookupTask {
  TaskPlacement placement;
  llvm::StringRef method;
  int64_t queries = 0, rows = 0, bits = 0;
};

/// What a search of content-addressable memories delivers.
enum class TaskSearch { distances, within, best };

/// Where the words of a search are, as of `#ap.cam_mapping`.
struct TaskCamMapping {
  int64_t partBits = 0, parts = 0, rowBlocks = 0, stacked = 1;
  bool serial = false;
};

/// Searches words that content-addressable memories hold.
struct CamSearchTask {
  TaskPlacement placement;
  TaskSearch kind = TaskSearch::distances;
  int64_t queries = 0, rows = 0, bits = 0;
  int64_t limit = 0; ///< of `within`
  int64_t count = 0; ///< of `best`
  TaskCamMapping mapping;
  int64_t bytesIn = 0, bytesOut = 0;
};

/// Stores words in content-addressable memories.
struct CamWriteTask {
  TaskPlacement placement;
  int64_t rows = 0, bits = 0;
  TaskCamMapping mapping;
};

/// Applies a function of one number to elements, on the arrays of a net or a
/// table.
struct ApplyTask {
  llvm::SmallVector<TaskGrid, 2> grids; ///< of the layers of a net, or a table
  bool isTable = false;
  int64_t elements = 0, copies = 1;
  int64_t bytesIn = 0, bytesOut = 0;
  DigitalOps periphery; ///< of one element, beside the arrays
};

/// Runs a region on a digital unit.
struct DigitalTask {
  mlir::Region *body = nullptr;
  llvm::StringRef group; ///< empty: the first group of digital units
};

using TaskWork =
    std::variant<TransferTask, ProgramTask, MVMTask, APRunTask, APLookupTask,
                 CamSearchTask, CamWriteTask, ApplyTask, DigitalTask>;

} // namespace pumice

#include "dialects/Interfaces/TaskOpInterface.h.inc"

#endif // PUMICE_DIALECTS_INTERFACES_TASKOPINTERFACE_H
