// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Links.h - Values that stay in processors -----------------*- C++ -*-===//
//
// Quantized values that a layer leaves in its processors, and that another one
// takes from there through links (docs/ap.md, "Values that stay").
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_AP_LINKS_H
#define PUMICE_LIB_MODEL_AP_LINKS_H

#include "lib/Model/AP/Costs.h"
#include "lib/Model/AP/Microprogram.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// A layer whose results are the inputs of another one, in its processors.
struct APSource {
  const APMicroprogram *program = nullptr;
  const APMicroprogramWork *work = nullptr;
  int64_t windows = 0; ///< output positions of the source
  /// Channel of the reader that is the source's first output.
  int64_t firstChannel = 0;
  llvm::SmallVector<ArrayRange, 1> processors;

  bool holds(int64_t channel) const {
    return channel >= firstChannel && channel < firstChannel + program->outputs;
  }
};

/// What stays in processors of the inputs and the results of a layer.
struct APLinks {
  llvm::SmallVector<APSource, 2> sources;
  bool keeps = false; ///< results are not read out
};

/// What taking inputs from their sources costs.
struct APLinkWork {
  /// Loading the inputs of a channel block.
  struct Load {
    double rowNs = 0;  ///< for each row
    double moveNs = 0; ///< waiting for ports of sources
  };
  std::vector<std::vector<Load>> loads; ///< by output block, channel block
  int64_t bits = 0;    ///< read and sent for each row of the reader
  double distance = 0; ///< domains that racetracks of sources move, all rows
};

/// Inputs of a channel block that do not come from a source.
int64_t channelsFromBuffer(const APChannelBlock &channelBlock,
                           llvm::ArrayRef<APSource> sources);

APLinkWork linkWork(const APSpec &ap, const APMicroprogram &program,
                    llvm::ArrayRef<APSource> sources);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_AP_LINKS_H
