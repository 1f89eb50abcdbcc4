#include "tune/look/look.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <type_traits>

#include "core/error.h"
#include "core/folder.h"
#include "core/numeric/quantile.h"
#include "core/process.h"
#include "detect/detector.h"
#include "eval/dataset/dataset.h"
#include "live/policy/frame_policy.h"
#include "live/source/source.h"
#include "measure/accuracy.h"
#include "tune/look/agreement.h"

namespace octet {
namespace {

constexpr int kWarmUp = 3;  // runs before the first that counts
// Weak detections count too, so that a threshold does not decide about equal boxes.
constexpr DecodeOptions kLookDecode{.score_threshold = 0.01F, .max_detections = 100};
constexpr DecodeOptions kPolicyDecode{.score_threshold = kWeakConfidence};
constexpr float kConfidence = 0.25F;  // as --conf
constexpr int kSkips[] = {1, 2, 3, 4};

// `input`: where the file has no size of its own. `source`: the size of the frames.
DetectorOptions detector_options_of(const Configuration& c, Size input,
                                    std::optional<Size> source) {
  DetectorOptions out{.model = c.model, .engine = c.engine, .source = source};
  if (c.side) out.size = SizeOption{.size = input, .exact = true};
  out.runtime = {.threads = c.threads,
                 .parallel = 1,
                 .precision = c.precision == "f32" ? Precision::kF32 : Precision::kAuto,
                 .cache = cache_folder()};  // as octet live has it
  return out;
}

// A way to leave frames out, played through on frames whose detections are known.
class PlayedPolicy {
 public:
  PlayedPolicy(int skip, bool motion_gate)
      : look_{.skip = skip, .motion_gate = motion_gate},
        policy_({.track = skip != 0 || motion_gate, .motion_gate = motion_gate}) {
    policy_.set_skip(skip);
  }

  // `found`: of the detector, with weak ones.
  void see(const Picture& picture, const Detections& found) {
    Detections shown;
    if (policy_.look(picture, picture.seconds, shown) == FrameDecision::kDetect) {
      shown = found;
      policy_.found(shown, picture.seconds, kConfidence);
      ++detected_;
    }
    std::stable_sort(
        shown.items.begin(), shown.items.end(),
        [](const Detection& a, const Detection& b) { return a.confidence > b.confidence; });
    shown_.push_back(std::move(shown));
  }

  // `all`: detections of every frame.
  [[nodiscard]] PolicyLook finish(const std::vector<Detections>& all) {
    look_.detected = shown_.empty() ? 1 : detected_ / static_cast<double>(shown_.size());
    for (Detections& shown : shown_) {  // boxes alone: an order by confidence parts the keypoints
      shown.keypoints.clear();
      shown.keypoints_per_object = 0;
    }
    look_.kept = agreement(all, shown_);
    return look_;
  }

 private:
  PolicyLook look_;
  FramePolicy policy_;
  std::vector<Detections> shown_;
  double detected_ = 0;
};

std::vector<PlayedPolicy> all_policies() {
  std::vector<PlayedPolicy> list;
  for (const int skip : kSkips) list.emplace_back(skip, false);
  list.emplace_back(kAutoSkip, false);
  list.emplace_back(0, true);
  for (const int skip : kSkips) list.emplace_back(skip, true);
  return list;
}

double mean_of(const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Times of a part of the work, summed.
struct Spent {
  std::vector<double> ms;
  double cpu_ms = 0;

  template <typename Work>
  auto measure(Work work) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu = process_usage().cpu.count();
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      add(begin, cpu);
    } else {
      const auto result = work();
      add(begin, cpu);
      return result;
    }
  }
  [[nodiscard]] double cpu_mean() const {
    return ms.empty() ? 0 : cpu_ms / static_cast<double>(ms.size());
  }

