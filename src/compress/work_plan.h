// How long a compression takes, about: the epochs of all its trainings.
#pragma once

#include <cstddef>
#include <string>

namespace octet {

struct WorkPlan {
  size_t wholes = 0;      // whole trainings before the candidates
  size_t candidates = 0;  // short trainings
  size_t winners = 2;     // whole trainings after the candidates, at most
  size_t tables = 0;      // cost tables that are measured
  double epoch_s = 0;     // seconds of an epoch at the largest input
};

// Of a candidate, when a whole training has so many epochs.
[[nodiscard]] int short_epochs(int epochs);

// Seconds of an epoch over so many images, when a network has so many GFLOPs. Training computes
// three times as much as inference.
[[nodiscard]] double epoch_seconds(double gflops, size_t images);

[[nodiscard]] double seconds_of(const WorkPlan& plan, int epochs);

// The epochs of a whole training with which all is done within the budget in seconds; at most
// `epochs`, and at least 6. A budget of 0 is none.
[[nodiscard]] int epochs_within(const WorkPlan& plan, int epochs, double budget_s);

// "40 min", "2.5 h".
[[nodiscard]] std::string time_text(double seconds);

}  // namespace octet
