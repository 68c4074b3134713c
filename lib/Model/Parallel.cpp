// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Parallel.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace pumice::model;

void pumice::model::parallelFor(unsigned threads, int64_t count,
                                llvm::function_ref<void(int64_t)> body) {
  unsigned hardware = std::max(1u, std::thread::hardware_concurrency());
  int64_t workers = std::min<int64_t>({threads, hardware, count});
  if (workers <= 1) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  };
  llvm::SmallVector<std::thread, 8> helpers;
  for (int64_t i = 1; i < workers; ++i)
    helpers.emplace_back(work);
  work();
  for (std::thread &helper : helpers)
    helper.join();
}
