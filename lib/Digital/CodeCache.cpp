// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/CodeCache.h"

#include "lib/Digital/CodeVersion.inc"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace pumice::digital {

// A file consists of the magic, the digest of the rest, the facts as one line
// of JSON, and the object.
static constexpr StringLiteral magic("pumice code 1\n");
static constexpr size_t digestBytes = 32;

static std::string digest(StringRef bytes) {
  std::array<uint8_t, digestBytes> hash =
      SHA256::hash(arrayRefFromStringRef(bytes));
  return std::string(hash.begin(), hash.end());
}

std::string CodeCache::defaultDirectory() {
  if (std::optional<std::string> given =
          sys::Process::GetEnv("PUMICE_CACHE_DIR"))
    return *given;
  SmallString<128> path;
  if (!sys::path::cache_directory(path))
    return "";
  sys::path::append(path, "pumice");
  return path.str().str();
}

std::string CodeCache::keyOf(StringRef content) {
  return toHex(digest((kCodeVersion + content).str()), /*LowerCase=*/true);
}

std::string CodeCache::pathOf(StringRef key) const {
  SmallString<128> path(directory);
  // The prefix that LLVM's pruning looks for.
  sys::path::append(path, "llvmcache-" + key);
  return path.str().str();
}

static std::optional<Code> parse(StringRef text) {
  if (!text.consume_front(magic) || text.size() < digestBytes ||
      text.take_front(digestBytes) != digest(text.drop_front(digestBytes)))
    return std::nullopt;
  auto [line, object] = text.drop_front(digestBytes).split('\n');
  Expected<json::Value> parsed = json::parse(line);
  if (!parsed) {
    consumeError(parsed.takeError());
    return std::nullopt;
  }
  json::Path::Root root;
  json::ObjectMapper map(*parsed, root);
  std::vector<int64_t> scratch;
  Code code;
  if (!map || !map.map("scratch", scratch) ||
      !map.map("asserts", code.facts.assertMessages))
    return std::nullopt;
  code.facts.scratch.assign(scratch.begin(), scratch.end());
  code.object = MemoryBuffer::getMemBufferCopy(object, "cached code");
  return code;
}

std::optional<Code> CodeCache::load(StringRef key) const {
  if (directory.empty())
    return std::nullopt;
  // Record the use, because file systems may not update access times.
  Expected<sys::fs::file_t> file =
      sys::fs::openNativeFileForRead(pathOf(key), sys::fs::OF_UpdateAtime);
  if (!file) {
    consumeError(file.takeError());
    return std::nullopt;
  }
  auto buffer = MemoryBuffer::getOpenFile(*file, key, /*FileSize=*/-1,
                                          /*RequiresNullTerminator=*/false);
  sys::fs::closeFile(*file);
  return buffer ? parse((*buffer)->getBuffer()) : std::nullopt;
}

void CodeCache::store(StringRef key, const Code &code) const {
  if (directory.empty() || sys::fs::create_directories(directory))
    return;
  std::string body;
  json::Array asserts;
  for (const std::string &message : code.facts.assertMessages)
    asserts.push_back(json::fixUTF8(message));
  raw_string_ostream(body) << json::Value(json::Object{
                                  {"scratch", json::Array(code.facts.scratch)},
                                  {"asserts", std::move(asserts)}})
                           << "\n"
                           << code.object->getBuffer();
  // Write a temporary file in the same directory, then rename it.
  consumeError(writeToOutput(pathOf(key), [&](raw_ostream &out) {
    out << magic << digest(body) << body;
    return Error::success();
  }));
}

void CodeCache::prune() const {
  // LLVM's pruning exits the process if it cannot determine the free space.
  if (directory.empty() || !sys::fs::disk_space(directory))
    return;
  uint64_t megabytes = 256;
  if (std::optional<std::string> given =
          sys::Process::GetEnv("PUMICE_CACHE_MB"))
    (void)to_integer(*given, megabytes); // ignore invalid numbers
  CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::seconds(0); // never
  // In LLVM, 0 means unlimited.
  policy.MaxSizeBytes = std::max<uint64_t>(megabytes << 20, 1);
  pruneCache(directory, policy);
}

} // namespace pumice::digital
