// How long a compression takes, about: the epochs of all its trainings.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace octet {

// GFLOPs of a training are those of its network and input, for an image.
struct TrainingWork {
  double gflops = 0;
  double teacher_gflops = 0;  // 0: it has none
  bool done = false;

  // Of an image in training, which computes three times as much as inference, and the teacher.
  [[nodiscard]] double step() const { return 3 * gflops + teacher_gflops; }
};

struct WorkPlan {
  std::vector<TrainingWork> wholes;      // whole trainings before the candidates
  std::vector<TrainingWork> candidates;  // short trainings
  int candidate_epochs = 0;              // of each; 0: as short_epochs() has it
  size_t winners = 2;                    // whole trainings after them, at most
  std::vector<double> choices;           // GFLOPs of each model that is pruned
  double int8_gflops = 0;                // of the model that is quantized
  size_t tables = 0;                     // cost tables that are measured
  size_t images = 0;                     // of an epoch
  double gflops_per_s = 0;               // in training
};

// Of a candidate, when a whole training has so many epochs.
[[nodiscard]] int short_epochs(int epochs);

// What this machine may do, before it is known.
[[nodiscard]] double usual_gflops_per_s();
// What it did in a training of so many epochs.
[[nodiscard]] double measured_gflops_per_s(const TrainingWork& training, size_t images, int epochs,
                                           double seconds);

// Marks one training of such work as done.
void finish(std::vector<TrainingWork>& trainings, const TrainingWork& work);

// Of all that is not done.
[[nodiscard]] double seconds_of(const WorkPlan& plan, int epochs);

// The epochs of a whole training with which all is done within the budget in seconds; at most
// `epochs`, and at least 6. A budget of 0 is none.
[[nodiscard]] int epochs_within(const WorkPlan& plan, int epochs, double budget_s);

// "40 min", "2.5 h".
[[nodiscard]] std::string time_text(double seconds);

}  // namespace octet
