#include "train/loop/results_table.h"

#include <fmt/format.h>

#include <charconv>

#include "core/text/split_text.h"
#include "train/loop/trainer.h"

namespace octet {
namespace {

std::string figures(const CocoSummary& s) {
  return fmt::format("{:.4f},{:.4f},", s.map50, s.map50_95);
}

// 0 of what is no row, such as the header.
int epoch_of(std::string_view row) {
  int epoch = 0;
  std::from_chars(row.data(), row.data() + row.size(), epoch);
  return epoch;
}

}  // namespace

std::string rows_until(std::string_view text, int epochs) {
  std::string kept;
  for (const std::string_view row : split_text(text, "\n")) {
    if (epoch_of(row) <= epochs) kept += fmt::format("{}\n", row);
  }
  return kept;
}

ResultsTable::ResultsTable(LossParts parts, const ModelInfo& info)
    : losses_(named_losses(parts, info.head)), task_(info.task) {
  text_ = "epoch,seconds,images_per_second,";
  for (const NamedLoss& loss : losses_) text_ += fmt::format("{},", loss.name);
  text_ +=
      task_ == Task::kPose ? "map50,map50_95,pose_map50,pose_map50_95,lr\n" : "map50,map50_95,lr\n";
}

void ResultsTable::add(const EpochResult& r) {
  text_ += fmt::format("{},{:.1f},{:.2f},", r.epoch, r.seconds, r.images_per_second);
  for (const NamedLoss& loss : losses_) text_ += fmt::format("{:.4f},", r.loss.*loss.value);
  text_ += figures(r.evaluation.boxes);
  if (task_ == Task::kPose) text_ += figures(r.evaluation.keypoints);
  text_ += fmt::format("{:.6f}\n", r.learning_rate);
}

}  // namespace octet
