// The network of a training: a float one or a quantized one.
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

// Computes the outputs of the graph from `image` (N, 3, H, W) in [0, 1].
using Forward = std::function<std::vector<torch::Tensor>(const torch::Tensor& image)>;

class TrainableNetwork {
 public:
  using Tensors = std::map<std::string, torch::Tensor>;

  virtual ~TrainableNetwork() = default;

  // `image` is (N, 3, H, W), float in [0, 1], on the network's device. Returns the graph's outputs
  // in order, (N, C, h, w) each, as in training.
  [[nodiscard]] virtual std::vector<torch::Tensor> forward(const torch::Tensor& image) = 0;
  // Returns the network for inference, with the current parameters, for images on any device.
  [[nodiscard]] virtual Forward inference() = 0;

  // Moves parameters and buffers to `device`. Tensors that were returned earlier lose their
  // connection to the network.
  virtual void move_to(torch::Device device) = 0;

  // By "node.parameter", as the model file names them. Tensors are shared, not copied.
  [[nodiscard]] virtual const Tensors& parameters() const = 0;
  [[nodiscard]] virtual const Tensors& buffers() const = 0;

  // Returns the model with the current values.
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
