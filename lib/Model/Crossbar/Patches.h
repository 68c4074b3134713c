// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Patches.h - Input vectors of a sliding window ------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_PATCHES_H
#define PUMICE_LIB_MODEL_CROSSBAR_PATCHES_H

#include "lib/Model/Core/Simd.h"
#include "lib/Model/Core/Value.h"
#include "lib/Model/Core/Window.h"
#include "lib/Model/Crossbar/Tiling.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace pumice::model {

/// Reads the input vectors of a window over an NCHW tensor of T. Input k of
/// group g is channel g*C + k/(kh*kw), kernel position (k/kw%kh, k%kw). Of a
/// part of a matrix, g and k count from where the part begins.
template <typename T>
class PatchReader {
public:
  using Code = T;

  PatchReader(const MatrixSpec &matrix, const Window &window, const T *x, T pad)
      : window(window), x(x), pad(pad),
        groupChannels(window.channels / matrix.groupsOfWhole()),
        rows(matrix.rows), firstGroup(matrix.firstGroup),
        firstRow(matrix.firstRow) {}

  /// out[i] = input k of group g at position first + i of image b.
  void row(int64_t b, int64_t g, int64_t k, int64_t first, int64_t count,
           T *out) const {
    g += firstGroup;
    k += firstRow;
    const int64_t area = window.kernel[0] * window.kernel[1];
    const int64_t c = g * groupChannels + k / area;
    const int64_t top =
        k % area / window.kernel[1] * window.dilations[0] - window.padTop;
    const int64_t left =
        k % window.kernel[1] * window.dilations[1] - window.padLeft;
    const int64_t step = window.strides[1];
    const T *plane =
        x + (b * window.channels + c) * window.height * window.width;
    if (window.strides[0] == 1 && step == 1 && window.outWidth == window.width)
      return shifted(plane, top, left, first, count, out);
    // Outputs [lo, hi) of a row read inside of the tensor.
    const int64_t lo =
        std::min(left >= 0 ? 0 : (-left + step - 1) / step, window.outWidth);
    const int64_t last = window.width - 1 - left;
    const int64_t hi =
        std::clamp(last < 0 ? 0 : last / step + 1, lo, window.outWidth);
    int64_t oy = first / window.outWidth, ox = first % window.outWidth;
    while (count > 0) {
      const int64_t end = std::min(ox + count, window.outWidth);
      count -= end - ox;
      const int64_t iy = oy * window.strides[0] + top;
      if (iy < 0 || iy >= window.height) {
        out = std::fill_n(out, end - ox, pad);
      } else {
        const T *line = plane + iy * window.width + left;
        for (; ox < std::min(lo, end); ++ox)
          *out++ = pad;
        const int64_t inside = std::min(hi, end);
        if (step == 1 && ox < inside) {
          std::memcpy(out, line + ox, (inside - ox) * sizeof(T));
          out += inside - ox;
          ox = inside;
        }
        if (sizeof(T) == 1 && step == 2)
          for (; ox + 8 < inside; ox += 8, out += 8)
            everySecondByte(line + 2 * ox, out);
        for (; ox < inside; ++ox)
          *out++ = line[ox * step];
        for (; ox < end; ++ox)
          *out++ = pad;
      }
      ox = 0;
      ++oy;
    }
  }

  /// The same across images: positions of all images, one after another.
  void rowAcross(int64_t g, int64_t k, int64_t first, int64_t count,
                 T *out) const {
    const int64_t positions = window.positions();
    if (positions == 1 && count > 1) {
      // One pixel of each image, or padding in all of them.
      const T *pixel = find(g, k);
      if (!pixel) {
        std::fill_n(out, count, pad);
        return;
      }
      const int64_t image = window.channels * window.height * window.width;
      for (int64_t i = 0; i < count; ++i)
        out[i] = pixel[(first + i) * image];
      return;
    }
    while (count > 0) {
      const int64_t p = first % positions;
      const int64_t part = std::min(count, positions - p);
      row(first / positions, g, k, p, part, out);
      first += part;
      count -= part;
      out += part;
    }
  }

