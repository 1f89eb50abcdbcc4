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

constexpr const char* kTold[] = {"ssse3",    "avx2",        "avx512f",  "avx512_vnni",
                                 "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16",
                                 "asimddp",  "i8mm",        "bf16",     "fphp"};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Of one group, in cores; 0: none. Without a limit version 1 has a quota of -1.
double quota_of(const std::filesystem::path& group) {
  const double cores = cores_of_quota(text_of(group / "cpu.max"));
  if (cores > 0) return cores;
  return cores_of_quota(text_of(group / "cpu.cfs_quota_us") + " " +
                        text_of(group / "cpu.cfs_period_us"));
}

// The folders in which the groups of a line's controllers lie, "cpu,cpuacct"; empty: version 2.
std::vector<std::filesystem::path> folders_of(const std::string& controllers) {
  if (controllers.empty()) return {"", "unified"};
  const bool has_cpu = ("," + controllers + ",").find(",cpu,") != std::string::npos;
  if (!has_cpu) return {};
  return {"cpu", "cpu,cpuacct"};
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
  CpuFeatures cpu = parse_cpu_info(text_of("/proc/cpuinfo"));
  cpu.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return cpu;
}

double cores_of_quota(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  return words >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

// A line is "number:controllers:/group".
double smallest_quota(const std::string& groups, const std::filesystem::path& root) {
  double smallest = 0;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::filesystem::path own = line.substr(second + 1);
    for (const auto& folder : folders_of(line.substr(first + 1, second - first - 1))) {
      std::filesystem::path group = own.relative_path();
      for (bool more = true; more; group = group.parent_path()) {
        const double cores = quota_of(root / folder / group);
        if (cores > 0 && (smallest == 0 || cores < smallest)) smallest = cores;
        more = !group.empty();
      }
    }
  }
  return smallest;
}

int usable_cores() {
  static const int kCores = [] {
    const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const double quota = smallest_quota(text_of("/proc/self/cgroup"), "/sys/fs/cgroup");
    return quota > 0 ? std::min(cores, static_cast<int>(std::ceil(std::min(quota, 1e6)))) : cores;
  }();
  return kCores;
}

int threads_or_all_cores(int wanted) { return wanted > 0 ? wanted : usable_cores(); }

}  // namespace octet
