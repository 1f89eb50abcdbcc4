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
// Of all times of a network. Whatever else runs on the machine makes times longer, never shorter.
constexpr double kShare = 0.25;

// A usual convolution, large enough to be measured exactly.
constexpr int kStepChannels = 64, kStepSide = 40;

template <typename Action>
void repeat(double seconds, Action&& action) {
  const auto begin = Clock::now();
  for (int block = 0; block < kFewestBlocks ||
                      std::chrono::duration<double>(Clock::now() - begin).count() < seconds;
       ++block)
    action();
}

}  // namespace

class LayerTimer::Running {
 public:
  Running(Engine& engine, const Model& model, Size size, int threads)
      : content_(make_export(export_format(engine.row().formats.front()), model, {.size = size})),
        network_(engine.compile(source_of(content_, "a sample"), size, {.threads = threads})),
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
  [[nodiscard]] double seconds() { return quantile(times_, kShare); }

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
      seconds_(options.seconds) {}

LayerTimer::~LayerTimer() = default;

double LayerTimer::time(const Layer& layer) {
  const auto make = [&](bool with_layer) {
    const SampleNetwork sample = sample_network(
        layer, {.copies = kCopies, .with_layer = with_layer, .weight_bits = origin_.weight_bits});
    return std::make_unique<Running>(*engine_, sample.model, sample.size, origin_.threads);
  };
  const bool whole = layer.kind.op == kImageLayer;
  const auto with = make(true);
  const auto without = whole ? nullptr : make(false);
  repeat(kLayerShare * seconds_, [&] {
    with->run();
    if (!whole) without->run();
  });
  return whole ? with->seconds() : std::max(0.0, with->seconds() - without->seconds()) / kCopies;
}

double LayerTimer::time(const Model& model, Size size) {
  Running running(*engine_, model, size, origin_.threads);
  repeat(seconds_, [&] { running.run(); });
  return running.seconds();
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

bool measure_layers(const std::vector<Layer>& points, LayerTimer& timer, CostTable& table) {
  Progress progress(static_cast<int64_t>(points.size()), "measuring layers");
  int64_t done = 0;
  for (const Layer& point : points) {
    if (stop_requested()) return false;
    if (!table.has(point)) table.add(point, timer.time(point));
    progress.update(++done);
  }
  return true;
}

}  // namespace octet
