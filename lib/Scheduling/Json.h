// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Json.h - Problems and schedules as JSON ------------------*- C++ -*-===//
//
// Strict: an error names a key that is not known, or a value of another type,
// by its place. docs/scheduling.md lists the keys.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SCHEDULING_JSON_H
#define PUMICE_LIB_SCHEDULING_JSON_H

#include "lib/Scheduling/Algorithms.h"
#include "lib/Scheduling/Bounds.h"
#include "lib/Scheduling/Energy.h"
#include "llvm/Support/JSON.h"

namespace pumice::scheduling {

llvm::Expected<Problem> problemFromJson(const llvm::json::Value &json);
llvm::json::Value toJson(const Problem &problem);

/// The units of `problem` are named; a schedule that was read is not verified.
llvm::Expected<Schedule> scheduleFromJson(const llvm::json::Value &json,
                                          const Problem &problem);
llvm::json::Value toJson(const Schedule &schedule, const Problem &problem);

llvm::json::Value toJson(const Bounds &bounds);
llvm::json::Value toJson(const Energy &energy);

llvm::Expected<Options> optionsFromJson(const llvm::json::Value &json);

/// What is asked of scheduleJson().
struct Request {
  const llvm::json::Value *problem = nullptr, *schedule = nullptr,
                          *options = nullptr;
  std::string action = "schedule", algorithm = "copies";
  bool hasDetail = true;
};
llvm::Expected<Request> requestFromJson(const llvm::json::Value &json);

} // namespace pumice::scheduling

#endif // PUMICE_LIB_SCHEDULING_JSON_H
