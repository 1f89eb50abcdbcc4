#include "tune/networks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
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
constexpr double kLeastShare = 0.5;   // of the time, for others than the reference
constexpr int kFewestForPolicy = 60;  // frames that a policy can be judged by

// A network that may be looked at, and the prediction of it.
struct Plan {
  NetworkTry network;
  double reserve = 0;
  double strength = 0;
  double pixels = 1;  // of the look: so many times those of the input
};

Look predicted_look(const Runtime& runtime, Size input) {
  return scaled(runtime.look, runtime.input, input);
}

// Which are looked at first: those that hold the goals, then those that are near.
int turn_of(const Plan& plan) {
  return plan.reserve >= 1 ? 0 : plan.reserve >= kFarFromGoal ? 1 : 2;
}

class Networks {
 public:
  Networks(TuneWork& work, const std::vector<std::vector<Runtime>>& runtimes, NetworkTries& out)
      : work_(work), runtimes_(runtimes), labels_(!work.options.data.empty()), out_(out) {
    for (size_t m = 0; m < work.models.size(); ++m) add_plans(m);
    std::stable_sort(plans_.begin(), plans_.end(), [](const Plan& a, const Plan& b) {
      if (turn_of(a) != turn_of(b)) return turn_of(a) < turn_of(b);
      return turn_of(a) == 2 ? a.reserve > b.reserve : a.strength > b.strength;
    });
  }

  void run(double budget_s) {
    try {
      look_at_all(budget_s);
    } catch (const Error&) {
      out_.accuracy_kind = kind();  // of those before
      throw;
    }
    out_.accuracy_kind = kind();
  }

 private:
  void look_at_all(double budget_s) {
    double end = work_.clock.passed() + budget_s;
    const Plan reference = reference_plan();
    choose_frames(budget_s, reference);
    if (!labels_ && !stop_requested()) look_at_reference(reference.network.configuration);
    // A reference that was slower than expected leaves time for others.
    end = std::max(end, work_.clock.passed() + kLeastShare * budget_s);
    std::vector<Plan> left;
    for (Plan& plan : plans_) {
      if (stop_requested() || (!out_.tries.empty() && work_.clock.passed() + takes_s(plan) > end)) {
        note(plan);
        left.push_back(std::move(plan));
        continue;
      }
      measure(plan.network);
    }
    add_without_look(left);
  }

  // Where nothing that was looked at is expected to hold the goals: those that are, and where there
  // is nothing at all, everything.
  void add_without_look(std::vector<Plan>& left) {
    const bool none = out_.tries.empty();
    if (std::any_of(out_.tries.begin(), out_.tries.end(),
                    [this](const NetworkTry& t) { return best_reserve(t.look) >= 1; }))
      return;
    for (Plan& plan : left) {
      if (none || turn_of(plan) == 0) out_.tries.push_back(std::move(plan.network));
    }
  }

  void add_plans(size_t m) {
    const TuneModel& model = work_.models[m];
    std::vector<std::string> seen;
    for (const Runtime& runtime : runtimes_[m]) {
      if (std::find(seen.begin(), seen.end(), runtime.arithmetic) != seen.end()) continue;
      seen.push_back(runtime.arithmetic);  // the fastest of each arithmetic
      for (const int side : model.sides) plans_.push_back(plan_of(m, runtime, side));
    }
  }

  [[nodiscard]] Plan plan_of(size_t m, const Runtime& runtime, int side) const {
    const TuneModel& model = work_.models[m];
    Plan plan;
    plan.network.model = m;
    plan.network.arithmetic = runtime.arithmetic;
    Configuration& c = plan.network.configuration;
    c = {.model = model.file,
         .engine = runtime.engine,
         .input = model.own_size ? runtime.input : model.input(side, work_.footage.size),
         .threads = runtime.threads,
         .precision = runtime.precision};
    if (!model.own_size) c.side = side;
    plan.network.look = predicted_look(runtime, c.input);
    plan.reserve = best_reserve(plan.network.look);
    plan.strength = work_.guess(model, c.input) + (model.is_float ? 0.01 : 0);
    // mAP is measured in squares.
    if (labels_ && !model.own_size)
      plan.pixels = static_cast<double>(side) * side / c.input.width / c.input.height;
    return plan;
  }

