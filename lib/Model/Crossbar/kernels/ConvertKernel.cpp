// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvertKernel.cpp - Every conversion, literally --------------------===//
//
// For converters that scale, cells that are not ideal, and noise: forms every
// column sum and converts it. Codes are added as integers and scaled once per
// result. Sums are formed by byte shuffles (codes), 16-bit look-up or products
// (words) or in portable 64-bit arithmetic (wide cells; CellStore has the bytes
// per cell); all give the same integers. Tables are made when a column is used.
// Where cells have noise or converters measured output codes, conversions are
// computed one by one.
//
//===----------------------------------------------------------------------===//
#include "lib/Model/Core/Random.h"
#include "lib/Model/Crossbar/CellStore.h"
#include "lib/Model/Crossbar/Cells.h"
#include "lib/Model/Crossbar/kernels/ClipInputs.h"
#include "lib/Model/Crossbar/kernels/ClipTiles.h"
#include "lib/Model/Crossbar/kernels/ConvertLoops.h"
#include "lib/Model/Crossbar/kernels/ExactTiles.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Crossbar/kernels/NoiseLoops.h"
#include "lib/Model/Crossbar/kernels/TableConverters.h"
#include "lib/Model/Crossbar/kernels/WordTiles.h"
#include "lib/Support/Parallel.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <memory>
#include <mutex>
#include <vector>

using namespace pumice::model;

namespace {

__extension__ using Wide = __int128;

constexpr int64_t lanes = ConvertLoops::lanes;

/// Input vectors of one unit of work.
constexpr int64_t unitLanes = 128;

/// Outputs of one unit of work: their accumulators should stay cached.
constexpr int64_t unitColumns = 128;

constexpr int64_t maxDigits = 17;

/// The work on some input vectors and outputs of one group.
struct Unit {
  int64_t group;
  int64_t first, count;           ///< input vectors
  int64_t begin, end;             ///< outputs
  std::vector<int64_t> acc;       ///< [output][unitLanes] codes
  std::vector<int64_t> inputSums; ///< [tile][unitLanes]
  SumHistogram *histogram;        ///< if sums are to be counted
};

/// One column of a segment: where its conversions go and how they count.
struct Column {
  int64_t *acc;
  int64_t shift;
  bool negative;
  int64_t codes;              ///< of the converter, if they are measured
  int32_t weights[maxDigits]; ///< of digits, with the column's sign
  uint64_t keys[maxDigits];   ///< of the noise
};

class ConvertKernel final : public ICrossbarKernel {
public:
  ConvertKernel(const ArraySpec &array, const MatrixSpec &matrix,
                const Tiling &tiling, const WeightReader &weights);

  llvm::StringRef name() const override { return "convert"; }

  void compute(const CrossbarJob &job) const override {
    withPatches(matrix, job.window, job.x, job.padCode,
                [&](auto patches) { run(job, patches); });
  }

private:
  /// A converter, of levels and of sums in steps of conductances.
  struct Conversion {
    Converter converter;
    CodeMap map;
    TableConverters tables; ///< for measured output codes
  };
  Conversion conversionOf(const Converter &converter) const;
  /// Whether codes and their weighted sums over digits fit in 32 bits.
  bool isNarrow(const Converter &converter) const;

