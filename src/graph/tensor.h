// A parameter of the network: dense, row-major, float32 in memory for every type in the file.
#pragma once

#include <string>
#include <vector>

#include "core/tensor_view.h"

namespace octet {

struct Tensor {
  Shape shape;
  std::vector<float> values;

  [[nodiscard]] bool empty() const { return values.empty(); }
};

[[nodiscard]] std::string to_string(const Shape& shape);  // "(1, 3, 640, 640)"

}  // namespace octet
