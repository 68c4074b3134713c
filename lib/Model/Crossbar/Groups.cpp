// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Groups.h"

#include <cstring>

using namespace pumice::model;

/// [a][b][...] to [b][a][...].
static void exchange(const Value &from, Value &to) {
  const int64_t a = from.shape()[0], b = from.shape()[1];
  if (from.numElements() == 0)
    return;
  const int64_t bytes = from.numBytes() / (a * b);
  const char *source = static_cast<const char *>(from.data());
  char *target = static_cast<char *>(to.mutableData());
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j)
      std::memcpy(target + (j * a + i) * bytes, source + (i * b + j) * bytes,
                  bytes);
}

llvm::Error pumice::model::withGroupsInside(
    const Value &x, Value &y,
    llvm::function_ref<llvm::Error(const Value &, Value &)> compute) {
  if (x.shape()[0] <= 1 || x.shape()[1] <= 1)
    return compute(x, y);
  auto insideOf = [](const Value &value) {
    llvm::ArrayRef<int64_t> shape = value.shape();
    return Value::allocate(value.type(), {shape[1], shape[0], shape[2]});
  };
  llvm::Expected<Value> in = insideOf(x), out = insideOf(y);
  if (!in || !out)
    return llvm::joinErrors(in.takeError(), out.takeError());
  exchange(x, *in);
  if (llvm::Error error = compute(*in, *out))
    return error;
  exchange(*out, y);
  return llvm::Error::success();
}
