// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ClipKernel.cpp - Arrays whose converters saturate ------------------===//
//
// A conversion of a column sum v returns min(v, saturation): v less its excess.
// The result is therefore the exact product minus the shifted sum of all
// excesses (plus those of columns that count negative or are inverted), and
// only columns of a segment whose largest possible sum exceeds the saturation
// have any. These are found when the arrays are programmed. Of these, a read
// needs to be formed only if its digits add up to enough to exceed the
// saturation on the highest cells of the column.
//
// Memory: that of the exact product (ExactKernel.cpp); in addition, a column at
// risk takes cellBits / 8 bytes per cell (1 byte where there are no tables).
//
//===----------------------------------------------------------------------===//
#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Crossbar/Patches.h"
#include "lib/Model/Crossbar/kernels/ClipInputs.h"
#include "lib/Model/Crossbar/kernels/ClipTiles.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Crossbar/kernels/NibbleTables.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

using namespace pumice::model;

namespace {

/// Bytes of encoded inputs of one row tile that should stay in the first-level
/// cache.
constexpr int64_t encodedBytes = 32 * 1024;

/// Results of which the excess is kept before it is subtracted.
constexpr int64_t keptResults = 64 * 1024;

/// Input vectors that the portable loop processes at once.
constexpr int64_t portableLanes = 32;

/// A column of a segment whose sum may exceed the saturation.
struct Risk {
  int64_t column; ///< within its group
  int64_t shift;
  int64_t cells; ///< where its cells are
  /// Digits on the rows must add up to this for the sum to exceed.
  int64_t leastDigits;
  bool negative; ///< conversions count negative
};

/// Excess of columns by input vector: modulo 2^32 if results fit in 32 bits.
struct Excess {
  std::vector<int32_t> narrow;
  std::vector<uint64_t> wide;
  int64_t at = 0; ///< where the column begins that is added to
};

class ClipKernel final : public ICrossbarKernel {
public:
  ClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
             const Tiling &tiling, const WeightReader &weights);

  bool hasRisks() const { return !risks.empty(); }
  std::unique_ptr<const ICrossbarKernel> takeExact() {
    return std::move(exact);
  }

  llvm::StringRef name() const override { return "clip"; }

  void compute(const CrossbarJob &job) const override {
    exact->compute(job);
    withPatches(matrix, job.window, job.x, job.padCode,
                [&](auto patches) { subtractExcess(job, patches); });
  }

private:
  llvm::ArrayRef<Risk> risksOf(int64_t group, int64_t segment) const {
    const int64_t at = group * segments.size() + segment;
    return llvm::ArrayRef(risks).slice(riskBegin[at],
                                       riskBegin[at + 1] - riskBegin[at]);
  }
  int64_t lanes() const { return tiles ? tiles->lanes : portableLanes; }

  template <typename T>
  void subtractExcess(const CrossbarJob &job,
                      const PatchReader<T> &patches) const;
  template <typename Index, typename T>
  void encode(const PatchReader<T> &patches, int64_t group,
              const Segment &segment, int64_t first, int64_t count,
              Encoded<Index> &encoded) const;
  template <typename Index, typename T>
  void subtractBlock(const CrossbarJob &job, const PatchReader<T> &patches,
                     int64_t group, int64_t first, int64_t count,
                     int64_t columnBegin, int64_t columnEnd) const;
  void addRisk(llvm::ArrayRef<uint8_t> cells, Risk risk, int64_t digitMax,
               std::vector<Risk> &to);
  bool addExcess(const Risk &risk, const Encoded<uint8_t> &inputs,
                 Excess &excess) const;
  bool addExcess(const Risk &risk, const Encoded<uint32_t> &inputs,
                 Excess &excess) const;
  int64_t digitGroups() const {
    return llvm::divideCeil(digits.size(), ClipTiles::maxDigits);
  }

  ArraySpec array;
  MatrixSpec matrix;
  std::vector<Segment> segments;
  std::unique_ptr<const ICrossbarKernel> exact;
  std::vector<InputDigit> digits;
  int64_t limit;

  NibbleTables tables;
  /// Table look-up, if the shape allows for it; else portable loops.
  const ClipTiles *tiles = nullptr;

  std::vector<Risk> risks;        ///< by group, segment, column, slice
  std::vector<int64_t> riskBegin; ///< [group][segment], and the end
  std::vector<uint8_t> codes;     ///< of risks, if tables are used
  std::vector<uint8_t> levels;    ///< of risks, otherwise
};

} // namespace

