// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Reencoding/Reencoding.h"
#include "lib/Reencoding/Assignment.h"
#include "lib/Reencoding/Planes.h"
#include "lib/Support/Parallel.h"
#include "llvm/ADT/Twine.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <limits>
#include <tuple>

using namespace pumice::reencoding;

static constexpr std::array<llvm::StringRef, 5> names = {
    "offset", "centre", "fitted", "columns", "bitlines"};

llvm::ArrayRef<llvm::StringRef> pumice::reencoding::methodNames() {
  return names;
}

int64_t pumice::reencoding::tableBytes(Method method, int64_t columns,
                                       int64_t bitlines, int64_t rowGroups) {
  const auto bitsOf = [](int64_t values) {
    int64_t bits = 0;
    while ((int64_t(1) << bits) < values)
      ++bits;
    return bits;
  };
  // Offsets and a sign for each column.
  int64_t bits = method == Method::Offset ? 0 : columns * (8 * rowGroups + 1);
  if (method == Method::Columns)
    bits += columns * bitsOf(bitlines / digits);
  if (method == Method::Bitlines)
    bits += columns * digits * (bitsOf(bitlines) + 1);
  return (bits + 7) / 8;
}

int64_t pumice::reencoding::correctionsOf(Method method, int64_t columns,
                                          int64_t rowGroups) {
  return method == Method::Offset ? 0 : columns * rowGroups;
}

namespace {

/// Offsets that are tried for a group of rows of a column.
constexpr int mostOffsets = 8;
/// Cyclic chains of fewer tiles are encoded twice.
constexpr size_t shortChain = 8;
/// Digits 01 01 01 01: the centre of the digits' levels, with half the column
/// sums of 170.
constexpr int centre = 85;

/// Encodes tiles for one array, which they follow one another in.
class Array {
public:
  explicit Array(const Options &options)
      : options(options), words(wordsOf(options.rows)),
        bitlines(options.bitlines), groups(options.rowGroups),
        planes(bitlines * 2 * words), mask(words), groupMasks(groups * words),
        trial(8 * words) {}

  Encoding write(const Tile &tile);
  /// The same levels again, after whatever the cells hold now.
  void repeat(const Tile &tile, Encoding &encoding);

  /// Levels by bitline and row.
  void setCells(llvm::ArrayRef<uint8_t> cells);
  void getCells(llvm::MutableArrayRef<uint8_t> cells) const;
  /// The largest sum of levels of a bitline that the last tile uses.
  int64_t largestSum(const Encoding &encoding);

private:
  /// Copies a tile column by column.
  void load(const Tile &tile);
  const uint8_t *column(int64_t c) const { return &bytes[c * options.rows]; }
  int64_t firstRow(int64_t group) const { return rows * group / groups; }
  uint64_t *plane(int64_t bitline) { return &planes[bitline * 2 * words]; }
  uint64_t *digit(int64_t d) { return &own[d * 2 * words]; }

  /// Fills `offsets` for a group of rows: those near the centre for which no
  /// weight is clipped, or few are. The first is the closest.
  void findOffsets(int64_t c, int64_t group, bool isNegated);
  double errorOf(int64_t c, int64_t group, int offset, bool isNegated) const;
  /// Planes of a column with one offset; clips where it must.
  void encodeColumn(int64_t c, int offset, bool isNegated, uint64_t *result);
  /// Planes of the digits of a column as encoded.
  void encodeColumn(int64_t c, const Encoding &encoding);
  /// Chooses offsets and a sign that suit four bitlines, and returns the cost.
  int64_t fit(int64_t c, const uint16_t *bitline, const uint8_t *flipped,
              uint8_t *offset, uint8_t &isNegated);
  void matchColumns(Encoding &encoding);
  void matchBitlines(Encoding &encoding);

