#include "tune/networks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.h"
#include "core/process.h"
#include "tune/choice/choose.h"
#include "tune/look/agreement.h"

namespace octet {
namespace {

constexpr int kFewestFrames = 12, kMostFrames = 60;   // that accuracy is told by
constexpr int kFewestImages = 16, kMostImages = 250;  // with labels
constexpr int kWarmUps = 3, kMostSkipped = 4;
constexpr double kGateSaves = 0.03;   // of the frames, or it is not worth a try
constexpr double kFarFromGoal = 0.5;  // such networks are looked at last

// A network that may be looked at, and the prediction of it.
struct Plan {
  NetworkTry network;
  double reserve = 0;
  double strength = 0;
};

Look predicted_look(const Runtime& runtime, Size input) {
  return scaled(runtime.look, runtime.input, input);
}

class Networks {
 public:
  Networks(TuneWork& work, const std::vector<std::vector<Runtime>>& runtimes)
      : work_(work), runtimes_(runtimes) {
    for (size_t m = 0; m < work.models.size(); ++m) add_plans(m);
    std::stable_sort(plans_.begin(), plans_.end(), [](const Plan& a, const Plan& b) {
      const bool far_a = a.reserve < kFarFromGoal, far_b = b.reserve < kFarFromGoal;
      if (far_a != far_b) return far_b;
      return far_a ? a.reserve > b.reserve : a.strength > b.strength;
    });
  }

  NetworkTries run(double budget_s) {
    const double end = work_.clock.passed() + budget_s;
    choose_frames(budget_s);
    if (work_.options.data.empty()) look_at_reference();
    for (Plan& plan : plans_) {
      const double takes = takes_s(plan.network.look);
      if (stop_requested() || (!out_.tries.empty() && work_.clock.passed() + takes > end)) {
        note(plan);
        continue;
      }
      measure(plan.network);
    }
    out_.accuracy_kind = kind();
    return std::move(out_);
  }

 private:
  void add_plans(size_t m) {
    const TuneModel& model = work_.models[m];
    std::vector<std::string> seen;
    for (const Runtime& runtime : runtimes_[m]) {
      if (std::find(seen.begin(), seen.end(), runtime.precision) != seen.end()) continue;
      seen.push_back(runtime.precision);  // the fastest of each precision
      for (const int side : model.sides) {
        Plan plan;
        plan.network.model = m;
        Configuration& c = plan.network.configuration;
        c = {.model = model.file,
             .engine = runtime.engine,
             .input = model.own_size ? runtime.input : model.input(side, work_.footage.size),
             .threads = runtime.threads,
             .precision = runtime.precision};
        if (!model.own_size) c.side = side;
        plan.network.look = predicted_look(runtime, c.input);
        plan.reserve =
            reserve(work_.options.goals, predict(plan.network.look, most_skipped(), work_.load()),
                    work_.footage.fps);
        plan.strength = work_.guess(model, c.input) + (model.is_float ? 0.01 : 0);
        plans_.push_back(std::move(plan));
      }
    }
  }

  // About, of a look at the chosen number of frames. Frames between them are decoded too.
  [[nodiscard]] double takes_s(const Look& look) const {
    return work_.start_s + 1e-3 * (frames_ + kWarmUps) * look.ms_p50 +
           1e-3 * work_.footage.frames * look.decode_ms;
  }

  // The policy that may save most processor time, where that is the goal.
  [[nodiscard]] PolicyLook most_skipped() const {
    const TuneGoals& goals = work_.options.goals;
    if (!goals.cpu_percent || goals.fps || !work_.footage.sequence) return {};
    return {.skip = kMostSkipped, .detected = 1.0 / (kMostSkipped + 1)};
  }

  // As many frames for each network as the time allows.
  void choose_frames(double budget_s) {
    double ms = 0, start_s = 0;
    for (const Plan& plan : plans_) {
      if (plan.reserve < kFarFromGoal) continue;
      ms += plan.network.look.ms_p50;
      start_s += work_.start_s + 1e-3 * work_.footage.frames * plan.network.look.decode_ms;
    }
    const double each = ms > 0 ? 1e3 * (budget_s - start_s) / ms : 0;
    const bool labels = !work_.options.data.empty();
    frames_ = std::clamp(static_cast<int>(each), labels ? kFewestImages : kFewestFrames,
                         labels ? kMostImages : kMostFrames);
    if (!labels) frames_ = std::min(frames_, std::max(1, work_.footage.frames));
  }

