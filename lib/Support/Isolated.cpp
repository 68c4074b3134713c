// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/Isolated.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/ErrorHandling.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;

static std::atomic<bool> isolationIsOn = true;

void pumice::setIsolation(bool isOn) { isolationIsOn = isOn; }

/// What the child writes last.
static constexpr StringLiteral kSurvived("\nsurvived");
static constexpr StringLiteral kNoMemory("\nwant of memory");

/// Exceptions would leave the function in which the child was made, and so be
/// handled by a second copy of the caller.
[[noreturn]] static void endWithoutMemory() {
  (void)!::write(STDERR_FILENO, kNoMemory.data(), kNoMemory.size());
  _exit(1);
}

/// A lower limit, or the one that holds already.
static void limit(decltype(RLIMIT_CPU) resource, rlim_t value) {
  rlimit old;
  if (getrlimit(resource, &old) != 0 ||
      (old.rlim_cur != RLIM_INFINITY && old.rlim_cur <= value))
    return;
  old.rlim_cur = value;
  setrlimit(resource, &old);
}

/// Bytes of addresses that this process has; 0 if unknown.
static uint64_t addressSpace() {
  unsigned long long pages = 0;
  if (FILE *file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%llu", &pages) != 1)
      pages = 0;
    std::fclose(file);
  }
  return pages * uint64_t(sysconf(_SC_PAGESIZE));
}

// What reading may take: a hundred times what files of that size need. A few
// bytes of bytecode can state types that MLIR's reader expands for ever.
static constexpr uint64_t kSeconds = 10, kSecondsPerMiB = 10;
static constexpr uint64_t kMemory = uint64_t(4) << 30, kMemoryPerByte = 100;

[[noreturn]] static void
readInChild(MLIRContext *parent, uint64_t bytes,
            llvm::function_ref<void(MLIRContext &)> read, int sink) {
  for (int number :
       {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGINT, SIGTERM, SIGXCPU})
    std::signal(number, SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kSeconds + kSecondsPerMiB * (bytes >> 20));
  if (uint64_t now = addressSpace())
    limit(RLIMIT_AS, now + kMemory + kMemoryPerByte * bytes);
  dup2(sink, STDERR_FILENO); // of assertions
  std::set_new_handler(endWithoutMemory);
  llvm::remove_bad_alloc_error_handler();
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { endWithoutMemory(); });
  DialectRegistry registry;
  parent->getDialectRegistry().appendTo(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects(parent->allowsUnregisteredDialects());
  ScopedDiagnosticHandler silent(&context, [](Diagnostic &) {});
  read(context);
  // The status of a child is lost in a process that ignores SIGCHLD.
  (void)!::write(sink, kSurvived.data(), kSurvived.size());
  _exit(0);
}

LogicalResult
pumice::survivesReading(Location loc, StringRef file, uint64_t bytes,
                        llvm::function_ref<void(MLIRContext &)> read) {
  if (!isolationIsOn)
    return success();
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC) != 0)
    return emitError(loc, "cannot start a process to read '")
           << file << "': " << std::strerror(errno);
  pid_t child = fork();
  if (child == 0) {
    close(pipes[0]);
    readInChild(loc.getContext(), bytes, read, pipes[1]);
  }
  const int problem = errno;
  close(pipes[1]);
  std::string said;
  if (child > 0) {
    char part[4096];
    ssize_t size;
    while ((size = ::read(pipes[0], part, sizeof(part))) > 0 ||
           (size < 0 && errno == EINTR)) {
      if (size <= 0)
        continue;
      said.append(part, size);
      // The first words, and the last.
      if (said.size() > 2 * sizeof(part))
        said.erase(sizeof(part), said.size() - 2 * sizeof(part));
    }
  }
  close(pipes[0]);
  if (child < 0)
    return emitError(loc, "cannot start a process to read '")
           << file << "': " << std::strerror(problem);
  int status = 0;
  pid_t ended;
  while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
    ;
  if (StringRef(said).ends_with(kSurvived))
    return success();
  const char *how = ended == child && WIFSIGNALED(status)
                        ? strsignal(WTERMSIG(status))
                    : StringRef(said).ends_with(kNoMemory) ? "want of memory"
                                                           : "it ended";
  InFlightDiagnostic error =
      emitError(loc, "expected '")
      << file << "' to be MLIR, got what ends MLIR's reader (" << how;
  // "file:line: function: Assertion `...' failed."
  StringRef line = StringRef(said).split('\n').first;
  if (size_t at = line.find("Assertion `"); at != StringRef::npos)
    error << ": " << line.substr(at).rtrim('.');
  return error << ")";
}