  template <typename T>
  void run(const CrossbarJob &job, const PatchReader<T> &patches) const;
  template <typename Index, typename T>
  void encode(Unit &unit, int64_t segment, const PatchReader<T> &patches,
              int64_t width, int64_t rowsPerStep, int64_t bitsPerRow,
              Encoded<Index> &inputs) const;
  template <typename T>
  void addCodes(Unit &unit, int64_t segment, const Conversion &conversion,
                const PatchReader<T> &patches) const;
  template <typename Index, typename Expand, typename Form>
  void addCodesOfTables(Unit &unit, int64_t segment,
                        const Conversion &conversion,
                        const Encoded<Index> &inputs, int64_t width,
                        Expand expand, Form form) const;
  void addCodesOfProducts(Unit &unit, int64_t segment,
                          const Conversion &conversion,
                          const Encoded<uint32_t> &inputs) const;
  void addCodesWide(Unit &unit, int64_t segment, const Conversion &conversion,
                    const Encoded<uint32_t> &inputs) const;
  void addNoisyCodes(Unit &unit, int64_t segment, const Conversion &conversion,
                     const Encoded<uint32_t> &inputs) const;
  template <typename Sum>
  void convertEach(const Unit &unit, const Column &column, int64_t lane,
                   const Sum *sums, int64_t stride, const float *variances,
                   const Conversion &conversion) const;
  void convert(const Unit &unit, const Column &column, int64_t lane,
               const int32_t *sums, int64_t stride,
               const Conversion &conversion) const;
  void finish(const CrossbarJob &job, const Unit &unit,
              const Converter &converter) const;

  Column columnOf(Unit &unit, int64_t segment, int64_t c) const;
  int64_t productLanes() const { return 2 * products.lanes; }
  /// Whether sums of words are looked up.
  bool looksUpWords() const {
    return wordTiles && wordTiles->rowsPerStep(array.dacBits) > 1 &&
           cells.mostSum() - cells.leastSum() <= WordTiles::maxSpan;
  }

  ArraySpec array;
  MatrixSpec matrix;
  Tiling tiling;
  std::vector<InputDigit> digits;
  const ClipTiles *const tiles = ClipTiles::best();
  const WordTiles *const wordTiles = WordTiles::best();
  const ExactTiles &products = ExactTiles::best(/*bytes=*/false);
  const ConvertLoops &loops = ConvertLoops::best();
  const NoiseLoops &noiseLoops = NoiseLoops::best();
  CellStore cells;
  Conversion normal;
  Conversion lossless; ///< for calibration
};

} // namespace

static Converter losslessOf(ArraySpec array, const MatrixSpec &matrix) {
  array.adcMode = AdcMode::lossless;
  return converterOf(array, matrix);
}

ConvertKernel::ConvertKernel(const ArraySpec &array, const MatrixSpec &matrix,
                             const Tiling &tiling, const WeightReader &weights)
    : array(array), matrix(matrix), tiling(tiling),
      digits(inputDigits(array, matrix)),
      cells(array, matrix, tiling, weights,
            isNarrow(converterOf(array, matrix)) &&
                (array.adcMode != AdcMode::calibrated ||
                 isNarrow(losslessOf(array, matrix))),
            tiles),
      normal(conversionOf(converterOf(array, matrix))),
      lossless(conversionOf(losslessOf(array, matrix))) {
  normal.tables = TableConverters(array, matrix, cells.unit());
}

bool ConvertKernel::isNarrow(const Converter &converter) const {
  constexpr int64_t limit = int64_t(1) << 30;
  int64_t weights = 0;
  for (const InputDigit &digit : digits)
    weights += std::abs(digit.weight());
  const int64_t denominator = converter.denominator
                              << (hasRealCells(array) ? conductanceBits : 0);
  return denominator < limit && converter.numerator < limit &&
         converter.high < limit / weights && converter.low > -limit / weights;
}

ConvertKernel::Conversion
ConvertKernel::conversionOf(const Converter &converter) const {
  Conversion conversion = {converter, {}, {}};
  if (cells.form() == CellStore::Form::wide)
    return conversion;
  CodeMap &map = conversion.map;
  map.numerator = static_cast<int32_t>(converter.numerator);
  map.denominator = static_cast<int32_t>(converter.denominator * cells.unit());
  map.low = static_cast<int32_t>(converter.low);
  map.high = static_cast<int32_t>(converter.high);
  map.noise = static_cast<float>(readNoise(array) * cells.unit());
  map.prepare(cells.leastSum(), cells.mostSum());
  return conversion;
}

