// The prices of networks: times of this machine, times of another device from its file, or
// operations.
//
//   Pricing pricing({.source = "pi5.json"}, OCTET_VERSION);
//   pricing.prepare({graph}, {640, 640});
//   const double seconds = pricing.cost().predict(graph, {640, 640});
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/cost/machine_table.h"

namespace octet {

inline constexpr const char* kFlopSource = "flops";

struct PricingOptions {
  std::string source = kCostCache;  // or kFlopSource, or the file of a cost table
  std::string engine = "auto";
  int threads = 0;      // of the engine; 0: one for each core
  int weight_bits = 0;  // 0: those that are exact on this processor
};

class Pricing {
 public:
  // `octet`: the version of the program. Throws an Error for a file that is missing or damaged, and
  // for one of another engine than the options name.
  Pricing(const PricingOptions& options, std::string octet);

  [[nodiscard]] const CostModel& cost() const;
  // "OpenVINO 2026.4.1 with 2 threads on …", "operations".
  [[nodiscard]] std::string origin() const;
  // "OpenVINO 2026.4.1"; empty for operations.
  [[nodiscard]] std::string engine() const;
  // Whether times of this machine are measured.
  [[nodiscard]] bool measures() const { return machine_ != nullptr; }
  // Of the int8 model that the device needs.
  [[nodiscard]] int weight_bits() const { return weight_bits_; }

  // Measures what the table of this machine lacks for these graphs. Others stay as they are.
  void prepare(const std::vector<Graph>& graphs, Size size);
  // The int8 time of a whole float model in seconds. Nothing where this machine is not the one that
  // the prices are of.
  [[nodiscard]] std::optional<double> measure(const Model& model, Size size);
  // The usual time of the same runs as a multiple of that one. 1 where this machine is not the one.
  [[nodiscard]] double usual_factor(const Model& model, Size size);
  // The time from the prices of its layers. A table of another device corrects it by the networks
  // that were measured there. Throws an Error where the table lacks a layer.
  [[nodiscard]] double predict(const Model& model, Size size) const;

 private:
  std::unique_ptr<LayerTimer> timer_;
  std::unique_ptr<MachineTable> machine_;
  std::unique_ptr<CostTable> foreign_;  // of another device
  FlopCost operations_;
  std::string origin_;
  int weight_bits_;
};

}  // namespace octet
