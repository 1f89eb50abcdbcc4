// Measured times of int8 layers in one engine on one machine. A table has times at some numbers of
// channels, and interpolates between them. Kernels fill their registers in steps, so a number of
// channels between two steps costs as much as the higher one.
//
//   const CostTable table = read_cost_table("pi5.json");        // measure/cost/cost_file.h
//   const double seconds = table.predict(graph, {640, 640});
//   const double saved = table.cost(layer) - table.cost(narrower);
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "measure/cost/cost_model.h"

namespace octet {

// The machine and the programs of a measurement.
struct CostOrigin {
  std::string engine;          // as --engine has it
  std::string engine_version;  // "OpenVINO 2026.4.1"
  std::string processor;
  int threads = 0;
  int weight_bits = 8;  // 7 may be faster than 8 on processors without VNNI
  std::string octet;    // its version: another one may export other operators

  bool operator==(const CostOrigin&) const = default;
};
// Whether the names are of the same processor. One without a name may be any other.
[[nodiscard]] bool same_processor(const std::string& a, const std::string& b);
// Names the first difference of a table's origin from `here`, in words. Empty: there is none.
[[nodiscard]] std::string difference(const CostOrigin& table, const CostOrigin& here);

// Pruning leaves a value so much of its channels, in one round. Times of less are not measured.
inline constexpr int kLeastShareOfChannels = 4;

// The numbers of channels by which the time of a convolution grows.
struct ChannelSteps {
  int inputs = 8, outputs = 8;
};

// A whole network: the sum of its layers' times, and its own time.
struct NetworkTime {
  std::string model;
  Size size;
  double predicted_s = 0, measured_s = 0;

  [[nodiscard]] double error() const { return predicted_s / measured_s - 1; }
};

class CostTable : public CostModel {
 public:
  CostTable(CostOrigin origin, ChannelSteps steps) : origin_(std::move(origin)), steps_(steps) {}

  [[nodiscard]] std::string_view unit() const override { return "s"; }
  // In seconds. Throws an Error where the table lacks a time that it needs.
  [[nodiscard]] double cost(const Layer& layer) const override;
  // The measured time of whole networks, as a share of the sum of their layers: the median of those
  // at this size, or else of all. 1 where there is none.
  [[nodiscard]] double correction(Size size) const;

  // The layers whose times cost() interpolates between.
  [[nodiscard]] std::vector<Layer> points_of(const Layer& layer) const;
  // The same for the layer and for all that have fewer channels, down to the least share.
  [[nodiscard]] std::vector<Layer> points_within(const Layer& layer) const;

  [[nodiscard]] bool has(const Layer& point) const { return times_.contains(point); }
  void add(const Layer& point, double seconds) { times_[point] = seconds; }
  void add(const NetworkTime& network);

  [[nodiscard]] const CostOrigin& origin() const { return origin_; }
  [[nodiscard]] const ChannelSteps& steps() const { return steps_; }
  [[nodiscard]] const std::map<Layer, double>& times() const { return times_; }
  [[nodiscard]] const std::vector<NetworkTime>& networks() const { return networks_; }

 private:
  CostOrigin origin_;
  ChannelSteps steps_;
  std::map<Layer, double> times_;  // in seconds
  std::vector<NetworkTime> networks_;
};

}  // namespace octet
