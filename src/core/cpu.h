// The instruction sets of this processor for int8 and 16-bit floats.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace octet {

struct CpuFeatures {
  std::string name;  // may be empty, and then says nothing
  int cores = 1;
  std::vector<std::string> present;  // of: ssse3, avx2, avx512f, avx512_vnni, avx_vnni,
                                     // avx512_bf16, amx_int8, amx_bf16; asimddp, i8mm, bf16,
                                     // fphp on Arm

  [[nodiscard]] bool has(const std::string& feature) const;
  // Whether two int8 × uint8 products are added in 16 bits and saturate. That is so on x86 without
  // VNNI. Such processors need weights of 7 bits.
  [[nodiscard]] bool int8_products_saturate() const;
};

[[nodiscard]] CpuFeatures cpu_features();
// The cores that this process may use: those of the machine, or fewer. The system may keep it to some
// cores (allowed_cores()), and its control group may limit its processor time. At least 1.
[[nodiscard]] int usable_cores();
// The cores that the system lets this process run on, as taskset, a cpuset of a container or
// CPUAffinity= of a service say it. 0: not known.
[[nodiscard]] int allowed_cores();
// The smallest limit of a process's control groups and of those around them, in cores. 0: none.
// `groups`: the text of /proc/self/cgroup. `root`: of the groups' folders, usually /sys/fs/cgroup.
// Reads version 2 (cpu.max), version 1 (cpu.cfs_quota_us), and both side by side.
[[nodiscard]] double smallest_quota(const std::string& groups, const std::filesystem::path& root);
// Parses the text of cpu.max: "150000 100000" are 1.5 cores. 0: without a limit, or not readable.
[[nodiscard]] double cores_of_quota(const std::string& text);
// All cores are asked for by their number, which no engine then gives up, however crowded they are.
[[nodiscard]] int threads_or_all_cores(int wanted);
// Parses the text of /proc/cpuinfo. Where it has no name, as on 64-bit Arm, the name is `board` (the
// device tree's model) and the kinds of the cores: "ROCK 5B, 4 x Cortex-A55, 4 x Cortex-A76".
[[nodiscard]] CpuFeatures parse_cpu_info(const std::string& text, const std::string& board = "");

}  // namespace octet
