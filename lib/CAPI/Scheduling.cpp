// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/CAPI/Scheduling.h"

#include "lib/Scheduling/Request.h"
#include "mlir/CAPI/Support.h"

using namespace pumice;

bool pumiceSchedule(MlirStringRef request, MlirStringCallback callback,
                    void *user, MlirStringCallback error, void *errorUser) {
  llvm::Expected<std::string> answer =
      scheduling::scheduleJson(unwrap(request));
  if (!answer) {
    const std::string text = llvm::toString(answer.takeError());
    error(wrap(llvm::StringRef(text)), errorUser);
    return false;
  }
  callback(wrap(llvm::StringRef(*answer)), user);
  return true;
}
