// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Device/Tables.h"

#include "dialects/Crossbar/Measurements.h"
#include "lib/Device/Device.h"
#include "lib/Support/Text.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <charconv>
#include <cmath>
#include <functional>

using namespace mlir;
using namespace pumice;

model::CellTableSpec pumice::toSpec(crossbar::CellTableAttr table) {
  model::CellTableSpec spec;
  spec.file = table.getFile().str();
  if (ArrayAttr levels = table.getLevels())
    for (auto level : levels.getAsRange<crossbar::CellLevelAttr>())
      spec.levels.push_back({level.getTemperatureK(), level.getMeanSiemens(),
                             level.getSpreadSiemens(), level.getDriftExponent(),
                             level.getDriftExponentSigma(),
                             level.getReadNoiseSiemens()});
  return spec;
}

model::AdcTableSpec pumice::toSpec(crossbar::AdcTableAttr table) {
  model::AdcTableSpec spec;
  spec.file = table.getFile().str();
  if (ArrayAttr converters = table.getConverters())
    for (auto codes : converters.getAsRange<crossbar::AdcCodesAttr>()) {
      model::AdcCodesSpec &converter = spec.converters.emplace_back();
      converter.thresholds.assign(codes.getThresholds().begin(),
                                  codes.getThresholds().end());
      converter.values.assign(codes.getValues().begin(),
                              codes.getValues().end());
    }
  return spec;
}

//===----------------------------------------------------------------------===//
// Files of comma-separated values
//===----------------------------------------------------------------------===//

namespace {

/// A word of a file in an error text, which is UTF-8 and short.
std::string quoted(StringRef word) {
  constexpr size_t kMost = 40;
  return "'" + asText(word.take_front(kMost)) +
         (word.size() > kMost ? "...'" : "'");
}

/// A column of a table: empty fields of optional ones are 0.
struct TableColumn {
  StringRef name;
  bool isRequired;
};

/// A file of comma-separated values: a line of names, then lines of numbers.
/// Empty lines and lines that begin with # are left out.
class TableFile {
public:
  using EmitError = function_ref<InFlightDiagnostic()>;
  static constexpr uint64_t mostBytes = 1 << 24;

  struct Row {
    unsigned line;
    SmallVector<double> numbers; ///< of all columns, in their order
  };
  std::vector<Row> rows;

  /// Error texts begin with what `emitError` says, the table and the line.
  LogicalResult read(StringRef folder, StringRef name,
                     ArrayRef<TableColumn> columns, EmitError emitError) {
    SmallString<256> path(name);
    if (!folder.empty() && llvm::sys::path::is_relative(name)) {
      path = folder;
      llvm::sys::path::append(path, name);
    }
    uint64_t bytes;
    if (!llvm::sys::fs::file_size(path, bytes) &&
        (!llvm::sys::fs::is_regular_file(path) || bytes > mostBytes))
      return emitError() << "cannot read table '" << path
                         << "': expected a file of at most " << mostBytes
                         << " bytes";
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!buffer)
      return emitError() << "cannot read table '" << path
                         << "': " << buffer.getError().message();
    SmallVector<int> places; // of the file's columns
    unsigned number = 0;
    StringRef rest = (*buffer)->getBuffer();
    rest.consume_front("\xef\xbb\xbf"); // of spreadsheets
    while (!rest.empty()) {
      StringRef line;
      std::tie(line, rest) = rest.split('\n');
      line = line.trim();
      ++number;
      if (line.empty() || line.starts_with("#"))
        continue;
      auto fail = [&] {
        InFlightDiagnostic diag = emitError();
        diag << "table '" << name << "', line " << number << ": ";
        return diag;
      };
      SmallVector<StringRef> words;
      line.split(words, ',');
      for (StringRef &word : words)
        word = word.trim();
      if (failed(places.empty()
                     ? readNames(words, columns, places, fail)
                     : readRow(words, columns, places, number, fail)))
        return failure();
    }
    if (rows.empty())
      return emitError() << "table '" << name
                         << "': expected a line of names and lines of numbers";
    return success();
  }

private:
  static LogicalResult readNames(ArrayRef<StringRef> words,
                                 ArrayRef<TableColumn> columns,
                                 SmallVector<int> &places, EmitError fail) {
    const auto names = llvm::map_to_vector(
        columns, [](const TableColumn &column) { return column.name; });
    for (StringRef word : words) {
      const auto known = llvm::find(names, word);
      if (known == names.end())
        return fail() << "unknown column " << quoted(word) << ", expected "
                      << llvm::join(names, ", ")
                      << didYouMean(word.take_front(40), names);
      const int place = static_cast<int>(known - names.begin());
      if (llvm::is_contained(places, place))
        return fail() << "column '" << word << "' occurs twice";
      places.push_back(place);
    }
    for (auto [i, column] : llvm::enumerate(columns))
      if (column.isRequired && !llvm::is_contained(places, static_cast<int>(i)))
        return fail() << "expected a column '" << column.name << "'";
    return success();
  }

  LogicalResult readRow(ArrayRef<StringRef> words,
                        ArrayRef<TableColumn> columns, ArrayRef<int> places,
                        unsigned line, EmitError fail) {
    if (words.size() != places.size())
      return fail() << "expected " << places.size() << " numbers, got "
                    << words.size();
    Row &row = rows.emplace_back();
    row.line = line;
    row.numbers.assign(columns.size(), 0);
    for (auto [word, place] : llvm::zip(words, places)) {
      const TableColumn &column = columns[place];
      if (word.empty() && !column.isRequired)
        continue;
      if (word.getAsDouble(row.numbers[place]) ||
          !std::isfinite(row.numbers[place]))
        return fail() << "expected a number as " << column.name << ", got "
                      << quoted(word);
    }
    return success();
  }
};

