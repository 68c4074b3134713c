// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- JsonWriter.h - Large JSON texts --------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CORE_JSONWRITER_H
#define PUMICE_LIB_MODEL_CORE_JSONWRITER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <string>

namespace pumice::model {

/// Appends JSON to a text, byte for byte as llvm::json prints values without
/// indentation, but without a value for each object in between. The caller
/// writes the keys of an object in ascending order, as llvm::json does.
class JsonWriter {
public:
  explicit JsonWriter(std::string &text) : text(text) {}

  void objectBegin() { open('{'); }
  void objectEnd() { close('}'); }
  void arrayBegin() { open('['); }
  void arrayEnd() { close(']'); }
  void key(llvm::StringRef name);

  void number(int64_t value);
  void number(double value);
  void string(llvm::StringRef value);
  void value(const llvm::json::Value &value);

  void attribute(llvm::StringRef name, int64_t value) {
    key(name);
    number(value);
  }
  void attribute(llvm::StringRef name, double value) {
    key(name);
    number(value);
  }
  void attribute(llvm::StringRef name, llvm::StringRef value) {
    key(name);
    string(value);
  }
  void attribute(llvm::StringRef name, llvm::ArrayRef<std::string> values);

private:
  void separate() {
    if (follows)
      text += ',';
    follows = true;
  }
  void open(char bracket) {
    separate();
    text += bracket;
    follows = false;
  }
  void close(char bracket) {
    text += bracket;
    follows = true;
  }

  std::string &text;
  bool follows = false; ///< the next item follows another one
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_JSONWRITER_H
