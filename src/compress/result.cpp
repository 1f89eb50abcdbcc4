#include "compress/result.h"

namespace octet {
namespace {

constexpr double kFastEnough = 1.02;  // of the time that is wanted

}  // namespace

// A speedup is one of the times of both models, since the machine may be slower at the end.
bool meets_target(const CompressResult& r) {
  if (r.wanted_speedup > 0) return kFastEnough * r.speedup() >= r.wanted_speedup;
  return r.wanted_s <= 0 || 1e-3 * r.after.ms <= kFastEnough * r.wanted_s;
}

}  // namespace octet
