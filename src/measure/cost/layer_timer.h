// Measures layers and networks in an engine, and fills a cost table.
//
//   LayerTimer timer({.engine = "tflite", .threads = 4}, OCTET_VERSION);
//   CostTable table(timer.origin(), timer.measure_steps());
//   measure_layers(points, timer, table);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "measure/cost/cost_table.h"
#include "model/model.h"

namespace octet {

// Of the runs of a network, those that are faster than its time. Whatever else runs on the machine
// makes times longer, never shorter.
inline constexpr double kFastShare = 0.1;
// Where half of the runs take longer than the fast ones by this, the machine is busy.
inline constexpr double kBusy = 1.1;

// Of a network, in seconds.
struct RunTimes {
  double fast = 0;    // as kFastShare has it
  double median = 0;  // as 'octet bench' tells it

  // The usual time as a multiple of the fast one. More than kBusy is not of the network.
  [[nodiscard]] double usual_factor() const;
};

struct TimerOptions {
  std::string engine;
  int threads = 1;
  int weight_bits = 8;
  double seconds = 2;  // for a whole network; a layer takes a part of it
  Precision precision = Precision::kF32;
  EngineSettings settings = {};
};

// One thread. Other programs on the machine spoil its times.
class LayerTimer {
 public:
  // `octet`: the version of the program.
  LayerTimer(const TimerOptions& options, std::string octet);
  ~LayerTimer();

  [[nodiscard]] const CostOrigin& origin() const { return origin_; }
  // In seconds. A layer that costs nothing measurable gives 0.
  [[nodiscard]] double time(const Layer& layer);
  // Of a whole int8 model without BatchNorm.
  [[nodiscard]] RunTimes times(const Model& model, Size size);
  [[nodiscard]] double time(const Model& model, Size size) { return times(model, size).fast; }
  // How much longer each of `count` networks takes than the one before, in seconds; of the first,
  // its time. Each has all that the one before has, so none is below 0. Throws an Error when it is interrupted.
  [[nodiscard]] std::vector<double> differences(size_t count, Size size,
                                                const std::function<Model(size_t)>& network);
  // The steps of channels of a usual convolution.
  [[nodiscard]] ChannelSteps measure_steps();

 private:
  class Running;

  [[nodiscard]] std::unique_ptr<Running> make_sample(const Layer& layer, bool with_layer);
  [[nodiscard]] Running& rest_of(const Layer& layer);
  static void run_in_turn(const std::vector<Running*>& networks, double seconds);

  std::unique_ptr<Engine> engine_;
  CostOrigin origin_;
  EngineOptions options_;
  double seconds_;
  std::unique_ptr<Running> rest_;
  Layer rest_key_;
};

// The values nearest to the given ones, by squares, none of which is less than the one before.
[[nodiscard]] std::vector<double> nearest_rising(const std::vector<double>& values);

// Of the steps 64, 32, 16 and 8, the largest that is not cheaper when it is not filled; else 4.
// `time_at` gives the time at a number of channels from 64 to 128.
[[nodiscard]] int find_step(const std::function<double(int)>& time_at);

// Measures the points that the table lacks. Stops early when stop_requested(), and returns false.
// `keep` is called after every 50 points.
bool measure_layers(const std::vector<Layer>& points, LayerTimer& timer, CostTable& table,
                    const std::function<void()>& keep = {});

}  // namespace octet
