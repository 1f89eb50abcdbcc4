// The whole way from a float model to int8 files that are as fast as wanted: training where the
// model does not know the classes, candidates (plan.h), the winner's training, int8, exports,
// comparison with the model, times, and a report.
//
// Folder: stages/ with the result of each stage; a folder for each training; int8.safetensors,
// export/ and report.html at the end, beside whole-int8.safetensors and export-whole/ of the
// unpruned model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compress/result.h"
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

// Goes on where an earlier call with the same options stopped. Throws an Error when the target
// cannot be met, when a stage fails, and when it is interrupted.
[[nodiscard]] CompressResult compress(const CompressOptions& options);

}  // namespace octet
