// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ClipKernel.cpp - Arrays whose converters saturate ------------------===//
//
// A conversion of a column sum v returns min(v, saturation): v less its excess.
// So the result is the exact product less the shifted sum of all excesses, and
// only (row tile, column, slice) triples whose largest possible sum exceeds the
// saturation have any. These triples are found when the arrays are
// programmed. Of these, a read needs to be formed only if its digits add up to
// enough to exceed the saturation on the highest cells of the column.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/ClipInputs.h"
#include "lib/Model/ClipTiles.h"
#include "lib/Model/Encoding.h"
#include "lib/Model/Kernels.h"
#include "lib/Model/Parallel.h"
#include "lib/Model/Patches.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <memory>
#include <vector>

using namespace pumice::model;

namespace {

/// Bytes of encoded inputs of one row tile that should stay in the first-level
/// cache.
constexpr int64_t encodedBytes = 32 * 1024;

/// Input vectors that the portable loop handles at once.
constexpr int64_t portableLanes = 32;

/// A triple whose column sum may exceed the saturation.
struct Risk {
  int64_t column; ///< within its group
  int64_t slice;
  int64_t cells; ///< where its cells are
  /// Digits on the rows must add up to this for the sum to exceed.
  int64_t leastDigits;
};

/// Excess of one column by input vector: modulo 2^32 if results fit in 32 bits.
struct Excess {
  std::vector<int32_t> narrow;
  std::vector<uint64_t> wide;
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
  int64_t tileRows(int64_t tile) const {
    return std::min(array.rows, matrix.rows - tile * array.rows);
  }
  /// Rows of a tile, or nibbles of rows if they are looked up by tables.
  int64_t tileSteps(int64_t tile) const {
    return llvm::divideCeil(tileRows(tile), rowsPerStep);
  }
  llvm::ArrayRef<Risk> tileRisks(int64_t group, int64_t tile) const {
    const int64_t at = group * tiling.rowTiles + tile;
    return llvm::ArrayRef(risks).slice(riskBegin[at],
                                       riskBegin[at + 1] - riskBegin[at]);
  }
  int64_t lanes() const { return tables ? tables->lanes : portableLanes; }

  template <typename T>
  void subtractExcess(const CrossbarJob &job,
                      const PatchReader<T> &patches) const;
  template <typename Index, typename T>
  void encode(const PatchReader<T> &patches, int64_t group, int64_t tile,
              int64_t first, int64_t count, Encoded<Index> &encoded) const;
  template <typename Index, typename T>
  void subtractBlock(const CrossbarJob &job, const PatchReader<T> &patches,
                     int64_t group, int64_t first, int64_t count,
                     int64_t columnBegin, int64_t columnEnd) const;
  bool addExcess(const Risk &risk, const Encoded<uint8_t> &inputs,
                 Excess &excess) const;
  bool addExcess(const Risk &risk, const Encoded<uint32_t> &inputs,
                 Excess &excess) const;
  void fillCodeTables();
  int64_t digitGroups() const {
    return llvm::divideCeil(digits.size(), ClipTiles::maxDigits);
  }

  ArraySpec array;
  MatrixSpec matrix;
  Tiling tiling;
  std::unique_ptr<const ICrossbarKernel> exact;
  std::vector<InputDigit> digits;
  int64_t limit;

  /// Table look-up, if the shape allows for it; else portable loops.
  const ClipTiles *tables = nullptr;
  int64_t rowsPerStep = 1;
  int64_t stepsPerChunk = 0;
  /// Cells of so many rows are stored in one byte, a code.
  int64_t rowsPerCode = 1;
  /// What the cells of each code add to each entry of a table: [code of the
  /// nibble][code][16].
  std::vector<uint8_t> codeTables;

  std::vector<Risk> risks;          ///< by group, row tile, column, slice
  std::vector<int64_t> riskBegin;   ///< [group][row tile], and the end
  std::vector<uint8_t> codes;       ///< of risks, if tables are used
  std::vector<uint32_t> wideLevels; ///< of risks, otherwise
};

} // namespace

