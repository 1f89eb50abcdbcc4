#include "compress/schedule.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/log.h"
#include "core/text/count_text.h"

namespace octet {

Schedule::Schedule(Stages& stages, WorkPlan work, const EpochBudget& budget)
    : stages_(stages),
      work_(std::move(work)),
      budget_(budget),
      epochs_(planned("plan")),
      short_epochs_(octet::short_epochs(epochs_)) {}

int Schedule::planned(const std::string& stage) {
  const auto kept = stages_.keep(stage, [&] {
    return nlohmann::ordered_json{
        {"epochs", epochs_within(work_, budget_.epochs, budget_.seconds)}};
  });
  return kept.at("epochs");
}

std::string Schedule::text() const {
  const auto number = [](size_t count, const char* noun) {
    return counted(static_cast<int64_t>(count), noun);
  };
  return fmt::format("{}, {} with {} epochs each, at most {} with {}; about {}",
                     number(work_.wholes.size(), "training"),
                     number(work_.candidates.size(), "candidate"), short_epochs_,
                     number(work_.winners, "winner"), epochs_,
                     time_text(seconds_of(work_, epochs_)));
}

bool Schedule::fits() const {
  return budget_.seconds <= 0 || seconds_of(work_, epochs_) <= budget_.seconds;
}

void Schedule::learn(const TrainingWork& training, const nlohmann::ordered_json& json,
                     bool of_candidate) {
  const int epochs = json.at("epochs");
  const double seconds = json.at("seconds");
  if (learnt_ || budget_.seconds <= 0 || epochs == 0 || seconds <= 0) return;
  learnt_ = true;
  work_.gflops_per_s = measured_gflops_per_s(training, work_.images, epochs, seconds);
  epochs_ = planned("plan-measured");
  if (!of_candidate) short_epochs_ = octet::short_epochs(epochs_);
  log_info("plan: an epoch took {:.1f} s, so a whole training has {} epochs", seconds / epochs,
           epochs_);
}

}  // namespace octet
