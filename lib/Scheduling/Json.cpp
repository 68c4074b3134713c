// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Scheduling/Json.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace pumice::scheduling;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

namespace {

using Names = llvm::StringMap<int>;

/// Names that numbers stand for while a document is read or written.
struct Context {
  std::string error; ///< the first one
  Names units, groups;
  const Problem *problem = nullptr; ///< when writing

  void fail(const Twine &text) {
    if (error.empty())
      error = text.str();
  }
};

constexpr const char *tensorNames[] = {"input", "output", "window", "partial"};
constexpr const char *startNames[] = {"cold", "steady"};

/// Reads the keys of an object; whatever is left is not known.
class Reader {
public:
  Reader(const json::Value &value, std::string where, Context &context)
      : object(value.getAsObject()), where(std::move(where)), context(context) {
    if (!object)
      context.fail(this->where + ": expected an object");
  }

  void finish() {
    if (!object)
      return;
    for (const auto &entry : *object)
      if (!known.contains(entry.first))
        context.fail(where + ": expected known keys, got '" +
                     StringRef(entry.first) + "'");
  }

  void operator()(const char *key, int64_t &out) {
    if (const json::Value *value = find(key)) {
      if (const auto number = value->getAsInteger())
        out = *number;
      else
        context.fail(where + "." + key + ": expected an integer");
    }
  }
  void operator()(const char *key, std::optional<int64_t> &out) {
    int64_t value = 0;
    if (const json::Value *found = find(key))
      if (!found->getAsNull()) {
        (*this)(key, value);
        out = value;
      }
  }
  void operator()(const char *key, uint64_t &out) {
    int64_t value = static_cast<int64_t>(out);
    (*this)(key, value);
    out = static_cast<uint64_t>(value);
  }
  void operator()(const char *key, double &out) {
    if (const json::Value *value = find(key)) {
      if (const auto number = value->getAsNumber())
        out = *number;
      else
        context.fail(where + "." + key + ": expected a number");
    }
  }
  void operator()(const char *key, bool &out) {
    if (const json::Value *value = find(key)) {
      if (const auto flag = value->getAsBoolean())
        out = *flag;
      else
        context.fail(where + "." + key + ": expected true or false");
    }
  }
  void operator()(const char *key, std::string &out) {
    if (const json::Value *value = find(key)) {
      if (const auto text = value->getAsString())
        out = text->str();
      else
        context.fail(where + "." + key + ": expected a text");
    }
  }
  void operator()(const char *key, const json::Value *&out) { out = find(key); }
  void operator()(const char *key, int &out) {
    int64_t value = out;
    (*this)(key, value);
    if (value != static_cast<int>(value))
      context.fail(where + "." + key +
                   ": expected an integer of 32 bits, got " + Twine(value));
    out = static_cast<int>(value);
  }
  void operator()(const char *key, Kind &out) {
    std::string name = nameOf(out).str();
    (*this)(key, name);
    if (const auto kind = kindOf(name))
      out = *kind;
    else
      context.fail(where + "." + key +
                   ": expected crossbar, ap, systolic or digital, got '" +
                   name + "'");
  }
  template <typename Enum, size_t count>
  void choice(const char *key, Enum &out, const char *const (&names)[count]) {
    std::string name = names[static_cast<size_t>(out)];
    (*this)(key, name);
    std::string all;
    for (size_t i = 0; i < count; ++i) {
      if (name == names[i]) {
        out = static_cast<Enum>(i);
        return;
      }
      all += (i ? ", " : "") + std::string(names[i]);
    }
    context.fail(where + "." + key + ": expected one of " + all + ", got '" +
                 name + "'");
  }
  void name(const char *key, int &out, const Names &names) {
    std::string text;
    (*this)(key, text);
    if (find(key))
      out = lookUp(key, text, names);
  }
  void names(const char *key, std::vector<int> &out, const Names &names) {
    const json::Value *value = find(key);
    if (!value)
      return;
    out.clear();
    const json::Array *array = value->getAsArray();
    if (!array) {
      context.fail(where + "." + key + ": expected a list");
      return;
    }
    for (const json::Value &entry : *array) {
      const auto text = entry.getAsString();
      if (!text)
        context.fail(where + "." + key + ": expected a list of names");
      else
        out.push_back(lookUp(key, *text, names));
    }
  }
  void unit(const char *key, int &out) { name(key, out, context.units); }
  template <typename T>
  void list(const char *key, std::vector<T> &out);

