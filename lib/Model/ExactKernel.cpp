// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExactKernel.cpp - The integer product of lossless arrays -----------===//
//
// im2col in blocks that fit in the cache, and a 16-bit integer matrix product
// modulo 2^32, which is exact for every result that fits in 32 bits. Operands
// are kept as pairs of rows, the shape that multiply-and-add-pairs takes.
// Convolutions put positions in the vector lanes, so that results are written
// in the order of the output tensor; single positions (linear layers) put
// columns there. Whatever does not fit in 16-bit operands and 32-bit results
// goes through a portable 64-bit loop.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/ExactTiles.h"
#include "lib/Model/Kernels.h"
#include "lib/Model/Parallel.h"
#include "lib/Model/Patches.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <memory>
#include <vector>

using namespace pumice::model;

namespace {

constexpr int64_t panelColumns = ExactTiles::panelColumns;

/// Bytes of packed inputs that should stay in the second-level cache.
constexpr int64_t packedBytes = 384 * 1024;

/// Positions of the block that the 64-bit loop works on.
constexpr int64_t wideBlock = 64;

class ExactKernel final : public ICrossbarKernel {
public:
  ExactKernel(const MatrixSpec &matrix, const WeightReader &weights);

  llvm::StringRef name() const override { return "exact"; }

  void compute(const CrossbarJob &job) const override {
    withPatches(matrix, job.window, job.x, job.padCode, [&](auto patches) {
      if (!panels.empty() && job.fits32 && inputsFit16()) {
        if (job.window.positions() == 1)
          return linear(job, patches);
        return convolution(job, patches);
      }
      wide(job, patches);
    });
  }

private:
  bool inputsFit16() const {
    return matrix.inputBits <= (matrix.inputSigned ? 16 : 15);
  }
  int64_t pairs() const { return llvm::divideCeil(matrix.rows, 2); }
  int64_t panelsPerGroup() const {
    return llvm::divideCeil(matrix.columns, panelColumns);
  }
  /// Panel `p` of group `g`: [pairs][panelColumns][2], missing weights zero.
  const int16_t *panel(int64_t g, int64_t p) const {
    return panels.data() +
           (g * panelsPerGroup() + p) * pairs() * panelColumns * 2;
  }
  int32_t weight(int64_t g, int64_t n, int64_t k) const {
    if (panels.empty())
      return wideWeights[(g * matrix.columns + n) * matrix.rows + k];
    return panel(
        g, n / panelColumns)[(k / 2 * panelColumns + n % panelColumns) * 2 +
                             k % 2];
  }

  template <typename T>
  void convolution(const CrossbarJob &job, const PatchReader<T> &patches) const;
  template <typename T>
  void linear(const CrossbarJob &job, const PatchReader<T> &patches) const;
  template <typename T>
  void wide(const CrossbarJob &job, const PatchReader<T> &patches) const;

  MatrixSpec matrix;
  const ExactTiles &tiles = ExactTiles::best();
  std::vector<int16_t> panels;      ///< if weights have at most 16 bits
  std::vector<int32_t> wideWeights; ///< otherwise; [groups * columns][rows]
};

} // namespace

ExactKernel::ExactKernel(const MatrixSpec &matrix, const WeightReader &weights)
    : matrix(matrix) {
  const int64_t K = matrix.rows, N = matrix.columns;
  constexpr int64_t block = 128; // rows; what they touch stays cached
  std::vector<int32_t> part(std::min(block, K));
  if (matrix.weightBits > 16)
    wideWeights.resize(matrix.groups * N * K);
  else
    panels.resize(matrix.groups * panelsPerGroup() * pairs() * panelColumns *
                  2);
  for (int64_t g = 0; g < matrix.groups; ++g)
    for (int64_t p = 0; p < N; p += panelColumns)
      for (int64_t first = 0; first < K; first += block)
        for (int64_t n = p; n < std::min(p + panelColumns, N); ++n) {
          auto rows = llvm::MutableArrayRef(part).take_front(K - first);
          weights.read(g, n, first, rows);
          if (panels.empty()) {
            llvm::copy(rows, wideWeights.begin() + (g * N + n) * K + first);
            continue;
          }
          // Blocks start at even rows.
          int16_t *to = const_cast<int16_t *>(panel(g, p / panelColumns)) +
                        (first / 2 * panelColumns + n % panelColumns) * 2;
          for (auto [k, weight] : llvm::enumerate(rows))
            to[k / 2 * panelColumns * 2 + k % 2] = static_cast<int16_t>(weight);
        }
}