  // About, of a look at the chosen number of frames.
  [[nodiscard]] double takes_s(const Plan& plan) const {
    return start_s(plan) + 1e-3 * (frames_ + kWarmUps) * frame_ms(plan);
  }
  // Frames between those that are looked at are decoded too.
  [[nodiscard]] double start_s(const Plan& plan) const {
    return work_.start_s +
           (labels_ ? 0 : 1e-3 * work_.footage.frames * plan.network.look.decode_ms);
  }
  [[nodiscard]] double frame_ms(const Plan& plan) const {
    const Look& look = plan.network.look;
    return plan.pixels * look.ms_p50 + (labels_ ? image_ms_.value_or(look.decode_ms) : 0);
  }

  // With the number of skipped frames that comes nearest to the goals.
  [[nodiscard]] double best_reserve(const Look& look) const {
    const bool may_skip = work_.options.goals.saves() && work_.footage.sequence;
    double best = 0;
    for (int skip = 0; skip <= (may_skip ? kMostSkipped : 0); ++skip) {
      const PolicyLook policy{.skip = skip, .detected = 1.0 / (skip + 1)};
      const Figures figures = predict(look, policy, work_.load());
      best = std::max(best, reserve(work_.options.goals, figures, work_.footage.fps));
    }
    return best;
  }

  // As many frames for each network as the time allows.
  void choose_frames(double budget_s, const Plan& reference) {
    double ms = labels_ ? 0 : frame_ms(reference);
    double starts_s = labels_ ? 0 : start_s(reference);
    for (const Plan& plan : plans_) {
      if (turn_of(plan) == 2) continue;
      ms += frame_ms(plan);
      starts_s += start_s(plan);
    }
    const double each = ms > 0 ? 1e3 * (budget_s - starts_s) / ms : 0;
    frames_ = std::clamp(static_cast<int>(each), labels_ ? kFewestImages : kFewestFrames,
                         labels_ ? kMostImages : kMostFrames);
    if (!labels_) frames_ = std::min(frames_, std::max(1, work_.footage.frames));
  }

  [[nodiscard]] LookRequest request_of(const Configuration& c) const {
    LookRequest request{.configuration = c, .clip = work_.footage.clip, .frames = frames_};
    request.every = std::max(1, work_.footage.frames / frames_);
    request.detections = true;
    return request;
  }

  // The strongest model at its largest size, in f32.
  [[nodiscard]] Plan reference_plan() const {
    size_t m = strongest(work_.models);
    if (runtimes_[m].empty()) {
      m = 0;
      while (runtimes_[m].empty()) ++m;
    }
    const TuneModel& model = work_.models[m];
    const auto whole = std::find_if(runtimes_[m].begin(), runtimes_[m].end(),
                                    [](const Runtime& r) { return r.look.precision == "fp32"; });
    const Runtime& runtime = whole != runtimes_[m].end() ? *whole : runtimes_[m].front();
    Plan plan = plan_of(m, runtime, model.sides.front());
    const std::string& ran_in = runtime.look.precision;
    if (model.is_float && ran_in != "fp32" && ran_in != "int8")
      plan.network.configuration.precision = "f32";
    return plan;
  }

