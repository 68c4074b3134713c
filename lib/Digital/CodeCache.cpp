// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Digital/CodeCache.h"

#include "lib/Digital/CodeVersion.inc"
#include "lib/Support/AtomicFile.h"
#include "lib/Support/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace llvm;

namespace pumice::digital {

// A file consists of the magic, the digest of its key and of the rest, the
// facts as one line of JSON, and the object.
static constexpr StringLiteral magic("pumice code 2\n");
static constexpr size_t digestBytes = 32;

static std::string digest(StringRef bytes) {
  std::array<uint8_t, digestBytes> hash =
      SHA256::hash(arrayRefFromStringRef(bytes));
  return std::string(hash.begin(), hash.end());
}

/// Why others than the user could have written what has this status; null if
/// they cannot.
static const char *distrust(const sys::fs::file_status &status) {
  if (status.getUser() != ::geteuid())
    return "it belongs to another user";
  if (status.permissions() & (sys::fs::group_write | sys::fs::others_write))
    return "others than its owner may write it";
  return nullptr;
}

CodeCache::CodeCache(std::string path) : directory(std::move(path)) {
  if (directory.empty())
    return;
  std::error_code error = sys::fs::create_directories(
      directory, /*IgnoreExisting=*/true, sys::fs::owner_all);
  sys::fs::file_status status;
  if (!error)
    error = sys::fs::status(directory, status);
  std::string problem;
  if (error)
    problem = error.message();
  else if (!sys::fs::is_directory(status))
    problem = "it is not a directory";
  else if (const char *why = distrust(status))
    problem = why;
  if (problem.empty())
    return;
  reason = "the code cache '" + directory + "' is not used: " + problem;
  directory.clear();
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

static std::optional<Code> parse(StringRef key, StringRef text) {
  if (!text.consume_front(magic) || text.size() < digestBytes ||
      text.take_front(digestBytes) !=
          digest((key + text.drop_front(digestBytes)).str()))
    return std::nullopt;
  auto [line, object] = text.drop_front(digestBytes).split('\n');
  Expected<json::Value> parsed = pumice::parseJson(line);
  if (!parsed) {
    consumeError(parsed.takeError());
    return std::nullopt;
  }
  json::Path::Root root;
  json::ObjectMapper map(*parsed, root);
  std::vector<int64_t> scratch, ops, reports;
  std::vector<std::string> messages;
  Code code;
  if (!map || !map.map("scratch", scratch) || !map.map("asserts", messages) ||
      !map.map("ops", ops) || !map.map("reports", reports) ||
      ops.size() != messages.size() || reports.size() != messages.size())
    return std::nullopt;
  for (auto [message, op, report] : llvm::zip_equal(messages, ops, reports))
    code.facts.assertions.push_back({std::move(message), op, report != 0});
  code.facts.scratch.assign(scratch.begin(), scratch.end());
  code.object = MemoryBuffer::getMemBufferCopy(object, "cached code");
  return code;
}

std::optional<Code> CodeCache::load(StringRef key) const {
  // Opening a pipe would wait for its writer.
  if (directory.empty() || !sys::fs::is_regular_file(pathOf(key)))
    return std::nullopt;
  // Record the use, because file systems may not update access times.
  Expected<sys::fs::file_t> file =
      sys::fs::openNativeFileForRead(pathOf(key), sys::fs::OF_UpdateAtime);
  if (!file) {
    consumeError(file.takeError());
    return std::nullopt;
  }
  sys::fs::file_status status;
  std::optional<Code> found;
  if (!sys::fs::status(*file, status) && sys::fs::is_regular_file(status) &&
      !distrust(status))
    if (auto buffer = MemoryBuffer::getOpenFile(
            *file, key, /*FileSize=*/-1, /*RequiresNullTerminator=*/false))
      found = parse(key, (*buffer)->getBuffer());
  sys::fs::closeFile(*file);
  return found;
}

void CodeCache::store(StringRef key, const Code &code) {
  if (directory.empty())
    return;
  std::string body;
  json::Array asserts, ops, reports;
  for (const Assertion &assertion : code.facts.assertions) {
    asserts.push_back(json::fixUTF8(assertion.message));
    ops.push_back(assertion.op);
    reports.push_back(int64_t(assertion.reportsIndex));
  }
  raw_string_ostream(body) << json::Value(json::Object{
                                  {"scratch", json::Array(code.facts.scratch)},
                                  {"asserts", std::move(asserts)},
                                  {"ops", std::move(ops)},
                                  {"reports", std::move(reports)}})
                           << "\n"
                           << code.object->getBuffer();
  Error error = writeFile(
      pathOf(key),
      [&](raw_ostream &out) {
        out << magic << digest((key + body).str()) << body;
      },
      /*isPrivate=*/true);
  if (error)
    reason =
        "the code cache does not keep new code: " + toString(std::move(error));
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