template <typename T>
void ConvertKernel::run(const CrossbarJob &job,
                        const PatchReader<T> &patches) const {
  const Conversion &conversion = job.histogram ? lossless : normal;
  const int64_t windows = job.window.count();
  const int64_t blocks = llvm::divideCeil(windows, unitLanes);
  // Few windows: share the columns among the threads, too.
  const int64_t shared =
      partsOfUnits(blocks * matrix.groups, wantedUnits(job.threads));
  const int64_t parts = std::min(
      std::max<int64_t>(shared, llvm::divideCeil(matrix.columns, unitColumns)),
      matrix.columns);
  std::mutex mutex;
  parallelFor(job.threads, matrix.groups * blocks * parts, [&](int64_t i) {
    Unit unit;
    const int64_t part = i % parts;
    unit.first = i / parts % blocks * unitLanes;
    unit.group = i / parts / blocks;
    unit.count = std::min(unitLanes, windows - unit.first);
    unit.begin = matrix.columns * part / parts;
    unit.end = matrix.columns * (part + 1) / parts;
    unit.acc.resize((unit.end - unit.begin) * unitLanes);
    unit.inputSums.resize(tiling.rowTiles * unitLanes);
    SumHistogram histogram;
    if (job.histogram) {
      histogram.width = job.histogram->width;
      histogram.limit = job.histogram->limit;
    }
    unit.histogram = job.histogram ? &histogram : nullptr;
    for (size_t segment = 0; segment < cells.segments().size(); ++segment)
      addCodes(unit, segment, conversion, patches);
    finish(job, unit, conversion.converter);
    if (job.histogram) {
      std::lock_guard<std::mutex> lock(mutex);
      job.histogram->add(histogram);
    }
  });
}

template <typename Index, typename T>
void ConvertKernel::encode(Unit &unit, int64_t segment,
                           const PatchReader<T> &patches, int64_t width,
                           int64_t rowsPerStep, int64_t bitsPerRow,
                           Encoded<Index> &inputs) const {
  const Segment &rows = cells.segments()[segment];
  int64_t *sums = unit.inputSums.data() + rows.tile * unitLanes;
  encodeSegment(patches, unit.group, rows, unit.first, unit.count, digits,
                width, rowsPerStep, bitsPerRow, inputs, [&](const T *row) {
                  for (int64_t lane = 0; lane < unit.count; ++lane)
                    sums[lane] += row[lane];
                });
}

template <typename T>
void ConvertKernel::addCodes(Unit &unit, int64_t segment,
                             const Conversion &conversion,
                             const PatchReader<T> &patches) const {
  if (cells.variances(0, 0, 0)) {
    Encoded<uint32_t> inputs;
    encode(unit, segment, patches, lanes, 1, 32, inputs);
    return addNoisyCodes(unit, segment, conversion, inputs);
  }
  if (cells.form() == CellStore::Form::codes) {
    const NibbleTables &tables = cells.tables();
    Encoded<uint8_t> inputs;
    encode(unit, segment, patches, tiles->lanes, tables.rowsPerStep,
           array.dacBits, inputs);
    llvm::SmallVector<uint8_t, 64 * ClipTiles::tableSize> table;
    table.resize_for_overwrite(inputs.steps * ClipTiles::tableSize);
    return addCodesOfTables(
        unit, segment, conversion, inputs, tiles->lanes,
        [&](int64_t c) {
          tables.expand(cells.codes(unit.group, segment, c), inputs.steps,
                        table.data());
        },
        [&](const uint8_t *indices, int64_t digits, int32_t *sums) {
          tiles->sums(inputs.steps, tables.stepsPerChunk, table.data(), indices,
                      digits, sums);
        });
  }
  if (cells.form() == CellStore::Form::words && looksUpWords()) {
    Encoded<uint16_t> inputs;
    encode(unit, segment, patches, wordTiles->lanes,
           wordTiles->rowsPerStep(array.dacBits), array.dacBits, inputs);
    for (uint16_t &index : inputs.indices)
      index = index * wordTiles->factor + wordTiles->addend;
    std::vector<uint16_t> table(inputs.steps << wordTiles->indexBits);
    return addCodesOfTables(
        unit, segment, conversion, inputs, wordTiles->lanes,
        [&](int64_t c) {
          wordTiles->expand(cells.words(unit.group, segment, c),
                            cells.segments()[segment].rows, array.dacBits,
                            table.data());
        },
        [&](const uint16_t *indices, int64_t digits, int32_t *sums) {
          wordTiles->sums(inputs.steps, table.data(), indices, digits,
                          static_cast<int32_t>(cells.leastSum()), sums);
        });
  }
  Encoded<uint32_t> inputs;
  if (cells.form() == CellStore::Form::words) {
    // Pairs of 16-bit numbers.
    encode(unit, segment, patches, productLanes(), 2, 16, inputs);
    return addCodesOfProducts(unit, segment, conversion, inputs);
  }
  encode(unit, segment, patches, lanes, 1, 32, inputs);
  addCodesWide(unit, segment, conversion, inputs);
}

