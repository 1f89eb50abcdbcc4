// The epochs of all trainings, as a budget of time allows.
#pragma once

#include <string>

#include "compress/stages.h"
#include "compress/work_plan.h"

namespace octet {

struct EpochBudget {
  int epochs = 0;      // of a whole training, at most
  double seconds = 0;  // of everything; 0: none
};

// A training that is done, from its start to its end, however often it was interrupted.
struct FinishedTraining {
  TrainingWork work;
  int epochs = 0;
  double seconds = 0;
  bool candidate = false;  // a short one
  bool pruned = false;     // with the choice before it
};

class Schedule {
 public:
  // What it decides is kept by `stages`, which has to outlive it.
  Schedule(Stages& stages, WorkPlan work, const EpochBudget& budget);

  [[nodiscard]] int epochs() const { return epochs_; }  // of a whole training
  [[nodiscard]] int short_epochs() const { return short_epochs_; }
  // "2 trainings, 5 candidates with …".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool fits() const;

  // The first training shows how fast the machine is: all that come have other epochs then, within
  // what all stages so far left of the budget. Candidates have to have equal epochs, so that of one
  // changes only whole trainings.
  void learn(const FinishedTraining& training);

 private:
  [[nodiscard]] double seconds_left() const;
  [[nodiscard]] int planned(const std::string& stage);

  Stages& stages_;
  WorkPlan work_;
  EpochBudget budget_;
  double spent_s_ = 0;
  int epochs_ = 0, short_epochs_ = 0;
  bool learnt_ = false;
};

}  // namespace octet
