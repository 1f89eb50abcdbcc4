#include "train/kernels/quant_kernels.h"

#include "core/dispatch.h"

namespace octet {
namespace {

// Adding and taking away 1.5 · 2^23 rounds half to even, in every instruction set.
constexpr float kRounder = 12582912.0F;
constexpr float kFar = 100000.0F;  // beyond any step, within what kRounder can round

inline float round_even(float v) { return (v + kRounder) - kRounder; }
inline float clamp(float v, float low, float high) {
  const float a = v > low ? v : low;  // what is not a number becomes low: steps index tables
  return a > high ? high : a;
}

// Arrays are walked in chunks, each in plain loops that compilers turn into vector instructions:
// arithmetic apart from look-ups.
constexpr int64_t kChunk = 256;
constexpr int64_t kLanes = 16;

// In lanes, always of the same order.
inline float sum_of(const float* v) {
  float lanes[kLanes] = {};
  for (int64_t i = 0; i < kChunk; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += v[i + l];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

OCTET_MULTIVERSION
void tables_forward(std::span<const float> x, std::span<float> y, GridPoint grid,
                    const StepTables& tables) {
  const float* value = tables.value;
  const auto size = static_cast<int64_t>(x.size());
  int32_t at[kChunk];
  for (int64_t begin = 0; begin < size; begin += kChunk) {
    const float* in = x.data() + begin;
    float* out = y.data() + begin;
    const int64_t n = size - begin < kChunk ? size - begin : kChunk;
    for (int64_t i = 0; i < n; ++i) {
      const float steps = clamp(in[i] / grid.scale, -kFar, kFar);
      at[i] =
          static_cast<int32_t>(clamp(round_even(steps) + grid.zero_point, -128.0F, 127.0F)) + 128;
    }
    for (int64_t i = 0; i < n; ++i) out[i] = value[at[i]];
  }
}

OCTET_MULTIVERSION
void rescale_sums(std::span<const float> sums, std::span<float> y, const Rescaling& r) {
  const auto channels = static_cast<int64_t>(r.bias.size());
  const double* bias = r.bias.data();
  const float* factors = r.factors.data();
  const float low = r.low, high = r.high;
  for (int64_t row = 0; row < static_cast<int64_t>(sums.size()); row += channels) {
    const float* in = sums.data() + row;
    float* out = y.data() + row;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) {
      const auto sum = static_cast<float>(static_cast<double>(in[c]) + bias[c]);
      out[c] = clamp(round_even(clamp(sum * factors[c], -kFar, kFar)), low, high);
    }
  }
}

OCTET_MULTIVERSION
ScaleGradients tables_backward(std::span<const float> x, std::span<const float> dy,
                               std::span<float> dx, GridPoint grid, const StepTables& tables) {
  const auto size = static_cast<int64_t>(x.size());
  int32_t at[kChunk];
  float slope[kChunk], by_out[kChunk], inside[kChunk], by_in[kChunk];
  ScaleGradients sum;
  for (int64_t begin = 0; begin < size; begin += kChunk) {
    const float* in = x.data() + begin;
    const float* g = dy.data() + begin;
    float* out = dx.data() + begin;
    const int64_t n = size - begin < kChunk ? size - begin : kChunk;
    for (int64_t i = 0; i < n; ++i) {
      const float steps = clamp(in[i] / grid.scale, -kFar, kFar);
      const float rounded = round_even(steps) + grid.zero_point;
      const float q = clamp(rounded, -128.0F, 127.0F);
      at[i] = static_cast<int32_t>(q) + 128;
      inside[i] = rounded == q ? 1.0F : 0.0F;
      by_in[i] = q - grid.zero_point - steps * inside[i];
    }
    for (int64_t i = 0; i < n; ++i) {
      slope[i] = tables.slope[at[i]];
      by_out[i] = tables.by_out_scale[at[i]];
    }
    for (int64_t i = n; i < kChunk; ++i) by_in[i] = by_out[i] = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float d = g[i] * slope[i];
      out[i] = d * inside[i];
      by_in[i] *= d;
      by_out[i] *= g[i];
    }
    sum.in += sum_of(by_in);
    sum.out += sum_of(by_out);
  }
  return sum;
}

OCTET_MULTIVERSION
void weights_forward(std::span<const float> w, std::span<float> y, float scale, float limit) {
  for (size_t i = 0; i < w.size(); ++i)
    y[i] = clamp(round_even(clamp(w[i] / scale, -kFar, kFar)), -limit, limit) * scale;
}

OCTET_MULTIVERSION
double weights_backward(std::span<const float> w, std::span<const float> dy, std::span<float> dw,
                        float scale, float limit) {
  const auto size = static_cast<int64_t>(w.size());
  float by_scale[kChunk];
  double sum = 0;
  for (int64_t begin = 0; begin < size; begin += kChunk) {
    const float* in = w.data() + begin;
    const float* g = dy.data() + begin;
    float* out = dw.data() + begin;
    const int64_t n = size - begin < kChunk ? size - begin : kChunk;
    for (int64_t i = 0; i < n; ++i) {
      const float steps = clamp(in[i] / scale, -kFar, kFar);
      const float rounded = round_even(steps);
      const float q = clamp(rounded, -limit, limit);
      const float inside = rounded == q ? 1.0F : 0.0F;
      out[i] = g[i] * inside;
      by_scale[i] = g[i] * (q - steps * inside);
    }
    for (int64_t i = n; i < kChunk; ++i) by_scale[i] = 0;
    sum += sum_of(by_scale);
  }
  return sum;
}

}  // namespace octet
