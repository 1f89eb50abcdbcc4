#include "train/device.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace octet {

torch::Device parse_device(const std::string& name) {
  constexpr std::string_view kCuda = "cuda";
  if (name == "cpu") return torch::kCPU;
  int index = 0;
  const char* end = name.data() + name.size();
  const char* number = name.data() + std::min(name.size(), kCuda.size() + 1);
  const auto [rest, error] = std::from_chars(number, end, index);
  const bool numbered = name.starts_with("cuda:") && error == std::errc() && rest == end;
  if (name != kCuda && (!numbered || index < 0))
    fail_usage("--device {}: cpu, cuda or cuda:N is expected", name);
  if (!torch::cuda::is_available())
    fail(
        "--device {}: no GPU can be used: either the libtorch that octet-train was built with has "
        "no CUDA, as Debian's, or the driver finds none",
        name);
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (index >= count) fail("--device {}: there are {}, counted from 0", name, count);
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

torch::Tensor moved(const torch::Tensor& leaf, torch::Device device) {
  return leaf.detach().to(device).requires_grad_(leaf.requires_grad());
}

}  // namespace octet
