#include "measure/cost/layer_timer.h"

#include <algorithm>
#include <chrono>

#include "core/cpu.h"
#include "core/error.h"
#include "core/numeric/quantile.h"
#include "core/process.h"
#include "core/progress.h"
#include "engine/registry.h"
#include "format/registry.h"
#include "measure/cost/sample_network.h"

namespace octet {
namespace {
using Clock = std::chrono::steady_clock;

constexpr int kCopies = 4;  // of a layer in its sample
constexpr int kBlock = 4;   // runs in a row, of which the first is not counted
constexpr int kFewestBlocks = 5;
constexpr double kLayerShare = 0.04;  // of the time for a network
constexpr double kDifferenceShare = 0.25;
constexpr double kLonger = 6;  // times the usual time, where the machine is busy

// A usual convolution, large enough to be measured exactly.
constexpr int kStepChannels = 64, kStepSide = 40;

}  // namespace

double RunTimes::usual_factor() const {
  return fast > 0 ? std::clamp(median / fast, 1.0, kBusy) : 1;
}

class LayerTimer::Running {
 public:
  Running(Engine& engine, const Model& model, Size size, const EngineOptions& options)
      : content_(make_export(export_format(engine.row().formats.front()), model, {.size = size})),
        network_(engine.compile(source_of(content_, "a sample"), size, options)),
        request_(network_->make_request()) {
    std::fill_n(request_->input(), element_count(network_->input().shape), uint8_t{100});
  }

  // A block of runs; adds their times.
  void run() {
    for (int i = 0; i < kBlock; ++i) {
      const auto begin = Clock::now();
      request_->start();
      request_->wait();
      if (i > 0) times_.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
  }
  [[nodiscard]] double seconds() { return quantile(times_, kFastShare); }
  [[nodiscard]] double median() { return octet::median(times_); }
  [[nodiscard]] bool was_disturbed() { return median() > kBusy * seconds(); }
  void forget() { times_.clear(); }

 private:
  ExportContent content_;  // outlives the network
  std::unique_ptr<Network> network_;
  std::unique_ptr<Request> request_;
  std::vector<double> times_;
};

LayerTimer::LayerTimer(const TimerOptions& options, std::string octet)
    : engine_(load_engine(options.engine)),
      origin_{.engine = options.engine,
              .engine_version = engine_->version(),
              .processor = cpu_features().name,
              .threads = options.threads,
              .weight_bits = options.weight_bits,
              .octet = std::move(octet)},
      options_{.threads = options.threads,
               .precision = options.precision,
               .cache = {},
               .settings = options.settings},
      seconds_(options.seconds) {}

LayerTimer::~LayerTimer() = default;

std::unique_ptr<LayerTimer::Running> LayerTimer::make_sample(const Layer& layer, bool with_layer) {
  const SampleNetwork sample = sample_network(
      layer, {.copies = kCopies, .with_layer = with_layer, .weight_bits = origin_.weight_bits});
  return std::make_unique<Running>(*engine_, sample.model, sample.size, options_);
}

// What a layer is added to. It does not depend on the layer's outputs, and compiling takes longer
// than measuring, so the last one is kept.
LayerTimer::Running& LayerTimer::rest_of(const Layer& layer) {
  const Layer key{layer.kind, layer.inputs, 0};
  if (!rest_ || rest_key_ != key) rest_ = make_sample(layer, false);
  rest_key_ = key;
  rest_->forget();
  return *rest_;
}

// Runs networks in turn.
void LayerTimer::run_in_turn(const std::vector<Running*>& networks, double seconds) {
  const auto begin = Clock::now();
  for (int block = 0;; ++block) {
    const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
    const bool disturbed = std::any_of(networks.begin(), networks.end(),
                                       [](Running* network) { return network->was_disturbed(); });
    if (block >= kFewestBlocks && spent >= (disturbed ? kLonger : 1) * seconds) return;
    for (Running* network : networks) network->run();
  }
}

double LayerTimer::time(const Layer& layer) {
  const auto with = make_sample(layer, true);
  const double seconds = kLayerShare * seconds_;
  if (layer.kind.op == kImageLayer) {
    run_in_turn({with.get()}, seconds);
    return with->seconds();
  }
  Running& rest = rest_of(layer);
  run_in_turn({with.get(), &rest}, seconds);
  return std::max(0.0, with->seconds() - rest.seconds()) / kCopies;
}

RunTimes LayerTimer::times(const Model& model, Size size) {
  Running running(*engine_, model, size, options_);
  run_in_turn({&running}, seconds_);
  return {.fast = running.seconds(), .median = running.median()};
}

std::vector<double> LayerTimer::differences(size_t count, Size size,
                                            const std::function<Model(size_t)>& network) {
  Progress progress(static_cast<int64_t>(count), "measuring networks");
  std::vector<double> times;
  for (size_t i = 0; i < count; ++i) {
    if (stop_requested()) fail("interrupted: times of a part of the layers are not shown");
    Running running(*engine_, network(i), size, options_);
    run_in_turn({&running}, kDifferenceShare * seconds_);
    times.push_back(running.seconds());
    progress.update(static_cast<int64_t>(i) + 1);
  }
  times = nearest_rising(times);
  for (size_t i = times.size(); i-- > 1;) times[i] -= times[i - 1];
  return times;
}

ChannelSteps LayerTimer::measure_steps() {
  const LayerKind kind{.op = std::string(Conv2d::kTraits.name),
                       .kernel = 3,
                       .padding = 1,
                       .height = kStepSide,
                       .width = kStepSide,
                       .activation = std::string(activation_name(ActivationKind::kRelu6))};
  return {.inputs = find_step([&](int c) {
            return time({kind, c, kStepChannels});
          }),
          .outputs = find_step([&](int c) {
            return time({kind, kStepChannels, c});
          })};
}

// Values that fall are replaced by the mean of those that they fall below (pool adjacent violators).
std::vector<double> nearest_rising(const std::vector<double>& values) {
  struct Pool {
    double sum = 0;
    size_t count = 0;
    [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<Pool> pools;
  for (const double value : values) {
    Pool last{value, 1};
    while (!pools.empty() && pools.back().mean() > last.mean()) {
      last.sum += pools.back().sum;
      last.count += pools.back().count;
      pools.pop_back();
    }
    pools.push_back(last);
  }
  std::vector<double> out;
  for (const Pool& pool : pools) out.insert(out.end(), pool.count, pool.mean());
  return out;
}

int find_step(const std::function<double(int)>& time_at) {
  constexpr double kFilled = 0.75;  // of the way to a whole step
  constexpr int kLeast = 4;
  const double base = time_at(kStepChannels);
  const double next = time_at(kStepChannels + kLeast) - base;
  for (const int step : {64, 32, 16, 8}) {
    if (next > 0 && next >= kFilled * (time_at(kStepChannels + step) - base)) return step;
  }
  return kLeast;
}

bool measure_layers(const std::vector<Layer>& points, LayerTimer& timer, CostTable& table,
                    const std::function<void()>& keep) {
  constexpr int64_t kKept = 50;
  Progress progress(static_cast<int64_t>(points.size()), "measuring layers");
  int64_t done = 0;
  for (const Layer& point : points) {
    if (stop_requested()) return false;
    if (!table.has(point)) table.add(point, timer.time(point));
    progress.update(++done);
    if (keep && done % kKept == 0) keep();
  }
  return true;
}

}  // namespace octet
