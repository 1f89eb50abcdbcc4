// The second stage of a tuning: the accuracy of each model at each input size, on the same frames
// or labels, and the time of each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tune/runtimes.h"

namespace octet {

// A model at an input size in a precision.
struct NetworkTry {
  size_t model = 0;             // index
  Configuration configuration;  // in the runtime of its look
  Look look;
  std::optional<double> accuracy;
};

struct NetworkTries {
  std::vector<NetworkTry> tries;
  std::string accuracy_kind;  // a sentence
};

// `runtimes`: of each model, the fastest first; none: it is left out. The likeliest to hold the
// goals come first. Those for which there was no time are noted.
[[nodiscard]] NetworkTries measure_networks(TuneWork& work,
                                            const std::vector<std::vector<Runtime>>& runtimes,
                                            double budget_s);

// Skipping and the motion gate, on the frames of the source, with one network. Detection on every
// frame is the first. Others only where a limit for the processor alone is the goal.
[[nodiscard]] std::vector<PolicyLook> measure_policies(TuneWork& work,
                                                       const std::vector<NetworkTry>& tries,
                                                       double budget_s);

// All that may be run: networks × runtimes × policies, with predicted figures.
[[nodiscard]] std::vector<TunePoint> predicted_points(
    const TuneWork& work, const std::vector<NetworkTry>& tries,
    const std::vector<std::vector<Runtime>>& runtimes, const std::vector<PolicyLook>& policies);

}  // namespace octet
