#include "core/cpu.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

namespace octet {
namespace {

const std::filesystem::path kGroups = "/sys/fs/cgroup";
constexpr const char* kTold[] = {"ssse3",    "avx2",        "avx512f",  "avx512_vnni",
                                 "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16",
                                 "asimddp",  "i8mm",        "bf16",     "fphp"};

// Of the control group of this process and of those around it, in cores; 0: none.
double smallest_quota() {
  std::ifstream groups("/proc/self/cgroup");
  std::filesystem::path group;
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::/")) group = line.substr(4);
  }
  double smallest = 0;
  for (bool more = true; more; group = group.parent_path()) {
    std::ifstream file(kGroups / group / "cpu.max");
    const double cores = cores_of_quota({std::istreambuf_iterator<char>(file), {}});
    if (cores > 0 && (smallest == 0 || cores < smallest)) smallest = cores;
    more = !group.empty();
  }
  return smallest;
}

}  // namespace

bool CpuFeatures::has(const std::string& feature) const {
  return std::find(present.begin(), present.end(), feature) != present.end();
}

bool CpuFeatures::int8_products_saturate() const {
  return has("ssse3") && !has("avx512_vnni") && !has("avx_vnni");
}

CpuFeatures parse_cpu_info(const std::string& text) {
  CpuFeatures cpu;
  std::istringstream lines(text);
  std::string line;
  std::set<std::string> flags;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::string value = line.substr(std::min(colon + 2, line.size()));
    if ((key == "model name" || key == "Model") && cpu.name.empty()) cpu.name = value;
    if ((key != "flags" && key != "Features") || !flags.empty()) continue;
    std::istringstream words(value);
    flags.insert(std::istream_iterator<std::string>(words), {});
  }
  for (const char* flag : kTold) {
    if (flags.contains(flag)) cpu.present.emplace_back(flag);
  }
  return cpu;
}

CpuFeatures cpu_features() {
  std::ifstream file("/proc/cpuinfo");
  CpuFeatures cpu = parse_cpu_info({std::istreambuf_iterator<char>(file), {}});
  cpu.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return cpu;
}

double cores_of_quota(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  return words >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

int usable_cores() {
  static const int kCores = [] {
    const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const double quota = smallest_quota();
    return quota > 0 ? std::min(cores, static_cast<int>(std::ceil(std::min(quota, 1e6)))) : cores;
  }();
  return kCores;
}

int threads_or_all_cores(int wanted) { return wanted > 0 ? wanted : usable_cores(); }

}  // namespace octet
