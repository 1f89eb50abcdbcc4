#include "tune/runtimes.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.h"
#include "core/process.h"
#include "tune/choice/choose.h"
#include "tune/choice/halving.h"

namespace octet {
namespace {

constexpr size_t kKept = 3;
constexpr int kMostFrames = 400;

struct Arm {
  Configuration configuration;
  Look look;
  double seconds = 0;
};

std::vector<Arm> all_arms(const TuneWork& work, const TuneModel& model) {
  const int side = model.sides[model.sides.size() / 2];
  std::vector<int> threads = work.options.threads;
  if (threads.empty()) threads = usual_threads(work.cores);
  std::sort(threads.rbegin(), threads.rend());  // all cores first: the likeliest
  std::vector<Arm> arms;
  for (const int count : threads) {
    for (const std::string& engine : model.engines) {
      Arm arm;
      arm.configuration = {.model = model.file,
                           .engine = engine,
                           .input = model.input(side, work.footage.size),
                           .threads = count};
      if (!model.own_size) arm.configuration.side = side;
      arms.push_back(std::move(arm));
    }
  }
  return arms;
}

// A short look. False: it failed.
bool look_at_arm(TuneWork& work, Arm& arm, double seconds) {
  const auto look = work.look({.configuration = arm.configuration,
                               .clip = work.footage.clip,
                               .frames = kMostFrames,
                               .seconds = seconds});
  if (!look) return false;
  arm.look = *look;
  arm.seconds = seconds;
  return true;
}

void note_slow(TuneWork& work, const Arm& arm) {
  work.not_tried.push_back(fmt::format(
      "{}: only a short look, {:.1f} ms and {:.1f} ms of processor time an image; others need less",
      arm.configuration.text(), arm.look.ms_p50, arm.look.cpu_ms));
}

void keep(TuneWork& work, std::vector<Arm>& arms, size_t count) {
  std::vector<LookCost> costs;
  for (const Arm& arm : arms) costs.push_back({arm.look.ms_p50, arm.look.cpu_ms});
  const std::vector<size_t> kept = cheapest(costs, count);
  std::vector<Arm> next;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (std::find(kept.begin(), kept.end(), i) != kept.end())
      next.push_back(arms[i]);
    else
      note_slow(work, arms[i]);
  }
  arms = std::move(next);
}

// Float models that ran in fewer bits: all bits may be more accurate, and slower.
void add_f32(TuneWork& work, std::vector<Arm>& arms, double seconds) {
  const size_t count = arms.size();
  for (size_t i = 0; i < count; ++i) {
    const std::string ran_in = arms[i].look.precision;
    if (ran_in != "bf16" && ran_in != "fp16") continue;
    Arm arm = arms[i];
    arm.configuration.precision = "f32";
    if (!stop_requested() && look_at_arm(work, arm, seconds)) arms.push_back(std::move(arm));
  }
}

}  // namespace

std::vector<Runtime> choose_runtimes(TuneWork& work, const TuneModel& model, double budget_s) {
  std::vector<Arm> arms = all_arms(work, model);
  std::vector<HalvingRound> rounds = plan_halving(arms.size(), {.budget_s = budget_s,
                                                                .start_s = work.start_s,
                                                                .least_s = 0.1,
                                                                .most_s = 2,
                                                                .finalists = kKept});
  if (rounds.empty()) rounds = {{.candidates = 1, .seconds = 0.1}};
  for (size_t i = rounds.front().candidates; i < arms.size(); ++i)
    work.not_tried.push_back(
        fmt::format("{}: there was no time for it", arms[i].configuration.text()));
  arms.resize(std::min(arms.size(), rounds.front().candidates));
  const double end = work.clock.passed() + std::max(budget_s, 0.0);
  for (const HalvingRound& round : rounds) {
    if (round.candidates < arms.size()) keep(work, arms, round.candidates);
    const bool first = arms.empty() || arms.front().seconds == 0;
    for (auto arm = arms.begin(); arm != arms.end() && !stop_requested();) {
      const bool late = work.clock.passed() > end && arm != arms.begin();
      if (late && !first) break;  // the looks before stand
      if (late) work.not_tried.push_back(arm->configuration.text() + ": there was no time for it");
      arm = late || !look_at_arm(work, *arm, round.seconds) ? arms.erase(arm) : arm + 1;
    }
  }
  std::erase_if(arms, [](const Arm& arm) { return arm.seconds == 0; });
  if (arms.size() > kKept) keep(work, arms, kKept);
  if (work.clock.passed() < end) add_f32(work, arms, rounds.front().seconds);
  std::sort(arms.begin(), arms.end(),
            [](const Arm& a, const Arm& b) { return a.look.ms_p50 < b.look.ms_p50; });
  std::vector<Runtime> runtimes;
  for (const Arm& arm : arms) {
    const Configuration& c = arm.configuration;
    log_info("{}: {:.1f} ms, {:.1f} ms of processor time an image", c.text(), arm.look.ms_p50,
             arm.look.cpu_ms);
    runtimes.push_back({c.engine, c.threads, c.precision, arm.look, arm.look.input,
                        model.arithmetic(c.engine, arm.look.precision)});
  }
  return runtimes;
}

}  // namespace octet
