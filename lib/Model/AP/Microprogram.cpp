// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Microprogram.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <string>

using namespace pumice::model;
using llvm::Error;
using llvm::Twine;

static constexpr const char *codeNames[numAPOpcodes] = {
    "add",    "sub",  "add_new", "sub_new", "copy", "clear",  "compare",
    "select", "mask", "top",     "less",    "set",  "between"};

llvm::StringRef pumice::model::name(APOpcode code) {
  return codeNames[static_cast<size_t>(code)];
}

APFields pumice::model::fieldsOf(APOpcode code) {
  switch (code) {
  case APOpcode::add:
  case APOpcode::sub:
  case APOpcode::compare:
  case APOpcode::select:
  case APOpcode::between:
    return {/*carry=*/true, /*d=*/true, /*b=*/false, /*a=*/true};
  case APOpcode::addNew:
  case APOpcode::subNew:
    return {true, true, true, true};
  case APOpcode::copy:
    return {false, true, false, true};
  case APOpcode::clear:
    return {false, true, false, false};
  case APOpcode::mask:
  case APOpcode::set:
    return {true, true, false, false};
  case APOpcode::top:
    return {true, false, false, true};
  case APOpcode::less:
    return {true, false, false, true, /*constant=*/true};
  }
  return {};
}

bool pumice::model::clearsCarry(APOpcode code) {
  return code == APOpcode::add || code == APOpcode::sub ||
         code == APOpcode::addNew || code == APOpcode::subNew ||
         code == APOpcode::compare || code == APOpcode::less;
}

