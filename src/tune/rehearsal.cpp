#include "tune/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/log.h"
#include "core/numeric/quantile.h"
#include "core/process.h"
#include "tune/choice/choose.h"
#include "tune/choice/halving.h"
#include "tune/report/live_yaml.h"

namespace octet {
namespace {

constexpr double kDoubtOfPrediction = 0.15, kDoubtOfRun = 0.05;
constexpr double kSearchShare = 0.55;  // of the time; the rest is for longer runs
constexpr double kLongest = 20;        // seconds of a run before the last one
constexpr size_t kFinalists = 8;
constexpr double kMostCorrection = 4;
constexpr double kAllOfSource = 0.97;  // results a second, from which on the source limits them
constexpr int kMostFailures = 3;       // one after the other

class Rehearsal {
 public:
  explicit Rehearsal(TuneWork& work) : work_(work) {
    for (const TunePoint& point : work.points) predicted_.push_back(point.figures);
  }

  void search(double budget_s, double seconds) {
    const double end = work_.clock.passed() + budget_s;
    while (!stop_requested()) {
      const auto next = next_to_run();
      if (!next) return;
      const double takes = work_.live_start_s + seconds;
      if (tries_ > 0 && work_.clock.passed() + takes > end) return;
      if (!run(*next, seconds)) return;
      correct_predictions(work_.points, predicted_, work_.footage.fps);
      predict_watts(work_.points, work_.idle_watts);
    }
  }

  void halve(double budget_s) {
    const double end = work_.clock.passed() + budget_s;
    std::vector<size_t> best = best_that_ran(kFinalists);
    const auto rounds = plan_halving(
        best.size(),
        {.budget_s = budget_s, .start_s = work_.live_start_s, .least_s = 2, .most_s = kLongest});
    for (const HalvingRound& round : rounds) {
      best.resize(std::min(best.size(), round.candidates));
      for (const size_t i : best) {
        if (stop_requested() || work_.clock.passed() + work_.live_start_s + 1 > end) return;
        if (!run(i, round.seconds)) return;
      }
      best = best_that_ran(best.size());
    }
  }

 private:
  // False: so many runs failed one after the other that another one would fail too.
  bool run(size_t index, double seconds) {
    ++tries_;
    TunePoint& point = work_.points[index];
    failures_ = run_point(work_, point, seconds) ? 0 : failures_ + 1;
    if (failures_ < kMostFailures) return true;
    const std::string text =
        fmt::format("{} runs of octet live failed one after the other, so no more were tried: {}",
                    failures_, point.failed);
    log_warning("{}", text);
    work_.not_tried.push_back(text);
    return false;
  }

