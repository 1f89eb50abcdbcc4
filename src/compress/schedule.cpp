#include "compress/schedule.h"

#include <fmt/format.h>

#include <algorithm>
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
    return nlohmann::ordered_json{{"epochs", epochs_within(work_, budget_.epochs, seconds_left())}};
  });
  return kept.at("epochs");
}

// 0: there is no budget.
double Schedule::seconds_left() const {
  constexpr double kLeast = 1;
  return budget_.seconds > 0 ? std::max(kLeast, budget_.seconds - spent_s_) : 0;
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
  return budget_.seconds <= 0 || seconds_of(work_, epochs_) <= seconds_left();
}

void Schedule::learn(const FinishedTraining& t) {
  if (learnt_ || budget_.seconds <= 0 || t.epochs == 0 || t.seconds <= 0) return;
  learnt_ = true;
  work_.gflops_per_s = measured_gflops_per_s(t.work, work_.images, t.epochs, t.seconds);
  finish(t.candidate ? work_.candidates : work_.wholes, t.work);
  if (t.pruned && !work_.choices.empty()) work_.choices.pop_back();
  if (t.pruned && work_.tables > 0) --work_.tables;
  if (t.candidate) {
    work_.candidate_epochs = short_epochs_;
    work_.int8_gflops /= 2;  // the first model is quantized before all candidates
  }
  spent_s_ = stages_.seconds();
  epochs_ = planned("plan-measured");
  if (!t.candidate) short_epochs_ = octet::short_epochs(epochs_);
  log_info("plan: an epoch took {:.1f} s, so a whole training has {} epochs", t.seconds / t.epochs,
           epochs_);
}

}  // namespace octet