int64_t APMicroprogram::operations() const {
  int64_t count = 0;
  for (const APOutputBlock &block : outputBlocks) {
    for (const APChannelBlock &channelBlock : block.channelBlocks)
      for (const APBundle &bundle : channelBlock.bundles)
        count += bundle.size();
    for (const APBundle &bundle : block.epilogue)
      count += bundle.size();
  }
  return count;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

void pumice::model::print(const APValue &value, llvm::raw_ostream &os) {
  os << 'c' << value.column;
  if (value.isAcross)
    os << ':' << value.column + value.width;
  os << '[' << value.domain;
  if (!value.isCell && !value.isAcross)
    os << ':' << value.domain + value.width;
  os << ')' << (value.isSigned ? 's' : 'u') << unsigned(value.width);
}

void pumice::model::print(const APOperation &op, llvm::raw_ostream &os) {
  const APFields fields = fieldsOf(op.code);
  os << name(op.code);
  if (fields.d)
    print(op.d, os << ' ');
  if (fields.b)
    print(op.b, os << ", ");
  if (fields.a)
    print(op.a, os << (fields.d ? ", " : " "));
  if (op.isBiased)
    os << " biased";
  if (fields.constant)
    os << ", " << op.constant;
  os << " steps " << unsigned(op.steps);
  if (fields.carry)
    os << " carry c" << op.carry;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

namespace {

Error fail(const Twine &where, const Twine &what) {
  return llvm::createStringError(where + ": " + what);
}

class Verifier {
public:
  explicit Verifier(const APMicroprogram &program)
      : program(program), domainOf(program.columns), stamp(program.columns),
        valueOf(program.columns) {}

  Error run() {
    if (program.columns < 1 || program.columns > 65535 || program.domains < 1 ||
        program.domains > 65535)
      return fail("header", "expected 1 to 65535 columns and domains, got " +
                                Twine(program.columns) + " and " +
                                Twine(program.domains));
    if (program.inputBits < 1 || program.inputBits > 32 ||
        program.kernelPositions < 1 || program.lanes < 1 ||
        program.spread < 1 || program.channels < 0 || program.outputs < 0)
      return fail("header",
                  "expected input bits from 1 to 32 and positive "
                  "kernel positions, interleaved channels and spread");
    const int64_t perPosition = program.isAcross ? program.inputBits : 1;
    if (program.lanes > program.columns ||
        program.kernelPositions > program.columns / program.lanes / perPosition)
      return fail("header", "inputs take " + Twine(program.lanes) + " x " +
                                Twine(program.kernelPositions * perPosition) +
                                " columns, but there are " +
                                Twine(program.columns));
    if (program.codeBits < 0 || program.codeBits > 8)
      return fail("header", "expected at most 8 result bits, got " +
                                Twine(program.codeBits));
    for (size_t i = 0; i < program.outputBlocks.size(); ++i)
      if (Error error = visit(program.outputBlocks[i],
                              "output block " + std::to_string(i)))
        return error;
    return Error::success();
  }

private:
  Error visit(const APOutputBlock &block, const std::string &where) {
    const int64_t count = block.outputs.size();
    if (block.firstOutput < 0 || block.firstOutput > program.outputs ||
        count > program.outputs - block.firstOutput)
      return fail(where, "has outputs " + Twine(block.firstOutput) + " to " +
                             Twine(block.firstOutput + count) + " of " +
                             Twine(program.outputs));
    if (block.column < 0 || block.columns < 1 ||
        block.columns > program.columns - block.column)
      return fail(where, "has accumulators in columns " + Twine(block.column) +
                             " to " + Twine(block.column + block.columns) +
                             " of " + Twine(program.columns));
    if (block.isAcross && block.slot > block.columns)
      return fail(where, "accumulators take " + Twine(block.slot) +
                             " columns each, but there are " +
                             Twine(block.columns));
    if (block.slot < 0 || block.planes() > program.domains)
      return fail(where, "accumulators take " + Twine(block.planes()) +
                             " domains, but there are " +
                             Twine(program.domains));
    for (int64_t i = 0; i < count; ++i)
      if (block.outputs[i].width < 1 || block.outputs[i].width > block.slot ||
          block.outputs[i].width > 62)
        return fail(where, "accumulator " + Twine(i) + " has " +
                               Twine(block.outputs[i].width) +
                               " bits in a slot of " + Twine(block.slot));
    if (count && block.slot < program.codeBits)
      return fail(where, "results have " + Twine(program.codeBits) +
                             " bits in a slot of " + Twine(block.slot));
    for (size_t g = 0; g < block.epilogue.size(); ++g)
      if (Error error = visit(block.epilogue[g], where + ", epilogue", g))
        return error;
    for (size_t i = 0; i < block.channelBlocks.size(); ++i) {
      const APChannelBlock &channelBlock = block.channelBlocks[i];
      const std::string inBlock =
          where + ", channel block " + std::to_string(i);
      if (channelBlock.firstChannel < 0 || channelBlock.channels < 0 ||
          channelBlock.firstChannel > program.channels ||
          channelBlock.channels > program.channels - channelBlock.firstChannel)
        return fail(
            inBlock,
            "has channels " + Twine(channelBlock.firstChannel) + " to " +
                Twine(channelBlock.firstChannel + channelBlock.channels) +
                " of " + Twine(program.channels));
      if (program.inputPlanes(channelBlock) > program.domains)
        return fail(inBlock,
                    "inputs take " + Twine(program.inputPlanes(channelBlock)) +
                        " domains, but there are " + Twine(program.domains));
      for (size_t g = 0; g < channelBlock.bundles.size(); ++g)
        if (Error error = visit(channelBlock.bundles[g], inBlock, g))
          return error;
    }
    return Error::success();
  }

  Error visit(const APBundle &bundle, const std::string &inBlock, size_t g) {
    auto where = [&](size_t i) {
      std::string text;
      llvm::raw_string_ostream os(text);
      os << inBlock << ", bundle " << g << ", operation " << i << " (";
      print(bundle[i], os);
      os << ")";
      return text;
    };
    int64_t steps = 0;
    ++now;
    for (size_t i = 0; i < bundle.size(); ++i) {
      const APOperation &op = bundle[i];
      if (std::string problem = check(op); !problem.empty())
        return fail(where(i), problem);
      // `now` marks carries of this bundle.
      if (fieldsOf(op.code).carry) {
        if (stamp[op.carry] == now)
          return fail(where(i), "shares its carry with another operation of "
                                "its bundle");
        stamp[op.carry] = now;
      }
      steps = std::max<int64_t>(steps, op.steps);
    }
    if (isWithoutConflict(bundle))
      return Error::success();
    for (int64_t step = 0; step < steps; ++step) {
      ++now;
      for (size_t i = 0; i < bundle.size(); ++i) {
        const APOperation &op = bundle[i];
        if (step >= op.steps)
          continue;
        const APFields fields = fieldsOf(op.code);
        int64_t conflict = -1;
        if (fields.carry)
          conflict = std::max(conflict, need(op.carry, 0));
        if (fields.d)
          conflict = std::max(conflict, need(op.d, domainAt(op.d, step)));
        if (fields.b)
          conflict = std::max(conflict, need(op.b, domainAt(op.b, step)));
        if (fields.a)
          conflict = std::max(conflict, need(op.a, domainOfA(op, step)));
        if (conflict >= 0)
          return fail(where(i), "needs column " + Twine(conflict) +
                                    " at another domain than an operation "
                                    "before it, in step " +
                                    Twine(step));
      }
    }
    return Error::success();
  }

  /// True if every column has a single value or carry, which is never at two
  /// domains in one step.
  bool isWithoutConflict(const APBundle &bundle) {
    ++now;
    auto isOnly = [&](uint16_t column, const APValue &value) {
      if (stamp[column] == now)
        return valueOf[column] == value;
      stamp[column] = now;
      valueOf[column] = value;
      return true;
    };
    auto isOnlyValue = [&](const APValue &value) {
      for (int64_t i = 0; i < value.columns(); ++i)
        if (!isOnly(value.column + i, value))
          return false;
      return true;
    };
    return llvm::all_of(bundle, [&](const APOperation &op) {
      const APFields fields = fieldsOf(op.code);
      return (!fields.carry || isOnly(op.carry, APValue())) &&
             (!fields.d || isOnlyValue(op.d)) &&
             (!fields.b || isOnlyValue(op.b)) &&
             (!fields.a || (op.code != APOpcode::top && isOnlyValue(op.a)));
    });
  }

  /// A value across columns needs all of them in every step.
  int64_t need(const APValue &value, int64_t domain) {
    if (value.isAcross)
      domain = value.domain;
    int64_t conflict = -1;
    for (int64_t i = 0; domain >= 0 && i < value.columns(); ++i)
      conflict = std::max(conflict, need(value.column + i, domain));
    return conflict;
  }
  /// The column if this step needs it at another domain, or -1.
  int64_t need(uint16_t column, int64_t domain) {
    if (stamp[column] == now && domainOf[column] != domain)
      return column;
    stamp[column] = now;
    domainOf[column] = domain;
    return -1;
  }

  /// The problem of a single operation; empty if there is none.
  std::string check(const APOperation &op) const {
    const APFields fields = fieldsOf(op.code);
    // First columns, and how many.
    llvm::SmallVector<std::pair<int64_t, int64_t>, 4> columns;
    if (fields.carry)
      columns.emplace_back(op.carry, 1);
    for (auto [has, value] :
         {std::pair(fields.d, &op.d), std::pair(fields.b, &op.b),
          std::pair(fields.a, &op.a)}) {
      if (!has)
        continue;
      columns.emplace_back(value->column, value->columns());
      if (value->isCell && value->isAcross)
        return "has a cell across columns";
      if (value->width < 1 || value->width > 64)
        return ("has a value of " + Twine(unsigned(value->width)) +
                " bits, expected 1 to 64")
            .str();
      const int64_t end = value->domain + value->domains();
      if (end > program.domains)
        return ("reaches domain " + Twine(end - 1) + ", but there are " +
                Twine(program.domains))
            .str();
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto [first, count] = columns[i];
      if (first + count > program.columns)
        return ("names column " + Twine(first + count - 1) +
                ", but there are " + Twine(program.columns))
            .str();
      for (size_t j = 0; j < i; ++j) {
        const int64_t common = std::max(first, columns[j].first);
        if (common <
            std::min(first + count, columns[j].first + columns[j].second))
          return ("uses column " + Twine(common) + " for two things").str();
      }
    }
    if (op.steps < 1 || op.steps > 64 || (fields.d && op.steps > op.d.width))
      return ("has " + Twine(unsigned(op.steps)) +
              " steps for a destination of " + Twine(unsigned(op.d.width)) +
              " bits")
          .str();
    if (op.isBiased && op.code != APOpcode::copy &&
        ((op.code != APOpcode::add && op.code != APOpcode::sub) ||
         !op.a.isSigned))
      return "is biased, which only copies, and additions and subtractions of "
             "a signed value can be";
    if (op.code == APOpcode::compare && op.a.isSigned != op.d.isSigned)
      return "compares a signed with an unsigned value";
    if (op.code == APOpcode::compare &&
        op.steps < std::max(op.a.width, op.d.width))
      return ("compares " + Twine(unsigned(op.steps)) + " bits of " +
              Twine(unsigned(std::max(op.a.width, op.d.width))))
          .str();
    if (op.code == APOpcode::less) {
      if (op.steps != op.a.width)
        return ("compares " + Twine(unsigned(op.steps)) + " bits of " +
                Twine(unsigned(op.a.width)))
            .str();
      const int64_t bits = std::min<int64_t>(op.a.width, 63) - op.a.isSigned;
      const int64_t high = int64_t((uint64_t(1) << bits) - 1);
      const int64_t low = op.a.isSigned ? -high - 1 : 0;
      if (op.constant < low || op.constant > high)
        return ("compares with " + Twine(op.constant) + ", expected " +
                Twine(low) + " to " + Twine(high))
            .str();
    }
    if (op.code == APOpcode::top && op.steps != 1)
      return ("has " + Twine(unsigned(op.steps)) + " steps, expected 1").str();
    return {};
  }

  const APMicroprogram &program;
  std::vector<int64_t> domainOf;
  std::vector<int64_t> stamp;
  std::vector<APValue> valueOf;
  int64_t now = 0;
};

} // namespace

Error pumice::model::verify(const APMicroprogram &program) {
  return Verifier(program).run();
}
