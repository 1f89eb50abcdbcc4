#include "core/work_estimate.h"

#include <algorithm>

namespace octet {
namespace {
constexpr WorkEstimate::Seconds kTooEarly{1};
// The beginning is slower than the rest: files are read, and caches are cold.
constexpr WorkEstimate::Seconds kBeginning{30};
constexpr double kBeginningShare = 0.1;
constexpr double kKnownShare = 0.5;  // of the work left, in phases whose speed was seen
}  // namespace

double WorkEstimate::Part::work_left() const {
  return std::max(0.0, phase.times - over - running) * phase.work;
}

WorkEstimate::WorkEstimate(const std::vector<WorkPhase>& phases) {
  for (const WorkPhase& phase : phases) parts_.push_back({.phase = phase});
}

void WorkEstimate::advance(const std::string& name, double share, Seconds spent) {
  for (Part& part : parts_) {
    if (part.phase.name != name) continue;
    part.running = std::clamp(share, 0.0, 1.0);
    part.running_for = spent;
  }
}

void WorkEstimate::finish(const std::string& name, double share, Seconds spent) {
  for (Part& part : parts_) {
    if (part.phase.name != name) continue;
    part.running = 0;
    part.running_for = {};
    part.measured += std::clamp(share, 0.0, 1.0) * part.phase.work;
    part.spent += spent;
    ++part.over;
  }
}

void WorkEstimate::leave_out(const std::string& name, int times) {
  for (Part& part : parts_) {
    if (part.phase.name == name) part.phase.times = std::max(0, part.phase.times - times);
  }
}

double WorkEstimate::share() const {
  double over = 0, left = 0;
  for (const Part& part : parts_) {
    over += (part.over + part.running) * part.phase.work;
    left += part.work_left();
  }
  return over + left > 0 ? over / (over + left) : 0;
}

std::optional<WorkEstimate::Seconds> WorkEstimate::left() const {
  double done = 0, known_work = 0, all_work = 0;
  Seconds time{}, left{};
  for (const Part& part : parts_) {
    done += part.done();
    time += part.time();
    all_work += part.work_left();
    known_work += part.done() > 0 ? part.work_left() : 0;
  }
  if (time < kTooEarly || done <= 0 || known_work < kKnownShare * all_work) return std::nullopt;
  if (time < kBeginning && share() < kBeginningShare) return std::nullopt;
  for (const Part& part : parts_) {
    const bool known = part.done() > 0;  // its own speed, else that of all
    left += (known ? part.time() / part.done() : time / done) * part.work_left();
  }
  return left;
}

}  // namespace octet
