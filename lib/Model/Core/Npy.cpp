// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/Npy.h"

#include "lib/Support/AtomicFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace pumice;
using llvm::StringRef;

static constexpr StringRef magic("\x93NUMPY", 6);

static llvm::Error problem(StringRef path, const llvm::Twine &text) {
  return llvm::createStringError("'" + path + "': " + text);
}

static std::optional<model::ElementType> elementTypeOf(StringRef descr) {
  return llvm::StringSwitch<std::optional<model::ElementType>>(descr)
      .Case("|b1", model::ElementType::i1)
      .Cases({"|i1", "|u1"}, model::ElementType::i8)
      .Cases({"<i2", "<u2"}, model::ElementType::i16)
      .Cases({"<i4", "<u4"}, model::ElementType::i32)
      .Cases({"<i8", "<u8"}, model::ElementType::i64)
      .Case("<f4", model::ElementType::f32)
      .Case("<f8", model::ElementType::f64)
      .Case("<f2", model::ElementType::f16)
      .Default(std::nullopt);
}

static StringRef descrOf(model::ElementType type) {
  switch (type) {
  case model::ElementType::i1:
    return "|b1";
  case model::ElementType::i8:
    return "|i1";
  case model::ElementType::i16:
  case model::ElementType::bf16: // its bits
    return "<i2";
  case model::ElementType::i32:
    return "<i4";
  case model::ElementType::i64:
    return "<i8";
  case model::ElementType::f32:
    return "<f4";
  case model::ElementType::f64:
    return "<f8";
  case model::ElementType::f16:
    return "<f2";
  }
  llvm_unreachable("all element types are listed");
}

llvm::Expected<model::Value> pumice::readNpy(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return problem(path, file.getError().message());
  StringRef text = (*file)->getBuffer();
  if (!text.starts_with(magic) || text.size() < 12)
    return problem(path, "expected a NumPy array file");
  unsigned major = static_cast<unsigned char>(text[6]);
  size_t start = major == 1 ? 10 : 12;
  size_t length = major == 1 ? llvm::support::endian::read16le(text.data() + 8)
                             : llvm::support::endian::read32le(text.data() + 8);
  if (major < 1 || major > 3 || text.size() < start + length)
    return problem(path, "the header is not one of NumPy's formats 1 to 3");
  StringRef header = text.substr(start, length);
  llvm::SmallVector<StringRef> matches;
  if (!llvm::Regex("'descr': *'([^']*)'").match(header, &matches))
    return problem(path, "the header does not name an element type");
  StringRef descr = matches[1];
  std::optional<model::ElementType> type = elementTypeOf(descr);
  if (!type)
    return problem(path, "cannot read elements of type '" + descr + "'");
  if (llvm::Regex("'fortran_order': *True").match(header))
    return problem(path, "expected C order, got Fortran order");
  if (!llvm::Regex("'shape': *\\(([0-9, ]*)\\)").match(header, &matches))
    return problem(path, "the header does not name a shape");
  llvm::SmallVector<int64_t> shape;
  for (StringRef extent : llvm::split(matches[1], ',')) {
    if (extent.trim().empty())
      continue;
    int64_t value;
    if (extent.trim().getAsInteger(10, value))
      return problem(path, "expected non-negative extents in the shape, got '" +
                               extent.trim() + "'");
    shape.push_back(value);
  }
  // Before there is memory for it: a header may name any shape.
  StringRef data = text.substr(start + length);
  llvm::Expected<model::Value> stored =
      model::Value::borrow(*type, shape, data.data(), nullptr);
  if (!stored)
    return problem(path, llvm::toString(stored.takeError()));
  if (data.size() != static_cast<size_t>(stored->numBytes()))
    return problem(path, "expected " + llvm::Twine(stored->numBytes()) +
                             " bytes of data, got " + llvm::Twine(data.size()));
  llvm::Expected<model::Value> value = model::Value::allocate(*type, shape);
  if (!value)
    return problem(path, llvm::toString(value.takeError()));
  std::memcpy(value->mutableData(), data.data(), data.size());
  return value;
}

llvm::Error pumice::writeNpy(StringRef path, const model::Value &value) {
  std::string header;
  llvm::raw_string_ostream os(header);
  os << "{'descr': '" << descrOf(value.type())
     << "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : value.shape())
    os << extent << ",";
  os << "), }";
  // The data starts at a multiple of 64 bytes, after a line break.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  char size[2];
  llvm::support::endian::write16le(size, header.size());
  return writeFile(path, [&](llvm::raw_ostream &out) {
    out << magic << '\x01' << '\0' << StringRef(size, 2) << header
        << StringRef(static_cast<const char *>(value.data()), value.numBytes());
  });
}
