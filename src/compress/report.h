// The page about a compression: what to take, and why.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "compress/result.h"
#include "eval/dataset/dataset.h"
#include "eval/metric/coco_metric.h"
#include "report/facts.h"

namespace octet {

struct CompressReport {
  const CompressResult& result;
  const nlohmann::ordered_json& bench;  // of 'octet bench', with both folders of exports
  const Dataset& data;
  const CocoMetric &before, &after;  // of both int8 models
  Facts facts;
  std::vector<std::string> commands;
};

// Writes result.report. Throws an Error where it cannot be written or an image cannot be read.
void write_compress_report(const CompressReport& report);

// How many candidates were trained, and which was taken.
[[nodiscard]] std::string trainings_text(const CompressResult& result);

// The time of one export in one engine, in turn with that of the unpruned model.
struct EngineTimes {
  std::string engine, format;
  double before_ms = 0, after_ms = 0;
  double before_rss_mb = 0, after_rss_mb = 0;
};
[[nodiscard]] std::vector<EngineTimes> times_of(const nlohmann::ordered_json& bench);
// Those of the engine's fastest file. Nothing where it has none.
[[nodiscard]] std::optional<EngineTimes> fastest_in(const std::vector<EngineTimes>& times,
                                                    const std::string& engine);

}  // namespace octet
