// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- JsonVisitors.h - Visitors of the fields of a device ------*- C++ -*-===//
//
// What the functions `fields` of Json.cpp, which list the fields of each part
// of a device, are called with: visitors that write, read and list them.
// Private to Json.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DEVICE_JSONVISITORS_H
#define PUMICE_LIB_DEVICE_JSONVISITORS_H

#include "lib/Device/Device.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <type_traits>

namespace pumice::device_json {

namespace json = llvm::json;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

/// Values of a field by their words.
template <typename Enum>
using Words = std::vector<std::pair<StringRef, Enum>>;

/// Writes fields, except those with their default value.
struct Writer {
  json::Object &object;

  template <typename T>
  void required(StringRef key, T &value) {
    object[key] = value;
  }
  template <typename T>
  void defaulted(StringRef key, T &value, T unlessGiven) {
    if (value != unlessGiven)
      object[key] = value;
  }
  template <typename T>
  void optional(StringRef key, std::optional<T> &value) {
    if (value)
      object[key] = *value;
  }
  template <typename Enum>
  void word(StringRef key, Enum &value, const Words<Enum> &words,
            std::optional<Enum> unlessGiven = std::nullopt) {
    for (auto [text, word] : words)
      if (word == value && value != unlessGiven)
        object[key] = text;
  }
  template <typename Callback>
  void part(StringRef key, Callback callback) {
    json::Object inner;
    Writer writer{inner};
    callback(writer);
    object[key] = std::move(inner);
  }
  template <typename T>
  void optionalPart(StringRef key, std::optional<T> &value) {
    if (value)
      part(key, [&](Writer &inner) { fields(inner, *value); });
  }
  template <typename T>
  void list(StringRef key, StringRef, std::vector<T> &items) {
    json::Array array;
    for (T &item : items) {
      json::Object inner;
      Writer writer{inner};
      fields(writer, item);
      array.push_back(std::move(inner));
    }
    object[key] = std::move(array);
  }
  template <typename T>
  void optionalList(StringRef key, StringRef label, std::vector<T> &items) {
    if (!items.empty())
      list(key, label, items);
  }
  void numbers(StringRef key,
               std::vector<std::pair<std::string, double>> &items) {
    json::Object inner;
    for (auto &[name, value] : items)
      inner[name] = value;
    object[key] = std::move(inner);
  }
  void series(StringRef key, std::vector<double> &items) {
    object[key] = json::Array(items);
  }
};

/// Reads fields; keeps the first error with its path.
struct Reader {
  const json::Object &object;
  std::string path;
  std::string &problem;
  llvm::StringSet<> known;

  std::string placeOf(StringRef key) const {
    return path.empty() ? key.str() : path + "." + key.str();
  }
  void fail(StringRef key, const Twine &expected) {
    if (!problem.empty())
      return;
    const json::Value *value = object.get(key);
    problem = (placeOf(key) + ": expected " + expected + ", got ").str();
    llvm::raw_string_ostream os(problem);
    if (value)
      os << *value;
    else
      os << "nothing";
  }

  bool read(StringRef key, int64_t &value) {
    std::optional<int64_t> number = object.getInteger(key);
    if (!number)
      return fail(key, "an integer"), false;
    value = *number;
    return true;
  }
  bool read(StringRef key, double &value) {
    std::optional<double> number = object.getNumber(key);
    if (!number)
      return fail(key, "a number"), false;
    value = *number;
    return true;
  }
  bool read(StringRef key, bool &value) {
    std::optional<bool> flag = object.getBoolean(key);
    if (!flag)
      return fail(key, "true or false"), false;
    value = *flag;
    return true;
  }
  bool read(StringRef key, std::string &value) {
    std::optional<StringRef> text = object.getString(key);
    if (!text)
      return fail(key, "a string"), false;
    value = text->str();
    return true;
  }

  template <typename T>
  void required(StringRef key, T &value) {
    known.insert(key);
    read(key, value);
  }
  template <typename T>
  void defaulted(StringRef key, T &value, T unlessGiven) {
    known.insert(key);
    value = unlessGiven;
    if (object.get(key))
      read(key, value);
  }
  template <typename T>
  void optional(StringRef key, std::optional<T> &value) {
    known.insert(key);
    T found;
    if (object.get(key) && read(key, found))
      value = found;
  }
  template <typename Enum>
  void word(StringRef key, Enum &value, const Words<Enum> &words,
            std::optional<Enum> unlessGiven = std::nullopt) {
    known.insert(key);
    if (!object.get(key) && unlessGiven) {
      value = *unlessGiven;
      return;
    }
    std::optional<StringRef> found = object.getString(key);
    SmallVector<StringRef> texts;
    for (auto [text, word] : words) {
      texts.push_back(text);
      if (found == text) {
        value = word;
        return;
      }
    }
    fail(key, "one of " + llvm::join(texts, ", "));
  }
  template <typename Callback>
  void part(StringRef key, Callback callback) {
    known.insert(key);
    const json::Object *inner = object.getObject(key);
    if (!inner)
      return fail(key, "fields");
    Reader reader{*inner, placeOf(key), problem, {}};
    callback(reader);
    reader.finish();
  }
  template <typename T>
  void optionalPart(StringRef key, std::optional<T> &value) {
    known.insert(key);
    if (object.get(key))
      part(key, [&](Reader &inner) { fields(inner, value.emplace()); });
  }
  template <typename T>
  void list(StringRef key, StringRef label, std::vector<T> &items) {
    known.insert(key);
    const json::Array *array = object.getArray(key);
    if (!array)
      return fail(key, "a list");
    for (auto [i, item] : llvm::enumerate(*array)) {
      const json::Object *inner = item.getAsObject();
      if (!inner)
        return fail(key, "a list of fields");
      std::optional<StringRef> name = inner->getString(label);
      Reader reader{*inner,
                    placeOf(key) + "." +
                        (name ? name->str() : std::to_string(i)),
                    problem,
                    {}};
      fields(reader, items.emplace_back());
      reader.finish();
    }
  }

