// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Window.h - The sliding window of a convolution -----------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CORE_WINDOW_H
#define PUMICE_LIB_MODEL_CORE_WINDOW_H

#include "lib/Model/Crossbar/Tiling.h"

#include "llvm/Support/Error.h"

#include <cstdint>

namespace pumice::model {

/// The sliding window of a convolution over an NCHW activation tensor. Output
/// position (oy, ox) reads, for kernel position (i, j), the pixel
/// (oy * strides[0] - padTop + i * dilations[0],
///  ox * strides[1] - padLeft + j * dilations[1]).
/// Pixels outside of the tensor are padding. A linear layer is a 1x1 window on
/// a batch of 1x1 images.
struct Window {
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t height = 1;
  int64_t width = 1;
  int64_t kernel[2] = {1, 1};
  int64_t strides[2] = {1, 1};
  int64_t dilations[2] = {1, 1};
  int64_t padTop = 0;
  int64_t padLeft = 0;
  int64_t padBottom = 0;
  int64_t padRight = 0;
  int64_t outHeight = 1;
  int64_t outWidth = 1;

  static Window linear(int64_t batch, int64_t features) {
    Window window;
    window.batch = batch;
    window.channels = features;
    return window;
  }

  /// Output positions of one image.
  int64_t positions() const { return outHeight * outWidth; }
  /// Input vectors per group: one per image and output position.
  int64_t count() const { return batch * positions(); }

  /// Fails if an extent is not positive (batch and output may be empty), a pad
  /// is negative, an output extent is larger than input, padding, kernel,
  /// stride and dilation allow, or the window does not read `matrix.rows`
  /// inputs per group.
  llvm::Error verify(const MatrixSpec &matrix) const;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_WINDOW_H