/// The least sum of digits, each at most `digitMax`, with which a column of
/// these cells may exceed `limit`: all digits on the highest cells.
static int64_t leastDigits(llvm::ArrayRef<uint8_t> cells, int64_t levelMax,
                           int64_t digitMax, int64_t limit) {
  int64_t counts[256] = {};
  for (uint8_t level : cells)
    ++counts[level];
  int64_t sum = 0, used = 0;
  for (int64_t level = levelMax; level > 0; --level) {
    const int64_t most = counts[level] * digitMax;
    if (sum + most * level > limit)
      return used + (limit - sum) / level + 1;
    sum += most * level;
    used += most;
  }
  return used + 1; // cannot exceed
}

ClipKernel::ClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
                       const Tiling &tiling, const WeightReader &weights)
    : array(array), matrix(matrix), segments(segmentsOf(array, matrix)),
      exact(makeExactKernel(matrix, weights)),
      digits(inputDigits(array, matrix)),
      limit((int64_t(1) << array.adcBits) - 1),
      tables(array.cellBits, array.dacBits, segments.front().rows) {
  int64_t digitMax = 0;
  for (const InputDigit &digit : digits)
    digitMax = std::max(digitMax, digit.mask);
  if (tables.fit())
    tiles = ClipTiles::best();

  std::vector<int32_t> column(array.rows);
  std::vector<uint8_t> cells(array.rows);
  riskBegin.push_back(0);
  for (int64_t g = 0; g < matrix.groups; ++g)
    for (llvm::ArrayRef<Segment> left = segments; !left.empty();) {
      // The segments of one tile: columns are inverted by tile.
      const llvm::ArrayRef<Segment> ofTile = left.take_while(
          [&](const Segment &s) { return s.tile == left.front().tile; });
      left = left.drop_front(ofTile.size());
      const int64_t begin = ofTile.front().first;
      const int64_t rows = ofTile.back().first + ofTile.back().rows - begin;
      std::vector<std::vector<Risk>> found(ofTile.size());
      for (int64_t n = 0; n < matrix.columns; ++n) {
        weights.read(g, n, begin,
                     llvm::MutableArrayRef(column).take_front(rows));
        for (int64_t slice = 0; slice < tiling.slices; ++slice) {
          const bool inverted = columnLevels(
              array, matrix, llvm::ArrayRef(column).take_front(rows), slice,
              cells);
          const bool negative =
              inverted != isNegativePart(array, matrix, slice);
          for (auto [segment, risks] : llvm::zip(ofTile, found))
            addRisk(llvm::ArrayRef(cells).slice(segment.first - begin,
                                                segment.rows),
                    {n, sliceShift(array, matrix, slice), 0, 0, negative},
                    digitMax, risks);
        }
      }
      for (const std::vector<Risk> &some : found) {
        risks.insert(risks.end(), some.begin(), some.end());
        riskBegin.push_back(risks.size());
      }
    }
}

/// Appends `risk` and stores its cells, if they may exceed the limit.
void ClipKernel::addRisk(llvm::ArrayRef<uint8_t> cells, Risk risk,
                         int64_t digitMax, std::vector<Risk> &to) {
  const int64_t sum = std::accumulate(cells.begin(), cells.end(), int64_t(0));
  if (sum * digitMax <= limit)
    return;
  risk.leastDigits = leastDigits(cells, highestLevel(array), digitMax, limit);
  risk.cells = tiles ? codes.size() : levels.size();
  to.push_back(risk);
  if (tiles) {
    codes.resize(codes.size() + tables.codesOf(cells.size()));
    tables.store(cells, codes.data() + risk.cells);
  } else {
    levels.insert(levels.end(), cells.begin(), cells.end());
  }
}

template <typename T>
void ClipKernel::subtractExcess(const CrossbarJob &job,
                                const PatchReader<T> &patches) const {
  const int64_t windows = job.window.count();
  const int64_t entryBytes = tiles ? 1 : 4;
  const int64_t laneBlocks = std::clamp<int64_t>(
      encodedBytes / (entryBytes * int64_t(digits.size()) *
                      tables.steps(segments.front().rows) * lanes()),
      1, std::max<int64_t>(llvm::divideCeil(windows, lanes()), 1));
  const int64_t block = laneBlocks * lanes();
  const int64_t blocks = llvm::divideCeil(windows, block);
  // Few windows: share the columns among the threads, too. The columns that are
  // processed at once fit in the second-level cache.
  const int64_t shared =
      partsOfUnits(blocks * matrix.groups, wantedUnits(job.threads));
  const int64_t cached =
      job.window.positions() == 1
          ? llvm::divideCeil(matrix.columns * block, keptResults)
          : 1;
  const int64_t parts =
      std::clamp<int64_t>(std::max(shared, cached), 1, matrix.columns);
  parallelFor(job.threads, matrix.groups * blocks * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * block;
    const int64_t group = unit / parts / blocks;
    const int64_t count = std::min(block, windows - first);
    const int64_t begin = matrix.columns * part / parts;
    const int64_t end = matrix.columns * (part + 1) / parts;
    if (tiles)
      subtractBlock<uint8_t>(job, patches, group, first, count, begin, end);
    else
      subtractBlock<uint32_t>(job, patches, group, first, count, begin, end);
  });
}

