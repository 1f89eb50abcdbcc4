// Finds the configuration of 'octet live' that holds a goal on this machine and this source with
// the best accuracy: engines × input sizes × threads × precision, and skipped frames and the motion
// gate where a limit of processor time is the goal.
//
//   engines and threads of each model, by successive halving        (runtimes.h)
//   accuracy of each model at each size, on the same frames          (networks.h)
//   'octet live' with the promising ones, then longer with the best  (rehearsal.h)
//   the winner for up to a minute, as it is written
#pragma once

#include "tune/result.h"

namespace octet {

// Writes the configuration and, beside it, its page. Throws an Error where nothing could be tried.
[[nodiscard]] TuneResult tune(const TuneOptions& options);

}  // namespace octet