  // The best that is only predicted, unless enough that are better have run.
  [[nodiscard]] std::optional<size_t> next_to_run() const {
    size_t ran = 0;
    for (const size_t i : ranked(work_.points, {.goals = work_.options.goals,
                                               .source_fps = work_.footage.fps,
                                               .doubt = kDoubtOfPrediction})) {
      if (work_.points[i].evidence != Evidence::kLive) return i;
      if (holds(work_.points[i]) && ++ran >= kFinalists) return std::nullopt;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool holds(const TunePoint& point) const {
    return reserve(work_.options.goals, point.figures, work_.footage.fps) >= 1;
  }

  [[nodiscard]] std::vector<size_t> best_that_ran(size_t count) const {
    std::vector<size_t> best;
    for (const size_t i : ranked(work_.points, {.goals = work_.options.goals,
                                               .source_fps = work_.footage.fps,
                                               .doubt = kDoubtOfRun})) {
      if (best.size() < count && work_.points[i].evidence == Evidence::kLive) best.push_back(i);
    }
    return best;
  }

  TuneWork& work_;
  std::vector<Figures> predicted_;
  int tries_ = 0, failures_ = 0;  // failures: one after the other
};

double ratio(double seen, double predicted) {
  if (seen <= 0 || predicted <= 0) return 1;
  return std::clamp(seen / predicted, 1 / kMostCorrection, kMostCorrection);
}

}  // namespace

bool run_point(TuneWork& work, TunePoint& point, double seconds) {
  const std::string config = live_yaml({.configuration = point.configuration,
                                        .footage = work.footage,
                                        .goals = work.options.goals,
                                        .head = {},
                                        .reasons = {}});
  Attempt<LiveRun> attempt = work.live(config, seconds);
  if (stop_requested()) return false;
  if (attempt.result && attempt.result->figures.fps <= 0)
    attempt.reason = fmt::format("gave no result in {:.1f} s", attempt.seconds);
  if (!attempt.reason.empty()) {
    point.failed = attempt.reason;
    work.not_tried.push_back(point.configuration.text() + ": " + attempt.reason);
    return false;
  }
  const LiveRun& run = *attempt.result;
  work.live_start_s = (work.live_start_s + std::max(0.0, attempt.seconds - run.seconds)) / 2;
  point.figures = run.figures;
  point.evidence = Evidence::kLive;
  point.seconds = run.seconds;
  point.ran_in = run.ran_in;
  log_info("{}: {:.1f} detections a second, age {:.0f} ms, {:.0f} % of the processor{}, {:.1f} s",
           point.configuration.text(), run.figures.fps, run.figures.age_ms_p99,
           run.figures.cpu_percent,
           point.accuracy ? fmt::format(", accuracy {:.3f}", *point.accuracy) : "", run.seconds);
  return true;
}

void correct_predictions(std::vector<TunePoint>& points, const std::vector<Figures>& before,
                         double source_fps) {
  struct Ratios {
    std::vector<double> fps, cpu, age;
  };
  std::map<std::string, Ratios> of_engines;
  for (size_t i = 0; i < points.size(); ++i) {
    const TunePoint& p = points[i];
    if (p.evidence != Evidence::kLive) continue;
    Ratios& r = of_engines[p.configuration.engine];
    // A source that is slower than both hides how fast the network is.
    const bool hidden = source_fps > 0 && before[i].results_fps > kAllOfSource * source_fps &&
                        p.figures.results_fps > kAllOfSource * source_fps;
    if (!hidden) r.fps.push_back(ratio(p.figures.results_fps, before[i].results_fps));
    r.cpu.push_back(ratio(p.figures.cpu_ms, before[i].cpu_ms));
    r.age.push_back(ratio(p.figures.age_ms_p99, before[i].age_ms_p99));
  }
  const auto middle = [](std::vector<double> values) {
    return values.empty() ? 1.0 : median(values);
  };
  for (size_t i = 0; i < points.size(); ++i) {
    TunePoint& p = points[i];
    const auto r = of_engines.find(p.configuration.engine);
    if (p.evidence == Evidence::kLive || r == of_engines.end()) continue;
    const Figures& b = before[i];
    double faster = middle(r->second.fps);
    if (source_fps > 0 && b.results_fps * faster > source_fps) faster = source_fps / b.results_fps;
    const double dearer = middle(r->second.cpu);
    p.figures = {.fps = b.fps * faster,
                 .results_fps = b.results_fps * faster,
                 .age_ms_p99 = b.age_ms_p99 * middle(r->second.age),
                 .cpu_percent = std::min(100.0, b.cpu_percent * faster * dearer),
                 .cpu_ms = b.cpu_ms * dearer};
  }
}

void predict_watts(std::vector<TunePoint>& points, double idle_watts) {
  std::vector<double> of_percent;  // watts for a percent of the processor
  for (const TunePoint& p : points) {
    const Figures& f = p.figures;
    if (p.evidence == Evidence::kLive && f.watts > 0 && f.cpu_percent > 0)
      of_percent.push_back(std::max(0.0, f.watts - idle_watts) / f.cpu_percent);
  }
  if (of_percent.empty()) return;
  const double usual = median(of_percent);
  for (TunePoint& p : points)
    if (p.evidence != Evidence::kLive) p.figures.watts = idle_watts + usual * p.figures.cpu_percent;
}

void lower_expectations(std::vector<TunePoint>& points, const Figures& promised,
                        const Figures& seen, double source_fps) {
  const auto by = [&](double Figures::*member) { return ratio(seen.*member, promised.*member); };
  for (TunePoint& point : points) {
    Figures& f = point.figures;
    const bool limited = source_fps > 0 && f.results_fps > kAllOfSource * source_fps;
    for (double Figures::*member : {&Figures::fps, &Figures::results_fps})
      if (!limited) f.*member *= std::min(1.0, by(member));
    for (double Figures::*member :
         {&Figures::age_ms_p99, &Figures::cpu_percent, &Figures::cpu_ms, &Figures::watts})
      f.*member *= std::max(1.0, by(member));
    f.cpu_percent = std::min(100.0, f.cpu_percent);
  }
}

bool says_more(const TuneGoals& goals, const LiveRun& before, const LiveRun& further,
               double source_fps) {
  return further.seconds >= before.seconds ||
         reserve(goals, further.figures, source_fps) < reserve(goals, before.figures, source_fps);
}

void rehearse(TuneWork& work, double budget_s) {
  if (work.points.empty()) return;
  Rehearsal rehearsal(work);
  const double begin = work.clock.passed();
  rehearsal.search(kSearchShare * budget_s, std::clamp(budget_s / 30, 1.0, 4.0));
  const double left_s = budget_s - (work.clock.passed() - begin);
  if (!stop_requested()) rehearsal.halve(left_s);
}

}  // namespace octet