  const Options options;
  const int64_t words, bitlines, groups;
  std::vector<uint64_t> planes, mask, groupMasks;
  int64_t rows = 0, columns = 0; ///< of the tile
  std::vector<uint8_t> bytes;    ///< its codes modulo 256, by column
  std::vector<uint64_t> codes;   ///< their bit planes
  std::vector<uint64_t> own;     ///< those of all digits, as encoded
  std::vector<uint64_t> trial;
  std::vector<uint8_t> clipped;
  std::vector<int> offsets;
  std::vector<int32_t> cost;
  std::vector<uint8_t> isFlipped; ///< by digit and bitline
  Assignment assignment;
};

void Array::load(const Tile &tile) {
  rows = tile.rows;
  columns = tile.columns;
  bytes.resize(columns * options.rows);
  codes.resize(columns * 8 * words);
  own.resize(columns * 8 * words);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      bytes[c * options.rows + r] =
          static_cast<uint8_t>(tile.codes[r * columns + c]);
  for (int64_t c = 0; c < columns; ++c)
    toPlanes(column(c), rows, words, &codes[c * 8 * words]);
  setMask(0, rows, words, mask.data());
  for (int64_t g = 0; g < groups; ++g)
    setMask(firstRow(g), firstRow(g + 1), words, &groupMasks[g * words]);
}

double Array::errorOf(int64_t c, int64_t group, int offset,
                      bool isNegated) const {
  double error = 0;
  for (int64_t r = firstRow(group); r < firstRow(group + 1); ++r) {
    const int w = static_cast<int8_t>(column(c)[r]);
    const int value = offset + (isNegated ? -w : w);
    const double excess = value - std::clamp(value, 0, 255);
    error += excess * excess;
  }
  return error;
}

void Array::findOffsets(int64_t c, int64_t group, bool isNegated) {
  offsets.clear();
  if (options.method == Method::Offset) {
    offsets.push_back(128);
    return;
  }
  int low = 0, high = 0;
  double square = 0;
  for (int64_t r = firstRow(group); r < firstRow(group + 1); ++r) {
    const int w = static_cast<int8_t>(column(c)[r]);
    low = std::min(low, w);
    high = std::max(high, w);
    square += double(w) * w;
  }
  const int least = isNegated ? high : -low;
  const int most = 255 + (isNegated ? low : -high);
  const int closest = std::clamp(centre, least, most);
  const int tried = options.method == Method::Centre ? 1 : mostOffsets;
  // Closer to the centre than is exact.
  const double allowed = options.clipError * options.clipError * square;
  for (int i = 0; i < mostOffsets && allowed > 0 && closest != centre; ++i) {
    const int offset = centre + (closest - centre) * i / mostOffsets;
    if (errorOf(c, group, offset, isNegated) > allowed)
      continue;
    offsets.push_back(offset);
    if (options.method == Method::Centre)
      return;
  }
  for (int lower = closest, upper = closest + 1, i = 0; i < tried; ++i) {
    const bool takesUpper =
        upper <= most && (lower < least || upper - centre < centre - lower);
    if (!takesUpper && lower < least)
      break;
    offsets.push_back(takesUpper ? upper++ : lower--);
  }
}

void Array::encodeColumn(int64_t c, int offset, bool isNegated,
                         uint64_t *result) {
  if (options.clipError == 0) {
    addOffset(&codes[c * 8 * words], offset, isNegated, words, result);
    return;
  }
  clipped.resize(rows);
  for (int64_t r = 0; r < rows; ++r) {
    const int w = static_cast<int8_t>(column(c)[r]);
    clipped[r] =
        static_cast<uint8_t>(std::clamp(offset + (isNegated ? -w : w), 0, 255));
  }
  toPlanes(clipped.data(), rows, words, result);
}

void Array::encodeColumn(int64_t c, const Encoding &encoding) {
  uint64_t *result = digit(c * digits);
  std::fill(result, result + 8 * words, 0);
  for (int64_t g = 0; g < groups; ++g) {
    encodeColumn(c, encoding.offsets[c * groups + g], encoding.negated[c] != 0,
                 trial.data());
    for (int64_t w = 0; w < 8 * words; ++w)
      result[w] |= trial[w] & groupMasks[g * words + w % words];
  }
}

int64_t Array::fit(int64_t c, const uint16_t *bitline, const uint8_t *flipped,
                   uint8_t *offset, uint8_t &isNegated) {
  // Flips of all digits do what a sign does.
  const bool triesSigns =
      options.method != Method::Bitlines && options.method != Method::Offset;
  int64_t least = std::numeric_limits<int64_t>::max();
  std::vector<int> chosen(groups);
  for (int sign = 0; sign <= (triesSigns ? 1 : 0); ++sign) {
    int64_t total = 0;
    for (int64_t g = 0; g < groups; ++g) {
      findOffsets(c, g, sign);
      int64_t best = std::numeric_limits<int64_t>::max();
      for (const int candidate : offsets) {
        encodeColumn(c, candidate, sign, trial.data());
        int64_t own = 0;
        for (int i = 0; i < digits; ++i) {
          const Difference d = differenceOf(
              plane(bitline[i]), &trial[i * 2 * words], &groupMasks[g * words],
              words, options.minimizesSteps);
          own += flipped[i] ? d.flipped : d.plain;
        }
        if (own < best) {
          best = own;
          chosen[g] = candidate;
        }
      }
      total += best;
    }
    if (total >= least)
      continue;
    least = total;
    isNegated = static_cast<uint8_t>(sign);
    std::copy(chosen.begin(), chosen.end(), offset);
  }
  return least;
}

/// Assigns columns to groups of four neighbouring bitlines.
void Array::matchColumns(Encoding &encoding) {
  const int places = static_cast<int>(bitlines / digits);
  cost.assign(places * places, 0);
  std::vector<uint8_t> offset(columns * places * groups);
  std::vector<uint8_t> isNegated(columns * places);
  uint16_t four[digits];
  const uint8_t plain[digits] = {};
  for (int64_t c = 0; c < columns; ++c)
    for (int p = 0; p < places; ++p) {
      const int64_t at = c * places + p;
      for (int i = 0; i < digits; ++i)
        four[i] = static_cast<uint16_t>(p * digits + i);
      cost[at] = static_cast<int32_t>(
          fit(c, four, plain, &offset[at * groups], isNegated[at]));
    }
  const std::vector<int32_t> &place = assignment.solve(cost, places);
  for (int64_t c = 0; c < columns; ++c) {
    const int64_t at = c * places + place[c];
    encoding.negated[c] = isNegated[at];
    std::copy_n(&offset[at * groups], groups, &encoding.offsets[c * groups]);
    for (int i = 0; i < digits; ++i)
      encoding.bitline[c * digits + i] =
          static_cast<uint16_t>(place[c] * digits + i);
  }
}

/// Assigns digits to bitlines, flipped or not.
void Array::matchBitlines(Encoding &encoding) {
  const int64_t used = columns * digits;
  cost.assign(bitlines * bitlines, 0);
  isFlipped.resize(used * bitlines);
  for (int64_t c = 0; c < columns; ++c)
    encodeColumn(c, encoding);
  differences(planes.data(), bitlines, own.data(), used, mask.data(), words,
              options.minimizesSteps, cost.data(), isFlipped.data());
  const std::vector<int32_t> &place =
      assignment.solve(cost, static_cast<int>(bitlines));
  for (int64_t d = 0; d < used; ++d) {
    encoding.bitline[d] = static_cast<uint16_t>(place[d]);
    encoding.flipped[d] = isFlipped[d * bitlines + place[d]];
  }
}

Encoding Array::write(const Tile &tile) {
  load(tile);
  Encoding encoding;
  encoding.offsets.resize(columns * groups);
  encoding.negated.resize(columns);
  encoding.flipped.resize(columns * digits);
  for (int64_t d = 0; d < columns * digits; ++d)
    encoding.bitline.push_back(static_cast<uint16_t>(d));
  const auto fitAll = [&] {
    for (int64_t c = 0; c < columns; ++c)
      fit(c, &encoding.bitline[c * digits], &encoding.flipped[c * digits],
          &encoding.offsets[c * groups], encoding.negated[c]);
  };
  if (options.method == Method::Columns)
    matchColumns(encoding);
  else
    fitAll();
  if (options.method == Method::Bitlines) {
    matchBitlines(encoding);
    fitAll();
  }
  for (int64_t c = 0; c < columns && options.clipError > 0; ++c)
    for (int64_t g = 0; g < groups; ++g)
      encoding.squaredError += errorOf(c, g, encoding.offsets[c * groups + g],
                                       encoding.negated[c] != 0);
  repeat(tile, encoding);
  return encoding;
}

void Array::repeat(const Tile &tile, Encoding &encoding) {
  load(tile);
  encoding.transitions = {};
  for (int64_t c = 0; c < columns; ++c) {
    encodeColumn(c, encoding);
    for (int64_t d = c * digits; d < (c + 1) * digits; ++d)
      store(plane(encoding.bitline[d]), digit(d), encoding.flipped[d] != 0,
            mask.data(), words, encoding.transitions.data());
  }
}

void Array::setCells(llvm::ArrayRef<uint8_t> cells) {
  std::fill(planes.begin(), planes.end(), 0);
  for (int64_t b = 0; b < bitlines; ++b)
    for (int64_t r = 0; r < options.rows; ++r)
      for (int64_t bit = 0; bit < 2; ++bit)
        plane(b)[bit * words + r / 64] |=
            uint64_t(cells[b * options.rows + r] >> bit & 1) << (r % 64);
}

void Array::getCells(llvm::MutableArrayRef<uint8_t> cells) const {
  for (int64_t b = 0; b < bitlines; ++b)
    for (int64_t r = 0; r < options.rows; ++r) {
      const uint64_t *own = &planes[b * 2 * words + r / 64];
      cells[b * options.rows + r] = static_cast<uint8_t>(
          (own[0] >> (r % 64) & 1) | (own[words] >> (r % 64) & 1) << 1);
    }
}

int64_t Array::largestSum(const Encoding &encoding) {
  int64_t most = 0;
  for (const uint16_t b : encoding.bitline) {
    int64_t sum = 0;
    for (int64_t w = 0; w < words; ++w)
      sum += llvm::popcount(plane(b)[w] & mask[w]) +
             2 * llvm::popcount(plane(b)[words + w] & mask[w]);
    most = std::max(most, sum);
  }
  return most;
}

/// Options of a tile that is stored as without re-encoding.
Options plainOf(Options options) {
  options.method = Method::Offset;
  options.rowGroups = 1;
  options.clipError = 0;
  return options;
}

llvm::Error check(llvm::ArrayRef<std::vector<Tile>> chains,
                  const Options &options) {
  const auto fail = [](const llvm::Twine &text) {
    return llvm::createStringError(text.str());
  };
  constexpr int64_t most = 4096;
  if (options.rows < 1 || options.rows > most)
    return fail("re-encoding: expected arrays of 1 to " + llvm::Twine(most) +
                " rows, got " + llvm::Twine(options.rows));
  if (options.bitlines < digits || options.bitlines % digits ||
      options.bitlines > most)
    return fail("re-encoding: expected a multiple of " + llvm::Twine(digits) +
                " up to " + llvm::Twine(most) + " bitlines, got " +
                llvm::Twine(options.bitlines));
  if (options.rowGroups < 1 || options.rowGroups > options.rows)
    return fail("re-encoding: expected 1 to " + llvm::Twine(options.rows) +
                " groups of rows, got " + llvm::Twine(options.rowGroups));
  if (!(options.clipError >= 0 && options.clipError < 1))
    return fail("re-encoding: expected an error of clipped weights in [0, 1)");
  for (size_t k = 0; k < chains.size(); ++k)
    for (size_t t = 0; t < chains[k].size(); ++t) {
      const Tile &tile = chains[k][t];
      if (tile.rows < 1 || tile.columns < 1 || tile.rows > options.rows ||
          tile.columns * digits > options.bitlines)
        return fail("tile " + llvm::Twine(t) + " of chain " + llvm::Twine(k) +
                    ": expected 1 to " + llvm::Twine(options.rows) +
                    " rows and 1 to " + llvm::Twine(options.bitlines / digits) +
                    " columns, got " + llvm::Twine(tile.rows) + " x " +
                    llvm::Twine(tile.columns));
    }
  return llvm::Error::success();
}

} // namespace

