// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <pthread.h>
#include <system_error>
#include <thread>

using namespace pumice::model;

namespace {

/// One call of parallelFor.
struct Job {
  llvm::function_ref<void(int64_t)> body;
  const int64_t count;
  int64_t wanted; ///< threads that may still join
  int64_t joined = 0;
  std::atomic<int64_t> next{0};
  std::mutex failing;
  std::exception_ptr failure; ///< the first one, for the caller

  Job(llvm::function_ref<void(int64_t)> body, int64_t count, int64_t wanted)
      : body(body), count(count), wanted(wanted) {}

  void work() {
    try {
      for (int64_t i = next++; i < count; i = next++)
        body(i);
    } catch (...) { // memory may be missing
      next = count;
      std::lock_guard<std::mutex> lock(failing);
      if (!failure)
        failure = std::current_exception();
    }
  }
};

/// Threads that wait for jobs. A job does not wait for them: its caller works
/// from the start, and leaves as soon as those that came in time are done.
class Pool {
public:
  void run(Job &job) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      try {
        for (; threads < job.wanted; ++threads)
          std::thread([this] { serve(); }).detach();
      } catch (const std::system_error &) {
        // Memory or a limit allows no more: those that there are do the work.
      }
      jobs.push_back(&job);
    }
    for (int64_t i = 0; i < job.wanted; ++i)
      posted.notify_one();
    job.work();
    std::unique_lock<std::mutex> lock(mutex);
    llvm::erase(jobs, &job);
    left.wait(lock, [&] { return job.joined == 0; });
    lock.unlock();
    if (job.failure)
      std::rethrow_exception(job.failure);
  }

  /// The pool of this process. It lasts as long, as its threads do.
  static Pool &get() {
    static const int once = [] {
      current = new Pool;
      // Threads do not follow into a forked process, which starts anew.
      return pthread_atfork(nullptr, nullptr, [] { current = new Pool; });
    }();
    (void)once;
    return *current;
  }

private:
  [[noreturn]] void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      Job **job = llvm::find_if(jobs, [](Job *job) { return job->wanted > 0; });
      if (job == jobs.end()) {
        posted.wait(lock);
        continue;
      }
      Job *mine = *job;
      --mine->wanted;
      ++mine->joined;
      lock.unlock();
      mine->work();
      lock.lock();
      if (--mine->joined == 0)
        left.notify_all();
    }
  }

  static Pool *current;
  std::mutex mutex;
  std::condition_variable posted, left;
  llvm::SmallVector<Job *, 4> jobs;
  int64_t threads = 0;
};

Pool *Pool::current = nullptr;

} // namespace

unsigned pumice::model::threadCount(unsigned requested) {
  return requested ? requested
                   : std::max(1u, std::thread::hardware_concurrency());
}

void pumice::model::parallelFor(unsigned threads, int64_t count,
                                llvm::function_ref<void(int64_t)> body) {
  int64_t workers = std::min<int64_t>({threads, threadCount(0), count});
  if (workers <= 1) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  Job job(body, count, workers - 1);
  Pool::get().run(job);
}
