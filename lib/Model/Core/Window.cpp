// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/Window.h"

using namespace pumice::model;

static llvm::Error verifyAxis(llvm::StringRef axis, int64_t size,
                              int64_t padBefore, int64_t padAfter,
                              int64_t kernel, int64_t stride, int64_t dilation,
                              int64_t out) {
  struct Field {
    const char *name;
    int64_t value, least;
  };
  // Far above any real extent, and low enough for sums and products of two.
  constexpr int64_t most = int64_t(1) << 30;
  for (const Field &field :
       {Field{"input extent", size, 1}, Field{"padding before", padBefore, 0},
        Field{"padding after", padAfter, 0}, Field{"kernel", kernel, 1},
        Field{"stride", stride, 1}, Field{"dilation", dilation, 1},
        Field{"output extent", out, 0}})
    if (field.value < field.least || field.value > most)
      return llvm::createStringError("expected " + axis + " " + field.name +
                                     " in [" + llvm::Twine(field.least) + ", " +
                                     llvm::Twine(most) + "], got " +
                                     llvm::Twine(field.value));
  int64_t room = size + padBefore + padAfter - (kernel - 1) * dilation - 1;
  int64_t expected = room < 0 ? 0 : room / stride + 1;
  if (out > expected)
    return llvm::createStringError("expected " + axis +
                                   " output extent of at most " +
                                   llvm::Twine(expected) +
                                   " from input, padding, kernel, stride and "
                                   "dilation, got " +
                                   llvm::Twine(out));
  return llvm::Error::success();
}

llvm::Error Window::verify(const MatrixSpec &matrix) const {
  if (batch < 0)
    return llvm::createStringError("expected a non-negative batch, got " +
                                   llvm::Twine(batch));
  if (llvm::Error error =
          verifyAxis("vertical", height, padTop, padBottom, kernel[0],
                     strides[0], dilations[0], outHeight))
    return error;
  if (llvm::Error error =
          verifyAxis("horizontal", width, padLeft, padRight, kernel[1],
                     strides[1], dilations[1], outWidth))
    return error;
  const int64_t groups = matrix.groupsOfWhole(), rows = matrix.rowsOfWhole();
  if (channels < 1 || channels % groups != 0)
    return llvm::createStringError(
        "expected channels that " + llvm::Twine(groups) +
        " groups divide, got " + llvm::Twine(channels));
  int64_t perGroup = channels / groups * kernel[0] * kernel[1];
  if (perGroup != rows)
    return llvm::createStringError(
        "expected a window of " + llvm::Twine(rows) +
        " inputs per group (rows of the matrix), got " + llvm::Twine(perGroup));
  return llvm::Error::success();
}
