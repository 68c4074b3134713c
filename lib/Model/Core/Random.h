// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Random.h - Random numbers that depend on their place -----*- C++ -*-===//
//
// Random numbers that depend only on where they are used: number i of a stream
// is a function of the stream's key and i, so that numbers can be drawn in any
// order and on any number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CORE_RANDOM_H
#define PUMICE_LIB_MODEL_CORE_RANDOM_H

#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace pumice::model {

/// Number i is output i of SplitMix64 with the key as its state (Steele, Lea,
/// Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
class RandomStream {
public:
  /// The stream of a place, such as {seed, layer, purpose, array}.
  explicit RandomStream(std::initializer_list<uint64_t> place) {
    for (uint64_t part : place)
      key = mix((key ^ part) + step);
  }

  uint64_t bits(uint64_t i) const { return mix(key + (i + 1) * step); }

  /// Uniform on (0, 1): odd multiples of 2^-53.
  double uniform(uint64_t i) const {
    return (static_cast<double>(bits(i) >> 12) + 0.5) * 0x1p-52;
  }

  /// Standard normal: the quantile of `uniform(i)`, so tails are exact down to
  /// 2^-53, or 8.2 sigma.
  double normal(uint64_t i) const { return normalQuantile(uniform(i)); }

  /// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988): about 16
  /// digits for 0 < p < 1.
  static double normalQuantile(double p) {
    const double q = p - 0.5;
    if (std::abs(q) <= 0.425) {
      const double r = 0.180625 - q * q;
      return q * ratio(r, central);
    }
    double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
    const double z = r <= 5 ? ratio(r - 1.6, tail) : ratio(r - 5, farTail);
    return q < 0 ? -z : z;
  }

private:
  static constexpr uint64_t step = 0x9E3779B97F4A7C15;
  uint64_t key = 0;

  static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  /// Two polynomials of degree 7, constant terms first.
  struct Rational {
    double top[8], bottom[8];
  };
  static double ratio(double r, const Rational &f) {
    double top = f.top[7], bottom = f.bottom[7];
    for (int i = 6; i >= 0; --i) {
      top = top * r + f.top[i];
      bottom = bottom * r + f.bottom[i];
    }
    return top / bottom;
  }

  static constexpr Rational central = {
      {3.3871328727963666080e0, 1.3314166789178437745e+2,
       1.9715909503065514427e+3, 1.3731693765509461125e+4,
       4.5921953931549871457e+4, 6.7265770927008700853e+4,
       3.3430575583588128105e+4, 2.5090809287301226727e+3},
      {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
       5.3941960214247511077e+3, 2.1213794301586595867e+4,
       3.9307895800092710610e+4, 2.8729085735721942674e+4,
       5.2264952788528545610e+3}};
  static constexpr Rational tail = {
      {1.42343711074968357734e0, 4.63033784615654529590e0,
       5.76949722146069140550e0, 3.64784832476320460504e0,
       1.27045825245236838258e0, 2.41780725177450611770e-1,
       2.27238449892691845833e-2, 7.74545014278341407640e-4},
      {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
       6.89767334985100004550e-1, 1.48103976427480074590e-1,
       1.51986665636164571966e-2, 5.47593808499534494600e-4,
       1.05075007164441684324e-9}};
  static constexpr Rational farTail = {
      {6.65790464350110377720e0, 5.46378491116411436990e0,
       1.78482653991729133580e0, 2.96560571828504891230e-1,
       2.65321895265761230930e-2, 1.24266094738807843860e-3,
       2.71155556874348757815e-5, 2.01033439929228813265e-7},
      {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
       1.48753612908506148525e-2, 7.86869131145613259100e-4,
       1.84631831751005468180e-5, 1.42151175831644588870e-7,
       2.04426310338993978564e-15}};
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_RANDOM_H