  [[nodiscard]] LookRequest request_of(const Configuration& c) const {
    LookRequest request{.configuration = c, .clip = work_.footage.clip, .frames = frames_};
    request.every = std::max(1, work_.footage.frames / frames_);
    request.detections = true;
    return request;
  }

  // The strongest model at its largest size, in f32.
  void look_at_reference() {
    size_t m = strongest(work_.models);
    if (runtimes_[m].empty()) {
      m = 0;
      while (runtimes_[m].empty()) ++m;
    }
    const TuneModel& model = work_.models[m];
    const Runtime& runtime = runtimes_[m].front();
    const bool exact = runtime.look.precision == "fp32" || runtime.look.precision == "int8";
    Configuration c{.model = model.file,
                    .engine = runtime.engine,
                    .input = model.own_size ? runtime.input
                                            : model.input(model.sides.front(), work_.footage.size),
                    .threads = runtime.threads,
                    .precision = exact ? runtime.precision : "f32"};
    if (!model.own_size) c.side = model.sides.front();
    const auto look = work_.look(request_of(c));
    if (!look) return;
    reference_ = look->detections;
    reference_name_ = c.text();
    log_info("accuracy: {} frames, compared with {}", reference_.size(), reference_name_);
    const auto same = std::find_if(plans_.begin(), plans_.end(), [&](const Plan& plan) {
      return plan.network.configuration == c;
    });
    if (same == plans_.end()) return;
    take(same->network, *look);
    plans_.erase(same);
  }

  void measure(NetworkTry& network) {
    if (!work_.options.data.empty()) {
      LookRequest request{.configuration = network.configuration,
                          .data = work_.options.data,
                          .split = work_.options.split,
                          .images = frames_};
      const auto look = work_.look(request);
      if (!look) return;
      if (look->map50_95 >= 0) network.accuracy = look->map50_95;
    } else {
      const auto look = work_.look(request_of(network.configuration));
      if (look) take(network, *look);
      return;
    }
    add(network);
  }

  void take(NetworkTry& network, const Look& look) {
    network.look = look;
    network.look.detections.clear();
    network.accuracy = agreement(reference_, look.detections);
    add(network);
  }

  void add(NetworkTry& network) {
    log_info(
        "{}: {:.1f} ms, {}", network.configuration.text(), network.look.ms_p50,
        network.accuracy ? fmt::format("accuracy {:.3f}", *network.accuracy) : "accuracy unknown");
    out_.tries.push_back(std::move(network));
  }

  void note(const Plan& plan) {
    const Figures f = predict(plan.network.look, {}, work_.load());
    work_.not_tried.push_back(fmt::format(
        "{}: {}; about {:.1f} detections a second are expected", plan.network.configuration.text(),
        plan.reserve < kFarFromGoal ? "far from the goal" : "there was no time for it", f.fps));
  }

  [[nodiscard]] std::string kind() const {
    if (!work_.options.data.empty())
      return fmt::format("mAP50-95 on {} labelled images of {}", frames_, work_.options.data);
    if (reference_.empty()) return "unknown: the strongest network could not run";
    const bool known = std::any_of(out_.tries.begin(), out_.tries.end(),
                                   [](const NetworkTry& t) { return t.accuracy.has_value(); });
    if (!known)
      return fmt::format(
          "unknown: {} found nothing on {} frames of the source, so larger networks count as "
          "better",
          reference_name_, reference_.size());
    return fmt::format("agreement with {} on {} frames of the source, as AP50-95 of its boxes",
                       reference_name_, reference_.size());
  }

