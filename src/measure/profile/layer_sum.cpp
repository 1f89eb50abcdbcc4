#include "measure/profile/layer_sum.h"

#include <algorithm>
#include <numeric>

#include "core/numeric/quantile.h"

namespace octet {
namespace {

double sum_ms(const Profile& p) {
  double sum = 0;
  for (const ProfiledLayer& layer : p.layers) sum += 1e3 * layer.time.seconds;
  return sum;
}

// Takes `ms` in equal parts, of a layer at most half. What a short layer does not give, the others
// give.
void take_off(double ms, Profile& p) {
  std::vector<double*> left;
  for (ProfiledLayer& layer : p.layers)
    if (layer.time.seconds > 0) left.push_back(&layer.time.seconds);
  std::sort(left.begin(), left.end(), [](const double* a, const double* b) { return *a < *b; });
  double rest = 1e-3 * ms;
  for (size_t i = 0; i < left.size(); ++i) {
    const double part = std::min(*left[i] / 2, rest / static_cast<double>(left.size() - i));
    *left[i] -= part;
    rest -= part;
  }
}

}  // namespace

void scale_to_usual(std::vector<double> inferences_ms, Profile& profile) {
  const double sum = std::accumulate(inferences_ms.begin(), inferences_ms.end(), 0.0);
  if (profile.layers.empty() || sum <= 0) return;
  const double mean = sum / static_cast<double>(inferences_ms.size());
  profile.profiled_ms = median(inferences_ms);
  for (ProfiledLayer& layer : profile.layers) layer.time.seconds *= profile.profiled_ms / mean;
}

void take_off_timing(Profile& p) {
  p.layers_ms = sum_ms(p);
  const double added = p.profiled_ms - p.inference_ms;
  const double excess = std::min(p.layers_ms - p.inference_ms, added);
  if (p.cut || excess <= 0) return;
  take_off(excess, p);
  p.timing_ms = p.layers_ms - sum_ms(p);
  p.layers_ms = sum_ms(p);
}

}  // namespace octet