/// Reads the tables of one array.
class ArrayTables {
public:
  ArrayTables(StringRef folder, TableFile::EmitError emitError)
      : folder(folder), emitError(emitError) {}

  /// Of cells with so many levels.
  LogicalResult read(model::CellTableSpec &table, size_t count) {
    TableFile file;
    if (failed(file.read(folder, table.file,
                         {{"temperature_k", false},
                          {"level", true},
                          {"mean_siemens", true},
                          {"spread_siemens", false},
                          {"drift_exponent", false},
                          {"drift_exponent_sigma", false},
                          {"read_noise_siemens", false}},
                         emitError)))
      return failure();
    for (const TableFile::Row &row : file.rows) {
      const auto fail = at(table.file, row.line);
      const ArrayRef<double> n = row.numbers;
      const size_t level = table.levels.size() % count;
      if (n[1] != double(level))
        return fail() << "expected level " << level << " of " << count
                      << ", got " << format(n[1]);
      if (level > 0 && n[0] != table.levels.back().temperatureK)
        return fail() << "expected level " << level << " of " << count << " at "
                      << format(table.levels.back().temperatureK) << " K, got "
                      << format(n[0]) << " K";
      if (failed(crossbar::CellLevelAttr::verify(
              fail, Number{n[0]}, Number{n[2]}, Number{n[3]}, Number{n[4]},
              Number{n[5]}, Number{n[6]})))
        return failure();
      if (level > 0 && n[2] <= table.levels.back().meanSiemens)
        return fail() << "mean_siemens must increase with the level, got "
                      << format(n[2]) << " after "
                      << format(table.levels.back().meanSiemens);
      table.levels.push_back({n[0], n[2], n[3], n[4], n[5], n[6]});
    }
    if (size_t level = table.levels.size() % count)
      return at(table.file, file.rows.back().line)()
             << "expected " << count << " levels (2^cell_bits), got " << level;
    table.file.clear();
    return success();
  }

  /// Of converters with so many output codes.
  LogicalResult read(model::AdcTableSpec &table, size_t count) {
    TableFile file;
    if (failed(file.read(folder, table.file,
                         {{"converter", false},
                          {"code", true},
                          {"threshold", false},
                          {"value", true}},
                         emitError)))
      return failure();
    size_t number = 0;
    SmallVector<Number> thresholds, values; // of the last converter
    for (const TableFile::Row &row : file.rows) {
      const auto fail = at(table.file, row.line);
      const ArrayRef<double> n = row.numbers;
      const size_t converter = number / count, code = number % count;
      if (n[0] != double(converter) || n[1] != double(code))
        return fail() << "expected code " << code << " of " << count
                      << " of converter " << converter << ", got "
                      << format(n[1]) << " of converter " << format(n[0]);
      if (code == 0) {
        table.converters.emplace_back();
        thresholds.clear();
        values.clear();
      } else {
        thresholds.push_back(Number{n[2]});
      }
      values.push_back(Number{n[3]});
      model::AdcCodesSpec &codes = table.converters.back();
      if (code > 0)
        codes.thresholds.push_back(n[2]);
      codes.values.push_back(n[3]);
      // The row has one number of each list.
      if (failed(crossbar::verifyAdcCodes(fail, thresholds, values,
                                          code == 0 ? 0 : code - 1)))
        return failure();
      ++number;
    }
    if (size_t code = number % count)
      return at(table.file, file.rows.back().line)()
             << "expected " << count << " output codes (2^bits), got " << code;
    table.file.clear();
    return success();
  }

private:
  /// A number as short as possible.
  static std::string format(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof(text), value).ptr};
  }
  /// Errors of a line.
  std::function<InFlightDiagnostic()> at(StringRef file, unsigned line) const {
    return [this, name = file.str(), line] {
      InFlightDiagnostic diag = emitError();
      diag << "table '" << name << "', line " << line << ": ";
      return diag;
    };
  }

  StringRef folder;
  TableFile::EmitError emitError;
};

} // namespace

/// Calls `onTable` with each table that is to be read, its field, and the
/// number of levels or output codes.
template <typename Callback>
static LogicalResult forEachTable(model::DeviceSpec &device, Callback onTable) {
  for (model::UnitGroup &group : device.groups) {
    auto *crossbar = std::get_if<model::CrossbarSpec>(&group.unit);
    if (!crossbar)
      continue;
    model::ArraySpec &array = crossbar->array;
    // Fields of devices in JSON are not verified yet.
    if (array.cellBits < 1 || array.cellBits > 8 || array.adcBits < 1 ||
        array.adcBits > 12)
      continue;
    const std::string place = "groups." + group.name + ": array.";
    if (array.analog && array.analog->cells &&
        !array.analog->cells->file.empty() &&
        failed(onTable(place + "analog.cells", *array.analog->cells,
                       size_t(1) << array.cellBits)))
      return failure();
    if (array.adcTable && !array.adcTable->file.empty() &&
        failed(onTable(place + "adc.table", *array.adcTable,
                       size_t(1) << array.adcBits)))
      return failure();
  }
  return success();
}

bool pumice::namesTables(const model::DeviceSpec &device) {
  model::DeviceSpec copy = device;
  return failed(forEachTable(
      copy, [](const std::string &, auto &, size_t) { return failure(); }));
}

LogicalResult pumice::readTables(model::DeviceSpec &spec, StringRef folder,
                                 StringRef device, Location loc) {
  return forEachTable(spec,
                      [&](const std::string &field, auto &table, size_t count) {
                        auto fail = [&] {
                          InFlightDiagnostic diag = emitError(loc);
                          diag << device << field << ": ";
                          return diag;
                        };
                        return ArrayTables(folder, fail).read(table, count);
                      });
}
