// Pruning in rounds: parts are removed, and the model is trained with the unpruned one as its
// teacher, until its cost is low enough.
//
// Folder: pruned.safetensors and choice.json of the last round, best.safetensors and the other files
// of its training. Earlier rounds have the same in folders of their own, round-1, round-2 ….
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "train/prune/choice.h"
#include "train/prune/recovery.h"

namespace octet {

struct PruneOptions {
  double most_cost = 0;  // in the unit of the cost
  std::string asked;     // where that comes from, in words: a resumed run has to ask the same
  int rounds = 1;        // earlier ones take a third of the epochs
  ChoiceOptions choice;
  RecoveryOptions recovery;  // epochs of all rounds; the folder
  // Called before each choice, so that the cost model knows the layers that may come.
  std::function<void(const Model& model)> prepare = {};
  // The time of a model, in any unit; nothing where it cannot be measured. The last choice is made
  // again until the measured share of the time is at most the one that was wanted of the cost.
  std::function<std::optional<double>(const Model& model)> measure = {};
};

struct PruneRound {
  std::vector<Removal> removals;
  double cost = 0;       // predicted: of all layers
  double share = 0;      // of the whole model's cost: predicted, as choices measured before it say
  double agreement = 0;  // of importance, as Choice has it
};

struct PruneResult {
  std::vector<PruneRound> rounds;
  TrainSummary training;  // of the last round; interrupted: of the round that was
  double seconds = 0;     // of the trainings of all rounds
};

// Prunes `model`, which is float. Rounds that the folder has are not done again when the recovery
// resumes. Throws an Error where the folder's rounds were chosen with other options, where the cost is
// low enough already, and as choose_removals() and recover() do.
[[nodiscard]] PruneResult prune(const Model& model, const Dataset& training,
                                const Dataset& validation, const CostModel& cost,
                                const PruneOptions& options);

}  // namespace octet
