// The first stage of a tuning: which engines, with how many threads and in which precision, run a
// model with the least time or the least processor time. Short looks at an input of middle size, by
// successive halving.
#pragma once

#include <string>
#include <vector>

#include "tune/work.h"

namespace octet {

// A way to run a model.
struct Runtime {
  std::string engine;
  int threads = 1;
  std::string precision = "auto";
  Look look;  // at the size below
  Size input;
  std::string arithmetic;  // accuracy is that of all runtimes of the same one
};

// The runtimes that are worth more looks, the fastest first. Empty where no engine could run the
// model, or after an interruption. Others are noted in work.not_tried with their figures.
[[nodiscard]] std::vector<Runtime> choose_runtimes(TuneWork& work, const TuneModel& model,
                                                   double budget_s);

}  // namespace octet
