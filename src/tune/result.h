// What a tuning is asked for, and what it gives.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tune/choice/goals.h"
#include "tune/look/footage.h"
#include "tune/look/processes.h"
#include "tune/machine/heat.h"

namespace octet {

inline constexpr double kLeastBudget = 10;  // seconds

struct TuneOptions {
  std::vector<std::string> models;
  std::string source, data, split = "val";  // source or data may be empty
  TuneGoals goals;
  double budget_s = 600;
  std::filesystem::path output = "live.yaml";
  std::vector<std::string> engines;  // to try; empty: all that are installed
  std::vector<int> sides, threads;   // to try; empty: the usual ones
  std::filesystem::path program;     // octet
  std::string version;
  std::filesystem::path sysfs = "/sys";
};

struct TuneResult {
  TunePoint chosen;             // with the figures that are predicted
  std::optional<LiveRun> seen;  // of the last run; none: there was no time for it
  bool met = false;             // the goals hold, as far as it was seen
  bool limited_by_source = false;
  bool interrupted = false;
  std::string accuracy_kind;           // a sentence
  std::string advice;                  // what would meet the goals; empty: they are met
  std::vector<TunePoint> points;       // all, `chosen` among them
  std::vector<std::string> not_tried;  // what, and why
  HeatReport heat;
  Footage footage;
  std::filesystem::path config, page;  // page: empty where it could not be written
  double seconds = 0;
};

}  // namespace octet
