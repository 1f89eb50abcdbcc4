// A model without a file, in an engine.
//
//   EngineRun run(*engine, model, {.size = {320, 320}});
//   run.infer(image);
//   const OutputValues outputs = run.outputs();
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapt/output_distance.h"
#include "engine/engine.h"
#include "format/registry.h"

namespace octet {

struct EngineRunOptions {
  Size size;  // of the input
  Layout layout = Layout::kRaw;
  int threads = 0;  // 0: one for each core
};

class EngineRun {
 public:
  EngineRun(Engine& engine, const Model& model, const EngineRunOptions& options);

  // `image`: RGB bytes (H, W, 3) of the input's size.
  void infer(std::span<const uint8_t> image);
  // Of the last image. Integers become real values.
  [[nodiscard]] OutputValues outputs() const;
  // One of them, its elements in memory's order; valid until the next call.
  [[nodiscard]] std::span<const float> elements(const std::string& port);
  // The same in the order (channels, height · width).
  [[nodiscard]] std::vector<float> planar(const std::string& port) const;

 private:
  [[nodiscard]] TensorView view(const std::string& port) const;

  ExportContent content_;  // outlives the network
  std::unique_ptr<Network> network_;
  std::unique_ptr<Request> request_;
  std::vector<float> real_;  // of the integers that were given out
};

}  // namespace octet