  void require(const char *key) {
    if (object && !object->get(key))
      context.fail(where + ": expected a key '" + key + "'");
  }

  const json::Value *find(const char *key) {
    known.insert(key);
    return object ? object->get(key) : nullptr;
  }

  Context &getContext() { return context; }

private:
  int lookUp(const char *key, StringRef text, const Names &names) {
    const auto found = names.find(text);
    if (found == names.end()) {
      context.fail(where + "." + key +
                   ": expected a name that is defined, "
                   "got '" +
                   text + "'");
      return 0;
    }
    return found->second;
  }

  const json::Object *object;
  const std::string where;
  Context &context;
  llvm::StringSet<> known;
};

/// Writes the same keys.
class Writer {
public:
  explicit Writer(Context &context) : context(context) {}

  template <typename T>
  void operator()(const char *key, const T &value) {
    object[key] = value;
  }
  void operator()(const char *key, const std::optional<int64_t> &value) {
    if (value)
      object[key] = *value;
  }
  void operator()(const char *key, const Kind &kind) {
    object[key] = nameOf(kind);
  }
  template <typename Enum, size_t count>
  void choice(const char *key, const Enum &value,
              const char *const (&names)[count]) {
    object[key] = names[static_cast<size_t>(value)];
  }
  void names(const char *key, const std::vector<int> &values, const Names &) {
    json::Array array;
    for (int value : values)
      array.push_back(StringRef(key) == "groups"
                          ? context.problem->machine.groups[value].name
                          : context.problem->units[value].name);
    object[key] = std::move(array);
  }
  void unit(const char *key, const int &value) {
    if (value >= 0)
      object[key] = context.problem->units[value].name;
  }
  template <typename T>
  void list(const char *key, std::vector<T> &values);
  void require(const char *) {}

