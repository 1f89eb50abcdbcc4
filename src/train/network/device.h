// The device of a training: the processor, or a GPU where libtorch has CUDA.
#pragma once

#include <string>

#include "train/torch.h"

namespace octet {

// Parses "cpu", "cuda", "cuda:1", … Throws an Error for any other name, and where this libtorch or
// this machine has no such device.
[[nodiscard]] torch::Device parse_device(const std::string& name);

// Returns a leaf with the same values on `device`.
[[nodiscard]] torch::Tensor moved(const torch::Tensor& leaf, torch::Device device);

// Sets the threads of libtorch's operations; 0: one per logical core. Its own choice is one per
// physical core. With a single physical core it does not use oneDNN for small convolutions, and two
// logical cores calibrate in half the time.
void use_threads(int threads);

}  // namespace octet