  TuneWork& work_;
  const std::vector<std::vector<Runtime>>& runtimes_;
  std::vector<Plan> plans_;
  int frames_ = kFewestFrames;
  std::vector<Detections> reference_;
  std::string reference_name_;
  NetworkTries out_;
};

}  // namespace

NetworkTries measure_networks(TuneWork& work, const std::vector<std::vector<Runtime>>& runtimes,
                              double budget_s) {
  return Networks(work, runtimes).run(budget_s);
}

std::vector<PolicyLook> measure_policies(TuneWork& work, const std::vector<NetworkTry>& tries,
                                         double budget_s) {
  std::vector<PolicyLook> policies{{}};
  const TuneGoals& goals = work.options.goals;
  const auto leave_out = [&](const std::string& why) {
    work.not_tried.push_back("skipped frames and the motion gate: " + why);
    return policies;
  };
  if (!goals.cpu_percent || goals.fps)
    return leave_out("they give fewer detections, and save processor time, which is not the goal");
  if (!work.footage.sequence) return leave_out("the images do not follow each other");
  if (tries.empty() || stop_requested()) return policies;
  if (budget_s < work.start_s) return leave_out("there was no time for them");
  const auto most =
      std::max_element(tries.begin(), tries.end(), [](const NetworkTry& a, const NetworkTry& b) {
        return a.accuracy.value_or(0) < b.accuracy.value_or(0);
      });
  const auto look = work.look({.configuration = most->configuration,
                               .clip = work.footage.clip,
                               .frames = 600,
                               .seconds = budget_s - work.start_s,
                               .policies = true});
  if (!look) return policies;
  int useless = 0;
  for (const PolicyLook& p : look->policies) {
    log_info("{}{}: detection on {:.0f} % of the frames, which keeps {:.3f} of the boxes",
             p.skip < 0 ? std::string("skip auto") : fmt::format("skip {}", p.skip),
             p.motion_gate ? ", motion gate" : "", 100 * p.detected, p.kept.value_or(1));
    const auto open = std::find_if(policies.begin(), policies.end(), [&p](const PolicyLook& o) {
      return o.skip == p.skip && !o.motion_gate;
    });
    if (p.motion_gate && open != policies.end() && open->detected - p.detected < kGateSaves)
      ++useless;
    else
      policies.push_back(p);
  }
  if (useless > 0)
    return leave_out(fmt::format(
        "the motion gate saves nothing with {} numbers of skipped frames, since something moves",
        useless));
  return policies;
}

std::vector<TunePoint> predicted_points(const TuneWork& work, const std::vector<NetworkTry>& tries,
                                        const std::vector<std::vector<Runtime>>& runtimes,
                                        const std::vector<PolicyLook>& policies) {
  std::vector<TunePoint> points;
  const bool looked = work.options.data.empty();  // else accuracy alone was measured
  for (const NetworkTry& t : tries) {
    const auto& ways = runtimes[t.model];
    const auto own = std::find_if(ways.begin(), ways.end(), [&](const Runtime& r) {
      return r.engine == t.configuration.engine && r.threads == t.configuration.threads &&
             r.precision == t.configuration.precision;
    });
    for (auto way = ways.begin(); way != ways.end(); ++way) {
      if (way->precision != t.configuration.precision) continue;
      Look look = t.look;
      if (own != ways.end() && own->look.ms_p50 > 0 && own->look.cpu_ms > 0) {
        look.ms_p50 *= way->look.ms_p50 / own->look.ms_p50;
        look.ms_p99 *= way->look.ms_p50 / own->look.ms_p50;
        look.cpu_ms *= way->look.cpu_ms / own->look.cpu_ms;
      }
      for (const PolicyLook& policy : policies) {
        TunePoint point{.configuration = t.configuration,
                        .figures = predict(look, policy, work.load()),
                        .evidence = looked && way == own && policy.skip == 0 && !policy.motion_gate
                                        ? Evidence::kLooked
                                        : Evidence::kPredicted,
                        .guess = work.guess(work.models[t.model], t.configuration.input),
                        .ran_in = way->look.precision};
        point.configuration.engine = way->engine;
        point.configuration.threads = way->threads;
        point.configuration.skip = policy.skip;
        point.configuration.motion_gate = policy.motion_gate;
        point.guess *= policy.kept.value_or(1);
        if (t.accuracy) point.accuracy = *t.accuracy * policy.kept.value_or(1);
        points.push_back(std::move(point));
      }
    }
  }
  return points;
}

}  // namespace octet
