// What a Trainer trains: a float network or a quantized one.
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "train/torch.h"

namespace octet {

// `image` (N, 3, H, W) in [0, 1] to the outputs of the graph.
using Forward = std::function<std::vector<torch::Tensor>(const torch::Tensor& image)>;

class TrainableNetwork {
 public:
  using Tensors = std::map<std::string, torch::Tensor>;

  virtual ~TrainableNetwork() = default;

  // `image` (N, 3, H, W) float in [0, 1], on the network's device, to the graph's outputs in its
  // order, (N, C, h, w) each: as in training.
  [[nodiscard]] virtual std::vector<torch::Tensor> forward(const torch::Tensor& image) = 0;
  // The same as it will run, with the values that parameters have now, for images on any device.
  [[nodiscard]] virtual Forward inference() = 0;

  // Parameters and buffers from now on lie there: tensors given before are no longer the network's.
  virtual void move_to(torch::Device device) = 0;

  // By "node.parameter", as the model file names them. Tensors are shared, not copied.
  [[nodiscard]] virtual const Tensors& parameters() const = 0;
  [[nodiscard]] virtual const Tensors& buffers() const = 0;

  // With the present values.
  [[nodiscard]] virtual Model model() const = 0;
};

// Whether a node or a parameter lies in one of the first layers, named "model.0.…", "model.1.…", …
[[nodiscard]] inline bool in_first_layers(const std::string& name, int layers) {
  constexpr std::string_view kPrefix = "model.";
  return name.starts_with(kPrefix) && std::atoi(name.c_str() + kPrefix.size()) < layers;
}

// Whether a parameter is the logarithm of a scale.
[[nodiscard]] inline bool is_scale(const std::string& parameter) {
  return parameter.ends_with(".log_scale") || parameter.ends_with(".log_scales");
}

}  // namespace octet