/// Writes `count` results; arithmetic is modulo 2^32 until here.
static void store(Value &y, int64_t at, const int32_t *from, int64_t count) {
  if (y.type() == ElementType::i32)
    std::copy(from, from + count, y.asMutable<int32_t>().data() + at);
  else
    std::copy(from, from + count, y.asMutable<int64_t>().data() + at);
}

/// Cuts `count` columns of panels into parts, so that there are about
/// `wanted` units of work when there are `units` without cutting.
static int64_t splitPanels(int64_t count, int64_t units, int64_t wanted) {
  return std::clamp<int64_t>(
      llvm::divideCeil(wanted, std::max<int64_t>(units, 1)), 1, count);
}

template <typename T>
void ExactKernel::convolution(const CrossbarJob &job,
                              const PatchReader<T> &patches) const {
  const int64_t positions = job.window.positions(), N = matrix.columns;
  const int64_t tileWidth = tiles.lanes * ExactTiles::maxVectors;
  const int64_t tilesPerBlock =
      std::clamp<int64_t>(packedBytes / (pairs() * tileWidth * 4), 1,
                          llvm::divideCeil(positions, tileWidth));
  const int64_t block = tilesPerBlock * tileWidth;
  const int64_t blocks = llvm::divideCeil(positions, block);
  const int64_t units = job.window.batch * matrix.groups * blocks;
  const int64_t parts = splitPanels(panelsPerGroup(), units,
                                    job.threads > 1 ? 4 * job.threads : 1);

  parallelFor(job.threads, units * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * block;
    const int64_t g = unit / parts / blocks % matrix.groups;
    const int64_t b = unit / parts / blocks / matrix.groups;
    const int64_t count = std::min(block, positions - first);
    // The last tile may be narrower.
    const int64_t padded = llvm::alignTo(count, tiles.lanes);

    // Pack [tile][pair][lane of the tile][2].
    std::unique_ptr<int16_t[]> packed(new int16_t[padded * pairs() * 2]);
    std::unique_ptr<T[]> rows(new T[2 * padded]());
    std::vector<int32_t> term(padded); // inputSumFactor * sum of inputs
    for (int64_t pair = 0; pair < pairs(); ++pair) {
      patches.row(b, g, 2 * pair, first, count, rows.get());
      if (2 * pair + 1 < matrix.rows)
        patches.row(b, g, 2 * pair + 1, first, count, rows.get() + padded);
      else
        std::fill_n(rows.get() + padded, count, T(0));
      for (int64_t at = 0; at < padded; at += tileWidth) {
        const int64_t width = std::min(tileWidth, padded - at);
        int16_t *to = packed.get() + (at * pairs() + pair * width) * 2;
        if constexpr (sizeof(T) == 1) {
          tiles.interleave(rows.get() + at, rows.get() + padded + at, width,
                           std::is_signed_v<T>, to);
        } else {
          for (int64_t i = 0; i < width; ++i) {
            to[2 * i] = static_cast<int16_t>(rows[at + i]);
            to[2 * i + 1] = static_cast<int16_t>(rows[padded + at + i]);
          }
        }
      }
      if (job.inputSumFactor != 0)
        for (int64_t i = 0; i < padded; ++i)
          term[i] += static_cast<int32_t>(rows[i]) +
                     static_cast<int32_t>(rows[padded + i]);
    }
    for (int32_t &value : term)
      value = static_cast<uint32_t>(value) *
              static_cast<uint32_t>(job.inputSumFactor);

    const int64_t panelBegin = panelsPerGroup() * part / parts;
    const int64_t panelEnd = panelsPerGroup() * (part + 1) / parts;
    const int64_t begin = panelBegin * panelColumns;
    const int64_t end = std::min(panelEnd * panelColumns, N);
    int32_t result[ExactTiles::maxColumns * ExactTiles::maxWidth];
    int32_t bias[ExactTiles::maxColumns];
    for (int64_t n = begin; n < end;) {
      // Tiles start at multiples of their width, so they never cross a panel.
      const int64_t columns = tiles.columnStep(end - n);
      const int64_t stored = std::min(columns, end - n);
      std::fill(std::begin(bias), std::end(bias), 0);
      for (int64_t i = 0; i < stored; ++i)
        bias[i] = static_cast<int32_t>(job.columnBias[g * N + n + i]);
      for (int64_t at = 0; at < padded; at += tileWidth) {
        const int64_t width = std::min(tileWidth, padded - at);
        tiles.positions(pairs(), packed.get() + at * pairs() * 2,
                        width / tiles.lanes,
                        panel(g, n / panelColumns) + n % panelColumns * 2,
                        columns, bias, term.data() + at, result);
        for (int64_t i = 0; i < stored; ++i)
          store(job.y,
                ((b * matrix.groups + g) * N + n + i) * positions + first + at,
                result + i * width, std::min(width, count - at));
      }
      n += columns;
    }
  });
}

