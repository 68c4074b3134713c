// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Support/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

using namespace llvm;

/// An error of LLVM's streams ends the process unless it is taken from them.
static std::error_code writeTo(int descriptor,
                               function_ref<void(raw_ostream &)> write) {
  raw_fd_ostream out(descriptor, /*shouldClose=*/false);
  write(out);
  out.flush();
  std::error_code error = out.error();
  out.clear_error();
  return error;
}

static Error problem(StringRef path, std::error_code error) {
  return createStringError("cannot write '" + path + "': " + error.message());
}

Error pumice::writeFile(StringRef path, function_ref<void(raw_ostream &)> write,
                        bool isPrivate) {
  if (path == "-") {
    std::error_code error = writeTo(STDOUT_FILENO, write);
    return error ? problem("standard output", error) : Error::success();
  }
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status);
  // A private file takes the place of whatever is there.
  if (exists && !isPrivate &&
      status.type() != sys::fs::file_type::regular_file) {
    int descriptor;
    std::error_code error = sys::fs::openFileForWrite(
        path, descriptor, sys::fs::CD_OpenExisting, sys::fs::OF_None);
    if (!error) {
      error = writeTo(descriptor, write);
      ::close(descriptor);
    }
    return error ? problem(path, error) : Error::success();
  }
  // The file behind a link is replaced, not the link.
  SmallString<128> target(path);
  if (exists && !isPrivate)
    (void)sys::fs::real_path(path, target);
  // LLVM's temporary files would take over the signals of the process, and its
  // unique names replace "%" in those of folders.
  static std::atomic<unsigned> number{0};
  std::string part;
  int descriptor;
  do {
    part = (target.str() + ".part" + Twine(::getpid()) + "-" + Twine(number++))
               .str();
    descriptor =
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  if (descriptor < 0)
    return problem(path, std::error_code(errno, std::generic_category()));
  std::error_code error = writeTo(descriptor, write);
  if (!error && ::fsync(descriptor) != 0)
    error = std::error_code(errno, std::generic_category());
  if (!error && (exists || isPrivate))
    error = sys::fs::setPermissions(
        descriptor, isPrivate ? sys::fs::owner_read | sys::fs::owner_write
                              : status.permissions());
  ::close(descriptor);
  if (!error)
    error = sys::fs::rename(part, target);
  if (error)
    (void)sys::fs::remove(part);
  return error ? problem(path, error) : Error::success();
}
