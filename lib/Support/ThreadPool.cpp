// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/ThreadPool.h"

#include "llvm/Support/ThreadPool.h"

#include <pthread.h>

namespace {

/// Hands everything to a pool that a fork replaces. The old one is not
/// destroyed: that would wait for threads that do not exist.
class ProcessThreadPool : public llvm::ThreadPoolInterface {
public:
  void wait() override { threads->wait(); }
  void wait(llvm::ThreadPoolTaskGroup &group) override { threads->wait(group); }
  unsigned getMaxConcurrency() const override {
    return threads->getMaxConcurrency();
  }
  void restart() { threads = new llvm::DefaultThreadPool(); }

private:
  void asyncEnqueue(llvm::unique_function<void()> task,
                    llvm::ThreadPoolTaskGroup *group) override {
    if (group)
      threads->async(*group, std::move(task));
    else
      threads->async(std::move(task));
  }

  llvm::DefaultThreadPool *threads = new llvm::DefaultThreadPool();
};

} // namespace

llvm::ThreadPoolInterface &pumice::processThreadPool() {
  static ProcessThreadPool *pool = [] {
    static ProcessThreadPool *made = new ProcessThreadPool();
    pthread_atfork(nullptr, nullptr, [] { made->restart(); });
    return made;
  }();
  return *pool;
}
