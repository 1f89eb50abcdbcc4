#include "core/cpu.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "core/control_groups.h"

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

// Parts of Arm Ltd., the usual implementer. Others keep their numbers.
struct ArmPart {
  const char *number, *name;
};
constexpr ArmPart kArmParts[] = {
    {"0xd03", "Cortex-A53"},  {"0xd04", "Cortex-A35"},   {"0xd05", "Cortex-A55"},
    {"0xd07", "Cortex-A57"},  {"0xd08", "Cortex-A72"},   {"0xd09", "Cortex-A73"},
    {"0xd0a", "Cortex-A75"},  {"0xd0b", "Cortex-A76"},   {"0xd0c", "Neoverse N1"},
    {"0xd40", "Neoverse V1"}, {"0xd42", "Cortex-A78AE"}, {"0xd49", "Neoverse N2"}};

std::string core_name(const std::string& implementer, const std::string& part) {
  if (implementer == "0x41") {
    for (const ArmPart& known : kArmParts) {
      if (part == known.number) return known.name;
    }
  }
  return "core " + implementer + "/" + part;
}

// "Board, 4 x Cortex-A55, 4 x Cortex-A76". `cores`: the kind of each.
std::string name_of(const std::string& board, const std::vector<std::string>& cores) {
  std::vector<std::pair<std::string, int>> kinds;  // in the order of the cores
  for (const std::string& core : cores) {
    if (kinds.empty() || kinds.back().first != core) kinds.emplace_back(core, 0);
    ++kinds.back().second;
  }
  std::string name = board;
  for (const auto& [kind, count] : kinds)
    name += fmt::format("{}{} x {}", name.empty() ? "" : ", ", count, kind);
  return name;
}

// The last character of a text of the device tree is a zero.
std::string board_name() {
  const std::string text = text_of("/proc/device-tree/model");
  return text.substr(0, text.find('\0'));
}

}  // namespace

bool CpuFeatures::has(const std::string& feature) const {
  return std::find(present.begin(), present.end(), feature) != present.end();
}

bool CpuFeatures::int8_products_saturate() const {
  return has("ssse3") && !has("avx512_vnni") && !has("avx_vnni");
}

CpuFeatures parse_cpu_info(const std::string& text, const std::string& board) {
  CpuFeatures cpu;
  std::string implementer;
  std::vector<std::string> cores;
  std::istringstream lines(text);
  std::string line;
  std::set<std::string> flags;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::string value = line.substr(std::min(colon + 2, line.size()));
    if ((key == "model name" || key == "Model") && cpu.name.empty()) cpu.name = value;
    if (key == "CPU implementer") implementer = value;
    if (key == "CPU part") cores.push_back(core_name(implementer, value));
    if ((key != "flags" && key != "Features") || !flags.empty()) continue;
    std::istringstream words(value);
    flags.insert(std::istream_iterator<std::string>(words), {});
  }
  for (const char* flag : kTold) {
    if (flags.contains(flag)) cpu.present.emplace_back(flag);
  }
  if (cpu.name.empty()) cpu.name = name_of(board, cores);
  return cpu;
}

CpuFeatures cpu_features() {
  CpuFeatures cpu = parse_cpu_info(text_of("/proc/cpuinfo"), board_name());
  cpu.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return cpu;
}

double cores_of_quota(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  return words >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

double smallest_quota(const std::string& groups, const std::filesystem::path& root) {
  double smallest = 0;
  for (const auto& group : group_folders(groups, "cpu")) {
    const double cores = quota_of(root / group);
    if (cores > 0 && (smallest == 0 || cores < smallest)) smallest = cores;
  }
  return smallest;
}

// Of the first thread, since engines may move others.
int allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(::getpid(), sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
}

int usable_cores() {
  static const int kCores = [] {
    auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    if (const int allowed = allowed_cores(); allowed > 0) cores = std::min(cores, allowed);
    const double quota = smallest_quota(text_of("/proc/self/cgroup"), "/sys/fs/cgroup");
    return quota > 0 ? std::min(cores, static_cast<int>(std::ceil(std::min(quota, 1e6)))) : cores;
  }();
  return kCores;
}

int threads_or_all_cores(int wanted) { return wanted > 0 ? wanted : usable_cores(); }

}  // namespace octet
