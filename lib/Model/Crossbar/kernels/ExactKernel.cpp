// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExactKernel.cpp - The integer product of lossless arrays -----------===//
//
// im2col in blocks that fit in the cache, and an integer matrix product modulo
// 2^32, which is exact for every result that fits in 32 bits. Operands are kept
// as words of 2 rows of 16 bits, or, where the machine can, 4 rows of 8 bits:
// the shapes that multiply-and-add takes. Weights take 2 bytes or 1 each.
// Convolutions put positions in the vector lanes, so that results are written
// in the order of the output tensor; single positions (linear layers) put
// columns there. Whatever does not fit in 16-bit operands and 32-bit results
// goes through a portable 64-bit loop. Bytes of inputs are unsigned: signed
// ones get 128 added, which their weights' sums take back.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/Crossbar/Patches.h"
#include "lib/Model/Crossbar/kernels/ExactTiles.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <memory>
#include <vector>

using namespace pumice::model;

namespace {

constexpr int64_t panelColumns = ExactTiles::panelColumns;

/// Bytes of packed inputs that should stay in the second-level cache.
constexpr int64_t packedBytes = 384 * 1024;

/// Positions of the block that the 64-bit loop works on.
constexpr int64_t wideBlock = 64;

/// Operand i of words.
template <typename T>
T get(const int32_t *words, int64_t i) {
  T operand;
  std::memcpy(&operand, reinterpret_cast<const char *>(words) + i * sizeof(T),
              sizeof(T));
  return operand;
}
template <typename T>
void put(int32_t *words, int64_t i, T operand) {
  std::memcpy(reinterpret_cast<char *>(words) + i * sizeof(T), &operand,
              sizeof(T));
}

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
  bool bytes() const { return tiles.rowsPerWord == 4; }
  int64_t addedToCodes() const { return matrix.inputSigned ? 128 : 0; }
  int64_t steps() const {
    return llvm::divideCeil(matrix.rows, tiles.rowsPerWord);
  }
  int64_t panelsPerGroup() const {
    return llvm::divideCeil(matrix.columns, panelColumns);
  }
  /// Panel `p` of group `g`: words [steps][panelColumns], missing weights zero.
  const int32_t *panel(int64_t g, int64_t p) const {
    return panels.data() + (g * panelsPerGroup() + p) * steps() * panelColumns;
  }
  /// Where the words of a panel hold weight (k, n): byte or half-word.
  int64_t at(int64_t n, int64_t k) const {
    return (k / tiles.rowsPerWord * panelColumns + n % panelColumns) *
               tiles.rowsPerWord +
           k % tiles.rowsPerWord;
  }
  int32_t weight(int64_t g, int64_t n, int64_t k) const {
    if (panels.empty())
      return wideWeights[(g * matrix.columns + n) * matrix.rows + k];
    const int32_t *words = panel(g, n / panelColumns);
    return bytes() ? get<int8_t>(words, at(n, k))
                   : get<int16_t>(words, at(n, k));
  }
  /// The number added to every result of column n of group g.
  int32_t bias(const CrossbarJob &job, int64_t g, int64_t n) const {
    const int64_t at = g * matrix.columns + n;
    return static_cast<uint32_t>(job.columnBias[at]) -
           (byteOffsets.empty() ? 0 : static_cast<uint32_t>(byteOffsets[at]));
  }

  /// Makes operand i of input words of a code.
  void putCode(int32_t *words, int64_t i, int64_t code) const {
    if (bytes())
      put<uint8_t>(words, i, code + addedToCodes());
    else
      put<int16_t>(words, i, code);
  }
  /// Words of `width` positions, from rows that are `stride` apart.
  template <typename T>
  void pack(const T *rows, int64_t stride, int64_t width, int32_t *to) const;
  /// Words of one input vector.
  template <typename T>
  void packVector(const T *codes, int32_t *to) const;
  template <typename T>
  void convolution(const CrossbarJob &job, const PatchReader<T> &patches) const;
  template <typename T>
  void linear(const CrossbarJob &job, const PatchReader<T> &patches) const;
  template <typename T>
  void wide(const CrossbarJob &job, const PatchReader<T> &patches) const;

