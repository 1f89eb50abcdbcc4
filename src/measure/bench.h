// What 'octet bench' measures: the cases, one run of a case in a process of its own, and what is
// made of all runs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "report/facts.h"

namespace octet {

// One file in one engine at one size with so many threads.
struct BenchCase {
  std::string model, engine, size;
  int threads = 0;
};

// Loads, warms up, infers for some seconds, and gives what it saw as JSON: "inference_ms" of every
// frame, "start_ms" from the start of the process to the first result, "rss_mb",
// "cpu_ms_per_frame", where the machine has a meter "energy_meter", "idle_watts",
// "joules_per_frame" and "net_joules_per_frame" (without those of the idle machine), "engine", "precision",
// "imgsz", "threads".
[[nodiscard]] nlohmann::ordered_json run_bench_case(const DetectorOptions& options, double seconds);

// One row a case: percentiles over the frames of all its runs, the spread over runs.
[[nodiscard]] nlohmann::ordered_json summarize_bench(
    const BenchCase& bench, const std::vector<nlohmann::ordered_json>& runs);

void print_bench(const nlohmann::ordered_json& rows);
// A page with the table, numbered, and a plot: mAP against time, or times where no row has mAP.
// `facts`: how it was measured.
[[nodiscard]] std::string bench_page(const nlohmann::ordered_json& rows, const Facts& facts);

}  // namespace octet
