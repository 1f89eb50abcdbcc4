// Where a network trains: on the processor, or on a GPU where libtorch has CUDA.
#pragma once

#include <string>

#include "train/torch.h"

namespace octet {

// "cpu", "cuda", "cuda:1", … Throws an Error where the name is another, and where this libtorch or
// this machine has no such device.
[[nodiscard]] torch::Device parse_device(const std::string& name);

// A leaf of the same values there.
[[nodiscard]] torch::Tensor moved(const torch::Tensor& leaf, torch::Device device);

// Threads of libtorch's operations; 0: one per logical core. Its own choice is one per physical
// core, and where that is a single one it leaves oneDNN aside for small convolutions: two logical
// cores calibrate in half the time.
void use_threads(int threads);

}  // namespace octet