template <typename Index, typename T>
void ClipKernel::encode(const PatchReader<T> &patches, int64_t group,
                        const Segment &segment, int64_t first, int64_t count,
                        Encoded<Index> &encoded) const {
  const int64_t numDigits = digits.size();
  const bool tabled = sizeof(Index) == 1;
  encodeSegment(patches, group, segment, first, count, digits, lanes(),
                tabled ? tables.rowsPerStep : 1, array.dacBits, encoded,
                [](const T *) {});
  encoded.digitSums.assign(encoded.laneBlocks * digitGroups(), 0);
  for (int64_t block = 0; block < encoded.laneBlocks; ++block)
    for (int64_t d = 0; d < numDigits; ++d) {
      int64_t &largest =
          encoded.digitSums[block * digitGroups() + d / ClipTiles::maxDigits];
      largest = std::max(
          largest, largestDigitSum(encoded.of(block, d, numDigits, lanes()),
                                   encoded.steps, lanes(), array.dacBits));
    }
}

/// Adds the excess of one triple for all lanes. Returns false if there is none.
bool ClipKernel::addExcess(const Risk &risk, const Encoded<uint8_t> &inputs,
                           Excess &excess) const {
  if (llvm::all_of(inputs.digitSums,
                   [&](int64_t sum) { return sum < risk.leastDigits; }))
    return false;

  constexpr int64_t size = ClipTiles::tableSize;
  llvm::SmallVector<uint8_t, 64 * size> table;
  table.resize_for_overwrite(inputs.steps * size);
  tables.expand(codes.data() + risk.cells, inputs.steps, table.data());

  bool any = false;
  const int64_t numDigits = digits.size(), width = lanes();
  for (int64_t d = 0; d < numDigits; d += ClipTiles::maxDigits) {
    const int64_t some = std::min(ClipTiles::maxDigits, numDigits - d);
    int16_t weights[ClipTiles::maxDigits];
    for (int64_t i = 0; i < some; ++i) {
      const InputDigit &digit = digits[d + i];
      const int weight = 1 << (digit.shift - digits[d].shift);
      weights[i] = digit.negative != risk.negative ? -weight : weight;
    }
    const int64_t shift = digits[d].shift + risk.shift;
    for (int64_t block = 0; block < inputs.laneBlocks; ++block) {
      if (inputs.digitSums[block * digitGroups() + d / ClipTiles::maxDigits] <
          risk.leastDigits)
        continue;
      const uint8_t *indices = inputs.of(block, d, numDigits, width);
      auto add = [&](int64_t up, int32_t *to) {
        return tiles->excess(inputs.steps, tables.stepsPerChunk, table.data(),
                             indices, some, limit, weights, up, to);
      };
      if (excess.wide.empty()) {
        any |= add(shift, excess.narrow.data() + excess.at + block * width);
        continue;
      }
      int32_t part[ClipTiles::maxLanes] = {};
      if (!add(0, part))
        continue;
      any = true;
      for (int64_t lane = 0; lane < width; ++lane)
        excess.wide[excess.at + block * width + lane] +=
            static_cast<uint64_t>(int64_t(part[lane])) << shift;
    }
  }
  return any;
}

bool ClipKernel::addExcess(const Risk &risk, const Encoded<uint32_t> &inputs,
                           Excess &excess) const {
  bool any = false;
  const int64_t numDigits = digits.size();
  const uint8_t *level = levels.data() + risk.cells;
  for (int64_t block = 0; block < inputs.laneBlocks; ++block)
    for (int64_t d = 0; d < numDigits; ++d) {
      if (inputs.digitSums[block * digitGroups() + d / ClipTiles::maxDigits] <
          risk.leastDigits)
        continue;
      const uint32_t *indices = inputs.of(block, d, numDigits, portableLanes);
      uint64_t sums[portableLanes] = {};
      for (int64_t step = 0; step < inputs.steps; ++step)
        for (uint64_t &sum : sums)
          sum += uint64_t(level[step]) * *indices++;
      const int64_t shift = digits[d].shift + risk.shift;
      for (int64_t lane = 0; lane < portableLanes; ++lane) {
        if (sums[lane] <= static_cast<uint64_t>(limit))
          continue;
        any = true;
        uint64_t lost = (sums[lane] - limit) << shift;
        if (digits[d].negative != risk.negative)
          lost = -lost;
        const int64_t at = excess.at + block * portableLanes + lane;
        if (excess.wide.empty())
          excess.narrow[at] =
              static_cast<int32_t>(static_cast<uint32_t>(excess.narrow[at]) +
                                   static_cast<uint32_t>(lost));
        else
          excess.wide[at] += lost;
      }
    }
  return any;
}