  Context &getContext() { return context; }
  json::Object object;

private:
  Context &context;
};

//===----------------------------------------------------------------------===//
// Keys, for both directions
//===----------------------------------------------------------------------===//

template <typename V>
void visit(V &v, Group &g) {
  v.require("name");
  v.require("kind");
  v("name", g.name);
  v("kind", g.kind);
  v("elements", g.elements);
  v("arrays_per_element", g.arraysPerElement);
  v("writers_per_element", g.writersPerElement);
  v("rows", g.rows);
  v("row_write_ps", g.rowWritePs);
  v("decoder_weights_per_us", g.decoderWeightsPerUs);
  v("static_mw_per_array", g.staticMwPerArray);
}

template <typename V>
void visit(V &v, Bank &b) {
  v.require("bytes");
  v("bytes", b.bytes);
  v("static_mw", b.staticMw);
}

template <typename V>
void visit(V &v, Machine &m) {
  v.list("groups", m.groups);
  v("dram_channels", m.dramChannels);
  v.require("dram_bytes_per_us");
  v("dram_bytes_per_us", m.dramBytesPerUs);
  v("dram_pj_per_byte", m.dramPjPerByte);
  v.list("banks", m.banks);
  v("digital_units", m.digitalUnits);
  v("static_mw", m.staticMw);
}

template <typename V>
void visit(V &v, Unit &u) {
  v.require("name");
  v.require("kind");
  v("name", u.name);
  v("kind", u.kind);
  v.names("dependencies", u.dependencies, v.getContext().units);
  v.names("groups", u.groups, v.getContext().groups);
  v("row_tiles", u.rowTiles);
  v("col_tiles", u.columnTiles);
  v("windows", u.windows);
  v("mvm_ps", u.mvmPs);
  v("digital_ps", u.digitalPs);
  v("bytes", u.bytes);
  v("decoded_weights", u.decodedWeights);
  v("input_bytes", u.inputBytes);
  v("output_bytes", u.outputBytes);
  v("window_bytes", u.windowBytes);
  v("partial_bytes", u.partialBytes);
  v("lead_ppm", u.leadPpm);
  v("max_copies", u.maxCopies);
  v("pinned", u.isPinned);
  v("write_pj", u.writePj);
  v("compute_pj", u.computePj);
  v("digital_pj", u.digitalPj);
}

template <typename V>
void visit(V &v, Part &p) {
  v.require("unit");
  v.unit("unit", p.unit);
  v("first_tile", p.firstTile);
  v("tiles", p.tiles);
  v("copies", p.copies);
}

template <typename V>
void visit(V &v, Resident &r) {
  v("part", r.part);
  v("copy", r.copy);
  v("first_tile", r.firstTile);
  v("tiles", r.tiles);
  v("first_array", r.firstArray);
}

template <typename V>
void visit(V &v, Transfer &t) {
  v("part", t.part);
  v("first_tile", t.firstTile);
  v("tiles", t.tiles);
  v("channel", t.channel);
  v("start_ps", t.start);
  v("end_ps", t.end);
  v("ahead", t.isAhead);
}

template <typename V>
void visit(V &v, Write &w) {
  v("transfer", w.transfer);
  v("copy", w.copy);
  v("first_tile", w.firstTile);
  v("tiles", w.tiles);
  v("first_array", w.firstArray);
  v("start_ps", w.start);
  v("end_ps", w.end);
}

template <typename V>
void visit(V &v, Compute &c) {
  v("part", c.part);
  v("start_ps", c.start);
  v("end_ps", c.end);
}

template <typename V>
void visit(V &v, Digital &d) {
  v.require("unit");
  v.unit("unit", d.unit);
  v("digital_unit", d.digitalUnit);
  v("start_ps", d.start);
  v("end_ps", d.end);
}

template <typename V>
void visit(V &v, Spill &s) {
  v.require("unit");
  v.unit("unit", s.unit);
  v.unit("reader", s.reader);
  v("reader_part", s.readerPart);
  v("channel", s.channel);
  v("start_ps", s.start);
  v("end_ps", s.end);
}

template <typename V>
void visit(V &v, Held &h) {
  v.require("unit");
  v.unit("unit", h.unit);
  v.choice("tensor", h.tensor, tensorNames);
  v("column", h.column);
  v("bank", h.bank);
  v("bytes", h.bytes);
  v("start_ps", h.start);
  v("end_ps", h.end);
}

template <typename V>
void visit(V &v, Schedule &s) {
  v("algorithm", s.algorithm);
  v.choice("start", s.start, startNames);
  v("end_ps", s.end);
  v("period_ps", s.period);
  v("gates_banks", s.gatesBanks);
  v("streams", s.isStream);
  v.list("parts", s.parts);
  v.list("residents", s.residents);
  v.list("transfers", s.transfers);
  v.list("writes", s.writes);
  v.list("computes", s.computes);
  v.list("digitals", s.digitals);
  v.list("spills", s.spills);
  v.list("held", s.held);
}

template <typename V>
void visit(V &v, Options &o) {
  v("seed", o.seed);
  v("moves", o.moves);
  v("time_share", o.timeShare);
  v("writes_atomically", o.writesAtomically);
  v("gates_banks", o.gatesBanks);
  v("levels_wear", o.levelsWear);
}

template <typename T>
void Reader::list(const char *key, std::vector<T> &out) {
  const json::Value *value = find(key);
  if (!value)
    return;
  const json::Array *array = value->getAsArray();
  if (!array) {
    context.fail(where + "." + key + ": expected a list");
    return;
  }
  out.clear();
  for (size_t i = 0; i < array->size() && context.error.empty(); ++i) {
    Reader reader((*array)[i],
                  where + "." + key + "[" + std::to_string(i) + "]", context);
    out.emplace_back();
    visit(reader, out.back());
    reader.finish();
  }
}

template <typename T>
void Writer::list(const char *key, std::vector<T> &values) {
  json::Array array;
  for (T &value : values) {
    Writer writer(context);
    visit(writer, value);
    array.push_back(std::move(writer.object));
  }
  object[key] = std::move(array);
}

llvm::Error errorOf(const Context &context) {
  if (context.error.empty())
    return llvm::Error::success();
  return llvm::createStringError(context.error);
}

template <typename T>
json::Value write(const T &value, const Problem &problem) {
  Context context;
  context.problem = &problem;
  Writer writer(context);
  visit(writer, const_cast<T &>(value)); // a writer changes nothing
  return std::move(writer.object);
}

} // namespace

