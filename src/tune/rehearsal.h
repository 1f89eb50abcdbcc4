// The third stage of a tuning: 'octet live' with the promising configurations on the source itself.
// The best one that has not run is run next, and each run corrects the predictions of the others.
// Then successive halving among the best, each longer than before.
#pragma once

#include <string>
#include <vector>

#include "tune/work.h"

namespace octet {

// Updates work.points. `budget_s`: for all runs.
void rehearse(TuneWork& work, double budget_s);

// One run of a point for so many seconds. False where it failed, which is noted in the point too.
bool run_point(TuneWork& work, TunePoint& point, double seconds);

// Corrects the predictions of points that did not run, by those that did: of each engine the
// median ratio of seen and predicted. `before`: the figures that were predicted for `points`.
void correct_predictions(std::vector<TunePoint>& points, const std::vector<Figures>& before,
                         double source_fps);

// Multiplies the figures of all points by the ratios of what one of them showed and promised.
void scale_figures(std::vector<TunePoint>& points, const Figures& promised, const Figures& seen);

}  // namespace octet