/// Calls `body` with the results and the excess as pointers to the types that
/// they are, and a subtraction modulo 2^32 or 2^64.
template <typename Body>
static void withResults(Value &y, const Excess &excess, Body body) {
  auto narrow = [](int64_t result, int32_t lost) {
    return static_cast<int32_t>(static_cast<uint32_t>(result) -
                                static_cast<uint32_t>(lost));
  };
  auto wide = [](int64_t result, uint64_t lost) {
    return static_cast<int64_t>(static_cast<uint64_t>(result) - lost);
  };
  if (!excess.wide.empty())
    body(y.asMutable<int64_t>().data(), excess.wide.data(), wide);
  else if (y.type() == ElementType::i32)
    body(y.asMutable<int32_t>().data(), excess.narrow.data(), narrow);
  else
    body(y.asMutable<int64_t>().data(), excess.narrow.data(), narrow);
}

template <typename Index, typename T>
void ClipKernel::subtractBlock(const CrossbarJob &job,
                               const PatchReader<T> &patches, int64_t group,
                               int64_t first, int64_t count,
                               int64_t columnBegin, int64_t columnEnd) const {
  const int64_t padded = llvm::alignTo(count, lanes());
  const int64_t positions = job.window.positions();
  const int64_t perImage = matrix.groups * matrix.columns * positions;
  // Results of single positions are far apart by image: columns are kept, to
  // be subtracted side by side in the end.
  const bool keep = positions == 1;
  Encoded<Index> inputs;
  Excess excess;
  auto clear = [&](int64_t columns) {
    if (job.fits32)
      excess.narrow.assign(columns * padded, 0);
    else
      excess.wide.assign(columns * padded, 0);
  };
  clear(keep ? columnEnd - columnBegin : 1);

  bool anyKept = false;
  for (size_t segment = 0; segment < segments.size(); ++segment) {
    llvm::ArrayRef<Risk> todo =
        risksOf(group, segment)
            .drop_while([&](const Risk &r) { return r.column < columnBegin; })
            .take_while([&](const Risk &r) { return r.column < columnEnd; });
    if (todo.empty())
      continue;
    encode(patches, group, segments[segment], first, count, inputs);
    while (!todo.empty()) {
      const int64_t column = todo.front().column;
      bool any = false;
      if (keep)
        excess.at = (column - columnBegin) * padded;
      for (; !todo.empty() && todo.front().column == column;
           todo = todo.drop_front())
        any |= addExcess(todo.front(), inputs, excess);
      anyKept |= any;
      if (keep || !any)
        continue;
      // From the results of one image after another.
      const int64_t place = (group * matrix.columns + column) * positions;
      withResults(job.y, excess, [&](auto *y, const auto *lost, auto subtract) {
        for (int64_t i = 0; i < count;) {
          const int64_t b = (first + i) / positions;
          const int64_t p = (first + i) % positions;
          const int64_t end = std::min(count, i + positions - p);
          auto *to = y + b * perImage + place + p;
          for (; i < end; ++i, ++to)
            *to = subtract(*to, lost[i]);
        }
      });
      clear(1);
    }
  }
  if (!keep || !anyKept)
    return;
  constexpr int64_t images = 16; // whose results stay cached meanwhile
  withResults(job.y, excess, [&](auto *y, const auto *lost, auto subtract) {
    for (int64_t begin = 0; begin < count; begin += images)
      for (int64_t n = columnBegin; n < columnEnd; ++n)
        for (int64_t i = begin; i < std::min(begin + images, count); ++i) {
          auto &to = y[(first + i) * perImage + group * matrix.columns + n];
          to = subtract(to, lost[(n - columnBegin) * padded + i]);
        }
  });
}

std::unique_ptr<const ICrossbarKernel>
pumice::model::makeClipKernel(const ArraySpec &array, const MatrixSpec &matrix,
                              const Tiling &tiling,
                              const WeightReader &weights) {
  auto kernel = std::make_unique<ClipKernel>(array, matrix, tiling, weights);
  if (!kernel->hasRisks())
    return kernel->takeExact();
  return kernel;
}