/// The least sum of digits, each at most `digitMax`, with which a column of
/// these cells may exceed `limit`: all digits on the highest cells.
static int64_t leastDigits(llvm::ArrayRef<uint32_t> cells, int64_t levelMax,
                           int64_t digitMax, int64_t limit) {
  if (levelMax > 255)
    return 0; // not worth sorting them
  int64_t counts[256] = {};
  for (uint32_t level : cells)
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
    : array(array), matrix(matrix), tiling(tiling),
      exact(makeExactKernel(matrix, weights)),
      digits(inputDigits(array, matrix)), limit(saturation(array)) {
  const int64_t levelMax = (int64_t(1) << array.cellBits) - 1;
  int64_t digitMax = 0;
  for (const InputDigit &digit : digits)
    digitMax = std::max(digitMax, digit.mask);

  // A nibble holds 4, 2 or 1 rows; entries are bytes, sums 16-bit numbers.
  if (array.cellBits <= 8 && array.dacBits <= 4) {
    const int64_t rowsOfNibble = std::max<int64_t>(4 / array.dacBits, 1);
    const int64_t entryMax = rowsOfNibble * levelMax * digitMax;
    if (entryMax <= 255 &&
        tileRows(0) * levelMax * digitMax <= ClipTiles::maxSum)
      tables = ClipTiles::best();
    if (tables) {
      rowsPerStep = rowsOfNibble;
      stepsPerChunk = 255 / entryMax;
      rowsPerCode = rowsPerStep;
      while (rowsPerCode * array.cellBits > 8)
        rowsPerCode /= 2;
      fillCodeTables();
    }
  }

  riskBegin.push_back(0);
  std::vector<int32_t> column(tileRows(0));
  std::vector<uint32_t> cells(tileRows(0));
  for (int64_t g = 0; g < matrix.groups; ++g)
    for (int64_t tile = 0; tile < tiling.rowTiles; ++tile) {
      const int64_t rows = tileRows(tile);
      for (int64_t n = 0; n < matrix.columns; ++n) {
        weights.read(g, n, tile * array.rows,
                     llvm::MutableArrayRef(column).take_front(rows));
        for (int64_t slice = 0; slice < tiling.slices; ++slice) {
          uint64_t sum = 0;
          for (int64_t k = 0; k < rows; ++k)
            sum += cells[k] = cellLevel(array, matrix, column[k], slice);
          if (sum * digitMax <= static_cast<uint64_t>(limit))
            continue;
          const int64_t least =
              leastDigits(llvm::ArrayRef(cells).take_front(rows), levelMax,
                          digitMax, limit);
          if (tables) {
            risks.push_back(
                {n, slice, static_cast<int64_t>(codes.size()), least});
            for (int64_t k = 0; k < tileSteps(tile) * rowsPerStep;
                 k += rowsPerCode) {
              uint8_t code = 0;
              for (int64_t i = 0; i < rowsPerCode && k + i < rows; ++i)
                code |= cells[k + i] << (i * array.cellBits);
              codes.push_back(code);
            }
          } else {
            risks.push_back(
                {n, slice, static_cast<int64_t>(wideLevels.size()), least});
            wideLevels.insert(wideLevels.end(), cells.begin(),
                              cells.begin() + rows);
          }
        }
      }
      riskBegin.push_back(risks.size());
    }
}

void ClipKernel::fillCodeTables() {
  const int64_t digitMask = (int64_t(1) << array.dacBits) - 1;
  const int64_t levelMask = (int64_t(1) << array.cellBits) - 1;
  for (int64_t row = 0; row < rowsPerStep; row += rowsPerCode)
    for (int64_t code = 0; code < 1 << (rowsPerCode * array.cellBits); ++code)
      for (int64_t nibble = 0; nibble < ClipTiles::tableSize; ++nibble) {
        int64_t entry = 0;
        for (int64_t i = 0; i < rowsPerCode; ++i)
          entry += (nibble >> ((row + i) * array.dacBits) & digitMask) *
                   (code >> (i * array.cellBits) & levelMask);
        codeTables.push_back(entry); // those that do not fit do not occur
      }
}

template <typename T>
void ClipKernel::subtractExcess(const CrossbarJob &job,
                                const PatchReader<T> &patches) const {
  const int64_t windows = job.window.count();
  const int64_t entryBytes = tables ? 1 : 4;
  const int64_t laneBlocks = std::clamp<int64_t>(
      encodedBytes /
          (entryBytes * int64_t(digits.size()) * tileSteps(0) * lanes()),
      1, std::max<int64_t>(llvm::divideCeil(windows, lanes()), 1));
  const int64_t block = laneBlocks * lanes();
  const int64_t blocks = llvm::divideCeil(windows, block);
  // Few windows: share the columns among the threads, too.
  const int64_t parts =
      job.threads > 1
          ? std::clamp<int64_t>(
                llvm::divideCeil(int64_t(4) * job.threads,
                                 std::max<int64_t>(blocks * matrix.groups, 1)),
                1, matrix.columns)
          : 1;
  parallelFor(job.threads, matrix.groups * blocks * parts, [&](int64_t unit) {
    const int64_t part = unit % parts;
    const int64_t first = unit / parts % blocks * block;
    const int64_t group = unit / parts / blocks;
    const int64_t count = std::min(block, windows - first);
    const int64_t begin = matrix.columns * part / parts;
    const int64_t end = matrix.columns * (part + 1) / parts;
    if (tables)
      subtractBlock<uint8_t>(job, patches, group, first, count, begin, end);
    else
      subtractBlock<uint32_t>(job, patches, group, first, count, begin, end);
  });
}

/// Encodes `count` input vectors on the rows of one tile; missing rows and
/// vectors are 0.
template <typename Index, typename T>
void ClipKernel::encode(const PatchReader<T> &patches, int64_t group,
                        int64_t tile, int64_t first, int64_t count,
                        Encoded<Index> &encoded) const {
  const int64_t width = lanes(), steps = tileSteps(tile);
  const int64_t numDigits = digits.size();
  encoded.laneBlocks = llvm::divideCeil(count, width);
  encoded.steps = steps;
  encoded.indices.assign(encoded.laneBlocks * numDigits * steps * width, 0);
  encoded.digitSums.assign(encoded.laneBlocks * digitGroups(), 0);
  auto at = [&](int64_t block, int64_t d) {
    return encoded.indices.data() + (block * numDigits + d) * steps * width;
  };

  std::vector<T> row(encoded.laneBlocks * width);
  for (int64_t k = 0; k < tileRows(tile); ++k) {
    patches.rowAcross(group, tile * array.rows + k, first, count, row.data());
    const int64_t up = k % rowsPerStep * array.dacBits;
    for (int64_t block = 0; block < encoded.laneBlocks; ++block)
      for (int64_t d = 0; d < numDigits; ++d)
        encodeRow(row.data() + block * width, width, digits[d], up,
                  at(block, d) + k / rowsPerStep * width);
  }
  for (int64_t block = 0; block < encoded.laneBlocks; ++block)
    for (int64_t d = 0; d < numDigits; ++d) {
      int64_t &largest =
          encoded.digitSums[block * digitGroups() + d / ClipTiles::maxDigits];
      largest = std::max(
          largest, largestDigitSum(at(block, d), steps, width, array.dacBits));
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
  const uint8_t *code = codes.data() + risk.cells;
  const int64_t codeTableSize = size << (rowsPerCode * array.cellBits);
  // Entries are bytes that do not overflow: add eight at a time.
  static_assert(size == 16);
  for (int64_t step = 0; step < inputs.steps; ++step) {
    uint64_t entries[2] = {};
    const uint8_t *codeTable = codeTables.data();
    for (int64_t row = 0; row < rowsPerStep; row += rowsPerCode) {
      uint64_t add[2];
      std::memcpy(add, codeTable + *code++ * size, size);
      entries[0] += add[0];
      entries[1] += add[1];
      codeTable += codeTableSize;
    }
    std::memcpy(table.data() + step * size, entries, size);
  }

  bool any = false;
  const int64_t numDigits = digits.size(), width = lanes();
  for (int64_t d = 0; d < numDigits; d += ClipTiles::maxDigits) {
    const int64_t some = std::min(ClipTiles::maxDigits, numDigits - d);
    int16_t weights[ClipTiles::maxDigits];
    for (int64_t i = 0; i < some; ++i) {
      const InputDigit &digit = digits[d + i];
      const int weight = 1 << (digit.shift - digits[d].shift);
      weights[i] = digit.negative ? -weight : weight;
    }
    const int64_t shift = digits[d].shift + risk.slice * array.cellBits;
    for (int64_t block = 0; block < inputs.laneBlocks; ++block) {
      if (inputs.digitSums[block * digitGroups() + d / ClipTiles::maxDigits] <
          risk.leastDigits)
        continue;
      const uint8_t *indices = inputs.indices.data() +
                               (block * numDigits + d) * inputs.steps * width;
      auto add = [&](int64_t up, int32_t *to) {
        return tables->excess(inputs.steps, stepsPerChunk, table.data(),
                              indices, some, limit, weights, up, to);
      };
      if (excess.wide.empty()) {
        any |= add(shift, excess.narrow.data() + block * width);
        continue;
      }
      int32_t part[ClipTiles::maxLanes] = {};
      if (!add(0, part))
        continue;
      any = true;
      for (int64_t lane = 0; lane < width; ++lane)
        excess.wide[block * width + lane] +=
            static_cast<uint64_t>(int64_t(part[lane])) << shift;
    }
  }
  return any;
}

bool ClipKernel::addExcess(const Risk &risk, const Encoded<uint32_t> &inputs,
                           Excess &excess) const {
  bool any = false;
  const int64_t numDigits = digits.size();
  const uint32_t *level = wideLevels.data() + risk.cells;
  for (int64_t block = 0; block < inputs.laneBlocks; ++block)
    for (int64_t d = 0; d < numDigits; ++d) {
      if (inputs.digitSums[block * digitGroups() + d / ClipTiles::maxDigits] <
          risk.leastDigits)
        continue;
      const uint32_t *indices =
          inputs.indices.data() +
          (block * numDigits + d) * inputs.steps * portableLanes;
      uint64_t sums[portableLanes] = {};
      for (int64_t step = 0; step < inputs.steps; ++step)
        for (int64_t lane = 0; lane < portableLanes; ++lane)
          sums[lane] += uint64_t(level[step]) * *indices++;
      const int64_t shift = digits[d].shift + risk.slice * array.cellBits;
      for (int64_t lane = 0; lane < portableLanes; ++lane) {
        if (sums[lane] <= static_cast<uint64_t>(limit))
          continue;
        any = true;
        uint64_t lost = (sums[lane] - limit) << shift;
        if (digits[d].negative)
          lost = -lost;
        const int64_t at = block * portableLanes + lane;
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

/// Subtracts `count` numbers from results that are `step` apart, all modulo
/// 2^32 or 2^64.
static void subtract(Value &y, int64_t at, int64_t step, const Excess &excess,
                     int64_t from, int64_t count) {
  if (!excess.wide.empty()) {
    int64_t *to = y.asMutable<int64_t>().data() + at;
    for (int64_t i = 0; i < count; ++i)
      to[i * step] =
          static_cast<uint64_t>(to[i * step]) - excess.wide[from + i];
    return;
  }
  auto narrow = [&](auto *to) {
    for (int64_t i = 0; i < count; ++i)
      to[i * step] =
          static_cast<int32_t>(static_cast<uint32_t>(to[i * step]) -
                               static_cast<uint32_t>(excess.narrow[from + i]));
  };
  if (y.type() == ElementType::i32)
    narrow(y.asMutable<int32_t>().data() + at);
  else
    narrow(y.asMutable<int64_t>().data() + at);
}

template <typename Index, typename T>
void ClipKernel::subtractBlock(const CrossbarJob &job,
                               const PatchReader<T> &patches, int64_t group,
                               int64_t first, int64_t count,
                               int64_t columnBegin, int64_t columnEnd) const {
  const int64_t padded = llvm::alignTo(count, lanes());
  const int64_t positions = job.window.positions();
  Encoded<Index> inputs;
  Excess excess;
  auto clear = [&] {
    if (job.fits32)
      excess.narrow.assign(padded, 0);
    else
      excess.wide.assign(padded, 0);
  };
  clear();

  for (int64_t tile = 0; tile < tiling.rowTiles; ++tile) {
    llvm::ArrayRef<Risk> todo =
        tileRisks(group, tile)
            .drop_while([&](const Risk &r) { return r.column < columnBegin; })
            .take_while([&](const Risk &r) { return r.column < columnEnd; });
    if (todo.empty())
      continue;
    encode(patches, group, tile, first, count, inputs);
    while (!todo.empty()) {
      const int64_t column = todo.front().column;
      bool any = false;
      for (; !todo.empty() && todo.front().column == column;
           todo = todo.drop_front())
        any |= addExcess(todo.front(), inputs, excess);
      if (!any)
        continue;
      // From the results of one image after another, or of one per image.
      const int64_t perImage = matrix.groups * matrix.columns * positions;
      const int64_t place = (group * matrix.columns + column) * positions;
      if (positions == 1)
        subtract(job.y, first * perImage + place, perImage, excess, 0, count);
      else
        for (int64_t i = 0; i < count;) {
          const int64_t b = (first + i) / positions;
          const int64_t p = (first + i) % positions;
          const int64_t part = std::min(count - i, positions - p);
          subtract(job.y, b * perImage + place + p, 1, excess, i, part);
          i += part;
        }
      clear();
    }
  }
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
