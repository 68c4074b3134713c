// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Request.h - Scheduling, asked for in JSON ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_SCHEDULING_REQUEST_H
#define PUMICE_LIB_SCHEDULING_REQUEST_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace pumice::scheduling {

/// Answers one request, both in JSON. Its keys:
///   problem     what to schedule; checked
///   action      "schedule" (the default), "check", "bounds" or "verify"
///   algorithm   a name of algorithms(), for "schedule"
///   options     see Options
///   schedule    for "verify"
///   detail      false: a summary without the schedule
llvm::Expected<std::string> scheduleJson(llvm::StringRef request);

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_REQUEST_H