template <typename T>
void ExactKernel::linear(const CrossbarJob &job,
                         const PatchReader<T> &patches) const {
  const int64_t N = matrix.columns, batch = job.window.batch;
  const int64_t vectorsPerBlock = std::clamp<int64_t>(
      packedBytes / (pairs() * 4), 1, std::max<int64_t>(batch, 1));
  const int64_t blocks = llvm::divideCeil(batch, vectorsPerBlock);
  const int64_t units = matrix.groups * blocks;
  const int64_t parts = splitPanels(panelsPerGroup(), units,
                                    job.threads > 1 ? 4 * job.threads : 1);

  parallelFor(job.threads, units * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * vectorsPerBlock;
    const int64_t g = unit / parts / blocks;
    const int64_t count = std::min(vectorsPerBlock, batch - first);

    std::unique_ptr<int16_t[]> packed(new int16_t[count * pairs() * 2]);
    std::vector<int32_t> term(count);
    for (int64_t i = 0; i < count; ++i) {
      int16_t *vector = packed.get() + i * pairs() * 2;
      vector[pairs() * 2 - 1] = 0;
      patches.vector(first + i, g, 0, vector);
      if (job.inputSumFactor == 0)
        continue;
      uint32_t sum = 0;
      for (int64_t k = 0; k < matrix.rows; ++k)
        sum += vector[k];
      term[i] = sum * static_cast<uint32_t>(job.inputSumFactor);
    }

    int32_t result[ExactTiles::maxVectorsOfInputs * panelColumns];
    int32_t bias[panelColumns];
    for (int64_t p = panelsPerGroup() * part / parts;
         p < panelsPerGroup() * (part + 1) / parts; ++p) {
      const int64_t n = p * panelColumns;
      const int64_t columns = std::min(panelColumns, N - n);
      std::fill(std::begin(bias), std::end(bias), 0);
      for (int64_t i = 0; i < columns; ++i)
        bias[i] = static_cast<int32_t>(job.columnBias[g * N + n + i]);
      for (int64_t i = 0; i < count;) {
        const int64_t step =
            std::min(count - i, ExactTiles::maxVectorsOfInputs);
        tiles.columns(pairs(), packed.get() + i * pairs() * 2, step,
                      panel(g, p), bias, term.data() + i, result);
        for (int64_t j = 0; j < step; ++j)
          store(job.y, ((first + i + j) * matrix.groups + g) * N + n,
                result + j * panelColumns, columns);
        i += step;
      }
    }
  });
}

template <typename T>
void ExactKernel::wide(const CrossbarJob &job,
                       const PatchReader<T> &patches) const {
  const int64_t positions = job.window.positions(), N = matrix.columns;
  const int64_t blocks = llvm::divideCeil(positions, wideBlock);
  const int64_t units = job.window.batch * matrix.groups * blocks;
  parallelFor(job.threads, units, [&](int64_t unit) {
    const int64_t first = unit % blocks * wideBlock;
    const int64_t g = unit / blocks % matrix.groups;
    const int64_t b = unit / blocks / matrix.groups;
    const int64_t count = std::min(wideBlock, positions - first);
    // Unsigned throughout: partial sums may wrap, results fit.
    std::vector<uint64_t> x(matrix.rows * count), sums(count), y(count);
    std::vector<T> row(count);
    for (int64_t k = 0; k < matrix.rows; ++k) {
      patches.row(b, g, k, first, count, row.data());
      for (int64_t i = 0; i < count; ++i)
        sums[i] += x[k * count + i] = static_cast<int64_t>(row[i]);
    }
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t i = 0; i < count; ++i)
        y[i] = job.columnBias[g * N + n] + job.inputSumFactor * sums[i];
      for (int64_t k = 0; k < matrix.rows; ++k) {
        const uint64_t w = static_cast<int64_t>(weight(g, n, k));
        for (int64_t i = 0; i < count; ++i)
          y[i] += w * x[k * count + i];
      }
      const int64_t at = ((b * matrix.groups + g) * N + n) * positions + first;
      if (job.y.type() == ElementType::i32)
        for (int64_t i = 0; i < count; ++i)
          job.y.asMutable<int32_t>()[at + i] = static_cast<int32_t>(y[i]);
      else
        for (int64_t i = 0; i < count; ++i)
          job.y.asMutable<int64_t>()[at + i] = static_cast<int64_t>(y[i]);
    }
  });
}

std::unique_ptr<const ICrossbarKernel>
pumice::model::makeExactKernel(const MatrixSpec &matrix,
                               const WeightReader &weights) {
  return std::make_unique<ExactKernel>(matrix, weights);
}