  void look_at_reference(const Configuration& c) {
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
    if (labels_) {
      LookRequest request{.configuration = network.configuration,
                          .data = work_.options.data,
                          .split = work_.options.split,
                          .images = frames_};
      const auto look = work_.look(request);
      if (!look) return;
      images_ = std::max(images_, look->frames);
      image_ms_ = look->decode_ms;
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
    network.looked = true;
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
    if (labels_ && images_ > 0)
      return fmt::format("mAP50-95 on {} labelled images of {}", images_, work_.options.data);
    if (stop_requested() && reference_.empty())
      return "unknown: the tuning was interrupted before it was measured";
    if (labels_) return "unknown: no network could run on the labelled images";
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
  const bool labels_;
  std::vector<Plan> plans_;
  int frames_ = kFewestFrames;
  int images_ = 0;                  // with labels, that were looked at
  std::optional<double> image_ms_;  // of such an image, beside its inference
  std::vector<Detections> reference_;
  std::string reference_name_;
  NetworkTries& out_;
};

}  // namespace

void measure_networks(TuneWork& work, const std::vector<std::vector<Runtime>>& runtimes,
                      double budget_s, NetworkTries& out) {
  Networks(work, runtimes, out).run(budget_s);
}

std::vector<PolicyLook> judged_policies(const Look& look, std::string& why) {
  std::vector<PolicyLook> judged;
  if (look.frames < kFewestForPolicy) {
    why = fmt::format("{} frames are too few to judge them", look.frames);
    return judged;
  }
  for (const PolicyLook& policy : look.policies) {
    if (policy.kept) judged.push_back(policy);
  }
  if (judged.empty()) why = "the source shows no object, so nothing tells what they lose";
  return judged;
}

const NetworkTry& judge_of_policies(const std::vector<NetworkTry>& tries, double available_s) {
  const NetworkTry *best = nullptr, *fastest = &tries.front();
  for (const NetworkTry& t : tries) {
    if (t.look.ms_mean < fastest->look.ms_mean) fastest = &t;
    if (kFewestForPolicy * (t.look.ms_p50 + t.look.decode_ms) > 1e3 * available_s) continue;
    if (best == nullptr || best->accuracy.value_or(0) < t.accuracy.value_or(0)) best = &t;
  }
  return best != nullptr ? *best : *fastest;
}

std::vector<PolicyLook> measure_policies(TuneWork& work, const std::vector<NetworkTry>& tries,
                                         double budget_s) {
  std::vector<PolicyLook> policies{{}};
  const TuneGoals& goals = work.options.goals;
  const auto leave_out = [&](const std::string& why) {
    work.not_tried.push_back("skipped frames and the motion gate: " + why);
    return policies;
  };
  if (!goals.saves())
    return leave_out("they give fewer detections, and save processor time, which is not the goal");
  if (!work.footage.sequence) return leave_out("the images do not follow each other");
  if (tries.empty() || stop_requested()) return policies;
  if (budget_s < work.start_s) return leave_out("there was no time for them");
  const NetworkTry& judge = judge_of_policies(tries, budget_s - work.start_s);
  const auto look = work.look({.configuration = judge.configuration,
                               .clip = work.footage.clip,
                               .frames = 600,
                               .seconds = budget_s - work.start_s,
                               .policies = true});
  if (!look) return policies;
  std::string why;
  const std::vector<PolicyLook> judged = judged_policies(*look, why);
  if (!why.empty()) return leave_out(why);
  int useless = 0;
  for (const PolicyLook& p : judged) {
    log_info("{}{}: detection on {:.0f} % of the frames, which keeps {:.3f} of the boxes",
             p.skip < 0 ? std::string("skip auto") : fmt::format("skip {}", p.skip),
             p.motion_gate ? ", motion gate" : "", 100 * p.detected, *p.kept);
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
  for (const NetworkTry& t : tries) {
    const auto& ways = runtimes[t.model];
    const auto own = std::find_if(ways.begin(), ways.end(), [&](const Runtime& r) {
      return r.engine == t.configuration.engine && r.threads == t.configuration.threads &&
             r.precision == t.configuration.precision;
    });
    for (auto way = ways.begin(); way != ways.end(); ++way) {
      if (way->arithmetic != t.arithmetic) continue;
      Look look = t.look;
      if (own != ways.end() && own->look.ms_p50 > 0 && own->look.cpu_ms > 0) {
        look.ms_p50 *= way->look.ms_p50 / own->look.ms_p50;
        look.ms_p99 *= way->look.ms_p50 / own->look.ms_p50;
        look.ms_mean *= way->look.ms_p50 / own->look.ms_p50;
        look.cpu_ms *= way->look.cpu_ms / own->look.cpu_ms;
      }
      for (const PolicyLook& policy : policies) {
        TunePoint point{
            .configuration = t.configuration,
            .figures = predict(look, policy, work.load()),
            .evidence = t.looked && way == own && policy.skip == 0 && !policy.motion_gate
                            ? Evidence::kLooked
                            : Evidence::kPredicted,
            .guess = work.guess(work.models[t.model], t.configuration.input),
            .ran_in = way->look.precision};
        point.configuration.engine = way->engine;
        point.configuration.threads = way->threads;
        point.configuration.precision = way->precision;
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
