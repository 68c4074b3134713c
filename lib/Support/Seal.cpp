// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Seal.h"

#include "lib/Support/Json.h"
#include "lib/Support/Version.inc"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace pumice;

// A sealed file is the bytecode, the digests of its blocks, a line of JSON, the
// number of bytes of the bytecode and of the line (eight bytes each, least
// significant first), the digest of all from the digests on, and a mark.
static constexpr StringLiteral kMark("\npumice-seal-end\n");
static constexpr size_t kDigestBytes = 32;
static constexpr uint64_t kBlockBytes = 1 << 16;
static constexpr size_t kTailBytes = 16 + kDigestBytes + kMark.size();

static std::string digestOf(StringRef bytes) {
  std::array<uint8_t, kDigestBytes> hash =
      SHA256::hash(arrayRefFromStringRef(bytes));
  return std::string(hash.begin(), hash.end());
}

static std::string numberBytes(uint64_t number) {
  char bytes[8];
  support::endian::write64le(bytes, number);
  return std::string(bytes, 8);
}

bool pumice::isBytecode(StringRef bytes) {
  return bytes.starts_with("ML\xefR");
}

std::string pumice::sealOf(StringRef bytecode) {
  std::string seal;
  for (uint64_t at = 0; at < bytecode.size(); at += kBlockBytes)
    seal += digestOf(bytecode.substr(at, kBlockBytes));
  std::string line;
  raw_string_ostream(line) << json::Value(
                                  json::Object{{"format", kProgramFormat},
                                               {"pumice", kPumiceVersion}})
                           << "\n";
  seal += line + numberBytes(bytecode.size()) + numberBytes(line.size());
  seal += digestOf(seal);
  return seal + kMark.str();
}

static Error damaged(const Twine &what) {
  return createStringError("the file is damaged: " + what);
}

/// The versions in the line of a seal.
static Error checkVersions(StringRef line) {
  Expected<json::Value> parsed = pumice::parseJson(line);
  const json::Object *seal = nullptr;
  if (parsed)
    seal = parsed->getAsObject();
  else
    consumeError(parsed.takeError());
  std::optional<int64_t> format;
  std::optional<StringRef> version;
  if (seal) {
    format = seal->getInteger("format");
    version = seal->getString("pumice");
  }
  constexpr size_t kMostVersion = 64;
  if (!format || !version || version->size() > kMostVersion ||
      !all_of(*version, isPrint))
    return damaged("expected a format and a version in its seal");
  if (*format == kProgramFormat && *version == kPumiceVersion)
    return Error::success();
  return createStringError(
      "expected a program of pumice " + Twine(kPumiceVersion) + " (format " +
      Twine(kProgramFormat) + "), got one of pumice " + *version + " (format " +
      Twine(*format) + "): compile the model again");
}

Expected<StringRef> pumice::checkSeal(StringRef file, bool isRequired) {
  if (file.size() < kTailBytes || !file.ends_with(kMark)) {
    if (!isRequired || !isBytecode(file))
      return file;
    return damaged("expected a seal at the end of the bytecode, got none in " +
                   Twine(file.size()) +
                   " bytes (it is cut, or pumice did not write it)");
  }
  StringRef rest = file.drop_back(kTailBytes);
  StringRef numbers = file.substr(rest.size(), 16);
  StringRef digest = file.substr(rest.size() + 16, kDigestBytes);
  uint64_t bytes = support::endian::read64le(numbers.data());
  uint64_t lineBytes = support::endian::read64le(numbers.data() + 8);
  uint64_t blocks = divideCeil(bytes, kBlockBytes);
  if (bytes > rest.size() || lineBytes > rest.size() ||
      rest.size() - bytes - lineBytes != blocks * kDigestBytes ||
      digestOf(file.substr(bytes, rest.size() - bytes + 16)) != digest)
    return damaged("the seal, bytes " +
                   Twine(std::min(bytes, uint64_t(rest.size()))) + " to " +
                   Twine(file.size() - 1) + ", is not as it was written");
  if (Error error = checkVersions(rest.take_back(lineBytes)))
    return std::move(error);
  StringRef bytecode = file.take_front(bytes);
  for (uint64_t block = 0; block < blocks; ++block) {
    StringRef part = bytecode.substr(block * kBlockBytes, kBlockBytes);
    if (digestOf(part) !=
        file.substr(bytes + block * kDigestBytes, kDigestBytes))
      return damaged("bytes " + Twine(block * kBlockBytes) + " to " +
                     Twine(block * kBlockBytes + part.size() - 1) +
                     " are not as they were written");
  }
  return bytecode;
}
