#include "compress/work_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cpu.h"

namespace octet {
namespace {

// Of training YOLOv8n with two cores of an EPYC with AVX-512 at 320: 18.5 images a second.
constexpr double kGflopsPerCore = 60;
constexpr double kInt8Epochs = 25;   // two quantizations, in epochs of float training
constexpr double kChoiceEpochs = 2;  // importance and trials of a candidate
constexpr double kTableSeconds = 120;
constexpr int kShortShare = 6, kFewest = 6;

}  // namespace

int short_epochs(int epochs) { return std::max(1, epochs / kShortShare); }

double epoch_seconds(double gflops, size_t images) {
  return 3 * gflops * static_cast<double>(images) / (kGflopsPerCore * threads_or_all_cores(0));
}

double seconds_of(const WorkPlan& plan, int epochs) {
  const double of_candidates =
      static_cast<double>(plan.candidates) * (short_epochs(epochs) + kChoiceEpochs);
  return plan.epoch_s * (static_cast<double>(plan.wholes + plan.winners) * epochs + of_candidates +
                         kInt8Epochs) +
         kTableSeconds * static_cast<double>(plan.tables);
}

int epochs_within(const WorkPlan& plan, int epochs, double budget_s) {
  if (budget_s <= 0) return epochs;
  int within = epochs;
  while (within > kFewest && seconds_of(plan, within) > budget_s) --within;
  return within;
}

std::string time_text(double seconds) {
  if (seconds < 60) return "a minute";
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace octet
