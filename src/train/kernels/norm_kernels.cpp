#include "train/kernels/norm_kernels.h"

#include <algorithm>
#include <bit>

#include "core/dispatch.h"

// Before a loop: what it writes overlaps nothing it reads elsewhere. Compilers would have to test
// too many pairs of arrays for that.
#define OCTET_NO_ALIAS _Pragma("GCC ivdep")

namespace octet {
namespace {

// e^v to two units in the last place, in plain operations that compilers turn into vector
// instructions: v = n · ln 2 + r, and a polynomial of r (its Taylor series, |r| ≤ 0.35). v is held
// within ±60: near ±87 compilers compute products of what lies beyond for all values, and numbers
// that small are slow.
[[gnu::always_inline]] inline float exponential(float v) {
  constexpr float kRounder = 12582912.0F;  // adding and taking away 1.5 · 2^23 rounds
  const float a = v > -60.0F ? v : -60.0F;
  const float bounded = a > 60.0F ? 60.0F : a;
  const float n = (bounded * 1.44269504F + kRounder) - kRounder;
  const float r = (bounded - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

[[gnu::always_inline]] inline float sigmoid(float v) { return 1.0F / (1.0F + exponential(-v)); }

}  // namespace

OCTET_MULTIVERSION
void add_moments(std::span<const float> x, std::span<const float> shift, std::span<float> sum,
                 std::span<float> square) {
  for (size_t begin = 0; begin < x.size(); begin += shift.size()) {
    const size_t n = std::min(shift.size(), x.size() - begin);
    const float* in = x.data() + begin;
    const float* middle = shift.data();
    float* s = sum.data();
    float* q = square.data();
    OCTET_NO_ALIAS
    for (size_t i = 0; i < n; ++i) {
      const float d = in[i] - middle[i];
      s[i] += d;
      q[i] += d * d;
    }
  }
}

OCTET_MULTIVERSION
void scaled_silu(std::span<const float> x, std::span<float> y, std::span<const float> factor,
                 std::span<const float> offset) {
  for (size_t begin = 0; begin < x.size(); begin += factor.size()) {
    const size_t n = std::min(factor.size(), x.size() - begin);
    const float* in = x.data() + begin;
    const float* f = factor.data();
    const float* o = offset.data();
    float* out = y.data() + begin;
    OCTET_NO_ALIAS
    for (size_t i = 0; i < n; ++i) {
      const float z = in[i] * f[i] + o[i];
      out[i] = z * sigmoid(z);
    }
  }
}

OCTET_MULTIVERSION
void scaled_silu_backward(std::span<const float> x, std::span<const float> dy, std::span<float> dz,
                          const NormRow& norm, std::span<float> sum, std::span<float> weighted) {
  for (size_t begin = 0; begin < x.size(); begin += sum.size()) {
    const size_t n = std::min(sum.size(), x.size() - begin);
    const float* in = x.data() + begin;
    const float* g = dy.data() + begin;
    const float* f = norm.factor.data();
    const float* o = norm.offset.data();
    const float* mean = norm.mean.data();
    float* out = dz.data() + begin;
    float* s = sum.data();
    float* w = weighted.data();
    OCTET_NO_ALIAS
    for (size_t i = 0; i < n; ++i) {
      const float z = in[i] * f[i] + o[i];
      const float gate = sigmoid(z);
      const float d = g[i] * gate * (1.0F + z * (1.0F - gate));
      out[i] = d;
      s[i] += d;
      w[i] += d * (in[i] - mean[i]);
    }
  }
}

OCTET_MULTIVERSION
void norm_backward(std::span<const float> x, std::span<float> dz, const NormGradientRow& row) {
  for (size_t begin = 0; begin < x.size(); begin += row.factor.size()) {
    const size_t n = std::min(row.factor.size(), x.size() - begin);
    const float* in = x.data() + begin;
    const float* f = row.factor.data();
    const float* k = row.slope.data();
    const float* mean = row.mean.data();
    const float* o = row.offset.data();
    float* g = dz.data() + begin;
    OCTET_NO_ALIAS
    for (size_t i = 0; i < n; ++i) g[i] = g[i] * f[i] + (in[i] - mean[i]) * k[i] + o[i];
  }
}

OCTET_MULTIVERSION
void widen(std::span<const uint16_t> from, std::span<float> to) {
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = std::bit_cast<float>(static_cast<uint32_t>(from[i]) << 16);
}

OCTET_MULTIVERSION
void narrow(std::span<const float> from, std::span<uint16_t> to) {
  for (size_t i = 0; i < from.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(from[i]);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    const bool number = (bits & 0x7FFFFFFF) <= 0x7F800000;
    to[i] = static_cast<uint16_t>(number ? rounded : 0x7FC0);
  }
}

}  // namespace octet
