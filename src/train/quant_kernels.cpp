#include "train/quant_kernels.h"

#include "core/dispatch.h"

namespace octet {
namespace {

// Adding and taking away 1.5 · 2^23 rounds half to even, in every instruction set.
constexpr float kRounder = 12582912.0F;
constexpr float kFar = 100000.0F;  // beyond any step, within what kRounder can round

inline float round_even(float v) { return (v + kRounder) - kRounder; }
inline float clamp(float v, float low, float high) {
  const float a = v < low ? low : v;
  return a > high ? high : a;
}

}  // namespace

OCTET_CLONES
void tables_forward(std::span<const float> x, std::span<float> y, GridPoint grid,
                    const StepTables& tables) {
  const float* in = x.data();
  float* out = y.data();
  const float* value = tables.value;
  const auto n = static_cast<int64_t>(x.size());
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float steps = clamp(in[i] / grid.scale, -kFar, kFar);
    const float q = clamp(round_even(steps) + grid.zero_point, -128.0F, 127.0F);
    out[i] = value[static_cast<int32_t>(q) + 128];
  }
}

OCTET_CLONES
ScaleGradients tables_backward(std::span<const float> x, std::span<const float> dy,
                               std::span<float> dx, GridPoint grid, const StepTables& tables) {
  const float* in = x.data();
  const float* g = dy.data();
  float* out = dx.data();
  const float* slope = tables.slope;
  const float* by_out = tables.by_out_scale;
  const auto n = static_cast<int64_t>(x.size());
  float in_sum = 0;
  float out_sum = 0;
#pragma omp simd reduction(+ : in_sum, out_sum)
  for (int64_t i = 0; i < n; ++i) {
    const float steps = clamp(in[i] / grid.scale, -kFar, kFar);
    const float rounded = round_even(steps) + grid.zero_point;
    const float q = clamp(rounded, -128.0F, 127.0F);
    const int32_t at = static_cast<int32_t>(q) + 128;
    const float inside = rounded == q ? 1.0F : 0.0F;
    const float d = g[i] * slope[at];
    out[i] = d * inside;
    in_sum += d * (q - grid.zero_point - steps * inside);
    out_sum += g[i] * by_out[at];
  }
  return {.in = in_sum, .out = out_sum};
}

OCTET_CLONES
void weights_forward(std::span<const float> w, std::span<float> y, float scale, float limit) {
  for (size_t i = 0; i < w.size(); ++i)
    y[i] = clamp(round_even(clamp(w[i] / scale, -kFar, kFar)), -limit, limit) * scale;
}

OCTET_CLONES
double weights_backward(std::span<const float> w, std::span<const float> dy, std::span<float> dw,
                        float scale, float limit) {
  const float* in = w.data();
  const float* g = dy.data();
  float* out = dw.data();
  const auto n = static_cast<int64_t>(w.size());
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    const float steps = clamp(in[i] / scale, -kFar, kFar);
    const float rounded = round_even(steps);
    const float q = clamp(rounded, -limit, limit);
    const float inside = rounded == q ? 1.0F : 0.0F;
    out[i] = g[i] * inside;
    sum += g[i] * (q - steps * inside);
  }
  return sum;
}

}  // namespace octet
