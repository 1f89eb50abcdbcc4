#include "measure/profile/profile.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/cpu.h"
#include "core/error.h"
#include "core/numeric/quantile.h"
#include "core/process.h"
#include "core/progress.h"
#include "engine/cold_inferences.h"
#include "engine/registry.h"
#include "measure/energy.h"
#include "measure/profile/cut_networks.h"
#include "measure/profile/fallbacks.h"
#include "measure/profile/layer_sum.h"
#include "measure/profile/node_names.h"
#include "measure/profile/peak.h"
#include "model/passes/passes.h"

namespace octet {
namespace {
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kBlock = 5;
constexpr int64_t kFewest = 20;     // frames
constexpr double kPatience_s = 60;  // for them
// Of inferences whose layers are timed. ONNX Runtime's profile grows with each.
constexpr size_t kMostProfiled = 100;
// Threads of the other network wait for work in a loop that takes the cores. They give up within it.
constexpr std::chrono::milliseconds kPause{100};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// One frame at a time through all phases.
class FrameLoop {
 public:
  FrameLoop(Detector& detector, FrameFeed& feed) : feed_(feed), job_(detector.make_job()) {
    for (int i = 0; i < kColdInferences; ++i) frame(false);
  }

  void run_block() {
    const auto cpu = process_usage().cpu;
    for (int i = 0; i < kBlock; ++i) frame(true);
    cpu_ms_ += (process_usage().cpu - cpu).count();
  }
  // Of frames without a pause, since a meter of watts tells little about a block of them.
  void measure_energy() {
    if (const auto source = find_energy_source())
      joules_ = joules_of(*source, [this] { frame(false); });
  }

  [[nodiscard]] int64_t frames() const { return static_cast<int64_t>(inferences_.size()); }
  void report(Profile& out) {
    const auto count = static_cast<double>(frames());
    const auto add = [&](const char* name, double sum) {
      out.phases.push_back({name, sum / count});
    };
    if (feed_.has_ends()) add("decode", decode_);
    add("letterbox", letterbox_);
    add("inference", mean_of(inferences_) * count);
    add("boxes", boxes_);
    if (feed_.has_ends()) add("sinks", sinks_);
    out.frames = frames();
    out.cpu_ms_per_frame = cpu_ms_ / count;
    out.joules_per_frame = joules_;
    out.mean_ms = mean_of(inferences_);
    out.inference_ms = out.profiled_ms = median(inferences_);
    out.fast_ms = quantile(inferences_, kFastShare);
  }

 private:
  void frame(bool counts) {
    const Milliseconds decoding = feed_.next();
    feed_.submit(*job_);
    job_->finish({}, found_);
    const auto detected = Clock::now();
    feed_.tell(found_);
    if (!counts) return;
    decode_ += decoding.count();
    letterbox_ += job_->letterbox_time().count();
    inferences_.push_back(job_->inference_time().count());
    boxes_ += job_->decoding_time().count();
    sinks_ += Milliseconds(Clock::now() - detected).count();
  }

  FrameFeed& feed_;
  std::unique_ptr<Job> job_;
  Detections found_;
  double decode_ = 0, letterbox_ = 0, boxes_ = 0, sinks_ = 0;  // sums
  std::vector<double> inferences_;
  double cpu_ms_ = 0;
  std::optional<double> joules_;  // of a frame
};

// Frames of the same feed through a network whose layers are timed, under the same conditions:
// between inferences a frame is decoded, and a result is written.
class LayerLoop {
 public:
  LayerLoop(const DetectorOptions& options, FrameFeed& feed)
      : feed_(feed), detector_(profiled(options)), job_(detector_.make_job()) {
    for (int i = 0; i < kColdInferences; ++i) infer();
  }

  [[nodiscard]] bool has_enough() const { return inferences_.size() >= kMostProfiled; }
  void run_block() {
    for (int i = 0; i < kBlock; ++i) {
      infer();
      inferences_.push_back(job_->inference_time().count());
    }
  }
  void report(Profile& out) {
    for (LayerTime& layer : job_->layers())
      out.layers.push_back({.time = std::move(layer), .node = {}});
    scale_to_usual(inferences_, out);
  }

 private:
  void infer() {
    (void)feed_.next();
    feed_.submit(*job_);
    job_->finish({}, found_);
    feed_.tell(found_);
  }
  static DetectorOptions profiled(DetectorOptions options) {
    options.runtime.profile = true;
    options.trusted = true;  // the same file was tried
    return options;
  }