  template <typename T>
  void optionalList(StringRef key, StringRef label, std::vector<T> &items) {
    known.insert(key);
    if (object.get(key))
      list(key, label, items);
  }
  void numbers(StringRef key,
               std::vector<std::pair<std::string, double>> &items) {
    known.insert(key);
    const json::Object *inner = object.getObject(key);
    if (!inner)
      return fail(key, "numbers by name");
    for (const auto &[name, value] : *inner) {
      const std::optional<double> number = value.getAsNumber();
      if (!number)
        return fail(key, "numbers by name");
      items.emplace_back(StringRef(name).str(), *number);
    }
    llvm::sort(items);
  }
  void series(StringRef key, std::vector<double> &items) {
    known.insert(key);
    const json::Array *array = object.getArray(key);
    if (!array)
      return fail(key, "a list of numbers");
    for (const json::Value &item : *array) {
      const std::optional<double> number = item.getAsNumber();
      if (!number)
        return fail(key, "a list of numbers");
      items.push_back(*number);
    }
  }

  void finish() {
    for (const auto &[key, value] : object)
      if (problem.empty() && !known.contains(StringRef(key)))
        problem = "unknown field '" + placeOf(StringRef(key)) + "'" +
                  hint(StringRef(key));
  }
  /// The known field that is closest to a key.
  std::string hint(StringRef key) const {
    SmallVector<StringRef> names(known.keys());
    llvm::sort(names);
    return didYouMean(key, names);
  }
};

/// Lists all fields of a part and of the parts in it.
struct Keys {
  json::Array &all;
  std::string prefix;

  json::Object &add(StringRef key, StringRef type) {
    all.push_back(
        json::Object{{"key", prefix + key.str()}, {"type", type.str()}});
    return *all.back().getAsObject();
  }
  static StringRef typeOf(int64_t) { return "integer"; }
  static StringRef typeOf(double) { return "number"; }
  static StringRef typeOf(bool) { return "bool"; }
  static StringRef typeOf(const std::string &) { return "string"; }

  template <typename T>
  void required(StringRef key, T &value) {
    add(key, typeOf(value));
  }
  template <typename T>
  void defaulted(StringRef key, T &value, T unlessGiven) {
    add(key, typeOf(value))["default"] = unlessGiven;
  }
  template <typename T>
  void optional(StringRef key, std::optional<T> &) {
    add(key, typeOf(T()))["default"] = nullptr;
  }
  template <typename Enum>
  void word(StringRef key, Enum &, const Words<Enum> &words,
            std::optional<Enum> unlessGiven = std::nullopt) {
    SmallVector<StringRef> texts;
    for (auto [text, word] : words)
      texts.push_back(text);
    json::Object &entry = add(key, llvm::join(texts, ", "));
    for (auto [text, word] : words)
      if (word == unlessGiven)
        entry["default"] = text;
  }
  template <typename Callback>
  void part(StringRef key, Callback callback) {
    Keys inner{all, prefix + key.str() + "."};
    callback(inner);
  }
  template <typename T>
  void optionalPart(StringRef key, std::optional<T> &) {
    add(key, "fields")["default"] = nullptr;
    T value;
    part(key, [&](Keys &inner) { fields(inner, value); });
  }
  template <typename T>
  void list(StringRef key, StringRef, std::vector<T> &) {
    if constexpr (!std::is_same_v<T, model::UnitGroup>) {
      T item;
      part((key + "[]").str(), [&](Keys &inner) { fields(inner, item); });
    }
  }
  template <typename T>
  void optionalList(StringRef key, StringRef label, std::vector<T> &items) {
    list(key, label, items);
  }
  void numbers(StringRef key, std::vector<std::pair<std::string, double>> &) {
    add(key, "numbers by name");
  }
  void series(StringRef key, std::vector<double> &) {
    add(key, "list of numbers");
  }
};

/// Collects the names of the fields of one part.
struct Names {
  json::Array names;

  template <typename... Args>
  void required(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void defaulted(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void optional(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void word(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void part(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void optionalPart(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void list(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void optionalList(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void numbers(StringRef key, Args &&...) {
    names.push_back(key);
  }
  template <typename... Args>
  void series(StringRef key, Args &&...) {
    names.push_back(key);
  }
};

} // namespace pumice::device_json

#endif // PUMICE_LIB_DEVICE_JSONVISITORS_H
