// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Machine/Collector.h"

#include "lib/Model/Core/Random.h"

#include "llvm/ADT/APFloat.h"

#include <algorithm>
#include <cmath>

using namespace pumice::model;

void Histogram::widen() {
  binWidth *= 2;
  // Merge bins 2i and 2i + 1, counted from zero in both directions, into bin i.
  std::vector<uint64_t> wide(bins);
  constexpr int64_t half = bins / 2;
  for (int64_t i = 0; i < int64_t(bins); ++i) {
    const int64_t fromZero = i - half;
    const int64_t pair = fromZero >= 0 ? fromZero / 2 : -((1 - fromZero) / 2);
    wide[pair + half] += binCounts[i];
  }
  binCounts = std::move(wide);
}

void Histogram::add(llvm::ArrayRef<double> numbers) {
  double most = 0;
  for (double number : numbers)
    most = std::max(most, std::abs(number));
  if (binCounts.empty())
    binCounts.resize(bins);
  // The smallest power of two with which half of the bins hold every number,
  // but at least the smallest normal number.
  int exponent;
  std::frexp(most, &exponent); // most < 2^exponent
  const double wanted =
      std::ldexp(1.0, std::max(most > 0 ? exponent : -1000, -1000)) /
      double(bins / 2);
  if (binWidth == 0)
    binWidth = wanted;
  while (binWidth < wanted)
    widen();
  for (double number : numbers)
    ++binCounts[size_t(std::floor(number / binWidth) + double(bins / 2))];
}

/// The elements of `value` as doubles; i64 may be rounded.
static std::vector<double> numbersOf(const Value &value) {
  std::vector<double> numbers;
  numbers.reserve(value.numElements());
  auto append = [&](auto elements) {
    for (auto element : elements)
      numbers.push_back(double(element));
  };
  switch (value.type()) {
  case ElementType::i1:
    append(value.as<uint8_t>());
    break;
  case ElementType::i8:
    append(value.as<int8_t>());
    break;
  case ElementType::i16:
    append(value.as<int16_t>());
    break;
  case ElementType::i32:
    append(value.as<int32_t>());
    break;
  case ElementType::i64:
    append(value.as<int64_t>());
    break;
  case ElementType::f32:
    append(value.as<float>());
    break;
  case ElementType::f64:
    append(value.as<double>());
    break;
  case ElementType::f16:
  case ElementType::bf16: {
    const llvm::fltSemantics &format = value.type() == ElementType::f16
                                           ? llvm::APFloat::IEEEhalf()
                                           : llvm::APFloat::BFloat();
    for (uint16_t bits : value.as<uint16_t>())
      numbers.push_back(
          llvm::APFloat(format, llvm::APInt(16, bits)).convertToDouble());
    break;
  }
  }
  return numbers;
}

void Collector::onProbe(llvm::StringRef name, const Value &value) {
  Observation &seen = found[name.str()];
  std::vector<double> numbers = numbersOf(value);
  auto isBad = [](double number) { return !std::isfinite(number); };
  const size_t all = numbers.size();
  numbers.erase(std::remove_if(numbers.begin(), numbers.end(), isBad),
                numbers.end());
  seen.nonFinite += all - numbers.size();
  if (numbers.empty())
    return;
  auto [least, greatest] = std::minmax_element(numbers.begin(), numbers.end());
  seen.least = seen.count ? std::min(seen.least, *least) : *least;
  seen.greatest = seen.count ? std::max(seen.greatest, *greatest) : *greatest;
  seen.histogram.add(numbers);
  // Reservoir sampling (Vitter, Algorithm R).
  static const RandomStream random{0x70726f6265};
  for (double number : numbers) {
    const uint64_t index = seen.count++;
    if (index < uint64_t(options.maxSamples)) {
      seen.samples.push_back(number);
    } else if (options.maxSamples > 0) {
      const uint64_t place = random.bits(index) % (index + 1);
      if (place < uint64_t(options.maxSamples))
        seen.samples[place] = number;
    }
  }
}

llvm::json::Value pumice::model::toJson(const Collector &collector) {
  llvm::json::Object all;
  for (const auto &[name, seen] : collector.observations()) {
    llvm::json::Object object{{"count", int64_t(seen.count)},
                              {"non_finite", int64_t(seen.nonFinite)}};
    if (seen.count) {
      object["min"] = seen.least;
      object["max"] = seen.greatest;
      llvm::ArrayRef<uint64_t> counts = seen.histogram.counts();
      size_t first = 0;
      while (!counts[first])
        ++first;
      size_t last = counts.size();
      while (!counts[last - 1])
        --last;
      llvm::json::Array bins;
      for (uint64_t count : counts.slice(first, last - first))
        bins.push_back(int64_t(count));
      object["histogram"] = llvm::json::Object{
          {"lowest",
           seen.histogram.lowest() + double(first) * seen.histogram.width()},
          {"width", seen.histogram.width()},
          {"counts", std::move(bins)}};
    }
    object["samples"] = llvm::json::Array(seen.samples);
    all[name] = std::move(object);
  }
  return all;
}
