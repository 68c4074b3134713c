// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Request.h"
#include "lib/Scheduling/Json.h"
#include "lib/Support/Json.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>

using namespace pumice::scheduling;
using llvm::Error;
using llvm::Expected;
namespace json = llvm::json;

static json::Object summarize(const Problem &problem,
                              const Schedule &schedule) {
  json::Array ahead;
  std::vector<bool> isAhead(problem.units.size());
  for (const Transfer &transfer : schedule.transfers)
    if (transfer.isAhead)
      isAhead[schedule.parts[transfer.part].unit] = true;
  for (size_t u = 0; u < problem.units.size(); ++u)
    if (isAhead[u])
      ahead.push_back(problem.units[u].name);
  Bounds bounds = lowerBounds(schedule.withKept(problem), schedule.start,
                              !ahead.empty(), schedule.isStream);
  if (schedule.isStream) {
    // Units of a stream do not wait for whole results.
    const Picoseconds period = bounds.period;
    bounds = Bounds();
    bounds.period = period;
  }
  // Units of a pipeline do not wait for one another.
  LeastWrites least, withoutPins;
  if (!schedule.period) {
    // What is written ahead does not wait for the first write.
    if (ahead.empty())
      least =
          leastWrites(schedule.withKept(problem), schedule.start, schedule.end);
    withoutPins = leastWrites(problem, schedule.start, schedule.end);
  }
  json::Object copies;
  std::vector<int64_t> parts(problem.units.size());
  for (const Part &part : schedule.parts) {
    copies[problem.units[part.unit].name] = part.copies;
    ++parts[part.unit];
  }
  json::Array pinned;
  json::Object keptTiles;
  const std::vector<int64_t> kept = schedule.keptTiles(problem);
  for (size_t u = 0; u < problem.units.size(); ++u) {
    if (!kept[u])
      continue;
    keptTiles[problem.units[u].name] = kept[u];
    if (kept[u] == problem.units[u].tiles())
      pinned.push_back(problem.units[u].name);
  }
  json::Object result{
      {"algorithm", schedule.algorithm},
      {"time_ps", schedule.end},
      {"bounds", toJson(bounds)},
      {"energy", toJson(energyOf(problem, schedule))},
      {"tiles_written", schedule.tilesWritten()},
      {"least_tiles_written", least.tiles},
      {"least_write_pj", least.energyPj},
      {"least_rewriting_pj", withoutPins.rewritingPj},
      {"most_writes_of_an_array", schedule.mostWrites()},
      {"dram_bytes", dramBytes(problem, schedule)},
      {"most_parts", *std::max_element(parts.begin(), parts.end())},
      {"spills", static_cast<int64_t>(schedule.spills.size())},
      {"copies", std::move(copies)},
      {"pinned", std::move(pinned)},
      {"kept_tiles", std::move(keptTiles)},
      {"ahead", std::move(ahead)}};
  if (schedule.period)
    result["period_ps"] = *schedule.period;
  return result;
}

static Expected<json::Value> answer(const Request &request) {
  Expected<Problem> problem = problemFromJson(*request.problem);
  if (!problem)
    return problem.takeError();
  if (Error error = problem->check())
    return std::move(error);
  if (request.action == "check")
    return toJson(*problem);
  if (request.action == "bounds")
    return json::Object{
        {"cold", toJson(lowerBounds(*problem, Start::Cold))},
        {"steady", toJson(lowerBounds(*problem, Start::Steady))}};
  if (request.action == "verify") {
    if (!request.schedule)
      return llvm::createStringError(
          "request: expected a schedule to verify, got none");
    Expected<Schedule> schedule = scheduleFromJson(*request.schedule, *problem);
    if (!schedule)
      return schedule.takeError();
    if (Error error = schedule->verify(*problem))
      return std::move(error);
    return json::Object{{"summary", summarize(*problem, *schedule)}};
  }
  if (request.action != "schedule")
    return llvm::createStringError(
        "request.action: expected schedule, check, bounds or verify, got '" +
        request.action + "'");
  Options options;
  if (request.options) {
    Expected<Options> given = optionsFromJson(*request.options);
    if (!given)
      return given.takeError();
    options = *given;
  }
  std::string names;
  for (const NamedAlgorithm &algorithm : algorithms()) {
    names += (names.empty() ? "" : ", ") + algorithm.name.str();
    if (algorithm.name != request.algorithm)
      continue;
    const auto begin = std::chrono::steady_clock::now();
    Expected<Schedule> schedule = algorithm.run(*problem, options);
    if (!schedule)
      return schedule.takeError();
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - begin;
    json::Object result{{"summary", summarize(*problem, *schedule)},
                        {"seconds", time.count()}};
    if (request.hasDetail)
      result["schedule"] = toJson(*schedule, *problem);
    return result;
  }
  return llvm::createStringError("request.algorithm: expected one of " + names +
                                 ", got '" + request.algorithm + "'");
}

Expected<std::string> pumice::scheduling::scheduleJson(llvm::StringRef text) {
  Expected<json::Value> value = pumice::parseJson(text);
  if (!value)
    return llvm::createStringError("request: expected JSON: " +
                                   llvm::toString(value.takeError()));
  Expected<Request> request = requestFromJson(*value);
  if (!request)
    return request.takeError();
  Expected<json::Value> result = answer(*request);
  if (!result)
    return result.takeError();
  std::string out;
  llvm::raw_string_ostream(out) << *result;
  return out;
}