llvm::Expected<Problem>
pumice::scheduling::problemFromJson(const json::Value &value) {
  Context context;
  Problem problem;
  Reader reader(value, "problem", context);
  reader("name", problem.name);
  reader.require("machine");
  reader.require("units");
  if (const json::Value *machine = reader.find("machine")) {
    Reader own(*machine, "problem.machine", context);
    visit(own, problem.machine);
    own.finish();
  }
  for (size_t g = 0; g < problem.machine.groups.size(); ++g)
    context.groups.try_emplace(problem.machine.groups[g].name, g);
  // Dependencies may name units that come later.
  if (const json::Value *units = reader.find("units"))
    if (const json::Array *array = units->getAsArray())
      for (size_t u = 0; u < array->size(); ++u)
        if (const json::Object *unit = (*array)[u].getAsObject())
          if (const auto name = unit->getString("name"))
            context.units.try_emplace(*name, u);
  reader.list("units", problem.units);
  reader.finish();
  if (llvm::Error error = errorOf(context))
    return std::move(error);
  // Without a list, all groups of its kind may run a unit.
  for (Unit &unit : problem.units)
    if (unit.groups.empty() && unit.usesArrays())
      for (size_t g = 0; g < problem.machine.groups.size(); ++g)
        if (problem.machine.groups[g].kind == unit.kind)
          unit.groups.push_back(static_cast<int>(g));
  return problem;
}

json::Value pumice::scheduling::toJson(const Problem &problem) {
  json::Array units;
  for (const Unit &unit : problem.units)
    units.push_back(write(unit, problem));
  return json::Object{{"name", problem.name},
                      {"machine", write(problem.machine, problem)},
                      {"units", std::move(units)}};
}

llvm::Expected<Schedule>
pumice::scheduling::scheduleFromJson(const json::Value &value,
                                     const Problem &problem) {
  Context context;
  for (size_t u = 0; u < problem.units.size(); ++u)
    context.units.try_emplace(problem.units[u].name, u);
  Schedule schedule;
  Reader reader(value, "schedule", context);
  visit(reader, schedule);
  reader.finish();
  if (llvm::Error error = errorOf(context))
    return std::move(error);
  return schedule;
}

json::Value pumice::scheduling::toJson(const Schedule &schedule,
                                       const Problem &problem) {
  return write(schedule, problem);
}

json::Value pumice::scheduling::toJson(const Bounds &bounds) {
  return json::Object{{"dram_ps", bounds.dram},
                      {"writers_ps", bounds.writers},
                      {"array_time_ps", bounds.arrayTime},
                      {"digital_ps", bounds.digital},
                      {"path_ps", bounds.path},
                      {"cut_ps", bounds.cut},
                      {"lagrangian_ps", bounds.lagrangian},
                      {"period_ps", bounds.period},
                      {"best_ps", bounds.best()}};
}

json::Value pumice::scheduling::toJson(const Energy &energy) {
  return json::Object{{"write_pj", energy.write},
                      {"dram_pj", energy.dram},
                      {"compute_pj", energy.compute},
                      {"digital_pj", energy.digital},
                      {"static_arrays_pj", energy.staticArrays},
                      {"static_banks_pj", energy.staticBanks},
                      {"static_other_pj", energy.staticOther},
                      {"dynamic_pj", energy.dynamic()},
                      {"static_pj", energy.statics()}};
}

llvm::Expected<Options>
pumice::scheduling::optionsFromJson(const json::Value &value) {
  Context context;
  Options options;
  Reader reader(value, "options", context);
  visit(reader, options);
  reader.finish();
  if (options.timeShare < 0 || options.timeShare > 10)
    context.fail("options.time_share: expected a share of 0 to 10");
  if (options.moves && (*options.moves < 0 || *options.moves > 10'000'000))
    context.fail("options.moves: expected 0 to 10000000 moves, got " +
                 Twine(*options.moves));
  if (llvm::Error error = errorOf(context))
    return std::move(error);
  return options;
}

llvm::Expected<Request>
pumice::scheduling::requestFromJson(const json::Value &value) {
  Context context;
  Request request;
  Reader reader(value, "request", context);
  reader.require("problem");
  reader("problem", request.problem);
  reader("schedule", request.schedule);
  reader("options", request.options);
  reader("action", request.action);
  reader("algorithm", request.algorithm);
  reader("detail", request.hasDetail);
  reader.finish();
  if (llvm::Error error = errorOf(context))
    return std::move(error);
  return request;
}
