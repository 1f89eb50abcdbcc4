#include "live/policy/meter.h"

#include <algorithm>

#include "core/cpu.h"
#include "core/numeric/quantile.h"
#include "core/process.h"

namespace octet {
namespace {

constexpr size_t kMostASecond = 16384;  // values for which there is room from the first result on

}  // namespace

Meter::Meter() {
  ages_ms_.reserve(kMostASecond);
  objects_px_.reserve(kMostASecond);
}

void Meter::add(int64_t camera, double age_ms, const Detections& detections, Size frame,
                Size input) {
  const auto at = std::find_if(results_.begin(), results_.end(),
                               [&](const CameraResults& r) { return r.camera == camera; });
  if (at != results_.end()) {
    ++at->results;
  } else {
    results_.push_back({.camera = camera, .results = 1});
  }
  ages_ms_.push_back(age_ms);
  const double scale = std::min(static_cast<double>(input.width) / frame.width,
                                static_cast<double>(input.height) / frame.height);
  for (const Detection& d : detections.items) {
    const auto side = static_cast<double>(std::min(d.box.x2 - d.box.x1, d.box.y2 - d.box.y1));
    objects_px_.push_back(side * scale);
  }
}

int Meter::results_of(int64_t camera) const {
  const auto at = std::find_if(results_.begin(), results_.end(),
                               [&](const CameraResults& r) { return r.camera == camera; });
  return at == results_.end() ? 0 : at->results;
}

bool Meter::is_due() const { return Clock::now() - began_ >= std::chrono::seconds(1); }

std::optional<LoadSample> Meter::end_second(const std::vector<int64_t>& cameras) {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - began_).count();
  if (seconds < 1) return std::nullopt;
  const double cpu_ms = process_usage().cpu.count();
  int fewest = cameras.empty() ? 0 : results_of(cameras[0]);
  for (const int64_t camera : cameras) fewest = std::min(fewest, results_of(camera));
  const int cores = usable_cores();
  const LoadSample second{.fps = fewest / seconds,
                          .age_ms_p99 = quantile(ages_ms_, 0.99),
                          .cpu_share = (cpu_ms - cpu_ms_) / 1000 / seconds / cores,
                          .smallest_object = quantile(objects_px_, 0.1)};
  const bool first = cpu_ms_ == 0;  // holds all the process did before
  began_ = now;
  cpu_ms_ = cpu_ms;
  results_.clear();
  ages_ms_.clear();
  objects_px_.clear();
  if (first || cameras.empty()) return std::nullopt;
  return second;
}

}  // namespace octet