  FrameFeed& feed_;
  Detector detector_;
  std::unique_ptr<Job> job_;
  Detections found_;
  std::vector<double> inferences_;
};

// Whatever else the machine does then disturbs both alike.
void run_in_turn(FrameLoop& frames, LayerLoop* layers, double seconds) {
  Progress progress(static_cast<int64_t>(1e3 * seconds), "measuring");
  const auto begin = Clock::now();
  if (layers != nullptr) std::this_thread::sleep_for(kPause);  // it has warmed up
  for (double spent = 0; spent < seconds || (frames.frames() < kFewest && spent < kPatience_s);
       spent = std::chrono::duration<double>(Clock::now() - begin).count()) {
    if (stop_requested()) fail("interrupted: times of a part of the frames are not shown");
    frames.run_block();
    if (layers != nullptr) {  // pauses go on: they are a condition of the measurement too
      std::this_thread::sleep_for(kPause);
      if (!layers->has_enough()) layers->run_block();
      std::this_thread::sleep_for(kPause);
    }
    progress.update(static_cast<int64_t>(1e3 * spent));
  }
}

void use_cut_networks(const ProfileOptions& o, const Detector& detector, const Model* model,
                      Profile& out) {
  if (model == nullptr)
    fail_usage(
        "{}: {} tells no times of layers, and an export cannot be cut; give the model file that it "
        "was exported from",
        out.model, detector.description().engine);
  const int bits = model->quantization.weight_bits_or_zero();
  LayerTimer timer({.engine = std::string(detector.engine().name),
                    .threads = out.network.threads,
                    .weight_bits = bits > 0 ? bits : 8,
                    .seconds = o.seconds,
                    .precision = o.detector.runtime.precision,
                    .settings = o.detector.runtime.settings},
                   o.octet);
  out.cut = true;
  for (CutLayer& layer : time_cut_networks(*model, out.input, timer)) {
    out.layers.push_back({.time = std::move(layer.time), .node = {}});
    if (layer.alone_s >= 0) out.layers.back().alone_ms = 1e3 * layer.alone_s;
  }
}

// `named_by`: the model whose nodes name the layers. `own`: that of the file itself. Both may be null.
void complete(const Model* named_by, const Model* own, Profile& out) {
  const NodeNames names = named_by == nullptr ? NodeNames() : NodeNames(*named_by);
  take_off_timing(out);
  for (ProfiledLayer& layer : out.layers) {
    const LayerTime& time = layer.time;
    layer.node = names.find(time);
    layer.share = out.layers_ms > 0 ? 1e3 * time.seconds / out.layers_ms : 0;
    layer.gops = time.seconds > 0 ? 2e-9 * time.multiplications / time.seconds : 0;
  }
  explain_fallbacks(own, out);
}

// Of each kind of arithmetic that the layers have.
std::vector<Peak> peaks_for(const Profile& profile, const Detector& detector,
                            const EngineOptions& options) {
  const auto has = [&](bool int8) {
    return std::any_of(profile.layers.begin(), profile.layers.end(), [&](const ProfiledLayer& l) {
      return l.gops > 0 && (l.time.precision == "int8") == int8;
    });
  };
  const auto engine = load_engine(std::string(detector.engine().name));
  const int bits = detector.artifact().weight_bits;
  std::vector<Peak> peaks;
  if (has(true)) peaks = measure_peak(*engine, options, bits > 0 ? bits : 8);
  if (has(false))
    for (Peak& peak : measure_peak(*engine, options, 0)) peaks.push_back(std::move(peak));
  return peaks;
}

// Empty where the file has no graph: it is an export, or there is none.
std::optional<Model> folded_model(const std::filesystem::path& file) {
  if (file.empty()) return std::nullopt;
  std::optional<Model> model = open_artifact(file).model;
  if (model) model = fold_batch_norm(std::move(*model));
  return model;
}

}  // namespace

Profile profile_model(const ProfileOptions& o, FrameFeed& feed) {
  const std::optional<Model> own = folded_model(o.detector.model);
  if (o.cut && !own)
    fail_usage(
        "--cut: {} is an export, which has no graph to cut; give the model file it was exported "
        "from",
        o.detector.model.string());
  DetectorOptions options = o.detector;
  options.source = feed.size();
  options.runtime.threads = threads_or_all_cores(options.runtime.threads);
  Detector detector(options);
  Profile out{.model = options.model.string(),
              .network = detector.description(),
              .input = detector.input_size(),
              .phases = {},
              .joules_per_frame = {},
              .layers = {},
              .peaks = {}};
  const std::optional<Model> other = own ? std::nullopt : folded_model(o.named_by);
  {
    FrameLoop frames(detector, feed);
    std::optional<LayerLoop> layers;
    if (!o.cut) layers.emplace(options, feed);
    run_in_turn(frames, layers ? &*layers : nullptr, o.seconds);
    frames.measure_energy();
    frames.report(out);
    if (layers) layers->report(out);
  }
  if (out.layers.empty()) use_cut_networks(o, detector, own ? &*own : nullptr, out);
  complete(own ? &*own : other ? &*other : nullptr, own ? &*own : nullptr, out);
  // A difference of cut networks is too uncertain for a rate that others are compared with.
  if (!out.cut) compare_with_peaks(peaks_for(out, detector, options.runtime), out);
  return out;
}

}  // namespace octet