Encoding pumice::reencoding::encodeInto(llvm::MutableArrayRef<uint8_t> cells,
                                        const Tile &tile,
                                        const Options &options,
                                        int64_t largestSum) {
  const auto store = [&](const Options &own) {
    Array array(own);
    array.setCells(cells);
    Encoding encoding = array.write(tile);
    std::vector<uint8_t> written(cells.size());
    array.getCells(written);
    const int64_t sum = array.largestSum(encoding);
    return std::make_tuple(std::move(encoding), std::move(written), sum);
  };
  auto [plain, plainCells, plainSum] = store(plainOf(options));
  // What is clipped without re-encoding must be clipped with it.
  if (largestSum == 0 || plainSum <= largestSum) {
    auto [encoding, written, sum] = store(options);
    if (largestSum == 0 || sum <= largestSum) {
      std::copy(written.begin(), written.end(), cells.begin());
      return encoding;
    }
  }
  plain.isPlain = true;
  std::copy(plainCells.begin(), plainCells.end(), cells.begin());
  return plain;
}

Transitions pumice::reencoding::writeInto(llvm::MutableArrayRef<uint8_t> cells,
                                          const Tile &tile,
                                          const Encoding &encoding,
                                          const Options &options) {
  Array array(encoding.isPlain ? plainOf(options) : options);
  array.setCells(cells);
  Encoding again = encoding;
  array.repeat(tile, again);
  array.getCells(cells);
  return again.transitions;
}

