// The measurements of 'octet bench': the cases, one run of a case in a process of its own, and the
// summary of all runs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "detect/detector.h"

namespace octet {

// One file in one engine, at one size, with a number of threads.
struct BenchCase {
  std::string model, engine, size;
  int threads = 0;
};

// Loads, warms up, infers for some seconds, and returns JSON: "inference_ms" of every frame,
// "start_ms" from the start of the process to the first result, "rss_mb", "cpu_ms_per_frame",
// "joules_per_frame" where the machine has a counter, "engine", "precision", "imgsz", "threads".
[[nodiscard]] nlohmann::ordered_json run_bench_case(const DetectorOptions& options, double seconds);

// Returns the row of a case: percentiles over the frames of all runs, and the spread over runs.
[[nodiscard]] nlohmann::ordered_json summarize_bench(
    const BenchCase& bench, const std::vector<nlohmann::ordered_json>& runs);

void print_bench(const nlohmann::ordered_json& rows);
// Returns a page with the table and a chart of mAP against time.
[[nodiscard]] std::string bench_page(const nlohmann::ordered_json& rows);

}  // namespace octet