  MatrixSpec matrix;
  const ExactTiles &tiles =
      ExactTiles::best(matrix.weightBits <= 8 && matrix.inputBits <= 8);
  std::vector<int32_t> panels;      ///< if weights have at most 16 bits
  std::vector<int32_t> byteOffsets; ///< 128 sum_k w_kn, if inputs get 128 added
  std::vector<int32_t> wideWeights; ///< otherwise; [groups * columns][rows]
};

} // namespace

ExactKernel::ExactKernel(const MatrixSpec &matrix, const WeightReader &weights)
    : matrix(matrix) {
  const int64_t K = matrix.rows, N = matrix.columns;
  constexpr int64_t block = 128; // rows; their data stays cached
  std::vector<int32_t> part(std::min(block, K));
  if (matrix.weightBits > 16)
    wideWeights.resize(matrix.groups * N * K);
  else
    panels.resize(matrix.groups * panelsPerGroup() * steps() * panelColumns);
  if (bytes() && matrix.inputSigned)
    byteOffsets.resize(matrix.groups * N);
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
          int32_t *words = const_cast<int32_t *>(panel(g, p / panelColumns));
          for (auto [k, weight] : llvm::enumerate(rows))
            if (bytes())
              put<int8_t>(words, at(n, first + k), weight);
            else
              put<int16_t>(words, at(n, first + k), weight);
          if (!byteOffsets.empty())
            for (int32_t weight : rows)
              byteOffsets[g * N + n] += 128 * weight;
        }
}

/// Writes `count` results; arithmetic is modulo 2^32 until here.
static void store(Value &y, int64_t at, const int32_t *from, int64_t count) {
  if (y.type() == ElementType::i32)
    std::copy(from, from + count, y.asMutable<int32_t>().data() + at);
  else
    std::copy(from, from + count, y.asMutable<int64_t>().data() + at);
}

/// Of `count` things, which come `times` times, how many to take at once: at
/// most `limit`, and so few that there are about `wanted` units of work.
static int64_t blockOf(int64_t count, int64_t times, int64_t limit,
                       int64_t wanted) {
  const int64_t most =
      llvm::divideCeil(count, std::max<int64_t>(wanted / times, 1));
  return std::clamp<int64_t>(std::min(limit, most), 1,
                             std::max<int64_t>(count, 1));
}

template <typename T>
void ExactKernel::pack(const T *rows, int64_t stride, int64_t width,
                       int32_t *to) const {
  const int64_t perWord = tiles.rowsPerWord;
  if constexpr (sizeof(T) == 1) {
    const uint8_t *each[ExactTiles::maxRowsPerWord];
    for (int64_t r = 0; r < perWord; ++r)
      each[r] = reinterpret_cast<const uint8_t *>(rows + r * stride);
    tiles.interleave(each, width, std::is_signed_v<T>, to);
    return;
  }
  for (int64_t i = 0; i < width; ++i)
    for (int64_t r = 0; r < perWord; ++r)
      putCode(to, i * perWord + r, rows[r * stride + i]);
}

template <typename T>
void ExactKernel::packVector(const T *codes, int32_t *to) const {
  to[steps() - 1] = 0; // rows that are missing are met by weights of 0
  auto put = [&](auto operand, int64_t added) {
    auto *bytes = reinterpret_cast<char *>(to);
    for (int64_t k = 0; k < matrix.rows; ++k) {
      operand = codes[k] + added;
      std::memcpy(bytes + k * sizeof(operand), &operand, sizeof(operand));
    }
  };
  if (bytes())
    put(uint8_t(), addedToCodes());
  else
    put(int16_t(), 0);
}

