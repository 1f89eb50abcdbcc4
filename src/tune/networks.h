// The second stage of a tuning: the accuracy of each model at each input size, on the same frames
// or labels, and the time of each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tune/runtimes.h"

namespace octet {

// A model at an input size in an arithmetic.
struct NetworkTry {
  size_t model = 0;             // index
  std::string arithmetic;       // as that of Runtime
  Configuration configuration;  // in the runtime of its look
  Look look;
  bool looked = false;  // at this input; else `look` is predicted, or accuracy alone was measured
  std::optional<double> accuracy;
};

struct NetworkTries {
  std::vector<NetworkTry> tries;
  std::string accuracy_kind;  // a sentence
};

// `runtimes`: of each model, the fastest first; none: it is left out. The likeliest to hold the
// goals come first. Those for which there was no time are noted. They are in `out` without accuracy
// where nothing else is expected to hold the goals. After an Error `out` has those before it.
void measure_networks(TuneWork& work, const std::vector<std::vector<Runtime>>& runtimes,
                      double budget_s, NetworkTries& out);

// The policies of a look that can be judged by it. `why`: a reason where there are none.
[[nodiscard]] std::vector<PolicyLook> judged_policies(const Look& look, std::string& why);

// The network that policies are judged with: of those that see enough frames in `available_s`
// seconds the most accurate, else the fastest. `tries`: at least one.
[[nodiscard]] const NetworkTry& judge_of_policies(const std::vector<NetworkTry>& tries,
                                                  double available_s);

// Skipping and the motion gate, on the frames of the source, with one network. Detection on every
// frame is the first. Others only where processor time or power is a goal.
[[nodiscard]] std::vector<PolicyLook> measure_policies(TuneWork& work,
                                                       const std::vector<NetworkTry>& tries,
                                                       double budget_s);

// All that may be run: networks × runtimes of their arithmetic × policies, with predicted figures.
[[nodiscard]] std::vector<TunePoint> predicted_points(
    const TuneWork& work, const std::vector<NetworkTry>& tries,
    const std::vector<std::vector<Runtime>>& runtimes, const std::vector<PolicyLook>& policies);

}  // namespace octet
