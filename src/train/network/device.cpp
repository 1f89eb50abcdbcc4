#include "train/network/device.h"

#include <ATen/Parallel.h>

#include "core/cpu.h"
#include "core/error.h"

namespace octet {

torch::Device parse_device(const std::string& name) {
  torch::Device device = torch::kCPU;
  try {
    device = torch::Device(name);
  } catch (const c10::Error&) {
    fail_usage("--device {}: cpu, cuda or cuda:N is expected", name);
  }
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) fail_usage("--device {}: cpu, cuda or cuda:N is expected", name);
  if (!torch::cuda::is_available()) {
    fail(
        "--device {}: no GPU can be used: either the libtorch that octet-train was built with has "
        "no CUDA, as Debian's, or the driver finds none",
        name);
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (device.index() >= count) fail("--device {}: there are {}, counted from 0", name, count);
  at::globalContext().setAllowTF32CuDNN(false);  // 11 bits of a product hide what a step of 8 does
  return device;
}

torch::Tensor moved(const torch::Tensor& leaf, torch::Device device) {
  return leaf.detach().to(device).requires_grad_(leaf.requires_grad());
}

void use_threads(int threads) { at::set_num_threads(threads_or_all_cores(threads)); }

}  // namespace octet