template <typename T>
void ExactKernel::convolution(const CrossbarJob &job,
                              const PatchReader<T> &patches) const {
  const int64_t positions = job.window.positions(), N = matrix.columns;
  const int64_t tileWidth = tiles.lanes * ExactTiles::maxVectors;
  // Every part of the panels packs the inputs again: cut positions first.
  const int64_t wanted = wantedUnits(job.threads);
  const int64_t times = job.window.batch * matrix.groups;
  const int64_t block =
      blockOf(llvm::divideCeil(positions, tileWidth), times,
              packedBytes / (steps() * tileWidth * 4), wanted) *
      tileWidth;
  const int64_t blocks = llvm::divideCeil(positions, block);
  const int64_t units = times * blocks;
  const int64_t parts =
      std::clamp<int64_t>(partsOfUnits(units, wanted / 2), 1, panelsPerGroup());
  const int64_t perWord = tiles.rowsPerWord;

  parallelFor(job.threads, units * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * block;
    const int64_t g = unit / parts / blocks % matrix.groups;
    const int64_t b = unit / parts / blocks / matrix.groups;
    const int64_t count = std::min(block, positions - first);
    // The last tile may be narrower.
    const int64_t padded = llvm::alignTo(count, tiles.lanes);

    // Pack words [tile][step][lane of the tile].
    std::unique_ptr<int32_t[]> packed(new int32_t[padded * steps()]);
    std::unique_ptr<T[]> rows(new T[perWord * padded]());
    std::vector<int32_t> term(padded); // inputSumFactor * sum of inputs
    for (int64_t step = 0; step < steps(); ++step) {
      for (int64_t r = 0; r < perWord; ++r) {
        T *row = rows.get() + r * padded;
        if (step * perWord + r < matrix.rows)
          patches.row(b, g, step * perWord + r, first, count, row);
        else
          std::fill_n(row, count, T(0)); // met by weights of 0
        if (job.inputSumFactor != 0)
          for (int64_t i = 0; i < padded; ++i)
            term[i] += static_cast<int32_t>(row[i]);
      }
      for (int64_t at = 0; at < padded; at += tileWidth) {
        const int64_t width = std::min(tileWidth, padded - at);
        pack(rows.get() + at, padded, width,
             packed.get() + at * steps() + step * width);
      }
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
        bias[i] = this->bias(job, g, n + i);
      for (int64_t at = 0; at < padded; at += tileWidth) {
        const int64_t width = std::min(tileWidth, padded - at);
        tiles.positions(steps(), packed.get() + at * steps(),
                        width / tiles.lanes,
                        panel(g, n / panelColumns) + n % panelColumns, columns,
                        bias, term.data() + at, result);
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
  const int64_t wanted = wantedUnits(job.threads);
  const int64_t vectorsPerBlock =
      blockOf(batch, matrix.groups, packedBytes / (steps() * 4), wanted);
  const int64_t blocks = llvm::divideCeil(batch, vectorsPerBlock);
  const int64_t units = matrix.groups * blocks;
  const int64_t parts =
      std::clamp<int64_t>(partsOfUnits(units, wanted), 1, panelsPerGroup());

  parallelFor(job.threads, units * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * vectorsPerBlock;
    const int64_t g = unit / parts / blocks;
    const int64_t count = std::min(vectorsPerBlock, batch - first);

    std::unique_ptr<int32_t[]> packed(new int32_t[count * steps()]);
    std::vector<int32_t> term(count);
    std::unique_ptr<T[]> codes(new T[matrix.rows]);
    for (int64_t i = 0; i < count; ++i) {
      patches.vector(first + i, g, 0, codes.get());
      packVector(codes.get(), packed.get() + i * steps());
      if (job.inputSumFactor == 0)
        continue;
      uint32_t sum = 0;
      for (int64_t k = 0; k < matrix.rows; ++k)
        sum += static_cast<int32_t>(codes[k]);
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
        bias[i] = this->bias(job, g, n + i);
      for (int64_t i = 0; i < count;) {
        const int64_t step =
            std::min(count - i, ExactTiles::maxVectorsOfInputs);
        tiles.columns(steps(), packed.get() + i * steps(), step, panel(g, p),
                      bias, term.data() + i, result);
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