std::vector<int> pumice::reencoding::decode(llvm::ArrayRef<uint8_t> cells,
                                            const Tile &tile,
                                            const Encoding &encoding,
                                            const Options &options) {
  const int64_t groups = encoding.isPlain ? 1 : options.rowGroups;
  std::vector<int> weights(tile.rows * tile.columns);
  for (int64_t c = 0; c < tile.columns; ++c)
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t r = tile.rows * g / groups; r < tile.rows * (g + 1) / groups;
           ++r) {
        int value = 0;
        for (int64_t d = digits; d-- > 0;) {
          const int64_t at = c * digits + d;
          const int level = cells[encoding.bitline[at] * options.rows + r];
          value = levels * value +
                  (encoding.flipped[at] ? levels - 1 - level : level);
        }
        value -= encoding.offsets[c * groups + g];
        weights[r * tile.columns + c] = encoding.negated[c] ? -value : value;
      }
  return weights;
}

std::optional<Method> pumice::reencoding::methodOf(llvm::StringRef name) {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return static_cast<Method>(i);
  return std::nullopt;
}

llvm::Expected<std::vector<std::vector<Encoding>>>
pumice::reencoding::encode(llvm::ArrayRef<std::vector<Tile>> chains,
                           const Options &options) {
  if (llvm::Error error = check(chains, options))
    return std::move(error);
  std::vector<std::vector<Encoding>> result(chains.size());
  model::parallelFor(
      options.threads, static_cast<int64_t>(chains.size()), [&](int64_t k) {
        const std::vector<Tile> &chain = chains[k];
        Array array(options);
        // What the last tile leaves is known at the end only. For the first
        // tile of a long chain, a guess will do.
        if (options.isCyclic)
          for (const Tile &tile : llvm::ArrayRef(chain).take_back(
                   chain.size() < shortChain ? chain.size() : 1))
            array.write(tile);
        for (const Tile &tile : chain)
          result[k].push_back(array.write(tile));
        for (size_t t = 0; t < chain.size() && options.isCyclic; ++t)
          array.repeat(chain[t], result[k][t]);
      });
  return result;
}
