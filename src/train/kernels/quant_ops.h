// The functions of quant_kernels.h in libtorch's own operations, for tensors on other devices.
#pragma once

#include <cstdint>

#include "train/torch.h"

namespace octet {

struct TensorGrid {     // of a quantizer
  torch::Tensor scale;  // one element
  int64_t zero_point = 0;
};

// y = value[q(x)]. `tables` (3, 256): the rows of StepTables.
[[nodiscard]] torch::Tensor tables_forward(const torch::Tensor& x, const TensorGrid& grid,
                                           const torch::Tensor& tables);

struct TableGradients {
  torch::Tensor x, in_scale, out_scale;  // as x, and without dimension
};
[[nodiscard]] TableGradients tables_backward(const torch::Tensor& x, const torch::Tensor& dy,
                                             const TensorGrid& grid, const torch::Tensor& tables);

// Weights (O, …) with scales (O).
[[nodiscard]] torch::Tensor weights_forward(const torch::Tensor& w, const torch::Tensor& scales,
                                            int64_t limit);

struct WeightGradients {
  torch::Tensor weights, scales;
};
[[nodiscard]] WeightGradients weights_backward(const torch::Tensor& w, const torch::Tensor& dy,
                                               const torch::Tensor& scales, int64_t limit);

}  // namespace octet