Column ConvertKernel::columnOf(Unit &unit, int64_t segment, int64_t c) const {
  const Segment &rows = cells.segments()[segment];
  const int64_t n = c / tiling.slices, slice = c % tiling.slices;
  Column column;
  column.acc = unit.acc.data() + (n - unit.begin) * unitLanes;
  column.shift = sliceShift(array, matrix, slice);
  column.negative = cells.isInverted(unit.group, rows.tile, c) !=
                    isNegativePart(array, matrix, slice);
  column.codes = normal.tables.codesOf(
      array,
      placeOf(array, matrix, tiling, unit.group, rows.tile, n, slice).column);
  for (size_t d = 0; d < digits.size(); ++d)
    column.weights[d] = static_cast<int32_t>(
        column.negative ? -digits[d].weight() : digits[d].weight());
  if (readNoise(array) != 0 || cells.variances(0, 0, 0)) {
    constexpr uint64_t purpose = 1; // 0: cells
    const RandomStream stream(
        {static_cast<uint64_t>(array.analog->seed),
         static_cast<uint64_t>(matrix.layer), purpose,
         static_cast<uint64_t>(unit.group), static_cast<uint64_t>(rows.first),
         static_cast<uint64_t>(c), static_cast<uint64_t>(unit.first) >> 32});
    for (size_t d = 0; d < digits.size(); ++d)
      column.keys[d] = stream.bits(d);
  }
  return column;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// `expand` makes the tables of a column, `form` looks up the sums of some
/// digits in them.
template <typename Index, typename Expand, typename Form>
void ConvertKernel::addCodesOfTables(Unit &unit, int64_t segment,
                                     const Conversion &conversion,
                                     const Encoded<Index> &inputs,
                                     int64_t width, Expand expand,
                                     Form form) const {
  static_assert(WordTiles::maxDigits == ClipTiles::maxDigits &&
                WordTiles::maxLanes == ClipTiles::maxLanes);
  const int64_t numDigits = digits.size();
  int32_t sums[maxDigits * ClipTiles::maxLanes];
  for (int64_t c = unit.begin * tiling.slices; c < unit.end * tiling.slices;
       ++c) {
    const Column column = columnOf(unit, segment, c);
    expand(c);
    for (int64_t block = 0; block < inputs.laneBlocks; ++block) {
      for (int64_t d = 0; d < numDigits; d += ClipTiles::maxDigits)
        form(inputs.of(block, d, numDigits, width),
             std::min(ClipTiles::maxDigits, numDigits - d), sums + d * width);
      const int64_t first = block * width;
      for (int64_t lane = first; lane < std::min(first + width, unit.count);
           lane += lanes)
        convert(unit, column, lane, sums + lane - first, width, conversion);
    }
  }
}

void ConvertKernel::addCodesOfProducts(Unit &unit, int64_t segment,
                                       const Conversion &conversion,
                                       const Encoded<uint32_t> &inputs) const {
  constexpr int64_t panelColumns = ExactTiles::panelColumns;
  const int64_t width = productLanes(), numDigits = digits.size();
  const int64_t rows = cells.segments()[segment].rows;
  const int32_t zeros[ExactTiles::maxWidth] = {};
  // [digit][column][lane]
  std::vector<int32_t> sums(numDigits * ExactTiles::maxColumns * lanes);
  int32_t part[ExactTiles::maxColumns * ExactTiles::maxWidth];
  std::vector<int32_t> panel(inputs.steps * panelColumns);
  const int64_t end = unit.end * tiling.slices;
  for (int64_t c = unit.begin * tiling.slices; c < end;) {
    const int64_t columns = products.columnStep(end - c);
    const int64_t used = std::min(columns, end - c);
    std::fill(panel.begin(), panel.end(), 0);
    Column places[ExactTiles::maxColumns];
    for (int64_t i = 0; i < used; ++i) {
      places[i] = columnOf(unit, segment, c + i);
      const int16_t *from = cells.words(unit.group, segment, c + i);
      for (int64_t k = 0; k < rows; ++k)
        panel[k / 2 * panelColumns + i] |=
            static_cast<uint32_t>(static_cast<uint16_t>(from[k]))
            << 16 * (k % 2);
    }
    for (int64_t first = 0; first < unit.count; first += lanes) {
      for (int64_t lane = 0; lane < lanes && first + lane < unit.count;
           lane += width)
        for (int64_t d = 0; d < numDigits; ++d) {
          const uint32_t *pairs =
              inputs.of((first + lane) / width, d, numDigits, width);
          products.positions(inputs.steps,
                             reinterpret_cast<const int32_t *>(pairs),
                             width / products.lanes, panel.data(), columns,
                             zeros, zeros, part);
          for (int64_t i = 0; i < used; ++i)
            std::copy_n(part + i * width, width,
                        sums.data() + (d * columns + i) * lanes + lane);
        }
      for (int64_t i = 0; i < used; ++i)
        convert(unit, places[i], first, sums.data() + i * lanes,
                columns * lanes, conversion);
    }
    c += columns;
  }
}

void ConvertKernel::addCodesWide(Unit &unit, int64_t segment,
                                 const Conversion &conversion,
                                 const Encoded<uint32_t> &inputs) const {
  const int64_t numDigits = digits.size();
  for (int64_t c = unit.begin * tiling.slices; c < unit.end * tiling.slices;
       ++c) {
    const Column column = columnOf(unit, segment, c);
    const int32_t *cell = cells.wide(unit.group, segment, c);
    for (int64_t block = 0; block < inputs.laneBlocks; ++block) {
      int64_t sums[maxDigits * lanes] = {};
      for (int64_t d = 0; d < numDigits; ++d) {
        const uint32_t *digit = inputs.of(block, d, numDigits, lanes);
        for (int64_t k = 0; k < inputs.steps; ++k)
          for (int64_t lane = 0; lane < lanes; ++lane)
            sums[d * lanes + lane] += int64_t(cell[k]) * *digit++;
      }
      convertEach(unit, column, block * lanes, sums, lanes, nullptr,
                  conversion);
    }
  }
}

void ConvertKernel::addNoisyCodes(Unit &unit, int64_t segment,
                                  const Conversion &conversion,
                                  const Encoded<uint32_t> &inputs) const {
  static_assert(NoiseLoops::lanes == lanes);
  const int64_t numDigits = digits.size();
  const bool wide = cells.form() == CellStore::Form::wide;
  float variances[maxDigits * lanes];
  for (int64_t c = unit.begin * tiling.slices; c < unit.end * tiling.slices;
       ++c) {
    const Column column = columnOf(unit, segment, c);
    const float *ofCells = cells.variances(unit.group, segment, c);
    for (int64_t block = 0; block < inputs.laneBlocks; ++block) {
      int64_t wideSums[maxDigits * lanes] = {};
      int32_t sums[maxDigits * lanes];
      for (int64_t d = 0; d < numDigits; ++d) {
        const uint32_t *digit = inputs.of(block, d, numDigits, lanes);
        if (!wide) {
          noiseLoops.sums(inputs.steps, cells.words(unit.group, segment, c),
                          ofCells, digit, sums + d * lanes,
                          variances + d * lanes);
          continue;
        }
        noiseLoops.variances(inputs.steps, ofCells, digit,
                             variances + d * lanes);
        const int32_t *cell = cells.wide(unit.group, segment, c);
        for (int64_t k = 0; k < inputs.steps; ++k)
          for (int64_t lane = 0; lane < lanes; ++lane)
            wideSums[d * lanes + lane] += int64_t(cell[k]) * *digit++;
      }
      if (wide)
        convertEach(unit, column, block * lanes, wideSums, lanes, variances,
                    conversion);
      else
        convertEach(unit, column, block * lanes, sums, lanes, variances,
                    conversion);
    }
  }
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// `sum / unit`, rounded up.
static int64_t levelsOf(int64_t sum, int64_t unit) {
  return sum > 0 ? (sum + unit - 1) / unit : -(-sum / unit);
}

void ConvertKernel::convert(const Unit &unit, const Column &column,
                            int64_t lane, const int32_t *sums, int64_t stride,
                            const Conversion &conversion) const {
  if (conversion.tables.any())
    return convertEach(unit, column, lane, sums, stride, nullptr, conversion);
  const uint32_t number = static_cast<uint32_t>(unit.first + lane);
  loops.convert(conversion.map, digits.size(), sums, stride, column.weights,
                column.keys, number, column.shift, column.acc + lane);
  if (!unit.histogram)
    return;
  const float noise = conversion.map.noise;
  const int64_t used = std::min(lanes, unit.count - lane);
  for (size_t d = 0; d < digits.size(); ++d) {
    const int32_t *of = sums + d * stride;
    float noisy[lanes];
    if (noise != 0)
      loops.addNoise(of, noise, column.keys[d], number, noisy);
    for (int64_t i = 0; i < used; ++i)
      unit.histogram->add(
          noise != 0
              ? static_cast<int64_t>(std::ceil(std::clamp(
                    double(noisy[i]) / double(cells.unit()), -1.0, 0x1p62)))
              : levelsOf(of[i], cells.unit()));
  }
}

/// numerator / denominator, rounded to an integer, half to even.
static Wide roundQuotient(Wide numerator, Wide denominator) {
  Wide quotient = numerator / denominator;
  Wide remainder = numerator % denominator;
  if (remainder < 0) {
    remainder += denominator;
    --quotient;
  }
  const Wide twice = 2 * remainder + (quotient & 1);
  return quotient + (twice > denominator ? 1 : 0);
}

/// Any converters and noise: `variances` are those of the cells, in squared
/// steps, [digit][lanes]; null: none.
template <typename Sum>
void ConvertKernel::convertEach(const Unit &unit, const Column &column,
                                int64_t lane, const Sum *sums, int64_t stride,
                                const float *variances,
                                const Conversion &conversion) const {
  const Converter &converter = conversion.converter;
  const double noise = readNoise(array), steps = double(cells.unit());
  const int64_t used = std::min(lanes, unit.count - lane);
  for (size_t d = 0; d < digits.size(); ++d, sums += stride) {
    float noises[lanes];
    if (noise != 0 || variances) {
      const int32_t zeros[lanes] = {};
      loops.addNoise(zeros, 1, column.keys[d],
                     static_cast<uint32_t>(unit.first + lane), noises);
    }
    for (int64_t i = 0; i < used; ++i) {
      int64_t code;
      if (noise != 0 || variances) {
        double deviation = noise;
        if (variances)
          deviation =
              std::sqrt(noise * noise +
                        double(variances[d * lanes + i]) / (steps * steps));
        const double sum = double(sums[i]) / steps + deviation * noises[i];
        if (unit.histogram)
          unit.histogram->add(
              static_cast<int64_t>(std::ceil(std::clamp(sum, -1.0, 0x1p62))));
        code = conversion.tables.any()
                   ? conversion.tables.convertNoisy(column.codes, sum * steps)
                   : std::llrint(std::clamp(sum * double(converter.numerator) /
                                                double(converter.denominator),
                                            double(converter.low),
                                            double(converter.high)));
      } else {
        if (unit.histogram)
          unit.histogram->add(levelsOf(sums[i], cells.unit()));
        const Wide exact =
            conversion.tables.any()
                ? conversion.tables.convert(column.codes, sums[i])
                : roundQuotient(Wide(sums[i]) * converter.numerator,
                                Wide(converter.denominator) * cells.unit());
        code = static_cast<int64_t>(
            std::clamp<Wide>(exact, converter.low, converter.high));
      }
      column.acc[lane + i] += static_cast<uint64_t>(code * column.weights[d])
                              << column.shift;
    }
  }
}

/// The value of codes: codes * denominator / numerator, rounded half to even.
static int64_t scaleCodes(int64_t codes, const Converter &converter) {
  if (converter.numerator == converter.denominator)
    return codes;
  // A double holds the product, so the quotient rounds to half an integer only
  // if it is: the distance to the next one is 1 / (2 numerator) at least.
  constexpr int64_t limit = int64_t(1) << 51;
  if (std::abs(codes) < limit / converter.denominator) {
    constexpr double magic = 0x1.8p52;
    const double quotient = double(codes) * double(converter.denominator) /
                            double(converter.numerator);
    return static_cast<int64_t>((quotient + magic) - magic);
  }
  return static_cast<int64_t>(
      roundQuotient(Wide(codes) * converter.denominator, converter.numerator));
}

void ConvertKernel::finish(const CrossbarJob &job, const Unit &unit,
                           const Converter &converter) const {
  const int64_t positions = job.window.positions(), N = matrix.columns;
  const int64_t factor = job.inputSumFactor - encodingOffset(array, matrix);
  std::vector<uint64_t> terms(unit.count);
  for (int64_t tile = 0; tile < tiling.rowTiles; ++tile)
    for (int64_t i = 0; i < unit.count; ++i)
      terms[i] += factor * unit.inputSums[tile * unitLanes + i];

  std::vector<uint64_t> results(unit.count);
  for (int64_t n = unit.begin; n < unit.end; ++n) {
    const int64_t *acc = unit.acc.data() + (n - unit.begin) * unitLanes;
    const int64_t bias = job.columnBias[unit.group * N + n];
    for (int64_t i = 0; i < unit.count; ++i)
      results[i] = scaleCodes(acc[i], converter) + bias + terms[i];
    if (cells.anyInverted())
      for (int64_t tile = 0; tile < tiling.rowTiles; ++tile) {
        int64_t full = 0;
        for (int64_t slice = 0; slice < tiling.slices; ++slice)
          if (cells.isInverted(unit.group, tile, n * tiling.slices + slice))
            full += highestLevel(array) << sliceShift(array, matrix, slice);
        for (int64_t i = 0; i < unit.count; ++i)
          results[i] += full * unit.inputSums[tile * unitLanes + i];
      }
    auto write = [&](auto *y) {
      int64_t b = unit.first / positions, p = unit.first % positions;
      for (int64_t i = 0; i < unit.count; ++i) {
        y[((b * matrix.groups + unit.group) * N + n) * positions + p] =
            static_cast<std::remove_reference_t<decltype(*y)>>(results[i]);
        if (++p == positions) {
          p = 0;
          ++b;
        }
      }
    };
    if (job.y.type() == ElementType::i32)
      write(job.y.asMutable<int32_t>().data());
    else
      write(job.y.asMutable<int64_t>().data());
  }
}

std::unique_ptr<const ICrossbarKernel>
pumice::model::makeConvertKernel(const ArraySpec &array,
                                 const MatrixSpec &matrix, const Tiling &tiling,
                                 const WeightReader &weights) {
  return std::make_unique<ConvertKernel>(array, matrix, tiling, weights);
}
