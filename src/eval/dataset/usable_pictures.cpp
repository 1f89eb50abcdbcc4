#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/cpu.h"
#include "core/error.h"
#include "core/mutex.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/skipped.h"
#include "eval/dataset/dataset.h"
#include "media/image/image_io.h"

namespace octet {
namespace {

constexpr int kMostThreads = 8;  // a picture may take hundreds of MB

// Why the picture cannot be read; nothing where it can.
std::optional<std::string> fault_of(const Sample& sample) {
  try {
    (void)read_image(sample.image);
    return std::nullopt;
  } catch (const Error& e) {
    return e.what();
  }
}

// In the order of the samples.
std::vector<std::optional<std::string>> faults_of(const std::vector<Sample>& samples) {
  std::vector<std::optional<std::string>> faults(samples.size());
  std::atomic<size_t> next = 0;
  std::exception_ptr error;  // what is no fault of a picture, such as memory that is used up
  Mutex guard;
  const auto work = [&](Progress* progress) {
    try {
      for (size_t i = next++; i < samples.size() && !stop_requested(); i = next++) {
        faults[i] = fault_of(samples[i]);
        if (progress != nullptr) progress->update(static_cast<int64_t>(i));
      }
    } catch (...) {
      const MutexLock lock(guard);
      error = std::current_exception();
    }
  };
  {
    Progress progress(static_cast<int64_t>(samples.size()), "checking images");
    std::vector<std::jthread> others;
    const int threads = std::min(usable_cores(), kMostThreads);
    for (int i = 1; i < threads; ++i) others.emplace_back(work, nullptr);
    work(&progress);
  }
  if (error) std::rethrow_exception(error);
  if (stop_requested()) fail("interrupted while looking at the images; nothing was written");
  return faults;
}

}  // namespace

void leave_out_unreadable(Dataset& data, bool strict) {
  const auto faults = faults_of(data.samples);
  Skipped bad;
  std::vector<Sample> good;
  for (size_t i = 0; i < faults.size(); ++i) {
    if (!faults[i]) {
      good.push_back(std::move(data.samples[i]));
      continue;
    }
    if (strict) fail("{}", *faults[i]);
    bad.add(*faults[i]);
  }
  if (good.empty()) bad.fail_for("no image can be read", "images");
  bad.warn("image", "cannot be read");
  data.samples = std::move(good);
  data.skipped += bad.count();
}

Dataset evenly(const Dataset& data, int most) {
  Dataset some{.names = data.names,
               .keypoints = data.keypoints,
               .keypoint_dims = data.keypoint_dims,
               .flip_index = data.flip_index};
  const size_t count = std::min(data.samples.size(), static_cast<size_t>(most));
  for (size_t i = 0; i < count; ++i)
    some.samples.push_back(data.samples[i * data.samples.size() / count]);
  return some;
}

bool has_labels(const Dataset& data) {
  return std::any_of(data.samples.begin(), data.samples.end(),
                     [](const Sample& s) { return !s.objects.empty(); });
}

void require_labels(const Dataset& data, const std::string& name) {
  if (!has_labels(data))
    fail("{}: no image has a label; labels are expected in the folder 'labels' beside 'images'",
         name);
}

void require_keypoints(const Dataset& data, const std::string& name) {
  const auto measured = [](const TruthObject& o) { return !o.crowd && has_labelled_points(o); };
  const auto measurable = [&](const Sample& s) {
    return std::any_of(s.objects.begin(), s.objects.end(), measured);
  };
  if (data.keypoints > 0 && std::none_of(data.samples.begin(), data.samples.end(), measurable))
    fail("{}: no object has a labelled keypoint; label some", name);
}

}  // namespace octet
