// What a compression is asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/size.h"
#include "measure/cost/pricing.h"

namespace octet {

inline constexpr const char* kNoActivation = "none";

// One of them is given. The speedup is that of the first model in int8 at its size.
struct CompressTarget {
  std::optional<double> speedup, most_s, max_drop;
};

struct CompressOptions {
  std::vector<std::string> models;  // files; the first is the one to compare with
  std::string data, folder;
  CompressTarget target;
  PricingOptions pricing;
  std::optional<Size> size;                       // the largest input
  std::vector<std::string> activations{"relu6"};  // beside the model's own; or kNoActivation
  int epochs = 30, batch = 16, threads = 0;
  uint64_t seed = 0;
  double budget_s = 0;  // of training; 0: none
  bool overwrite = false;
  std::filesystem::path program;  // octet
  std::string version;
};

}  // namespace octet
