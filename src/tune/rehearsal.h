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

// Sets the power of points that did not run: that of the idle machine, and a part that grows with
// processor time, the median of those that ran.
void predict_watts(std::vector<TunePoint>& points, double idle_watts);

// Makes the figures of all points worse by the ratios of what one of them showed and promised. Rates
// that the source limits stay: how much faster those points could be is not known.
void lower_expectations(std::vector<TunePoint>& points, const Figures& promised,
                        const Figures& seen, double source_fps);

// Whether a further run of a machine that became warmer counts in place of the run before: the longer
// one counts, unless less of the goals was reached later.
[[nodiscard]] bool says_more(const TuneGoals& goals, const LiveRun& before, const LiveRun& further,
                             double source_fps);

}  // namespace octet
