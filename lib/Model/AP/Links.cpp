// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/AP/Links.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

using namespace pumice;
using namespace pumice::model;

int64_t pumice::model::channelsFromBuffer(const APChannelBlock &channelBlock,
                                          llvm::ArrayRef<APSource> sources) {
  int64_t channels = channelBlock.channels;
  for (const APSource &source : sources) {
    const int64_t first =
        std::max(channelBlock.firstChannel, source.firstChannel);
    const int64_t last =
        std::min(channelBlock.firstChannel + channelBlock.channels,
                 source.firstChannel + source.program->outputs);
    channels -= std::max<int64_t>(last - first, 0);
  }
  return channels;
}

namespace {

/// An output block of a source, whose processors hold some of its results.
using Holder = std::pair<size_t, size_t>;
/// Columns by the domain at which they are read.
using Reads = std::map<int64_t, std::vector<int64_t>>;

class Linker {
public:
  Linker(const APSpec &ap, const APMicroprogram &program,
         llvm::ArrayRef<APSource> sources)
      : ap(ap), program(program), sources(sources) {
    for (const APSource &source : sources) {
      std::vector<std::pair<size_t, int64_t>> &places = held.emplace_back();
      places.resize(source.program->outputs);
      for (size_t p = 0; p < source.program->outputBlocks.size(); ++p) {
        const APOutputBlock &block = source.program->outputBlocks[p];
        for (size_t i = 0; i < block.outputs.size(); ++i)
          places[block.firstOutput + i] = {p, int64_t(i)};
      }
    }
    for (const APOutputBlock &block : program.outputBlocks) {
      std::set<Holder> read;
      for (const APChannelBlock &channels : block.channelBlocks)
        for (int64_t c = 0; c < channels.channels; ++c)
          if (std::optional<size_t> i = sourceOf(channels.firstChannel + c))
            read.insert(
                {*i,
                 held[*i][channels.firstChannel + c - sources[*i].firstChannel]
                     .first});
      for (const Holder &holder : read)
        ++readers[holder];
    }
    for (const auto &[holder, count] : readers)
      ports.emplace(
          holder,
          *sources[holder.first].work->outputBlocks[holder.second].ports);
    for (auto &[holder, own] : ports)
      own.distance = own.waited = 0;
  }

  APLinkWork run() {
    size_t most = 0;
    for (const APOutputBlock &block : program.outputBlocks) {
      work.loads.emplace_back(block.channelBlocks.size());
      most = std::max(most, block.channelBlocks.size());
    }
    for (size_t s = 0; s < most; ++s)
      for (size_t q = 0; q < program.outputBlocks.size(); ++q)
        if (s < work.loads[q].size())
          load(program.outputBlocks[q].channelBlocks[s], work.loads[q][s]);
    for (auto &[holder, own] : ports) {
      const APSource &source = sources[holder.first];
      if (!source.program->isAcross)
        own.home();
      work.distance += double(own.distance) * double(source.windows);
    }
    return std::move(work);
  }

private:
  std::optional<size_t> sourceOf(int64_t channel) const {
    for (size_t i = 0; i < sources.size(); ++i)
      if (sources[i].holds(channel))
        return i;
    return std::nullopt;
  }

  /// What a plane of inputs reads where.
  std::map<Holder, Reads> readsOf(const APChannelBlock &channels,
                                  int64_t plane) {
    std::map<Holder, Reads> reads;
    const bool isAcross = program.isAcross;
    const int64_t level = isAcross ? plane : plane / program.inputBits;
    const int64_t firstBit = isAcross ? 0 : plane % program.inputBits;
    const int64_t bits = isAcross ? program.inputBits : 1;
    const int64_t end =
        std::min((level + 1) * program.lanes, channels.channels);
    for (int64_t c = level * program.lanes; c < end; ++c) {
      const int64_t channel = channels.firstChannel + c;
      const std::optional<size_t> i = sourceOf(channel);
      if (!i)
        continue;
      const APMicroprogram &source = *sources[*i].program;
      const auto [p, output] = held[*i][channel - sources[*i].firstChannel];
      const APValue value = source.result(source.outputBlocks[p], output);
      for (int64_t bit = firstBit; bit < firstBit + bits; ++bit)
        reads[{*i, p}][value.domainOfBit(bit)].push_back(
            value.columnOfBit(bit));
      work.bits += bits * program.kernelPositions;
    }
    return reads;
  }

  void load(const APChannelBlock &channels, APLinkWork::Load &result) {
    for (int64_t plane = 0; plane < program.inputPlanes(channels); ++plane) {
      const std::map<Holder, Reads> reads = readsOf(channels, plane);
      // Each domain of a processor is a turn of all rows; processors take
      // their turns at the same time, and all readers of one wait.
      size_t turns = 1;
      int64_t waiting = 0;
      for (const auto &[holder, domains] : reads) {
        turns = std::max(turns, domains.size());
        waiting = std::max(waiting, readers[holder]);
      }
      const double readNs =
          double(waiting * program.kernelPositions) * ap.readNs;
      result.rowNs += double(turns) * std::max(ap.writeNs, readNs);
      for (size_t turn = 0; turn < turns; ++turn) {
        int64_t longest = 0;
        for (const auto &[holder, domains] : reads) {
          if (turn >= domains.size())
            continue;
          APPorts &own = ports.at(holder);
          const int64_t before = own.waited;
          const auto &read = *std::next(domains.begin(), turn);
          for (int64_t column : read.second)
            own.need(column, read.first);
          own.endStep();
          longest = std::max(longest, own.waited - before);
        }
        result.moveNs += double(longest) * ap.shiftNs;
      }
    }
  }

  const APSpec &ap;
  const APMicroprogram &program;
  llvm::ArrayRef<APSource> sources;
  /// By source and output: its output block and place there.
  std::vector<std::vector<std::pair<size_t, int64_t>>> held;
  std::map<Holder, int64_t> readers; ///< output blocks that read it
  std::map<Holder, APPorts> ports;
  APLinkWork work;
};

} // namespace

APLinkWork pumice::model::linkWork(const APSpec &ap,
                                   const APMicroprogram &program,
                                   llvm::ArrayRef<APSource> sources) {
  return Linker(ap, program, sources).run();
}
