// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- VerifyStream.cpp - What holds of a stream in place of V9, V10, V12 -===//
//
// One function for each of S1, S2, S3 of docs/scheduling.md. Numbers and
// intervals have been checked.
//
//===----------------------------------------------------------------------===//
#include "lib/Scheduling/Schedule.h"
#include "lib/Scheduling/Stream.h"
#include "llvm/ADT/Twine.h"

#include <map>

using namespace pumice::scheduling;
using llvm::Error;
using llvm::Twine;

namespace {

Error fail(const Twine &text) { return llvm::createStringError(text.str()); }

class StreamVerifier {
public:
  StreamVerifier(const Problem &problem, const Schedule &schedule)
      : problem(problem), schedule(schedule), period(*schedule.period),
        read(problem.units.size()), made(problem.units.size()) {}

  Error verify() {
    for (auto step :
         {&StreamVerifier::derive, &StreamVerifier::checkOrder,
          &StreamVerifier::checkDigital, &StreamVerifier::checkRings})
      if (Error error = (this->*step)())
        return error;
    return Error::success();
  }

private:
  std::string nameOf(size_t unit) const {
    return "unit '" + problem.units[unit].name + "'";
  }

  /// When each unit reads, and when it makes its results.
  Error derive() {
    std::vector<int64_t> parts(problem.units.size());
    for (const Compute &c : schedule.computes) {
      const int u = schedule.parts[c.part].unit;
      if (++parts[u] > 1)
        return fail(nameOf(u) + ": expected one part in a stream, got several");
      read[u] = {c.start, c.end};
      made[u] = productsOf(read[u], period);
    }
    for (const Digital &d : schedule.digitals) {
      made[d.unit] = {d.start, d.end};
      if (!problem.units[d.unit].usesArrays())
        read[d.unit] = made[d.unit];
    }
    return Error::success();
  }

  Picoseconds windowOf(size_t u) const {
    return problem.units[u].usesArrays()
               ? problem.units[u].mvmPs
               : problem.units[u].lag(read[u].length());
  }

  /// S1: a window starts when the share of its inputs that it needs is there.
  Error checkOrder() {
    for (size_t u = 0; u < problem.units.size(); ++u)
      for (int d : problem.units[u].dependencies) {
        const Picoseconds least = earliestStart(problem.units[u], made[d],
                                                read[u].length(), windowOf(u));
        if (read[u].start < least)
          return fail(nameOf(u) + ": expected a start at " + Twine(least) +
                      " or later, when enough of " + nameOf(d) +
                      " is there, got " + Twine(read[u].start));
      }
    return Error::success();
  }

  /// S2: digital work is spread evenly over a period.
  Error checkDigital() {
    std::vector<__int128> load(problem.machine.digitalUnits);
    for (const Digital &d : schedule.digitals) {
      const Unit &unit = problem.units[d.unit];
      load[d.digitalUnit] += unit.digitalPs;
      if (d.end - d.start != period)
        return fail(nameOf(d.unit) +
                    ": expected digital work of a stream to take the period "
                    "of " +
                    Twine(period) + " ps, got " + Twine(d.end - d.start));
      if (!unit.usesArrays())
        continue;
      const Picoseconds start = read[d.unit].start + unit.mvmPs;
      const Picoseconds finish = read[d.unit].end + unit.lag(period);
      if (d.start < start || d.end < finish)
        return fail(nameOf(d.unit) + ": expected digital work from " +
                    Twine(start) + " or later to " + Twine(finish) +
                    " or later, got [" + Twine(d.start) + ", " + Twine(d.end) +
                    ")");
    }
    for (size_t i = 0; i < load.size(); ++i)
      if (load[i] > period)
        return fail("digital unit " + Twine(i) + ": expected at most " +
                    Twine(period) + " ps of work in a period, got " +
                    Twine(static_cast<int64_t>(load[i])));
    return Error::success();
  }

  /// S3: rings hold what has been made and is still to be read.
  Error checkRings() {
    const std::vector<int64_t> needed = ringsOf(problem, made, read, period);
    std::map<std::pair<size_t, Tensor>, int64_t> held;
    for (const Held &h : schedule.held)
      if (h.end - h.start >= period)
        held[{h.unit, h.tensor}] += h.bytes;
    for (size_t u = 0; u < problem.units.size(); ++u)
      for (const Tensor tensor : {Tensor::Output, Tensor::Input}) {
        const int64_t bytes = tensor == Tensor::Output
                                  ? needed[u]
                                  : inputRingBytes(problem.units[u]);
        if (held[{u, tensor}] < bytes)
          return fail(nameOf(u) + ": expected a ring of " + Twine(bytes) +
                      " bytes for " +
                      (tensor == Tensor::Output ? "results" : "inputs") +
                      ", got " + Twine(held[{u, tensor}]));
      }
    return Error::success();
  }

  const Problem &problem;
  const Schedule &schedule;
  const Picoseconds period;
  std::vector<Flow> read, made;
};

} // namespace

Error Schedule::verifyStream(const Problem &problem) const {
  return StreamVerifier(problem, *this).verify();
}