  /// out[k] = input k of group g at position p of image b, for every k.
  template <typename Out>
  void vector(int64_t b, int64_t g, int64_t p, Out *out) const {
    g += firstGroup;
    const int64_t pixels = window.height * window.width;
    const T *image = x + (b * window.channels + g * groupChannels) * pixels;
    const int64_t y0 = p / window.outWidth * window.strides[0] - window.padTop;
    const int64_t x0 = p % window.outWidth * window.strides[1] - window.padLeft;
    if (rows == groupChannels && pixels == 1 && y0 == 0 && x0 == 0) {
      std::copy(image, image + rows, out);
      return;
    }
    const int64_t area = window.kernel[0] * window.kernel[1];
    if (rows != groupChannels * area) {
      for (int64_t k = firstRow; k < firstRow + rows; ++k) {
        const int64_t iy =
            y0 + k % area / window.kernel[1] * window.dilations[0];
        const int64_t ix = x0 + k % window.kernel[1] * window.dilations[1];
        const bool inside =
            iy >= 0 && iy < window.height && ix >= 0 && ix < window.width;
        *out++ =
            inside ? image[(k / area * window.height + iy) * window.width + ix]
                   : pad;
      }
      return;
    }
    for (int64_t c = 0; c < groupChannels; ++c, image += pixels)
      for (int64_t i = 0; i < window.kernel[0]; ++i)
        for (int64_t j = 0; j < window.kernel[1]; ++j) {
          const int64_t iy = y0 + i * window.dilations[0];
          const int64_t ix = x0 + j * window.dilations[1];
          const bool inside =
              iy >= 0 && iy < window.height && ix >= 0 && ix < window.width;
          *out++ = inside ? image[iy * window.width + ix] : pad;
        }
  }

private:
  /// A row whose outputs have the width of the image and stride 1: the shifted
  /// image, with padding where pixels from outside move in.
  void shifted(const T *plane, int64_t top, int64_t left, int64_t first,
               int64_t count, T *out) const {
    const int64_t width = window.width, last = first + count;
    const int64_t move = top * width + left;
    const int64_t begin = std::clamp(-move, first, last);
    const int64_t end = std::clamp(window.height * width - move, begin, last);
    std::fill_n(out, begin - first, pad);
    std::copy(plane + begin + move, plane + end + move, out + (begin - first));
    std::fill_n(out + (end - first), last - end, pad);
    // Columns outside of the image took pixels of the line before or after.
    const int64_t from = left < 0 ? 0 : std::max(width - left, int64_t(0));
    const int64_t to = left < 0 ? std::min(-left, width) : width;
    if (from < to)
      for (int64_t line = first / width * width; line < last; line += width)
        for (int64_t p = std::max(line + from, first);
             p < std::min(line + to, last); ++p)
          out[p - first] = pad;
  }

  /// Bytes 0, 2, ..., 14 of `from`, of which there are 16.
  static void everySecondByte(const T *from, T *to) {
#if defined(__SSE2__)
    const __m128i even =
        _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)),
                      _mm_set1_epi16(0xff));
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to),
                     _mm_packus_epi16(even, even));
#else
    for (int64_t i = 0; i < 8; ++i)
      to[i] = from[2 * i];
#endif
  }

  /// Input k of group g at position 0 of image 0; null if it is padding.
  const T *find(int64_t g, int64_t k) const {
    g += firstGroup;
    k += firstRow;
    const int64_t area = window.kernel[0] * window.kernel[1];
    const int64_t iy =
        k % area / window.kernel[1] * window.dilations[0] - window.padTop;
    const int64_t ix =
        k % window.kernel[1] * window.dilations[1] - window.padLeft;
    if (iy < 0 || iy >= window.height || ix < 0 || ix >= window.width)
      return nullptr;
    const int64_t c = g * groupChannels + k / area;
    return x + (c * window.height + iy) * window.width + ix;
  }

  const Window &window;
  const T *x;
  T pad;
  int64_t groupChannels;
  int64_t rows;
  int64_t firstGroup, firstRow;
};

/// Calls `body` with a reader of elements of type T or its unsigned
/// counterpart.
template <typename T, typename Body>
void withPatchesOf(const MatrixSpec &matrix, const Window &window,
                   const Value &x, int64_t pad, Body body) {
  using U = std::make_unsigned_t<T>;
  if (matrix.inputSigned)
    body(PatchReader<T>(matrix, window, x.as<T>().data(), static_cast<T>(pad)));
  else
    body(PatchReader<U>(matrix, window, x.as<U>().data(), static_cast<U>(pad)));
}

/// Calls `body` with a reader for the C++ type of the elements of `x`.
template <typename Body>
void withPatches(const MatrixSpec &matrix, const Window &window, const Value &x,
                 int64_t pad, Body body) {
  if (x.type() == ElementType::i8)
    withPatchesOf<int8_t>(matrix, window, x, pad, body);
  else if (x.type() == ElementType::i16)
    withPatchesOf<int16_t>(matrix, window, x, pad, body);
  else
    withPatchesOf<int32_t>(matrix, window, x, pad, body);
}

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_PATCHES_H
