// The ways to make a model as fast as wanted: its activation, the size of its input, and pruning for
// the rest. Each is a candidate, which is trained for a short time and judged.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/size.h"

namespace octet {

struct Candidate {
  std::string activation;  // as --activation has it; empty: that of the model
  Size size;               // of the input
  double pruning = 1;      // the speedup that is left to pruning; 1: nothing is removed
  double predicted_s = 0;  // int8 time of an image

  // "silu-320x320-1.25": a name for a folder.
  [[nodiscard]] std::string name() const;
  // "input 256x256, activation relu6, pruned by 1.25".
  [[nodiscard]] std::string text() const;
};

// The int8 time of the whole model in seconds at an input size. Nothing where it is not known: the
// input is left out then.
using TimeOf = std::function<std::optional<double>(Size size)>;

struct PlanOptions {
  Size size;                    // the largest input
  std::string activation = {};  // of the model, as Candidate has it
  double most_pruning = 3;
  size_t pruned = 4;  // candidates that are pruned, at most
};

// The candidates whose int8 time is at most `most_s`: pruned ones, and the largest input that needs
// no pruning, where there is one. Empty: there is none.
[[nodiscard]] std::vector<Candidate> plan_candidates(double most_s, const TimeOf& time_of,
                                                     const PlanOptions& options);

// The least int8 time that candidates may have. Nothing where no time is known.
[[nodiscard]] std::optional<double> least_time(const TimeOf& time_of, const PlanOptions& options);
// "3.10 ms, a speedup of 2.50", on the side where it can be met.
[[nodiscard]] std::string nearest_target(double least_s, double base_s);

// Inputs of the same shape: at most `count`, each some 0.85 of the one before. Both sides are
// multiples of 32, and the shorter has at least 96 pixels.
[[nodiscard]] std::vector<Size> smaller_inputs(Size size, size_t count);

}  // namespace octet
