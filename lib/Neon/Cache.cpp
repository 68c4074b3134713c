// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Cache.h"

#include "lib/Support/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <cstring>

using namespace pumice::neon;
using llvm::json::Object;
using llvm::json::Value;

/// Changes when the fitter gives other nets for the same arguments.
static constexpr llvm::StringLiteral version = "fit 1";

namespace {
/// Hashes numbers by their bytes.
class Hasher {
public:
  template <typename T>
  void add(T value) {
    uint8_t bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    sha.update(llvm::ArrayRef(bytes));
  }
  void add(const std::vector<double> &values) {
    add(uint64_t(values.size()));
    for (double value : values)
      add(value);
  }
  void add(const std::optional<double> &value) {
    add(uint8_t(value.has_value()));
    add(value.value_or(0));
  }
  void add(llvm::StringRef text) { sha.update(text); }
  void add(const Tail &tail) {
    add(uint8_t(tail.isLinear));
    add(tail.slope);
    add(tail.offset);
  }
  std::string finish() {
    auto digest = sha.final();
    return llvm::toHex(digest, /*LowerCase=*/true);
  }

private:
  llvm::SHA256 sha;
};
} // namespace

std::string FitCache::keyOf(const Target &target, const Options &options) {
  Hasher hasher;
  hasher.add(llvm::StringRef(version));
  hasher.add(target.input.bits);
  hasher.add(target.input.low);
  hasher.add(target.input.high);
  hasher.add(target.values);
  hasher.add(target.weights);
  hasher.add(target.below);
  hasher.add(target.above);
  for (int64_t number :
       {options.weightBits, options.hiddenBits, options.outputBits,
        options.minHidden, options.maxHidden, int64_t(options.minimax)})
    hasher.add(number);
  hasher.add(options.relativeFloor);
  for (const std::optional<double> &bound :
       {options.goal.mse, options.goal.nmse, options.goal.maxAbs,
        options.goal.maxRelative, options.goal.maxLsb})
    hasher.add(bound);
  return hasher.finish();
}

static std::string pathOf(llvm::StringRef directory, llvm::StringRef key) {
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, key + ".json");
  return std::string(path);
}

std::optional<Fitted> FitCache::load(llvm::StringRef key) const {
  if (directory.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathOf(directory, key));
  if (!file)
    return std::nullopt;
  llvm::Expected<Value> json = pumice::parseJson((*file)->getBuffer());
  if (!json) {
    llvm::consumeError(json.takeError());
    return std::nullopt;
  }
  const Object *object = json->getAsObject();
  const Value *net = object ? object->get("net") : nullptr;
  if (!net)
    return std::nullopt;
  llvm::Expected<Net> read = netFromJson(*net);
  if (!read) {
    llvm::consumeError(read.takeError());
    return std::nullopt;
  }
  Fitted fitted;
  fitted.net = std::move(*read);
  bool isWhole = true;
  auto number = [&](llvm::StringRef name, auto &field) {
    std::optional<double> value = object->getNumber(name);
    isWhole &= value.has_value();
    field = static_cast<std::decay_t<decltype(field)>>(value.value_or(0));
  };
  number("mse", fitted.errors.mse);
  number("nmse", fitted.errors.nmse);
  number("max_abs", fitted.errors.maxAbs);
  number("max_relative", fitted.errors.maxRelative);
  number("max_lsb", fitted.errors.maxLsb);
  number("points", fitted.errors.points);
  number("real_mse", fitted.realMse);
  number("iterations", fitted.iterations);
  std::optional<bool> meets = object->getBoolean("meets_goal");
  if (!isWhole || !meets)
    return std::nullopt;
  fitted.meetsGoal = *meets;
  return fitted;
}

void FitCache::store(llvm::StringRef key, const Fitted &fitted) const {
  if (directory.empty() || llvm::sys::fs::create_directories(directory))
    return;
  Object object{{"net", toJson(fitted.net)},
                {"mse", fitted.errors.mse},
                {"nmse", fitted.errors.nmse},
                {"max_abs", fitted.errors.maxAbs},
                {"max_relative", fitted.errors.maxRelative},
                {"max_lsb", fitted.errors.maxLsb},
                {"points", fitted.errors.points},
                {"real_mse", fitted.realMse},
                {"iterations", fitted.iterations},
                {"meets_goal", fitted.meetsGoal}};
  const std::string text =
      llvm::formatv("{0}\n", Value(std::move(object))).str();
  llvm::consumeError(
      llvm::writeToOutput(pathOf(directory, key), [&](llvm::raw_ostream &out) {
        out << text;
        return llvm::Error::success();
      }));
}