 private:
  void add(std::chrono::steady_clock::time_point begin, double cpu) {
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - begin;
    ms.push_back(passed.count());
    cpu_ms += process_usage().cpu.count() - cpu;
  }
};

class FrameLook {
 public:
  explicit FrameLook(const LookRequest& request)
      : request_(request),
        source_(open_source(request.clip.string())),
        detector_(detector_options_of(request.configuration, request.configuration.input,
                                      source_->info().size)),
        job_(detector_.make_job()) {
    if (request.policies) policies_ = all_policies();
  }

  Look run() {
    Picture picture;
    for (int64_t i = 0; !enough() && decode_.measure([&] { return source_->next(picture); }); ++i) {
      if (i % request_.every == 0) see(picture);
      if (stop_requested()) fail("interrupted");
    }
    if (run_.ms.empty()) fail("{}: no frame was read", request_.clip.string());
    return result();
  }

 private:
  [[nodiscard]] bool enough() const {
    double ms = 0;
    for (const double one : run_.ms) ms += one;
    return static_cast<int>(run_.ms.size()) >= request_.frames || ms >= 1e3 * request_.seconds;
  }

  void see(const Picture& picture) {
    Detections found;
    const DecodeOptions& decode = request_.policies ? kPolicyDecode : kLookDecode;
    const auto infer = [&] {
      picture.submit(*job_);
      job_->finish(decode, found);
    };
    if (run_.ms.empty()) {
      for (int i = 0; i < kWarmUp; ++i) infer();
    }
    run_.measure(infer);
    for (PlayedPolicy& policy : policies_) policy.see(picture, found);
    if (request_.detections || request_.policies) detections_.push_back(std::move(found));
  }

  Look result() {
    Look out{.frames = static_cast<int>(run_.ms.size()),
             .cpu_ms = run_.cpu_mean(),
             .decode_cpu_ms = decode_.cpu_mean(),
             .precision = detector_.description().precision,
             .input = detector_.input_size()};
    const std::vector<Detections> all = without_keypoints();
    for (PlayedPolicy& policy : policies_) out.policies.push_back(policy.finish(all));
    out.ms_p50 = median(run_.ms);
    out.ms_p99 = quantile(run_.ms, 0.99);
    out.ms_mean = mean_of(run_.ms);
    out.decode_ms = median(decode_.ms);
    if (request_.detections) out.detections = std::move(detections_);
    return out;
  }

  [[nodiscard]] std::vector<Detections> without_keypoints() const {
    std::vector<Detections> out;
    for (const Detections& d : detections_) out.push_back({.items = d.items});
    return out;
  }

  const LookRequest& request_;
  std::unique_ptr<Source> source_;
  Detector detector_;
  std::unique_ptr<Job> job_;
  std::vector<PlayedPolicy> policies_;
  std::vector<Detections> detections_;
  Spent run_, decode_;
};

Look look_at_labels(const LookRequest& request) {
  const int side = request.configuration.side.value_or(0);
  Detector detector(detector_options_of(request.configuration, {side, side}, std::nullopt));
  const Dataset data = evenly(
      read_dataset(request.data, {.split = request.split, .model_names = detector.info().names}),
      request.images);
  verify_fit(detector.info(), data, request.data);
  const auto begin = std::chrono::steady_clock::now();
  Accuracy accuracy = measure_accuracy(detector, data, BadPicture::kSkip);
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - begin;
  Look out{.frames = static_cast<int>(accuracy.inference_ms.size()),
           .precision = detector.description().precision,
           .input = detector.input_size(),
           .map50_95 = accuracy.map.main().summary().map50_95};
  out.ms_p50 = median(accuracy.inference_ms);
  out.ms_p99 = quantile(accuracy.inference_ms, 0.99);
  out.ms_mean = mean_of(accuracy.inference_ms);
  if (out.frames > 0) out.decode_ms = std::max(0.0, passed.count() / out.frames - out.ms_mean);
  return out;
}

}  // namespace

Look look_at(const LookRequest& request) {
  return request.data.empty() ? FrameLook(request).run() : look_at_labels(request);
}

}  // namespace octet
