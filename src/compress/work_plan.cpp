#include "compress/work_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cpu.h"

namespace octet {
namespace {

// Of training YOLOv8n with two cores of an EPYC with AVX-512 at 320: 18.5 images a second.
constexpr double kGflopsPerCore = 60;
constexpr double kInt8Epochs = 25;  // two quantizations, in epochs of float training
// Of a choice, in forward runs: importance of 128 images, and 15 trials with 64, three times.
constexpr double kChoiceImages = 3 * (3 * 128 + 15 * 64);
constexpr double kTableSeconds = 120;
constexpr int kShortShare = 6, kFewest = 6;

}  // namespace

int short_epochs(int epochs) { return std::max(1, epochs / kShortShare); }

double usual_gflops_per_s() { return kGflopsPerCore * threads_or_all_cores(0); }

double measured_gflops_per_s(const TrainingWork& training, size_t images, int epochs,
                             double seconds) {
  return training.step() * static_cast<double>(images) * epochs / seconds;
}

void finish(std::vector<TrainingWork>& trainings, const TrainingWork& work) {
  const auto same = std::find_if(trainings.begin(), trainings.end(), [&](const TrainingWork& t) {
    return !t.done && t.step() == work.step();
  });
  if (same != trainings.end()) same->done = true;
}

double seconds_of(const WorkPlan& plan, int epochs) {
  const auto sum = [](const std::vector<TrainingWork>& trainings) {
    double steps = 0;
    for (const TrainingWork& t : trainings) steps += t.done ? 0 : t.step();
    return steps;
  };
  double most = 0;  // any candidate may win
  for (const TrainingWork& t : plan.candidates) most = std::max(most, t.step());
  const int brief = plan.candidate_epochs > 0 ? plan.candidate_epochs : short_epochs(epochs);
  const double steps = epochs * (sum(plan.wholes) + static_cast<double>(plan.winners) * most) +
                       brief * sum(plan.candidates) + kInt8Epochs * 3 * plan.int8_gflops;
  double gflops = steps * static_cast<double>(plan.images);
  for (const double choice : plan.choices) gflops += kChoiceImages * choice;
  return gflops / plan.gflops_per_s + kTableSeconds * static_cast<double>(plan.tables);
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
